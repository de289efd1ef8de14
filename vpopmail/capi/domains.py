"""Domains and alias domains: adding, deleting, looking up, listing."""

from __future__ import annotations

import sys
from _thread import _local

from vpopmail.capi.status import ask, attempt, check_number, check_text, note
from vpopmail.codes import VA
from vpopmail.names import fold
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.records import DomainEntry


class _Cursors(_local):
    def __init__(self) -> None:
        self.domains: Iterator[DomainEntry] = iter(())


_cursors = _Cursors()


def vadddomain(
    domain: str,
    dir: str | None = None,  # noqa: A002 - the C library's word
    uid: int | None = None,
    gid: int | None = None,
) -> VA:
    """Add a domain, without a postmaster.

    Args:
        domain: 3 to 96 characters: letters, digits, ``-``, ``.``; no malformed label. One
            outside ASCII is stored as its A-label.
        dir: base directory; the domain goes below ``dir/domains``. None: the site's own.
        uid, gid: owner of its files, numbers. None: the site's own.

    Returns:
        VA_SUCCESS, VA_INVALID_DOMAIN_NAME, VA_DOMAIN_NAME_TOO_LONG, VA_DOMAIN_ALREADY_EXISTS,
        VA_BAD_V_DIR, VA_CAN_NOT_MAKE_DOMAINS_DIR, VA_BAD_D_DIR, VA_DIR_TOO_LONG,
        VA_COULD_NOT_MAKE_DOMAIN_DIR, VA_COULD_NOT_UPDATE_FILE, VA_BAD_UID,
        VA_NO_AUTH_CONNECTION.

    Its commit point is the rename of qmail's users/cdb. Source: manual, "Add domain".
    """
    check_text(domain, dir or "")
    check_number(*(number for number in (uid, gid) if number is not None))
    add = lambda: current().domains.add(domain, dir=dir, uid=uid, gid=gid)  # noqa: E731
    return attempt(VA.COULD_NOT_UPDATE_FILE, add)


def vdeldomain(domain: str) -> VA:
    """Delete a domain with its alias domains, users and mail; or one alias domain.

    Args:
        domain: a domain or alias domain.

    Returns:
        VA_SUCCESS, VA_DOMAIN_NAME_TOO_LONG, VA_DOMAIN_DOES_NOT_EXIST,
        VA_COULD_NOT_UPDATE_FILE, VA_NO_AUTH_CONNECTION.

    Its commit point is the rename of qmail's users/cdb. Source: manual, "Delete domain".
    """
    check_text(domain)
    return attempt(VA.COULD_NOT_UPDATE_FILE, lambda: current().domains.delete(domain))


def vaddaliasdomain(alias_domain: str, real_domain: str) -> VA:
    """Let a name stand for a domain.

    Args:
        alias_domain: the new name.
        real_domain: the domain, or an alias domain of it.

    Returns:
        VA_SUCCESS, VA_INVALID_DOMAIN_NAME, VA_DOMAIN_NAME_TOO_LONG, VA_DOMAIN_ALREADY_EXISTS,
        VA_DOMAIN_DOES_NOT_EXIST, VA_COULD_NOT_UPDATE_FILE.

    Its commit point is the rename of qmail's users/cdb. Source: manual, "vaddaliasdomain".
    """
    check_text(alias_domain, real_domain)
    add = lambda: current().domains.add_alias(alias_domain, real_domain)  # noqa: E731
    return attempt(VA.COULD_NOT_UPDATE_FILE, add)


def vget_assign(domain: str | None) -> tuple[str, int, int, str] | None:
    """Look up a domain in qmail's users/cdb.

    Args:
        domain: a domain or alias domain, any case; ``""`` and None are none.

    Returns:
        (directory, uid, gid, real domain), or None.
    """
    name = "" if domain is None else domain
    check_text(name)
    entry = ask(None, _find, name)
    return None if entry is None else (entry.path, entry.uid, entry.gid, entry.realdomain)


def _find(domain: str) -> DomainEntry | None:
    if not domain:
        return None
    # A batch can only be open if its module is loaded: a login must not load it.
    if "vpopmail.accounts.open_batches" in sys.modules:
        return current().domains.find(domain)
    return current().installation.resolve(domain)


def get_domain_entries(match_real: str | None) -> DomainEntry | None:
    """List domains and alias domains whose names have a dot, in the order of users/assign.

    Args:
        match_real: ``""`` starts with all, a domain or alias domain with those of its real
            domain; None gives the next.

    Returns:
        The entry, or None at the end; then ``last_error()`` is VA_CANNOT_READ_ASSIGN if
        users/assign cannot be read.
    """
    if match_real is not None:
        check_text(match_real)
        _cursors.domains = ask(iter(()), _entries, match_real)
    else:
        note(VA.SUCCESS)
    return next(_cursors.domains, None)


def domain_entries(match_real: str = "") -> Iterator[DomainEntry]:
    """The entries that ``get_domain_entries`` gives one by one.

    Args:
        match_real: ``""`` for all, or a domain or alias domain.
    """
    check_text(match_real)
    return ask(iter(()), _entries, match_real)


def _entries(match_real: str) -> Iterator[DomainEntry]:
    site = current()
    # A batch can only be open if its module is loaded.
    batch = sys.modules.get("vpopmail.accounts.open_batches")
    if batch is None or batch.open_batch(site.installation) is None:
        found = iter(site.qmail.entries(fold(match_real)))
    else:
        found = site.domains.iter(match_real)
    return iter([entry for entry in found if "." in entry.domain])


def count_rcpthosts() -> int:
    """How many lines control/rcpthosts has, comments included; 0 if it is missing."""
    return ask(0, _count_rcpthosts)


def _count_rcpthosts() -> int:
    return current().qmail.count_rcpthosts()


def vclose() -> None:
    """Close the account store of the current site; the next call opens it again."""
    ask(None, lambda: current().close())
