"""Counting the mail of a Maildir with its folders, and of all homes of a domain.

Nothing is reached through a symbolic link. Source: formats, maildirsize, recount.
"""

from __future__ import annotations

import errno
import os

from vpopmail.formats.maildirsize import counts, message_size
from vpopmail.mailstore.paths import MAILDIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.safeio.directory import Directory

_PARTS = ("new", "cur")
_TRASH = ".Trash"
_ATTEMPTS = 5
_LEVELS = 3  # of directory hashing
_NO_DIRECTORY = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP))


def count_mail(maildir: Directory, attempts: int = 1) -> tuple[int, int]:
    """Bytes and messages of a Maildir and its folders; ``.Trash`` does not count.

    Args:
        maildir: the open Maildir.
        attempts: how often to count until nothing moves meanwhile.

    Raises:
        OSError: EAGAIN if mail came, went or was moved meanwhile.
    """
    size, count, steady = count_steadily(maildir, attempts)
    if not steady:
        raise OSError(errno.EAGAIN, "mail came or went while it was counted", maildir.path)
    return size, count


def count_steadily(maildir: Directory, attempts: int = _ATTEMPTS) -> tuple[int, int, bool]:
    """``count_mail``, which settles for the last count of a Maildir that is never at rest.

    Returns:
        (bytes, messages, whether nothing was moved meanwhile).

    Raises:
        OSError.
    """
    size = count = 0
    for _ in range(attempts):
        size, count, seen = _count(maildir)
        if all(_changed(maildir, part) == when for part, when in seen.items()):
            return size, count, True
    return size, count, False


def count_homes(directory: Directory, levels: int = _LEVELS) -> tuple[int, int]:
    """Bytes and messages of all homes in a directory.

    Args:
        directory: of a domain, open.
        levels: how deep directories of one character hold more homes, as hashing makes them.

    Raises:
        OSError: EAGAIN if a Maildir was not at rest in five counts.
    """
    size = count = 0
    for name in _directories(directory):
        if name.startswith("."):
            continue
        for more in _counts_below(directory, name, levels):
            size, count = size + more[0], count + more[1]
    return size, count


def _counts_below(directory: Directory, name: str, levels: int) -> Iterator[tuple[int, int]]:
    home = _entered(directory, name)
    if home is None:
        return
    with home:
        if len(name) == 1 and levels:
            yield count_homes(home, levels - 1)
        maildir = _entered(home, MAILDIR)
        if maildir is not None:
            with maildir:
                yield count_mail(maildir, _ATTEMPTS)


def _count(maildir: Directory) -> tuple[int, int, dict[str, int]]:
    """Bytes, messages, and when each directory that was counted had last changed."""
    size = count = 0
    seen: dict[str, int] = {}
    for part in _parts(maildir):
        directory = _entered(maildir, part)
        if directory is not None:
            with directory:
                seen[part] = os.fstat(directory.fd).st_mtime_ns
                more = _count_part(directory)
            size, count = size + more[0], count + more[1]
    return size, count, seen


def _parts(maildir: Directory) -> Iterator[str]:
    yield from _PARTS
    for name in _directories(maildir):
        if name.startswith(".") and name != _TRASH:
            for part in _PARTS:
                yield f"{name}/{part}"


def _count_part(directory: Directory) -> tuple[int, int]:
    size = count = 0
    with os.scandir(directory.fd) as entries:
        for entry in entries:
            if not counts(entry.name) or entry.is_dir(follow_symlinks=False):
                continue
            told = message_size(entry.name)
            try:
                size += entry.stat(follow_symlinks=False).st_size if told is None else told
            except FileNotFoundError:
                continue  # moved or read meanwhile; the time of its directory tells
            count += 1
    return size, count


def _changed(maildir: Directory, part: str) -> int:
    """When a directory last changed, in nanoseconds; 0 if it is gone."""
    try:
        return os.stat(part, dir_fd=maildir.fd, follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0


def _directories(directory: Directory) -> list[str]:
    with os.scandir(directory.fd) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]


def _entered(directory: Directory, path: str) -> Directory | None:
    """The open directory; None for a link, a file, or what was just removed."""
    try:
        return directory.enter(path)
    except OSError as error:
        if error.errno in _NO_DIRECTORY:
            return None
        raise
