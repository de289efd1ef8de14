"""Paths that a caller gives: checked and split; made, removed, given away beneath descriptors."""

from __future__ import annotations

import errno
import os

from vpopmail.errors import InvalidCharacter, InvalidPath
from vpopmail.formats.text import to_bytes
from vpopmail.safeio.directory import PRIVATE_DIRECTORY, Directory, open_trusted
from vpopmail.safeio.tree import give_tree, remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpopmail.safeio.directory import Owner

_MOST_BYTES = 4096  # PATH_MAX of Linux
_MODE = 0o750


def check_path(path: str) -> None:
    """Refuse what is no absolute path.

    Raises:
        InvalidPath: relative, empty, over 4096 bytes, or with what no path can have.
    """
    if not path.startswith("/"):
        raise InvalidPath(path, "give an absolute one")
    if not _is_possible(path):
        raise InvalidPath(path, "no path of this system")


def split_path(path: str) -> tuple[str, str]:
    """The directory that holds a path, and the name in it.

    Args:
        path: absolute; slashes at its end do not count.

    Raises:
        InvalidPath: it is no absolute path, or has ``.`` or ``..`` for a name.
    """
    check_path(path)
    outer, _, name = path.rstrip("/").rpartition("/")
    if name in {"", ".", ".."}:
        raise InvalidPath(path, "it must end in a name")
    return outer or "/", name


def open_parent(path: str, *, sync: bool = True) -> tuple[Directory, str]:
    """Open the directory that holds a path; the name in it is not looked at.

    Args:
        path: absolute.
        sync: see Directory.

    Returns:
        (the directory, which the caller closes; the name in it).

    Raises:
        InvalidPath, OSError.
    """
    outer, name = split_path(path)
    return open_trusted(outer, sync=sync), name


def make_path(path: str, owner: Owner, *, sync: bool = True) -> None:
    """Make a directory and those above it, as far as they are missing.

    Args:
        path: absolute. A link is followed only if root or the caller made it.
        owner: who gets what is made (0750, less by the umask); what is there stays as it is.
        sync: whether it is brought to the disk.

    Raises:
        InvalidPath.
        OSError: a part cannot be made, or is no directory.
    """
    check_path(path)
    missing: list[str] = []
    here = None
    while here is None:
        try:
            here = open_trusted(path, sync=sync)
        except FileNotFoundError:
            path, name = split_path(path)
            missing.append(name)
    with here:
        make_below(here, missing[::-1], owner, mode=_MODE).close()


def make_below(
    outer: Directory, names: Iterable[str], owner: Owner, *, mode: int = PRIVATE_DIRECTORY
) -> Directory:
    """Enter directories, each in the one before, made where missing; never through a link.

    Args:
        outer: where the first is; it stays open.
        names: their names.
        owner: who gets what is made.
        mode: permission bits of what is made, less by the umask.

    Returns:
        The last one; the caller closes it.

    Raises:
        OSError: one cannot be made, or is no directory.
    """
    here = outer.enter(".")
    for name in names:
        with here:
            here = _make_or_enter(here, name, owner, mode)
    return here


def remove_path(path: str, *, sync: bool = True) -> None:
    """Remove a file, a link or a whole directory; a link is not followed.

    Args:
        path: absolute.
        sync: whether it is brought to the disk.

    Raises:
        InvalidPath.
        OSError: it is missing, or cannot be removed; what was removed before it stays removed.
    """
    parent, name = open_parent(path, sync=sync)
    with parent:
        if not remove_tree(parent, name):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        parent.flush()


def give_path(path: str, owner: Owner, *, sync: bool = True) -> None:
    """Give a directory and all beneath it to an owner, as give_tree does.

    Args:
        path: absolute; no symbolic link itself.
        owner: who gets it.
        sync: whether it is brought to the disk.

    Raises:
        InvalidPath.
        OSError: it is missing or no directory; what was given before it stays given.
    """
    parent, name = open_parent(path, sync=sync)
    with parent, parent.enter(name) as top:
        give_tree(top, owner)


def _make_or_enter(outer: Directory, name: str, owner: Owner, mode: int) -> Directory:
    try:
        return outer.make_whole(name, owner, mode=mode)
    except FileExistsError:
        # Made meanwhile by somebody else.
        return outer.enter(name)


def _is_possible(path: str) -> bool:
    try:
        return "\0" not in path and len(to_bytes(path)) <= _MOST_BYTES
    except InvalidCharacter:
        return False
