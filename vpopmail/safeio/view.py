"""A file read in pieces, as if it were its bytes.

Not mapped into memory: a file that its owner cuts short under a mapping kills the process.
"""

from __future__ import annotations

import os


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
