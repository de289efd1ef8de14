"""Accounts as the backend has them: records without homes, listings, the index."""

from __future__ import annotations

from _thread import _local

from vpopmail.accounts import user_records
from vpopmail.capi.status import ask, attempt, check_number, check_record, check_text, note
from vpopmail.codes import VA
from vpopmail.errors import DomainNotFound, UserNotFound
from vpopmail.records import DomainEntry
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.records import VqPasswd
    from vpopmail.site import Vpopmail


_NOBODY: Iterator[VqPasswd] = iter(())


class _Cursors(_local):
    def __init__(self) -> None:
        self.users = _NOBODY


_cursors = _Cursors()


def vauth_open(will_update: int = 0) -> VA:
    """Open the account store of the current site: connect to the database, if it is one.

    Args:
        will_update: unused: one connection serves both.

    Returns:
        VA_SUCCESS, VA_NO_AUTH_CONNECTION, VA_NO_AUTH_MODULE, VA_PARSE_ERROR.
    """
    check_number(will_update)
    return attempt(VA.NO_AUTH_CONNECTION, _connect)


def vauth_module_name() -> str:
    """The name of the account store of the current site: ``cdb``; ``""`` if it cannot be had."""
    return ask("", lambda: current().installation.backend.name)


def _connect() -> None:
    current().installation.backend.connect()


def vauth_adddomain(domain: str) -> VA:
    """Prepare the account store for a domain; qmail does not learn of it.

    Returns:
        VA_SUCCESS, VA_NO_AUTH_CONNECTION.
    """
    check_text(domain)
    return attempt(VA.NO_AUTH_CONNECTION, lambda: _backend_domain(domain, adds=True))


def vauth_deldomain(domain: str) -> VA:
    """Let the account store forget a domain; cdb keeps its users until the directory goes.

    Returns:
        VA_SUCCESS, VA_NO_AUTH_CONNECTION.
    """
    check_text(domain)
    return attempt(VA.NO_AUTH_CONNECTION, lambda: _backend_domain(domain, adds=False))


def _backend_domain(domain: str, *, adds: bool) -> None:
    site = current()
    settings = site.settings
    # It may not be qmail's yet, or no more.
    entry = site.domains.find(domain) or DomainEntry(
        domain, domain, settings.uid, settings.gid, f"{settings.domains_path}/{domain}"
    )
    backend = site.installation.backend
    if adds:
        backend.add_domain(entry)
    else:
        backend.delete_domain(entry)


def vauth_adduser(
    user: str,
    domain: str,
    password: str,
    gecos: str,
    dir: str = "",  # noqa: A002 - the C library's word
    apop: int = 0,
) -> VA:
    """Store a new user without making a home.

    Args:
        user: local part.
        domain: domain or alias domain.
        password: clear text; ``""`` stores none.
        gecos: a comment; ``""`` stores the user's name.
        dir: place of the home below the domain: ``""``, ``0``, ``0/A``.
        apop: 0 for POP, 1 for APOP.

    Returns:
        VA_SUCCESS, the codes of ``vadduser`` for bad input, VA_USERNAME_EXISTS,
        VA_DOMAIN_DOES_NOT_EXIST, VA_BAD_D_DIR, VA_BAD_UID, VA_NO_AUTH_CONNECTION.

    Its commit point is that of the account store. Source: api, abstract auth backend.
    """
    check_text(user, domain, password, gecos, dir)
    check_number(apop)
    add = lambda: user_records.add_record(  # noqa: E731
        current().installation, user, domain, password, gecos, dir, apop
    )
    return attempt(VA.NO_AUTH_CONNECTION, add)


def vauth_deluser(user: str, domain: str) -> VA:
    """Forget a user and leave the home as it is.

    Args:
        user: local part.
        domain: domain or alias domain.

    Returns:
        VA_SUCCESS, also for a user who does not exist; VA_DOMAIN_DOES_NOT_EXIST, VA_BAD_D_DIR,
        VA_BAD_UID, VA_NO_AUTH_CONNECTION.

    Its commit point is that of the account store.
    """
    check_text(user, domain)
    delete = lambda: user_records.delete_record(current().installation, user, domain)  # noqa: E731
    code = attempt(VA.NO_AUTH_CONNECTION, delete)
    return note(VA.SUCCESS) if code == UserNotFound.code else code


def vauth_setpw(pw: VqPasswd, domain: str) -> VA:
    """Store all members of a record but ``pw_flags``.

    Args:
        pw: the record; ``pw_name`` tells whose it is.
        domain: domain or alias domain.

    Returns:
        VA_SUCCESS, also for a user who does not exist (nothing is changed); the codes of
        ``vcheck_vqpw``; VA_BAD_CHAR for a character that no line can hold; VA_BAD_UID,
        VA_DOMAIN_DOES_NOT_EXIST, VA_BAD_D_DIR, VA_NO_AUTH_CONNECTION.

    Its commit point is that of the account store. Source: api, abstract auth backend.
    """
    check_record(pw)
    check_text(domain)
    code = attempt(VA.NO_AUTH_CONNECTION, lambda: current().users.store(pw, domain))
    return note(VA.SUCCESS) if code == UserNotFound.code else code


def vauth_setquota(user: str, domain: str, quota: str) -> VA:
    """Store the quota of a user; maildirsize stays as it is.

    Args:
        user: local part.
        domain: domain or alias domain.
        quota: as for ``vsetuserquota``.

    Returns:
        As ``vsetuserquota``.

    Its commit point is that of the account store.
    """
    check_text(user, domain, quota)
    set_quota = lambda: current().users.change_quota(user, domain, quota, refresh=False)  # noqa: E731
    code = attempt(VA.NO_AUTH_CONNECTION, set_quota)
    return note(UserNotFound.code) if code == DomainNotFound.code else code


def vauth_getall(domain: str, first: int, sortit: int = 1) -> VqPasswd | None:
    """List the users of a domain, sorted by name, one by one.

    Args:
        domain: domain or alias domain.
        first: 1 begins with the first user, as they are then; 0 gives the next.
        sortit: unused: they are always sorted.

    Returns:
        A fresh record with ``pw_flags`` set; None at the end or on an error.
    """
    check_text(domain)
    check_number(first, sortit)
    if first:
        _cursors.users = ask(_NOBODY, lambda: _begin(current(), domain))
    if _cursors.users is _NOBODY:
        return None
    return ask(None, next, _cursors.users, None)


def vauth_users(domain: str) -> Iterator[VqPasswd]:
    """The users that ``vauth_getall`` gives one by one; none on an error.

    Args:
        domain: domain or alias domain.
    """
    check_text(domain)
    return ask(iter(()), lambda: _begin(current(), domain))


def _begin(site: Vpopmail, domain: str) -> Iterator[VqPasswd]:
    users = site.users.iter(domain)
    # The first step reads the store: errors come now, and later changes do not matter.
    first = next(users, None)
    return iter(()) if first is None else _chained(first, users)


def _chained(first: VqPasswd, others: Iterator[VqPasswd]) -> Iterator[VqPasswd]:
    yield first
    yield from others


def vauth_end_getall() -> None:
    """End the listing that ``vauth_getall`` began."""
    _cursors.users = _NOBODY


def vauth_munch_domain(domain: str) -> str:
    """The name of the table of a domain, where each has its own: ``.`` and ``-`` become ``_``.

    Args:
        domain: any text; two domains can have the same. Only a domain name makes a safe name.

    Source: api, abstract auth backend.
    """
    check_text(domain)
    return ask("", _table_name, domain)


def _table_name(domain: str) -> str:
    from vpopmail.backends.sql.account_table import folded

    return folded(domain)


def vmkpasswd(domain: str) -> VA:
    """Build the index of a domain's users, vpasswd.cdb, anew from vpasswd.

    Args:
        domain: domain or alias domain.

    Returns:
        VA_SUCCESS; VA_BAD_DIR for an unknown domain or one whose directory cannot be entered;
        VA_BAD_UID, VA_COULD_NOT_UPDATE_FILE; VA_NO_AUTH_CONNECTION if the lock cannot be had.

    Its commit point is the rename of vpasswd.cdb. Source: manual, "vmkpasswd".
    """
    check_text(domain)
    rebuild = lambda: user_records.rebuild_index(current().installation, domain)  # noqa: E731
    code = attempt(VA.COULD_NOT_UPDATE_FILE, rebuild)
    missing = (VA.DOMAIN_DOES_NOT_EXIST, VA.BAD_D_DIR)
    return note(VA.BAD_DIR) if code in missing else code
