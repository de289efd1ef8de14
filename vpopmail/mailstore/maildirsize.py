"""The file maildirsize of a Maildir: reading it, counting anew, adding to it.

Other programs (Courier, Dovecot, the C tools) keep the same file, without locks: it is a cache of
what is in the Maildir, and whoever doubts it counts anew. Whatever its owner puts in its place, a
link, a pipe or nonsense, is doubted too.

Source: formats, maildirsize.
"""

from __future__ import annotations

import errno
import os
import stat
import time

from vpopmail.formats import maildirsize as text_format
from vpopmail.formats.text import split_lines
from vpopmail.log import warn
from vpopmail.mailstore.counting import count_steadily
from vpopmail.mailstore.paths import MAILDIR
from vpopmail.records import is_limited
from vpopmail.safeio import seam
from vpopmail.safeio.view import open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.safeio.directory import Directory, Owner

FILE = "maildirsize"
FOLDER_MARK = "maildirfolder"
OLDEST = 15 * 60
LARGEST = 5120
_PARTS = ("cur", "new", "tmp")
# Missing, a link, a directory, a pipe.
_NO_FILE = frozenset((errno.ENOENT, errno.ELOOP, errno.EISDIR, errno.EINVAL, errno.ENXIO))
# What the owner of a Maildir can do to it that keeps the file from being written.
_SPOILT = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.EACCES))


def whole_maildir(maildir: Directory) -> Directory:
    """The Maildir that a folder of it belongs to, or the Maildir itself; the caller closes it.

    The mark of a folder leads up only to a Maildir: a user who puts it into his own would
    otherwise have his home, or whatever he moved a folder to, counted and written to.

    Raises:
        OSError: EPERM if that Maildir belongs to somebody else.
    """
    if not maildir.has(FOLDER_MARK):
        return maildir.enter(".")
    with maildir.enter("..") as above:
        if not _is_maildir(above):
            return maildir.enter(".")
        if os.fstat(above.fd).st_uid != os.fstat(maildir.fd).st_uid:
            raise OSError(errno.EPERM, "a folder in a Maildir of somebody else", maildir.path)
        return above.enter(".")


def read_usage(
    maildir: Directory, quota: str, owner: Owner | None, more: tuple[int, int] = (0, 0)
) -> tuple[int, int]:
    """Bytes and messages in use; counted anew, and written, if the file is not to be believed.

    It is believed if it is small, young, of this quota and whole to its last line end, and either
    leaves room for what comes, or was counted itself (it has one line).

    Args:
        maildir: the open Maildir.
        quota: as stored.
        owner: who gets a new file; None leaves it to this process.
        more: bytes and messages that are to come.

    Raises:
        OSError: it cannot be counted. That it cannot be written is told in the log only.
    """
    kept = believed_usage(maildir, quota, more)
    if kept is not None:
        return kept
    size, count, steady = count_steadily(maildir)
    try:
        _keep(maildir, quota, (size, count), owner, steady=steady)
    except OSError as error:
        warn("%s/%s: %s", maildir.path, FILE, error)
    return size, count


def believed_usage(
    maildir: Directory, quota: str, more: tuple[int, int] = (0, 0)
) -> tuple[int, int] | None:
    """What the file says, or None if it is not to be believed; see ``read_usage``."""
    data = _young(maildir)
    if data is None:
        return None
    told, size, count = text_format.parse(data)
    lines = len(split_lines(data)) - 1
    if lines < 1 or size < 0 or count < 0 or not data.endswith(b"\n"):
        return None
    if text_format.parse_quota(told) != text_format.parse_quota(quota):
        return None
    if lines > 1 and text_format.is_over(quota, size + more[0], count + more[1]):
        return None
    return size, count


def quota_of(maildir: Directory) -> str:
    """The quota in the first line of the file, in its stored form; ``""`` if there is none."""
    found = _read(maildir)
    return "" if found is None else text_format.parse(found[0])[0]


def recount(maildir: Directory, quota: str, owner: Owner | None) -> tuple[int, int]:
    """Count anew and write the file. Its commit point is the rename.

    A Maildir that was not at rest in five counts is left without a file: the next reader counts.

    Args:
        maildir, quota, owner: as for ``read_usage``.

    Raises:
        OSError.
    """
    size, count, steady = count_steadily(maildir)
    _keep(maildir, quota, (size, count), owner, steady=steady)
    return size, count


def add_usage(maildir: Directory, quota: str, size: int, count: int, owner: Owner | None) -> None:
    """Note that messages came or went; without a file count what is there.

    One line is appended with one write: other programs may append at the same time. It is not
    brought to the disk: what a crash of the machine loses, the next count finds.

    Args:
        maildir, quota, owner: as for ``read_usage``; the messages have come or gone already.
        size, count: bytes and messages, negative for what is gone.

    Raises:
        OSError.
    """
    fd = _open_append(maildir)
    if fd is None:
        recount(maildir, quota, owner)
        return
    line = text_format.delta(size, count)
    try:
        written = seam.write(fd, line)
    finally:
        os.close(fd)
    if written < len(line):
        remove(maildir)  # the next line would go on where this one broke off


def remove(maildir: Directory) -> bool:
    """Unlink the file; whether there was one. Raises: OSError."""
    return maildir.remove(FILE)


def renew_maildirsize(home: Directory, quota: str, owner: Owner) -> None:
    """Make maildirsize of a home anew for another quota; twice does no harm.

    Args:
        home: the open home; without a Maildir nothing is done.
        quota: as stored; without a limit the file is removed.
        owner: who gets the file.

    Its commit point is the rename of the file.

    Raises:
        OSError.
    """
    try:
        with home.enter(MAILDIR) as maildir:
            remove(maildir)
            _remove_left(maildir)
            if is_limited(quota):
                recount(maildir, quota, owner)
            maildir.flush()
    except FileNotFoundError:
        return


def refresh_maildirsize(home: Directory, quota: str, owner: Owner) -> None:
    """``renew_maildirsize`` after the quota of a user has changed.

    A Maildir that its owner has spoilt, with a link in place of a directory, does not keep his
    quota from being changed: the log tells of it.

    Raises:
        OSError: the disk gave trouble.
    """
    try:
        renew_maildirsize(home, quota, owner)
    except OSError as error:
        if error.errno not in _SPOILT:
            raise
        warn("%s/%s/%s: %s", home.path, MAILDIR, FILE, error)


def _keep(
    maildir: Directory, quota: str, used: tuple[int, int], owner: Owner | None, *, steady: bool
) -> None:
    if steady:
        _write(maildir, text_format.start(quota, *used), owner)
    else:
        remove(maildir)


def _write(maildir: Directory, data: bytes, owner: Owner | None) -> None:
    """Replace the file, mode 0600, by way of ``tmp``: each writer has a name of his own."""
    name = _fresh_name()
    _remove_left(maildir)
    with maildir.enter("tmp") as stage:
        try:
            stage.create(name, [data], owner)
            stage.move(name, maildir, FILE)
        except BaseException:
            stage.remove(name)
            raise
    maildir.flush()


def _fresh_name() -> str:
    now = time.time_ns()
    return f"{now // 10**9}.{os.getpid()}N{now % 10**9}{_mark()}"


def is_of_quota(maildir: Directory, quota: str) -> bool:
    """Whether the file, if there is one, is of this quota, short enough and the Maildir's own.

    What it counts is not looked at: whoever finds it older than 15 minutes counts anew.

    Args:
        maildir: the open Maildir.
        quota: as stored, with a limit.

    Raises:
        OSError.
    """
    status = maildir.status(FILE)
    if status is None:
        return True
    if not _is_own(status, os.fstat(maildir.fd)) or status.st_size >= LARGEST:
        return False
    return text_format.parse_quota(quota_of(maildir)) == text_format.parse_quota(quota)


def _mark() -> str:
    host = os.uname().nodename.replace("/", "_").replace(":", "_")
    return f"_NeWmAiLdIrSiZe.{host}"


def left_names(tmp: Directory) -> list[str]:
    """Next contents of the file that processes of this host left in ``tmp`` when they died."""
    mark = _mark()
    return [name for name in tmp.names() if name.endswith(mark) and _is_of_dead(name)]


def _is_of_dead(name: str) -> bool:
    pid = name.partition(".")[2].partition("N")[0]
    return pid.isascii() and pid.isdecimal() and not os.path.exists(f"/proc/{pid}")


def _remove_left(maildir: Directory) -> None:
    with maildir.enter("tmp") as stage:
        for name in left_names(stage):
            stage.remove(name)


def _open_append(maildir: Directory) -> int | None:
    """A descriptor of the file; None if it is missing, or not a file of the Maildir alone."""
    try:
        fd = seam.open_append(FILE, maildir.fd)
    except OSError as error:
        if error.errno in _NO_FILE:
            return None
        raise
    if _is_own(os.fstat(fd), os.fstat(maildir.fd)):
        return fd
    os.close(fd)
    return None


def _is_own(status: os.stat_result, maildir: os.stat_result) -> bool:
    """Whether the owner of the Maildir could have written to the file himself.

    Root could be led to a file of somebody else by a second name, which can be gone again when
    the names are counted: so it looks at the owner too.
    """
    alone = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
    return alone and (os.geteuid() != 0 or status.st_uid == maildir.st_uid)


def _is_maildir(directory: Directory) -> bool:
    found = [directory.status(part) for part in _PARTS]
    return all(one is not None and stat.S_ISDIR(one.st_mode) for one in found)


def _young(maildir: Directory) -> bytes | None:
    """The file if it is small and young; a time to come is no better than an old one."""
    found = _read(maildir)
    if found is None:
        return None
    data, mtime = found
    return data if len(data) < LARGEST and abs(time.time() - mtime) <= OLDEST else None


def _read(maildir: Directory) -> tuple[bytes, float] | None:
    """The beginning of the file and when it was changed; None if there is no regular file."""
    try:
        fd = open_file(FILE, maildir.fd)
    except OSError as error:
        if error.errno in _NO_FILE:
            return None
        raise
    try:
        return os.read(fd, LARGEST), os.fstat(fd).st_mtime
    finally:
        os.close(fd)
