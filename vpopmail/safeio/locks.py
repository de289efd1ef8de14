"""Lock files that exclude the C tools, other processes and our own threads alike.

The C tools take a POSIX write lock on the whole of a lock file. An open-file-description lock
conflicts with it and, unlike it, belongs to the open file: threads exclude each other, and
closing another descriptor of the same file does not drop it. It ends with its holder.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import time

from vpopmail.errors import FileNotUpdated
from vpopmail.safeio import seam

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from vpopmail.safeio.directory import Directory, Owner

_WRITE_LOCK = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
_READ_LOCK = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.02


class FileLock:
    """An exclusive lock on a lock file, which is made if missing and never removed.

    Args:
        directory: where the lock file lies; kept open by the caller meanwhile.
        name: name of the lock file.
        timeout: seconds to wait for another holder, >= 0.
        owner: who gets a lock file that is made; None leaves it to the caller.
    """

    __slots__ = ("directory", "fd", "name", "owner", "timeout")

    def __init__(
        self, directory: Directory, name: str, timeout: float, owner: Owner | None = None
    ) -> None:
        self.directory = directory
        self.name = name
        self.timeout = timeout
        self.owner = owner
        self.fd = -1

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            FileNotUpdated: another process kept it for ``timeout`` seconds, or the lock file is
                not a plain file.
            OSError: the lock file cannot be opened.
        """
        deadline = time.monotonic() + self.timeout
        while self.fd < 0:
            fd = self._open()
            try:
                self._wait(fd, deadline)
                # Someone may have replaced the file while we waited: then this lock is void.
                if self._is_current(fd):
                    self.fd, fd = fd, -1
            finally:
                if fd >= 0:
                    os.close(fd)

    def release(self) -> None:
        """Give the lock back; without it nothing happens."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def lend(self) -> FileLock:
        """A lock that is this one while it is held: who has it can neither take nor drop it."""
        return _LentLock(self)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()

    def _open(self) -> int:
        fd = self.directory.call(seam.open_lock, self.name, self.directory.fd)
        try:
            self._check_and_give(fd)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _check_and_give(self, fd: int) -> None:
        status = os.fstat(fd)
        owner = self.owner
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise FileNotUpdated(self._path(), "the lock file is not a plain file")
        if owner is None or not owner.foreign or status.st_size:
            return
        if (status.st_uid, status.st_gid) != (owner.uid, owner.gid):
            seam.fchown(fd, owner.uid, owner.gid)
            if self.directory.sync:
                # Lost with the power, it would shut out who is not root.
                seam.fsync(fd)

    def _wait(self, fd: int, deadline: float) -> None:
        if not _take(fd, _WRITE_LOCK, deadline):
            raise FileNotUpdated(
                self._path(), f"locked by another process for {self.timeout:g} seconds"
            )

    def _is_current(self, fd: int) -> bool:
        now = self.directory.status(self.name)
        held = os.fstat(fd)
        return now is not None and (now.st_dev, now.st_ino) == (held.st_dev, held.st_ino)

    def _path(self) -> str:
        return f"{self.directory.path}/{self.name}"


class _LentLock(FileLock):
    """A lock that somebody else holds."""

    __slots__ = ()

    def __init__(self, lock: FileLock) -> None:
        super().__init__(lock.directory, lock.name, lock.timeout, lock.owner)
        self.fd = lock.fd

    def release(self) -> None:
        """Nothing: the lock is another's."""


def lock_open_file(fd: int, timeout: float, *, write: bool) -> bool:
    """Lock a whole open file; the lock ends when its last descriptor is closed.

    Args:
        fd: open for writing if ``write``, else for reading.
        timeout: seconds to wait for another holder, >= 0.
        write: whether nobody else may have any lock; else others may have read locks too.

    Returns:
        False if another process kept it for ``timeout`` seconds.

    Raises:
        OSError.
    """
    return _take(fd, _WRITE_LOCK if write else _READ_LOCK, time.monotonic() + timeout)


def lock_directory(fd: int, timeout: float) -> bool:
    """Lock an open directory; the lock ends when its last descriptor is closed.

    It excludes those who lock it in this way, our own threads too, and nobody else.

    Args:
        fd: of the directory.
        timeout: seconds to wait for another holder, >= 0.

    Returns:
        False if another process kept it for ``timeout`` seconds.

    Raises:
        OSError: its file system has no such locks.
    """
    lock = fcntl.LOCK_EX | fcntl.LOCK_NB
    return _is_taken(lambda: fcntl.flock(fd, lock), time.monotonic() + timeout)


def _take(fd: int, lock: bytes, deadline: float) -> bool:
    return _is_taken(lambda: fcntl.fcntl(fd, fcntl.F_OFD_SETLK, lock), deadline)


def _is_taken(take: Callable[[], object], deadline: float) -> bool:
    pause = _FIRST_PAUSE
    while True:
        try:
            take()
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
        else:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
