"""Work beneath an open directory, never by path and never through a symbolic link."""

from __future__ import annotations

import errno
import os
import stat

from vpopmail.safeio import seam
from vpopmail.safeio.view import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    from typing_extensions import Self

    Result = TypeVar("Result")

OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600
_NEW = ".new.vpopmail"
_MOST_LINKS = 20
_LONGEST_NAME = 255  # bytes
_TRIES = 10
# What the system says of a link that is not to be followed, or of what is no directory.
_NOT_ENTERED = frozenset((errno.ELOOP, errno.ENOTDIR))


class Owner:
    """Who gets what is made: a uid and a gid.

    Args:
        uid, gid: numbers, >= 0.
    """

    __slots__ = ("foreign", "gid", "uid")

    def __init__(self, uid: int, gid: int) -> None:
        self.uid = uid
        self.gid = gid
        # Root always gives away explicitly: a set-gid parent directory may have chosen the group.
        self.foreign = os.geteuid() == 0 or uid != os.geteuid() or gid != os.getegid()


class Directory:
    """An open directory and what is done in it.

    Args:
        fd: descriptor of the directory; this object closes it.
        path: where it was opened, for messages only.
        sync: whether changes are brought to the disk (fsync) when ``flush`` is called.

    Raises (all methods): OSError, with the path of what it is about.
    """

    __slots__ = ("fd", "path", "sync")

    def __init__(self, fd: int, path: str, *, sync: bool = True) -> None:
        self.fd = fd
        self.path = path
        self.sync = sync

    @classmethod
    def open(cls, path: str, *, sync: bool = True, follow: bool = False) -> Self:
        """Open a directory by its absolute path.

        Args:
            path: absolute path.
            sync: see the class.
            follow: whether the last part may be a symbolic link (for paths of the
                administrator's configuration only).
        """
        flags = OPEN_DIRECTORY & ~os.O_NOFOLLOW if follow else OPEN_DIRECTORY
        return cls(os.open(path, flags), path, sync=sync)

    def enter(self, name: str) -> Directory:
        """Open a directory in this one; ``name`` may have several parts, each no link."""
        if "/" not in name:
            fd = self.call(os.open, name, OPEN_DIRECTORY, dir_fd=self.fd)
            return Directory(fd, f"{self.path}/{name}", sync=self.sync)
        first, _, rest = name.partition("/")
        with self.enter(first) as inner:
            return inner.enter(rest) if rest else inner.again()

    def again(self) -> Directory:
        """The same directory with a descriptor of its own."""
        return Directory(os.dup(self.fd), self.path, sync=self.sync)

    def close(self) -> None:
        """Close the descriptor; closing twice does no harm."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def call(self, function: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
        """Call a function on names in this directory.

        The system knows them by the descriptor, and would tell names that can be anywhere.

        Raises:
            OSError: with the path of what it is about in the place of its name.
        """
        try:
            return function(*arguments, **options)
        except OSError as error:
            if isinstance(error.filename, str) and not error.filename.startswith("/"):
                error.filename = f"{self.path}/{error.filename}"
            raise

    # looking

    def status(self, name: str) -> os.stat_result | None:
        """What lstat says of a name; None if there is nothing."""
        try:
            return self.call(os.stat, name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def has(self, name: str) -> bool:
        """Whether there is anything of that name, a dangling link too."""
        return self.status(name) is not None

    def names(self) -> list[str]:
        """The names in the directory, sorted."""
        return sorted(os.listdir(self.fd))

    def read(self, name: str, *, alone: bool = False) -> bytes | None:
        """The content of a regular file; None if it is missing.

        Args:
            name: of the file.
            alone: whether one that has a second name is refused (EMLINK): who owns the directory,
                and not the file, may have given it that name, for us to tell its content.
        """
        return self.call(read_file, name, self.fd, alone=alone)

    # changing

    def make(self, name: str, owner: Owner, *, mode: int = PRIVATE_DIRECTORY) -> Directory:
        """Make a directory and open it; the umask may take from its mode."""
        self.call(seam.mkdir, name, mode, self.fd)
        inner = self.enter(name)
        try:
            if owner.foreign:
                seam.fchown(inner.fd, owner.uid, owner.gid)
        except BaseException:
            inner.close()
            seam.rmdir(name, self.fd)
            raise
        return inner

    def make_whole(
        self, name: str, owner: Owner, *, mode: int = PRIVATE_DIRECTORY, exact: bool = False
    ) -> Directory:
        """Make a directory that has owner and mode as soon as it has its name, and open it.

        It is on the disk when this returns, if this directory syncs. Its commit point is its
        rename; what a killed process left beside it goes first.

        Args:
            name: a name that is free; anything of that name is EEXIST.
            owner: who gets it.
            mode: permission bits, less by the umask.
            exact: whether the umask does not count.
        """
        new = name + _NEW
        if (not owner.foreign and not exact) or len(os.fsencode(new)) > _LONGEST_NAME:
            inner = self.make(name, owner, mode=mode)
            return self._synced(inner, inner, self)
        return self._synced(self._make_beside(name, new, owner, mode, exact=exact), self)

    def _synced(self, made: Directory, *changed: Directory) -> Directory:
        """What was made, when what changed is on the disk."""
        try:
            for one in changed:
                one.flush()
        except BaseException:
            made.close()
            raise
        return made

    def _make_beside(
        self, name: str, new: str, owner: Owner, mode: int, *, exact: bool
    ) -> Directory:
        taken = FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), f"{self.path}/{name}")
        trouble: OSError = taken
        for _ in range(_TRIES):
            if self.has(name):
                raise taken
            try:
                return self._make_and_rename(name, new, owner, mode, exact=exact)
            except (FileNotFoundError, FileExistsError) as error:
                trouble = error  # another process makes it just now, and cleared up after this one
        raise trouble

    def _make_and_rename(
        self, name: str, new: str, owner: Owner, mode: int, *, exact: bool
    ) -> Directory:
        self.remove_directory(new)
        inner = self.make(new, owner, mode=mode)
        try:
            if exact:
                seam.fchmod(inner.fd, mode)
            inner.flush()
            self.call(seam.rename_new, new, self.fd, name, self.fd)
        except BaseException:
            inner.close()
            self.remove_directory(new)
            raise
        inner.path = f"{self.path}/{name}"
        return inner

    def create(
        self,
        name: str,
        parts: Iterable[bytes | memoryview],
        owner: Owner | None,
        *,
        mode: int = PRIVATE_FILE,
        mtime_ns: int | None = None,
    ) -> None:
        """Make a new file with content, owner and mode, synced if this directory syncs.

        Args:
            name: a name that is free.
            parts: the content in pieces.
            owner: who gets it; None leaves it to the caller.
            mode: permission bits, whatever the umask.
            mtime_ns: its modification time in nanoseconds; None is now.
        """
        fd = self.call(seam.create, name, self.fd)
        try:
            for part in parts:
                write_all(fd, part)
            if owner is not None and owner.foreign:
                seam.fchown(fd, owner.uid, owner.gid)
            if mode != PRIVATE_FILE:
                seam.fchmod(fd, mode)
            if mtime_ns is not None:
                seam.set_mtime(fd, mtime_ns)
            if self.sync:
                seam.fsync(fd)
        finally:
            os.close(fd)

    def stage(
        self,
        name: str,
        parts: Iterable[bytes | memoryview],
        owner: Owner | None,
        *,
        mode: int = PRIVATE_FILE,
        mtime_ns: int | None = None,
    ) -> None:
        """Write the next content of ``name`` beside it; ``publish`` makes it count."""
        new = name + _NEW
        self.discard(name)
        try:
            self.create(new, parts, owner, mode=mode, mtime_ns=mtime_ns)
        except BaseException:
            self.discard(name)
            raise

    def publish(self, name: str) -> None:
        """Put the staged content in the place of the old: the rename is the commit point."""
        self.call(seam.rename, name + _NEW, self.fd, name, self.fd)

    def discard(self, name: str) -> None:
        """Drop what was staged for ``name``, if anything."""
        if self.has(name + _NEW):
            self.call(seam.unlink, name + _NEW, self.fd)

    def replace(
        self,
        name: str,
        parts: Iterable[bytes | memoryview],
        owner: Owner | None,
        *,
        mode: int = PRIVATE_FILE,
        mtime_ns: int | None = None,
    ) -> None:
        """Replace the content of a file: old or new at every moment.

        Its commit point is the rename of the new content.
        """
        self.stage(name, parts, owner, mode=mode, mtime_ns=mtime_ns)
        try:
            self.publish(name)
        except OSError:  # a directory has the name
            self.discard(name)
            raise
        self.flush()

    def remove(self, name: str) -> bool:
        """Unlink a name that is no directory; False if it was missing."""
        try:
            self.call(seam.unlink, name, self.fd)
        except FileNotFoundError:
            return False
        return True

    def remove_directory(self, name: str) -> bool:
        """Remove a directory if it is there and empty; whether it was removed."""
        try:
            self.call(seam.rmdir, name, self.fd)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST}:
                return False
            raise
        return True

    def move(self, name: str, target: Directory, new_name: str) -> None:
        """Rename into another directory of the same file system."""
        self.call(seam.rename, name, self.fd, new_name, target.fd)

    def flush(self) -> None:
        """Bring the names in this directory to the disk, if it syncs."""
        if self.sync:
            seam.fsync(self.fd)


def is_staged(name: str) -> bool:
    """Whether a name is that of the next content of a file; see ``Directory.stage``."""
    return name.endswith(_NEW)


def remove_staged(directory: Directory, name: str) -> bool:
    """Remove the next content of a file, or a directory that was being made, which is empty.

    Args:
        directory: where it is.
        name: of which ``is_staged`` is true.

    Returns:
        False if there is nothing.

    Raises:
        OSError: ENOTEMPTY: a directory with something in it.
    """
    status = directory.status(name)
    if status is None:
        return False
    if stat.S_ISDIR(status.st_mode):
        directory.call(seam.rmdir, name, directory.fd)
    elif not directory.remove(name):
        return False
    directory.flush()
    return True


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write all of it, however little each call takes."""
    written = seam.write(fd, data)
    while written < len(data):
        data = memoryview(data)[written:]
        written = seam.write(fd, data)


def open_trusted(path: str, *, sync: bool = True) -> Directory:
    """Open a directory by its path, following only links of root and of the caller.

    Any part of the path may lie in a directory that a mailbox owner can write; a link of his
    must not lead root elsewhere.

    Args:
        path: absolute.
        sync: see Directory.

    Raises:
        OSError: a part is missing or no directory; ELOOP: a link of somebody else.
    """
    rest = _parts(path)
    here = os.open("/", OPEN_DIRECTORY)
    links = 0
    try:
        while rest:
            part = rest.pop(0)
            try:
                inner = os.open(part, OPEN_DIRECTORY, dir_fd=here)
            except OSError as error:
                if error.errno not in _NOT_ENTERED:
                    raise
                links += 1
                target = _link_target(part, here, links, path)
                rest = _parts(target) + rest
                inner = os.open("/" if target.startswith("/") else ".", OPEN_DIRECTORY, dir_fd=here)
            os.close(here)
            here = inner
    except ValueError:  # a NUL, or a lone surrogate
        os.close(here)
        raise OSError(errno.EINVAL, "no path of this system", ascii(path)[1:-1]) from None
    except BaseException:
        os.close(here)
        raise
    return Directory(here, path, sync=sync)


def _link_target(part: str, dir_fd: int, links: int, path: str) -> str:
    """Where a link leads, the ``links``-th of a path. Raises: OSError: not one to be followed."""
    status = os.stat(part, dir_fd=dir_fd, follow_symlinks=False)
    if not stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    if links > _MOST_LINKS or status.st_uid not in {0, os.geteuid()}:
        raise OSError(errno.ELOOP, "a symbolic link that root did not make", path)
    return os.readlink(part, dir_fd=dir_fd)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]
