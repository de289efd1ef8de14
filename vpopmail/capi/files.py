"""Files and directories by their paths, and descriptors.

Paths are absolute unless it says otherwise, and no symbolic link is followed that neither root nor
the caller made. Errors are -1; ``last_error()`` says more.
"""

from __future__ import annotations

import errno
import os

from vpopmail.accounts.checks import checked_id
from vpopmail.accounts.homes import restore_maildir
from vpopmail.capi.status import ask, attempt, check_number, check_text, zero
from vpopmail.codes import VA
from vpopmail.safeio.directory import Owner
from vpopmail.safeio.locks import lock_open_file
from vpopmail.safeio.paths import give_path, make_path, remove_path
from vpopmail.site import current

_FAILED = -1
_NO_LOCK = -2
_MOST_DESCRIPTOR = 2**31 - 1


def vdelfiles(dir: str) -> int:  # noqa: A002 - the C library's word
    """Remove a directory with all in it, a file, or a symbolic link itself.

    Args:
        dir: absolute path; neither ``/`` nor one that ends in ``.`` or ``..``.

    Returns:
        0; -1 if there is nothing or on an error, and what was removed before it stays removed.
    """
    check_text(dir)
    return zero(lambda: remove_path(dir, sync=_sync()))


def r_mkdir(path: str, uid: int, gid: int) -> int:
    """Make a directory and those above it that are missing (0750, less by the umask).

    Args:
        path: absolute, or relative to the working directory; ``""`` is nothing to make.
        uid, gid: who gets what is made; what is there keeps its owner.

    Returns:
        0; -1 if a part cannot be made or is no directory.
    """
    check_text(path)
    check_number(uid, gid)

    def make() -> None:
        if path:
            make_path(_absolute(path), _owner(uid, gid), sync=_sync())

    return zero(make)


def r_chown(path: str, uid: int, gid: int) -> int:
    """Give a directory and all beneath it to an owner, never through a symbolic link.

    Args:
        path: absolute path of a directory.
        uid, gid: the owner, numbers.

    Links keep their owner, and so do files with several names, since another name of such a file
    may lie anywhere.

    Returns:
        0; -1 on an error, and what was given before it stays given.
    """
    check_text(path)
    check_number(uid, gid)
    return zero(lambda: give_path(path, _owner(uid, gid), sync=_sync()))


def vmake_maildir(domain: str, dir: str) -> VA:  # noqa: A002 - the C library's word
    """Make the Maildir that a known home lacks, and the home itself if it is missing.

    Args:
        domain: domain or alias domain.
        dir: the home, an absolute path below the domain's directory.

    Returns:
        VA_SUCCESS, VA_DOMAIN_DOES_NOT_EXIST; VA_BAD_DIR if the domain's directory cannot be
        entered; -1 if the home is not below it, there is a Maildir, or it cannot be made.

    Its commit point is the rename of the finished Maildir.
    """
    check_text(domain, dir)
    return attempt(VA(_FAILED), lambda: restore_maildir(current().installation, domain, dir))


def file_exists(path: str) -> int:
    """1 if the path can be opened for reading, else 0; links are followed.

    Args:
        path: absolute, or relative to the working directory.
    """
    check_text(path)
    try:
        # Without waiting for the writer of a pipe.
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except (OSError, ValueError):
        return 0
    return 1


def vfd_copy(to: int, from_: int) -> int:
    """Let a descriptor be another name of an open one, as dup2 does: 0 or -1.

    Args:
        to: the new one; what it stood for is closed. Programs that are run inherit it.
        from_: the open one.
    """
    check_number(to, from_)
    return zero(lambda: _copy(to, from_))


def vfd_move(to: int, from_: int) -> int:
    """As vfd_copy, and close the old one unless it is the same: 0 or -1."""
    check_number(to, from_)

    def move() -> None:
        _copy(to, from_)
        if to != from_:
            os.close(from_)

    return zero(move)


def get_write_lock(fd: int) -> int:
    """Take the only lock on an open file, waiting as long as the site's ``lock_timeout``.

    It excludes the C tools, other processes and other descriptors of this one, and ends when
    the descriptor is closed.

    Args:
        fd: open for writing.

    Returns:
        0; -1 if somebody else kept it; -2 if the file cannot be locked.
    """
    check_number(fd)
    return _lock(fd, write=True)


def get_read_lock(fd: int) -> int:
    """As get_write_lock, but others may have read locks too.

    Args:
        fd: open for reading.
    """
    check_number(fd)
    return _lock(fd, write=False)


def _copy(to: int, from_: int) -> None:
    check_descriptor(to)
    check_descriptor(from_)
    os.dup2(from_, to)


def check_descriptor(fd: int) -> None:
    """Refuse what cannot be a descriptor. Raises: OSError."""
    if not 0 <= fd <= _MOST_DESCRIPTOR:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def _lock(fd: int, *, write: bool) -> int:
    def lock() -> int:
        check_descriptor(fd)
        return 0 if lock_open_file(fd, current().settings.lock_timeout, write=write) else _FAILED

    return ask(_NO_LOCK, lock)


def _absolute(path: str) -> str:
    return path if path.startswith("/") else f"{os.getcwd()}/{path}"


def _owner(uid: int, gid: int) -> Owner:
    return Owner(checked_id("uid", uid), checked_id("gid", gid))


def _sync() -> bool:
    return current().settings.sync
