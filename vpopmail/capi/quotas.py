"""Quotas of Maildirs: reading, counting, adding to what is counted."""

from __future__ import annotations

import os

from vpopmail.accounts.notices import QUOTA_WARNING, notice
from vpopmail.capi.status import ask, attempt, check_number, check_text, zero
from vpopmail.codes import VA
from vpopmail.formats import maildirsize as text_format
from vpopmail.mailstore import maildirsize
from vpopmail.mailstore.counting import count_homes, count_mail
from vpopmail.mailstore.paths import MAILDIR, address_of_maildir
from vpopmail.mailstore.usage_daemon import ask_daemon
from vpopmail.records import is_limited
from vpopmail.safeio.directory import Directory, Owner, open_trusted
from vpopmail.safeio.paths import check_path
from vpopmail.site import current


def format_maildirquota(quota: str) -> str:
    """A quota in the form in which it is stored.

    Args:
        quota: NOQUOTA, bytes (``10M``), a message count (``1000C``), both with a comma.

    Returns:
        ``NOQUOTA``, ``<bytes>S``, ``<count>C`` or ``<bytes>S,<count>C``; ``""`` for nothing
        limited, and for what is no quota: then ``last_error()`` is VA_QUOTA_TOO_LONG.
    """
    check_text(quota)
    return ask("", text_format.format_quota, quota)


def quota_mtos(quota: str | None) -> tuple[int, int, int]:
    """The limits that a stored quota sets.

    Returns:
        (1, bytes, messages), 0 for no limit; (0, 0, 0) for None.
    """
    if quota is None:
        return 0, 0, 0
    check_text(quota)
    return (1, *ask((0, 0), text_format.parse_quota, quota))


def vmaildir_readquota(dir: str, quota: str) -> int:  # noqa: A002 - the C library's word
    """How much of a quota a Maildir uses; maildirsize is made anew if it is not to be believed.

    Args:
        dir: the Maildir, absolute.
        quota: as stored; ``""`` limits nothing.

    Returns:
        Percent, 0 to 100; 0 without a limit or if it cannot be counted.
    """
    check_text(dir, quota)
    return ask(0, _percentage, dir, quota)


def _percentage(path: str, quota: str) -> int:
    if not is_limited(quota):
        return 0
    return text_format.percentage(quota, *_used(path, quota))


def maildir_addquota(dir: str, quota: str, size: int, count: int) -> int:  # noqa: A002
    """Note in maildirsize that messages came or went.

    Args:
        dir: the Maildir, absolute; the messages have come or gone already.
        quota: as stored. Without a limit nothing is done, nor if the usage daemon answers.
        size, count: bytes and messages, negative for what is gone.

    Returns:
        0 or -1.

    Its commit point is the write of one line.
    """
    check_text(dir, quota)
    check_number(size, count)
    return zero(lambda: _add(dir, quota, size, count))


def _add(path: str, quota: str, size: int, count: int) -> None:
    if not is_limited(quota) or _ask_daemon(path) is not None:
        return
    with _open(path) as maildir:
        maildirsize.add_usage(maildir, quota, size, count, _owner(maildir))


def user_over_maildirquota(dir: str, quota: str, size: int) -> int:  # noqa: A002
    """Whether a message would take a Maildir over its quota.

    Args:
        dir: the Maildir, absolute.
        quota: as stored.
        size: of the message, bytes.

    Returns:
        1 if it would, else 0; 0 also if it cannot be counted now.
    """
    check_text(dir, quota)
    check_number(size)
    return int(ask(False, _is_over, dir, quota, size))


def _is_over(path: str, quota: str, size: int) -> bool:
    if not is_limited(quota) or size <= 0:
        return False
    used = _used(path, quota, (size, 1))
    return text_format.is_over(quota, used[0] + size, used[1] + 1)


def _used(path: str, quota: str, more: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    """Bytes and messages in use, as the usage daemon or maildirsize says, else counted."""
    told = _ask_daemon(path)
    if told is not None:
        return told
    with _open(path) as maildir:
        return maildirsize.read_usage(maildir, quota, _owner(maildir), more)


def _ask_daemon(path: str) -> tuple[int, int] | None:
    return ask_daemon(current().settings, address_of_maildir(path.rstrip("/")))


def domain_over_maildirquota(userdir: str, size: int) -> int:
    """Whether a message would take a domain over its limits ``diskquota`` and ``maxmsgcount``.

    Args:
        userdir: a Maildir of the domain, absolute.
        size: of the message, bytes.

    Returns:
        1 if it would, 0 if not, -1 if the domain is not known or cannot be counted now.
    """
    check_text(userdir)
    check_number(size)
    domain = _domain_of(userdir)
    return int(ask(-1, lambda: current().quotas.is_domain_over(domain, size)))


def readuserquota(dir: str) -> tuple[int, int, int]:  # noqa: A002
    """Count a Maildir with its folders; maildirsize is neither read nor written.

    Args:
        dir: the Maildir, absolute.

    Returns:
        (0, bytes, messages); (-1, 0, 0) if it cannot be counted, or mail came or went meanwhile.
    """
    check_text(dir)
    found = ask(None, _count, dir)
    return (-1, 0, 0) if found is None else (0, *found)


def _count(path: str) -> tuple[int, int]:
    with _open(path) as maildir:
        return count_mail(maildir)


def wrapreaduserquota(dir: str) -> tuple[int, int, int]:  # noqa: A002
    """``readuserquota``, whose inner function this is in C."""
    return readuserquota(dir)


def readdomainquota(dir: str) -> tuple[int, int, int]:  # noqa: A002
    """Count the Maildirs of all homes in the directory of a domain.

    Args:
        dir: the directory of the domain, absolute; directories of one character hold more homes.

    Returns:
        (0, bytes, messages); (-1, 0, 0) if something cannot be counted.
    """
    check_text(dir)
    found = ask(None, _count_domain, dir)
    return (-1, 0, 0) if found is None else (0, *found)


def _count_domain(path: str) -> tuple[int, int]:
    with _open_directory(path) as directory:
        return count_homes(directory)


def update_maildirsize(domain: str, dir: str, quota: str) -> VA:  # noqa: A002
    """Make maildirsize of a home anew for another quota.

    Args:
        domain: domain or alias domain, whose owner gets the file.
        dir: the home, absolute.
        quota: as stored; NOQUOTA and ``""`` remove the file.

    Returns:
        VA_SUCCESS, VA_DOMAIN_DOES_NOT_EXIST, VA_BAD_CHAR; -1 if it cannot be written.

    Its commit point is the rename of maildirsize.
    """
    check_text(domain, dir, quota)
    return attempt(VA(-1), lambda: _update(domain, dir, quota))


def _update(domain: str, path: str, quota: str) -> None:
    entry = current().domains.get(domain)
    text_format.start(quota, 0, 0)  # refuses what no file can hold before the present one goes
    with _open_directory(path) as home:
        maildirsize.renew_maildirsize(home, quota, Owner(entry.uid, entry.gid))


def remove_maildirsize(dir: str) -> VA:  # noqa: A002
    """Remove maildirsize of a home: the next reader counts.

    Args:
        dir: the home, absolute.

    Returns:
        VA_SUCCESS, also if there was none; -1 if it cannot be removed.
    """
    check_text(dir)
    return attempt(VA(-1), lambda: _remove(dir))


def _remove(path: str) -> None:
    with _open_directory(f"{path}/{MAILDIR}") as maildir:
        maildirsize.remove(maildir)


def add_warningsize_to_quota(dir: str, quota: str) -> int:  # noqa: A002
    """Note in maildirsize that the warning of a full mailbox has come.

    Args:
        dir: the Maildir, absolute.
        quota: as for ``maildir_addquota``.

    Returns:
        0, also if there is no ``.quotawarn.msg``; -1 if it cannot be noted.
    """
    check_text(dir, quota)
    return zero(lambda: _add_warning(dir, quota))


def _domain_of(maildir: str) -> str:
    return address_of_maildir(maildir.rstrip("/")).rpartition("@")[2]


def _add_warning(path: str, quota: str) -> None:
    text = notice(current().installation, _domain_of(path), QUOTA_WARNING)
    if text is not None:
        _add(path, quota, len(text), 1)


def quota_user_usage(user: str) -> tuple[int, int, int]:
    """What a user keeps, as the usage daemon or maildirsize says, else counted.

    Args:
        user: ``user@domain``.

    Returns:
        (1, bytes, messages); (0, 0, 0) if it is not known.
    """
    check_text(user)
    usage = ask(None, lambda: current().quotas.usage(user))
    return (0, 0, 0) if usage is None else (1, usage.size, usage.count)


def _open(path: str) -> Directory:
    """The Maildir at a path; of a folder, the Maildir that it belongs to."""
    with _open_directory(path) as directory:
        return maildirsize.whole_maildir(directory)


def _open_directory(path: str) -> Directory:
    check_path(path)
    return open_trusted(path, sync=current().settings.sync)


def _owner(maildir: Directory) -> Owner:
    status = os.fstat(maildir.fd)
    return Owner(status.st_uid, status.st_gid)
