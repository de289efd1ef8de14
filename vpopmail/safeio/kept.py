"""Directories that are kept open from one use to the next."""

from __future__ import annotations

import os

from vpopmail.safeio.directory import Directory, open_trusted

_MOST = 32


class KeptDirectories:
    """Directories by their paths, each walked to once for as long as its path leads to it.

    Any number of threads may open; a child of this process goes on by itself.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def open(self, path: str, *, sync: bool) -> Directory:
        """``open_trusted``; the caller closes what it gets.

        Args:
            path: absolute.
            sync: see Directory.

        Raises:
            OSError.
        """
        kept = self._kept.get(path)
        if kept is not None and kept.is_at(path):
            return _Lent(kept, path, sync=sync)
        directory = open_trusted(path, sync=sync)
        try:
            kept = _Kept(os.dup(directory.fd))
        except OSError:  # no descriptor is left: the next one walks
            return directory
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[path] = kept
        return directory

    def close(self) -> None:
        """Let them go; they are opened again when needed."""
        self._kept.clear()


class _Lent(Directory):
    """A kept directory while somebody works in it: its descriptor stays open for as long."""

    __slots__ = ("_kept",)

    def __init__(self, kept: _Kept, path: str, *, sync: bool) -> None:
        super().__init__(kept.fd, path, sync=sync)
        self._kept: _Kept | None = kept

    def close(self) -> None:
        """Give it back; twice does no harm."""
        self.fd = -1
        self._kept = None


class _Kept:
    """An open directory, closed when nobody uses it any more.

    Args:
        fd: its descriptor, which is this object's.
    """

    __slots__ = ("fd", "identity")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        status = os.fstat(fd)
        self.identity = status.st_dev, status.st_ino

    def is_at(self, path: str) -> bool:
        """Whether a path leads here; by which links does not matter, since it was trusted once."""
        try:
            status = os.stat(path)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self.identity

    def __del__(self) -> None:
        os.close(self.fd)
