"""Reading files, without following links: all of one, or in pieces as if it were its bytes.

Not mapped into memory: a file that its owner cuts short under a mapping kills the process.
"""

from __future__ import annotations

import os
import stat
from time import time_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# To ask for the status only, which nobody has to permit.
_OPEN_ONLY = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC

_SECOND = 1_000_000_000
# The clock that stamps files ticks every 1 to 10 ms; some file systems keep even seconds only.
_FINE_TICK = _SECOND // 10
_COARSE_TICK = 2 * _SECOND + _FINE_TICK
# How long it may take to see that a directory above a file was moved, in ``glance``.
_UNNOTICED = _SECOND // 10


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
        raise _wrong_kind("not a regular file", path)
    return fd


def read_file(path: str, dir_fd: int | None = None, *, alone: bool = False) -> bytes | None:
    """The content of a regular file; None if it is missing.

    Args:
        path: absolute, or relative to ``dir_fd``.
        dir_fd: descriptor of an open directory.
        alone: whether one that has a second name is refused (EMLINK).

    Raises:
        OSError.
    """
    try:
        fd = open_file(path, dir_fd)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with open(fd, "rb") as file:
        if alone and os.fstat(fd).st_nlink > 1:
            raise _has_two_names(path)
        return file.read()


class FileView:
    """An open file whose bytes can be asked for by slice.

    Args:
        fd: descriptor of a regular file, or of a directory to be watched; closed with this
            object.
        now: the time, in nanoseconds, before the file was opened; 0 leaves it unsettled.

    Attributes:
        ino, dev, size: of the file as it was opened.
        mtime_ns: its time of modification, which anybody may have set.
        ctime_ns: its time of change, set by the system alone.
        settled: whether a later change is certain to give it another identity, since the clock
            has ticked between the last change and ``now``. Without that, the identity says
            which file it is, but not that its bytes are the same.
        settles_ns: from when on a file that is opened again will be settled.
        single: whether it is settled and has no other name; then ``Watched.glance`` is enough.
        known: what was made of its bytes, for as long as it keeps its identity; only what
            was read while ``settled`` may be kept here.
    """

    __slots__ = (
        "ctime_ns",
        "dev",
        "fd",
        "ino",
        "known",
        "mode",
        "mtime_ns",
        "settled",
        "settles_ns",
        "single",
        "size",
    )

    def __init__(self, fd: int, now: int = 0) -> None:
        self.fd = fd
        status = os.fstat(fd)
        self.ino = status.st_ino
        self.dev = status.st_dev
        self.mode = status.st_mode
        self.size = status.st_size
        self.mtime_ns = status.st_mtime_ns
        self.ctime_ns = status.st_ctime_ns
        coarse = self.ctime_ns % _SECOND == 0
        self.settles_ns = self.ctime_ns + (_COARSE_TICK if coarse else _FINE_TICK)
        self.settled = self.settles_ns < now
        self.single = self.settled and (status.st_nlink == 1 or stat.S_ISDIR(self.mode))
        self.known: dict[str, Any] = {}

    def is_same(self, status: os.stat_result) -> bool:
        """Whether a status is that of this file, unchanged since it was opened.

        Whatever changes, links, unlinks or renames a file sets its time of change, which nobody
        can set back.
        """
        return (
            status.st_ctime_ns == self.ctime_ns
            and status.st_mtime_ns == self.mtime_ns
            and status.st_size == self.size
            and status.st_ino == self.ino
            and status.st_dev == self.dev
        )

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self.size)
        return os.pread(self.fd, max(stop - start, 0), start)

    def __del__(self) -> None:
        os.close(self.fd)


class Watched:
    """A file at a path, kept open for as long as it is the one that would be opened.

    Any number of threads may look; a child of this process goes on by itself.

    Args:
        path: absolute, or relative to ``dir_fd``.
        dir_fd: descriptor of an open directory.
        kind: S_IFREG, or S_IFDIR for a directory.
        follow: whether it may be a symbolic link.
        tolerant: whether what is of another kind counts as missing.
    """

    __slots__ = ("dir_fd", "follow", "kind", "looked_ns", "path", "tolerant", "view")

    def __init__(
        self,
        path: str,
        dir_fd: int | None = None,
        *,
        kind: int = stat.S_IFREG,
        follow: bool = False,
        tolerant: bool = False,
    ) -> None:
        self.path = path
        self.dir_fd = dir_fd
        self.kind = kind
        self.follow = follow
        self.tolerant = tolerant
        self.looked_ns = 0
        self.view: FileView | None = None

    def look(self) -> FileView | None:
        """The file as it is now, the same object while it is the same; None if it is missing.

        Raises:
            OSError: it cannot be opened; EINVAL or ELOOP, it is of another kind.
        """
        now = time_ns()
        try:
            status = os.stat(self.path, dir_fd=self.dir_fd, follow_symlinks=self.follow)
            view = self.view
            if (
                view is None
                or not view.is_same(status)
                or (not view.settled and view.settles_ns < now)
            ):
                self.view = view = self._open()
        except (FileNotFoundError, NotADirectoryError):
            self.view = view = None
        except OSError as error:
            self.view = view = None
            if not (self.tolerant and _is_wrong_kind(error)):
                raise
        self.looked_ns = now
        return view

    def glance(self) -> FileView | None:
        """``look`` at half the cost; a move of a directory above is seen a little later.

        A rename and an unlink change also the file that they are done to, so an open file
        that is unchanged still has its name, if it has no other.
        """
        view = self.view
        if view is not None and view.single:
            status = os.fstat(view.fd)
            if (
                status.st_ctime_ns == view.ctime_ns
                and status.st_mtime_ns == view.mtime_ns
                and status.st_size == view.size
                and 0 <= time_ns() - self.looked_ns < _UNNOTICED
            ):
                return view
        return self.look()

    def _open(self) -> FileView:
        # The time first: what happens from now on must be seen to be later.
        now = time_ns()
        flags = OPEN_FILE if self.kind == stat.S_IFREG else _OPEN_ONLY
        if self.follow:
            flags &= ~os.O_NOFOLLOW
        view = FileView(os.open(self.path, flags, dir_fd=self.dir_fd), now)
        if stat.S_IFMT(view.mode) != self.kind:
            raise _wrong_kind("a file of the wrong kind", self.path)
        if self.follow and os.path.islink(self.path):
            view.single = False  # the link can be changed without the file
        return view


# A login that meets nothing odd does not pay for the table of numbers.


def _has_two_names(path: str) -> OSError:
    import errno

    return OSError(errno.EMLINK, "it has a second name", path)


def _wrong_kind(what: str, path: str) -> OSError:
    import errno

    return OSError(errno.EINVAL, what, path)


def _is_wrong_kind(error: OSError) -> bool:
    import errno

    return error.errno in {errno.EINVAL, errno.ELOOP}
