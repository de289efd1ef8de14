"""What an operation writes, in order, as a disk would be told: logged at the seam.

``seam.watch`` hears of a call before it is made. What came of it is looked at when the next one is
announced, and at the end. Every file and directory met is kept open, so that the number of its
inode stays its own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vpopmail.safeio import seam

Meta = tuple[int, int, int, int]  # mode, uid, gid, mtime in nanoseconds


@dataclass(frozen=True)
class Entry:
    """A name in a directory that comes, goes or leads elsewhere.

    Attributes:
        directory, name: where.
        before, after: the inode it led to and leads to; None: there is no such name.
    """

    directory: int
    name: str
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Change:
    """One thing that is told to the disk.

    Attributes:
        kind: ``entries``, ``data``, ``meta``, ``sync`` (one inode) or ``sync all``.
        inode: what it is about, but for ``entries`` and ``sync all``.
        entries: the names that change together; a rename changes two.
        data: the whole content after a write.
        meta: mode, owner and time after it.
        new: the kind of a new inode, and where it leads if it is a symbolic link.
    """

    kind: str
    inode: int = 0
    entries: tuple[Entry, ...] = ()
    data: bytes = b""
    meta: Meta = (0, 0, 0, 0)
    new: tuple[str, bytes] = ("file", b"")


class Recorder:
    """Logs what the seam announces until ``finish``."""

    def __init__(self) -> None:
        self.log: list[Change] = []
        self._settle: Callable[[], None] | None = None
        self._kept: list[int] = []

    def __call__(self, call: str, arguments: tuple[object, ...]) -> None:
        self.finish()
        self._settle = getattr(self, f"_{call}")(*arguments)

    def finish(self) -> None:
        """Look at what came of the last call."""
        settle, self._settle = self._settle, None
        if settle is not None:
            settle()

    # one for each call of the seam: what is known before gives what is looked at after

    def _create(self, name: str, dir_fd: int) -> Callable[[], None]:
        return self._entry_change(name, dir_fd)

    _mkdir = _open_lock = _unlink = _rmdir = _create

    def _open_append(self, *_arguments: object) -> Callable[[], None]:
        return lambda: None

    # What has no name is gone after a power failure.
    _create_nameless = _open_append

    def _link(self, _name: str, _dir_fd: int, new: str, new_dir_fd: int) -> Callable[[], None]:
        return self._entry_change(new, new_dir_fd)

    def _symlink(self, _target: str, name: str, dir_fd: int) -> Callable[[], None]:
        return self._entry_change(name, dir_fd)

    def _rename(self, name: str, dir_fd: int, new: str, new_dir_fd: int) -> Callable[[], None]:
        source, name = self._directory(dir_fd, name)
        target, new = self._directory(new_dir_fd, new)
        moved, replaced = self._inode(name, source[1]), self._inode(new, target[1])

        def settle() -> None:
            if moved is not None and self._inode(new, target[1]) == moved:
                gone = Entry(source[0], name, moved, None)
                come = Entry(target[0], new, replaced, moved)
                self.log.append(Change("entries", entries=(gone, come)))

        return settle

    def _write(self, fd: int, _length: int) -> Callable[[], None]:
        held = self._keep(os.dup(fd))

        def settle() -> None:
            with open(f"/proc/self/fd/{held}", "rb") as file:
                data = file.read()
            self.log.append(Change("data", inode=os.fstat(held).st_ino, data=data))
            self._note_meta(held)

        return settle

    def _fchown(self, fd: int, *_owner: int) -> Callable[[], None]:
        held = self._keep(os.dup(fd))
        return lambda: self._note_meta(held)

    _fchmod = _set_mtime = _fchown

    def _chown(self, name: str, _uid: int, _gid: int, dir_fd: int) -> Callable[[], None]:
        held = self._keep(os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=dir_fd))
        return lambda: self._note_meta(held)

    def _fsync(self, fd: int) -> Callable[[], None]:
        inode = os.fstat(fd).st_ino
        return lambda: self.log.append(Change("sync", inode=inode))

    def _sync_filesystem(self, _fd: int) -> Callable[[], None]:
        return lambda: self.log.append(Change("sync all"))

    # looking

    def _entry_change(self, name: str, dir_fd: int) -> Callable[[], None]:
        (inode, held), name = self._directory(dir_fd, name)
        before = self._inode(name, held)

        def settle() -> None:
            after = self._inode(name, held)
            if after == before:
                return
            kind = ("file", b"")
            if after is not None:
                new = self._keep(os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=held))
                kind = _kind(new)
                self._note_meta(new)
            entry = Entry(inode, name, before, after)
            self.log.append(Change("entries", entries=(entry,), new=kind))

        return settle

    def _directory(self, dir_fd: int, path: str) -> tuple[tuple[int, int], str]:
        """The inode and a descriptor of the directory that a path leads into, and the name in it."""
        outer, _, name = path.rpartition("/")
        held = self._keep(os.open(outer or ".", os.O_PATH | os.O_DIRECTORY, dir_fd=dir_fd))
        return (os.fstat(held).st_ino, held), name

    def _inode(self, name: str, dir_fd: int) -> int | None:
        try:
            held = self._keep(os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=dir_fd))
        except FileNotFoundError:
            return None
        return os.fstat(held).st_ino

    def _note_meta(self, fd: int) -> None:
        status = os.fstat(fd)
        meta = (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, status.st_mtime_ns)
        self.log.append(Change("meta", inode=status.st_ino, meta=meta))

    def _keep(self, fd: int) -> int:
        self._kept.append(fd)
        return fd


def _kind(fd: int) -> tuple[str, bytes]:
    mode = os.fstat(fd).st_mode
    if stat.S_ISLNK(mode):
        return "link", os.fsencode(os.readlink("", dir_fd=fd))
    return "directory" if stat.S_ISDIR(mode) else "file", b""


def record(work: Callable[[], object]) -> list[Change]:
    """What ``work`` tells the disk. The process is spent afterwards: it holds many files open."""
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    recorder = Recorder()
    seam.watch = recorder
    work()
    recorder.finish()
    seam.watch = None
    return recorder.log


@dataclass(frozen=True)
class Inode:
    """A file, directory or link as it lies on the disk before the operation."""

    kind: str
    meta: Meta
    data: bytes = b""
    entries: tuple[tuple[str, int], ...] = ()


def inodes_below(top: Path) -> tuple[int, dict[int, Inode]]:
    """Everything below a directory by the number of its inode, and that of the directory."""
    found: dict[int, Inode] = {}
    return _take(top, found), found


def _take(path: Path, found: dict[int, Inode]) -> int:
    status = path.lstat()
    meta = (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, status.st_mtime_ns)
    if stat.S_ISLNK(status.st_mode):
        found[status.st_ino] = Inode("link", meta, os.readlink(path).encode())
    elif stat.S_ISDIR(status.st_mode):
        inside = [(entry.name, _take(Path(entry.path), found)) for entry in os.scandir(path)]
        found[status.st_ino] = Inode("directory", meta, entries=tuple(inside))
    else:
        found[status.st_ino] = Inode("file", meta, path.read_bytes())
    return status.st_ino
