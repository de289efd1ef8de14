"""Reading files, without following links: all of one, or in pieces as if it were its bytes.

Not mapped into memory: a file that its owner cuts short under a mapping kills the process.
"""

from __future__ import annotations

import errno
import os
import stat

OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_file(path: str, dir_fd: int | None = None) -> int:
    """Open a regular file for reading; anything else is EINVAL, and a link ELOOP.

    Args:
        path: absolute, or relative to ``dir_fd``.
        dir_fd: descriptor of an open directory.

    Raises:
        OSError.
    """
    fd = os.open(path, OPEN_FILE, dir_fd=dir_fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return fd


def read_file(path: str, dir_fd: int | None = None) -> bytes | None:
    """The content of a regular file; None if it is missing.

    Raises:
        OSError.
    """
    try:
        fd = open_file(path, dir_fd)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with open(fd, "rb") as file:
        return file.read()


class FileView:
    """An open file whose bytes can be asked for by slice.

    Args:
        fd: descriptor of a regular file; closed with this object.
    """

    __slots__ = ("fd", "size")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.size = os.fstat(fd).st_size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self.size)
        return os.pread(self.fd, max(stop - start, 0), start)

    def __del__(self) -> None:
        os.close(self.fd)
