"""The file maildirsize of a Maildir: reading it, counting anew, adding to it.

Other programs (Courier, Dovecot, the C tools) keep the same file, without locks: it is a cache of
what is in the Maildir, and whoever doubts it counts anew.

Source: formats, maildirsize.
"""

from __future__ import annotations

import errno
import os
import time

from vpopmail.formats import maildirsize as text_format
from vpopmail.formats.text import split_lines
from vpopmail.mailstore.counting import count_mail
from vpopmail.mailstore.homes import MAILDIR
from vpopmail.records import NOQUOTA
from vpopmail.safeio import seam
from vpopmail.safeio.directory import Directory, Owner

FILE = "maildirsize"
FOLDER_MARK = "maildirfolder"
OLDEST = 15 * 60
LARGEST = 5120
_ATTEMPTS = 5


def is_limited(quota: str) -> bool:
    """Whether a stored quota limits anything, so that a file is kept."""
    return bool(quota) and not quota.startswith("NO")


def whole_maildir(maildir: Directory) -> Directory:
    """The Maildir that a folder of it belongs to, or the Maildir itself; the caller closes it."""
    return maildir.enter(".." if maildir.has(FOLDER_MARK) else ".")


def read_usage(
    maildir: Directory, quota: str, owner: Owner | None, more: tuple[int, int] = (0, 0)
) -> tuple[int, int]:
    """Bytes and messages in use; counted anew, and written, if the file is not to be believed.

    It is believed if it is small and young, and either leaves room for what comes, or was
    counted itself (it has one line).

    Args:
        maildir: the open Maildir.
        quota: as stored.
        owner: who gets a new file; None leaves it to this process.
        more: bytes and messages that are to come.

    Raises:
        OSError: EAGAIN if mail came or went while it was counted.
    """
    kept = believed_usage(maildir, quota, more)
    return recount(maildir, quota, owner) if kept is None else kept


def believed_usage(
    maildir: Directory, quota: str, more: tuple[int, int] = (0, 0)
) -> tuple[int, int] | None:
    """What the file says, or None if it is not to be believed; see ``read_usage``."""
    kept = _believed(maildir)
    if kept is None:
        return None
    size, count, lines = kept
    if lines > 1 and text_format.is_over(quota, size + more[0], count + more[1]):
        return None
    return size, count


def recount(maildir: Directory, quota: str, owner: Owner | None) -> tuple[int, int]:
    """Count anew and write the file. Its commit point is the rename.

    Args:
        maildir, quota, owner: as for ``read_usage``.

    Raises:
        OSError: EAGAIN if mail came or went while it was counted.
    """
    size, count = count_mail(maildir)
    write(maildir, quota, size, count, owner)
    return size, count


def write(maildir: Directory, quota: str, size: int, count: int, owner: Owner | None) -> None:
    """Replace the file by a fresh one, mode 0600. Raises: OSError, InvalidCharacter."""
    maildir.replace(FILE, [text_format.start(quota, size, count)], owner)


def add_usage(maildir: Directory, quota: str, size: int, count: int, owner: Owner | None) -> None:
    """Note that messages came or went; without a file count what is there.

    One line is appended with one write: other programs may append at the same time.

    Args:
        maildir, quota, owner: as for ``read_usage``; the messages have come or gone already.
        size, count: bytes and messages, negative for what is gone.

    Raises:
        OSError.
    """
    try:
        fd = seam.open_append(FILE, maildir.fd)
    except FileNotFoundError:
        recount(maildir, quota, owner)
        return
    try:
        seam.write(fd, text_format.delta(size, count))
    finally:
        os.close(fd)


def remove(maildir: Directory) -> bool:
    """Unlink the file; whether there was one. Raises: OSError."""
    return maildir.remove(FILE)


def refresh_maildirsize(home: Directory, quota: str, owner: Owner) -> None:
    """Make maildirsize of a home anew after its quota has changed; twice does no harm.

    Args:
        home: the open home; without a Maildir nothing is done.
        quota: as stored; without a limit the file is removed.
        owner: who gets the file.

    Its commit point is the rename of the file. Raises: OSError.
    """
    try:
        maildir = home.enter(MAILDIR)
    except FileNotFoundError:
        return
    with maildir:
        remove(maildir)
        if quota != NOQUOTA and is_limited(quota):
            _recount_patiently(maildir, quota, owner)
        maildir.flush()


def _recount_patiently(maildir: Directory, quota: str, owner: Owner) -> None:
    for _ in range(_ATTEMPTS):
        try:
            recount(maildir, quota, owner)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
        else:
            return
    # Mail keeps coming: without a file the next reader counts.


def _believed(maildir: Directory) -> tuple[int, int, int] | None:
    """Bytes, messages and number of lines after the first; None if the file is not believed."""
    status = maildir.status(FILE)
    if status is None or status.st_size >= LARGEST or time.time() > status.st_mtime + OLDEST:
        return None
    data = maildir.read(FILE)
    if not data:
        return None
    _, size, count = text_format.parse(data)
    return size, count, len(split_lines(data)) - 1
