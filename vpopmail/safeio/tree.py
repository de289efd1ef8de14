"""Removing and giving away whole trees, whatever their owner has put into them."""

from __future__ import annotations

import errno
import os
import stat

from vpopmail.safeio import seam
from vpopmail.safeio.view import OPEN_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.safeio.directory import Directory, Owner

# Deeper directories are first moved up, so that a hostile tree exhausts neither descriptors nor
# the stack.
_DEPTH = 40


def remove_tree(parent: Directory, name: str) -> bool:
    """Remove a file, a link or a whole directory beneath an open directory.

    Links are removed, not followed. What was removed before an error stays removed.

    Args:
        parent: the directory that holds it.
        name: one name, no path.

    Returns:
        False if there was nothing.

    Raises:
        OSError.
    """
    if _unlink(parent, name):
        return True
    if not parent.has(name):
        return False
    with parent.enter(name) as top:
        while _empty(top, top, 0):
            pass
    parent.call(seam.rmdir, name, parent.fd)
    return True


def _unlink(parent: Directory, name: str) -> bool:
    try:
        parent.call(seam.unlink, name, parent.fd)
    except OSError as error:
        # EISDIR on Linux, EPERM by POSIX: a directory. A missing name is the caller's matter.
        if error.errno in {errno.EISDIR, errno.EPERM, errno.ENOENT}:
            return False
        raise
    return True


def _empty(directory: Directory, top: Directory, depth: int) -> int:
    """Empty a directory; how many too deep directories were moved up to the top."""
    moved = 0
    for name in directory.names():
        if _unlink(directory, name) or not directory.has(name):
            continue
        if depth >= _DEPTH:
            directory.move(name, top, f".vpopmail.{os.urandom(8).hex()}")
            moved += 1
            continue
        with directory.enter(name) as inner:
            moved += _empty(inner, top, depth + 1)
        directory.call(seam.rmdir, name, directory.fd)
    return moved


def give_tree(directory: Directory, owner: Owner) -> None:
    """Give an open directory and all beneath it to an owner.

    It is on the disk when this returns, if the directory syncs. Symbolic links are not followed.
    A file with several names is left as it is, since another name of it may lie anywhere.

    Args:
        directory: the open directory.
        owner: who gets it.

    Raises:
        OSError: ELOOP: too deep.
    """
    _give(directory, owner, 0)
    if directory.sync:
        seam.sync_filesystem(directory.fd)


def _give(directory: Directory, owner: Owner, depth: int) -> None:
    if depth > 2 * _DEPTH:
        raise OSError(errno.ELOOP, "directories too deep", directory.path)
    seam.fchown(directory.fd, owner.uid, owner.gid)
    for name in directory.names():
        status = directory.status(name)
        if status is None or stat.S_ISLNK(status.st_mode):
            continue
        if stat.S_ISDIR(status.st_mode):
            with directory.enter(name) as inner:
                _give(inner, owner, depth + 1)
        elif stat.S_ISREG(status.st_mode):
            give_file(directory, name, owner)


def give_file(directory: Directory, name: str, owner: Owner) -> None:
    """Give a regular file to an owner; one with several names is left as it is.

    Raises:
        OSError: ELOOP: a symbolic link.
    """
    fd = directory.call(os.open, name, OPEN_FILE, dir_fd=directory.fd)
    try:
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
            seam.fchown(fd, owner.uid, owner.gid)
    finally:
        os.close(fd)
