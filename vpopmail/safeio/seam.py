"""Every system call of this library that changes files, and nothing else.

One function a call, so that a test can count them, stop the process before any of them, let one
fail, or log them for a replay. Set ``watch`` to be told of each before it happens; what it raises
is raised in place of the call.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

watch: Callable[[str, tuple[object, ...]], None] | None = None

CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_REPLACE: Final = 1  # RENAME_NOREPLACE
LOCK: Final = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def create(name: str, dir_fd: int, mode: int = 0o600) -> int:
    """Make a new file and open it for writing; anything of that name is EEXIST."""
    if watch is not None:
        watch("create", (name, dir_fd))
    return os.open(name, CREATE, mode, dir_fd=dir_fd)


def create_nameless(directory: str) -> int:
    """Make a file without a name and open it for reading and writing; it goes with its descriptor.

    Where the file system of the directory has no such files, it is kept in memory.
    """
    if watch is not None:
        watch("create_nameless", (directory,))
    try:
        return os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        import errno

        if error.errno not in {errno.EISDIR, errno.EOPNOTSUPP, errno.ENOENT, errno.EINVAL}:
            raise
        return os.memfd_create("message")


def open_lock(name: str, dir_fd: int) -> int:
    """Open a lock file for writing, made 0600 if missing; never through a symbolic link."""
    if watch is not None:
        watch("open_lock", (name, dir_fd))
    return os.open(name, LOCK, 0o600, dir_fd=dir_fd)


def open_append(name: str, dir_fd: int) -> int:
    """Open a file for appending; never one that is missing, nor through a symbolic link."""
    if watch is not None:
        watch("open_append", (name, dir_fd))
    return os.open(name, APPEND, dir_fd=dir_fd)


def write(fd: int, data: bytes | memoryview) -> int:
    """Write once; may write less than asked for."""
    if watch is not None:
        watch("write", (fd, len(data)))
    return os.write(fd, data)


def fsync(fd: int) -> None:
    """Bring a file, or the names in a directory, to the disk."""
    if watch is not None:
        watch("fsync", (fd,))
    os.fsync(fd)


def mkdir(name: str, mode: int, dir_fd: int) -> None:
    """Make a directory."""
    if watch is not None:
        watch("mkdir", (name, dir_fd))
    os.mkdir(name, mode, dir_fd=dir_fd)


def rename(name: str, dir_fd: int, new_name: str, new_dir_fd: int) -> None:
    """Rename, replacing a file of the new name."""
    if watch is not None:
        watch("rename", (name, dir_fd, new_name, new_dir_fd))
    os.rename(name, new_name, src_dir_fd=dir_fd, dst_dir_fd=new_dir_fd)


def link(name: str, dir_fd: int, new_name: str, new_dir_fd: int) -> None:
    """Give a file a second name; anything of the new name is EEXIST."""
    if watch is not None:
        watch("link", (name, dir_fd, new_name, new_dir_fd))
    os.link(name, new_name, src_dir_fd=dir_fd, dst_dir_fd=new_dir_fd, follow_symlinks=False)


def symlink(target: str, name: str, dir_fd: int) -> None:
    """Make a symbolic link; anything of the name is EEXIST."""
    if watch is not None:
        watch("symlink", (target, name, dir_fd))
    os.symlink(target, name, dir_fd=dir_fd)


def rename_new(name: str, dir_fd: int, new_name: str, new_dir_fd: int) -> None:
    """Rename, replacing nothing: anything of the new name is EEXIST.

    To a test it is a rename. A file system or C library that cannot refuse replaces an empty
    directory.
    """
    if watch is not None:
        watch("rename", (name, dir_fd, new_name, new_dir_fd))
    import ctypes
    import errno

    libc = ctypes.CDLL(None, use_errno=True)
    refused = errno.ENOSYS
    if hasattr(libc, "renameat2"):
        names = os.fsencode(name), os.fsencode(new_name)
        if libc.renameat2(dir_fd, names[0], new_dir_fd, names[1], _NO_REPLACE) == 0:
            return
        refused = ctypes.get_errno()
    if refused not in {errno.ENOSYS, errno.EINVAL}:
        raise OSError(refused, os.strerror(refused), name, None, new_name)
    os.rename(name, new_name, src_dir_fd=dir_fd, dst_dir_fd=new_dir_fd)


def unlink(name: str, dir_fd: int) -> None:
    """Remove a name that is no directory."""
    if watch is not None:
        watch("unlink", (name, dir_fd))
    os.unlink(name, dir_fd=dir_fd)


def rmdir(name: str, dir_fd: int) -> None:
    """Remove an empty directory."""
    if watch is not None:
        watch("rmdir", (name, dir_fd))
    os.rmdir(name, dir_fd=dir_fd)


def fchown(fd: int, uid: int, gid: int) -> None:
    """Give an open file to an owner."""
    if watch is not None:
        watch("fchown", (fd, uid, gid))
    os.fchown(fd, uid, gid)


def chown(name: str, uid: int, gid: int, dir_fd: int) -> None:
    """Give a name to an owner; a symbolic link itself, not what it points to."""
    if watch is not None:
        watch("chown", (name, uid, gid, dir_fd))
    os.chown(name, uid, gid, dir_fd=dir_fd, follow_symlinks=False)


def fchmod(fd: int, mode: int) -> None:
    """Set the mode of an open file."""
    if watch is not None:
        watch("fchmod", (fd, mode))
    os.fchmod(fd, mode)


def set_mtime(fd: int, mtime_ns: int) -> None:
    """Set the times of an open file."""
    if watch is not None:
        watch("set_mtime", (fd, mtime_ns))
    os.utime(fd, ns=(mtime_ns, mtime_ns))


def sync_filesystem(fd: int) -> None:
    """Bring all of the file system that holds an open file to the disk."""
    if watch is not None:
        watch("sync_filesystem", (fd,))
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syncfs(fd) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
