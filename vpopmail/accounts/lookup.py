"""Finding a user: the way of every login, so it imports little."""

from __future__ import annotations

import os

from vpopmail import errors
from vpopmail.names import fold
from vpopmail.records import V_OVERRIDE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd


def find_user(installation: Installation, name: str, domain: str) -> VqPasswd | None:
    """The user of a domain or alias domain, with the effective flags.

    Args:
        installation: the site.
        name: local part, any case.
        domain: domain or alias domain, any case.

    Returns:
        A fresh record; None if there is no such user or domain.

    Raises:
        NotPermitted: this process is neither root nor the owner of the domain.
        BackendUnavailable: the store cannot be read.

    Source: manual, "Authentication".
    """
    entry = installation.domain_lookup.peek(fold(domain))
    return None if entry is None else find_in(installation, entry, fold(name))


def find_in(
    installation: Installation, entry: DomainEntry, name: str, *, limited: bool = True
) -> VqPasswd | None:
    """``find_user`` in a domain that has been found already.

    Args:
        installation: the site.
        entry: of the domain.
        name: local part, folded.
        limited: whether the flags that the domain's limits add are wanted.
    """
    if not may_look(installation, entry):
        raise errors.NotPermitted(entry.realdomain, "run it as root or as the domain's owner")
    user = installation.backend.find(entry, name)
    if limited and user is not None:
        add_limits(installation, entry, user)
    return user


def find_claimed(
    installation: Installation, entry: DomainEntry | None, name: str
) -> VqPasswd | None:
    """The user whom somebody claims to be, without the flags of limits.

    It asks the account store as often for a domain or a user that is not there: how long a
    refusal takes must not tell. Who is right gets his flags by ``add_limits``.

    Args:
        installation: the site.
        entry: of the domain; None: there is none.
        name: local part, folded.

    Raises:
        NotPermitted, BackendUnavailable: as ``find_in``, for a domain that is there.
    """
    if entry is not None:
        return find_in(installation, entry, name, limited=False)
    try:
        installation.backend.spend_find()
    except errors.VpopmailError:
        return None  # the answer is the same
    return None


def add_limits(installation: Installation, entry: DomainEntry, user: VqPasswd) -> None:
    """Give a record the flags that the limits of its domain add, unless it is exempt."""
    if not user.pw_gid & V_OVERRIDE:
        user.pw_flags |= limit_mask(installation, entry)


def may_look(installation: Installation, domain: DomainEntry) -> bool:
    """Whether this process may see and change the domain: as root or as its owner."""
    if not installation.settings.check_caller:
        return True
    caller = os.geteuid()
    return caller in (0, domain.uid)


def limit_mask(installation: Installation, domain: DomainEntry) -> int:
    """The flag bits that the limits of a domain add; 0 if they cannot be read."""
    try:
        return installation.limits.read_flag_mask(domain)
    except errors.LimitsUnreadable:
        return 0
