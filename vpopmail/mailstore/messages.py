"""Writing a message into a Maildir: whole in ``new``, or not there at all.

Source: formats, Maildir and message names.
"""

from __future__ import annotations

import errno
import os
import stat
import time

from vpopmail.safeio import seam
from vpopmail.safeio.directory import OPEN_DIRECTORY, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpopmail.safeio.directory import Directory, Owner

_LONGEST_HOST = 32
_TRIES = 10
_LONGEST_WRITING = 36 * 3600  # seconds
# A file system without hard links.
_NO_LINKS = frozenset((errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK))
_counter = 0


def unique_name() -> str:
    """A name that no other message of this or another host has, as of now.

    Returns:
        ``<seconds>.M<microseconds>P<pid>Q<number in this process>.<host>``.
    """
    global _counter  # noqa: PLW0603 - what makes the names of one process differ
    _counter += 1
    now = time.time_ns()
    micro = now // 1000 % 10**6
    return f"{now // 10**9}.M{micro:06d}P{os.getpid()}Q{_counter}.{_host()}"


def path_in_tmp(maildir: str, name: str) -> str:
    """Where a message is while it is written. ``maildir``: absolute."""
    return "/".join((maildir.rstrip("/"), "tmp", name))


def _host() -> str:
    name = os.uname().nodename[:_LONGEST_HOST]
    return name.replace("/", "\\057").replace(":", "\\072")


class MessageNotWritten(Exception):
    """A message could not be written; the Maildir is as before.

    Attributes:
        path: the file in ``tmp``, absolute.
        error: what the system said.
        was_opened: whether that file could be made.
    """

    def __init__(self, path: str, error: OSError, *, was_opened: bool) -> None:
        super().__init__(f"{path}: {error.strerror}")
        self.path = path
        self.error = error
        self.was_opened = was_opened


def write_message(
    maildir: Directory, parts: Iterable[bytes | memoryview], owner: Owner | None
) -> tuple[str, int]:
    """Write a message into ``new`` by way of ``tmp``.

    Args:
        maildir: open; with ``sync`` the message is on the disk when this returns.
        parts: the content in pieces.
        owner: who gets the file; None leaves it to this process.

    Returns:
        (name in ``new``, bytes). The name ends in ``,S=<bytes>``.

    Its commit point is the link in ``new``.

    Raises:
        MessageNotWritten: nothing of it is left.
    """
    name = unique_name()
    # Descriptors, not Directory objects: this is most of what a delivery does besides its fsyncs.
    tmp = new = fd = -1
    was_opened = False
    try:
        tmp = os.open("tmp", OPEN_DIRECTORY, dir_fd=maildir.fd)
        new = os.open("new", OPEN_DIRECTORY, dir_fd=maildir.fd)
        fd = seam.create(name, tmp)
        was_opened = True
        try:
            size = _fill(fd, parts, owner, sync=maildir.sync)
            # Before it gets its name: NFS may tell only now that there is no room.
            written, fd = fd, -1
            os.close(written)
            final = _publish(tmp, name, new, size)
        finally:
            _remove_quietly(tmp, name)
        if maildir.sync:
            _sync_names(new, final)
    except OSError as error:
        path = path_in_tmp(maildir.path, name)
        raise MessageNotWritten(path, error, was_opened=was_opened) from error
    else:
        return final, size
    finally:
        for one in (fd, new, tmp):
            if one >= 0:
                os.close(one)


def share_message(maildir: Directory, path: str, size: int, *, symbolic: bool) -> str:
    """Give a file a name in ``new``, for a message that many share.

    Args:
        maildir: open.
        path: of the file, absolute.
        size: its bytes.
        symbolic: a symbolic link, not a second name; it may lead to another file system.

    Returns:
        The name in ``new``. The owner and the mode of the file are left alone.

    Its commit point is that name.

    Raises:
        MessageNotWritten.
    """
    name = f"{unique_name()},S={size}"
    try:
        with maildir.enter("new") as new:
            if symbolic:
                seam.symlink(path, name, new.fd)
            else:
                seam.link(path, new.fd, name, new.fd)
            new.flush()
    except OSError as error:
        raise MessageNotWritten(path_in_tmp(maildir.path, name), error, was_opened=False) from error
    return name


def left_names(tmp: Directory) -> list[str]:
    """What nobody has touched in ``tmp`` for 36 hours: no message that anybody still writes.

    Args:
        tmp: of a Maildir, open.

    Raises:
        OSError.

    Source: maildir(5).
    """
    begin = time.time() - _LONGEST_WRITING
    status = ((name, tmp.status(name)) for name in tmp.names())
    return [
        name
        for name, found in status
        if found is not None
        and not stat.S_ISDIR(found.st_mode)
        and max(found.st_atime, found.st_mtime) < begin
    ]


def _fill(fd: int, parts: Iterable[bytes | memoryview], owner: Owner | None, *, sync: bool) -> int:
    """Write the content; how many bytes it is."""
    size = 0
    for part in parts:
        write_all(fd, part)
        size += len(part)
    if owner is not None and owner.foreign:
        seam.fchown(fd, owner.uid, owner.gid)
    if sync:
        seam.fsync(fd)
    return size


def _sync_names(new: int, name: str) -> None:
    """Bring the name of a message in ``new`` to the disk, or take it back: it will come again."""
    try:
        seam.fsync(new)
    except OSError:
        _remove_quietly(new, name)
        raise


def _publish(tmp: int, name: str, new: int, size: int) -> str:
    """Give the message a name in ``new`` that is free; without hard links, move it there."""
    final = f"{name},S={size}"
    publish = seam.link
    for _ in range(_TRIES):
        try:
            publish(name, tmp, final, new)
        except FileExistsError:  # a clock that was set back, and a process of the same number
            final = f"{unique_name()},S={size}"
        except OSError as error:
            if error.errno not in _NO_LINKS or publish is not seam.link:
                raise
            publish = seam.rename_new
        else:
            return final
    raise OSError(errno.EEXIST, "no name is free", "new")


def _remove_quietly(dir_fd: int, name: str) -> None:
    """Unlink what was written; what stays in ``tmp`` is no message: readers remove it in time."""
    try:
        seam.unlink(name, dir_fd)
    except OSError:
        return
