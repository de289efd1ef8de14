"""Counting the mail of a Maildir with its folders.

Source: formats, maildirsize, recount.
"""

from __future__ import annotations

import errno
import os
import stat

from vpopmail.formats.maildirsize import counts, message_size
from vpopmail.formats.text import to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.safeio.directory import Directory

_PARTS = ("new", "cur")
_NO_FOLDERS = (".", "..", ".Trash")


def count_mail(maildir: Directory) -> tuple[int, int]:
    """Bytes and messages of a Maildir and its folders; ``.Trash`` does not count.

    Args:
        maildir: the open Maildir. Nothing in it is reached through a symbolic link.

    Raises:
        OSError: EAGAIN if mail came or went meanwhile.
    """
    size = count = 0
    for folder in _folders(maildir):
        with folder:
            for part in _PARTS:
                more = _count_part(folder, part)
                size, count = size + more[0], count + more[1]
    return size, count


def _folders(maildir: Directory) -> Iterator[Directory]:
    yield maildir.enter(".")
    for name in _names(maildir):
        if name.startswith(".") and name not in _NO_FOLDERS:
            try:
                yield maildir.enter(name)
            except OSError as error:
                # A file such as .qmailadmin, a link, or a folder that was just removed.
                if error.errno not in {errno.ENOTDIR, errno.ELOOP, errno.ENOENT}:
                    raise


def _count_part(folder: Directory, part: str) -> tuple[int, int]:
    try:
        directory = folder.enter(part)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
            return 0, 0
        raise
    with directory:
        before = os.fstat(directory.fd).st_mtime_ns
        sizes = [size for name in _names(directory) if (size := _size(directory, name)) is not None]
        if os.fstat(directory.fd).st_mtime_ns != before:
            raise OSError(errno.EAGAIN, "mail came or went while it was counted", directory.path)
    return sum(sizes), len(sizes)


def _size(directory: Directory, name: str) -> int | None:
    """The size of one message; None if the file does not count."""
    if not counts(name):
        return None
    told = message_size(name)
    if told is not None:
        return told
    status = directory.status(name)
    return status.st_size if status is not None and stat.S_ISREG(status.st_mode) else None


def _names(directory: Directory) -> list[str]:
    return [to_text(os.fsencode(name)) for name in os.listdir(directory.fd)]
