"""Whether a message is in a Maildir already."""

from __future__ import annotations

import os

from vpopmail.formats.maildirsize import message_size
from vpopmail.safeio.view import open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vpopmail.safeio.directory import Directory

_PARTS = ("new", "cur")


def has_message(
    maildir: Directory, parts: Callable[[], Iterable[bytes]], size: int, since_ns: int
) -> bool:
    """Whether a message is in ``new`` or ``cur``, by its content.

    Args:
        maildir: open.
        parts: gives the content in pieces, as often as it is called.
        size: its bytes; only files whose name tells this size are read.
        since_ns: nanoseconds: older files are not it.

    Raises:
        OSError.
    """
    for part in _PARTS:
        try:
            directory = maildir.enter(part)
        except (FileNotFoundError, NotADirectoryError):
            continue
        with directory:
            for name in os.listdir(directory.fd):
                if message_size(name) == size and _is_it(directory, name, parts(), since_ns):
                    return True
    return False


def _is_it(directory: Directory, name: str, parts: Iterable[bytes], since_ns: int) -> bool:
    try:
        fd = open_file(name, directory.fd)
    except OSError:
        return False  # moved or read meanwhile, or no file
    with open(fd, "rb") as file:
        if os.fstat(fd).st_mtime_ns < since_ns:
            return False
        return all(file.read(len(part)) == part for part in parts) and not file.read(1)
