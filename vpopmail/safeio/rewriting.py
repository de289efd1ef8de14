"""Replacing the content of a file that is somebody else's: its owner and mode stay."""

from __future__ import annotations

import stat

from vpopmail.safeio.directory import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.safeio.directory import Directory


def rewrite(
    directory: Directory,
    name: str,
    change: Callable[[bytes], bytes],
    *,
    new_mode: int,
    mode: int | None = None,
    owner: Owner | None = None,
) -> bool:
    """Change the content of a file; the caller holds its lock, if it has one.

    Args:
        directory: where it is.
        name: of the file; missing counts as empty.
        change: gives the new content for the old.
        new_mode: permission bits if the file is new; it then belongs to the caller.
        mode: permission bits in any case; None keeps those that it has.
        owner: who gets it in any case, unless it has a second name (EMLINK); None leaves it to
            whose it is.

    Returns:
        Whether anything changed. The commit point is the rename of the new content; the caller
        flushes the directory.

    Raises:
        OSError, and what ``change`` raises: nothing has changed.
    """
    old = directory.read(name, alone=owner is not None)
    new = change(old or b"")
    if new == old:
        return False
    status = directory.status(name)
    if owner is None and status is not None:
        owner = Owner(status.st_uid, status.st_gid)
    if mode is None:
        mode = new_mode if status is None else stat.S_IMODE(status.st_mode) & 0o777
    directory.stage(name, [new], owner, mode=mode)
    directory.publish(name)
    return True
