"""Records of users on their own, without homes: what the vauth_* functions change.

For tools that move accounts about; ``site.users`` is what an administrator wants.
"""

from __future__ import annotations

from vpopmail.accounts import checks
from vpopmail.accounts.change import change_domain
from vpopmail.accounts.open_batches import get_domain, open_batch
from vpopmail.accounts.user_edits import checked_hash
from vpopmail.accounts.user_rules import check_new_name, new_user
from vpopmail.errors import BackendUnavailable, InvalidInput, UserNotFound
from vpopmail.mailstore.free_places import is_place
from vpopmail.names import check_new_user, fold
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.accounts.user_change import UserChange
    from vpopmail.installation import Installation


def add_record(
    installation: Installation,
    name: str,
    domain: str,
    password: str,
    gecos: str = "",
    place: str = "",
    apop: int = 0,
) -> Plan:
    """Store a new user without making a home.

    Args:
        installation: the site.
        name, domain: of the user, any case.
        password: clear text; ``""`` stores none.
        gecos: a comment; ``""`` stores the user's name.
        place: where the home is, below the domain: ``""``, ``0``, ``0/A``.
        apop: 0 for POP, 1 for APOP.

    Returns:
        The plan. Its commit point is that of the account store.

    Raises:
        InvalidInput and what is below it, DomainNotFound, UserExists, NotPermitted,
        DomainDirectoryMissing, BackendUnavailable, OSError.

    Source: api, vauth_adduser.
    """
    settings = installation.settings
    checks.check_user_fields(settings, name, domain, password, gecos)
    name = fold(name)
    check_new_user(name, domain)
    if place and not is_place(place):
        raise InvalidInput(place, "a place is like 0, 0/A or 0/A/z")
    entry = get_domain(installation, domain)
    if not installation.backend.writable:
        raise BackendUnavailable(entry.realdomain, "the backend takes no accounts")
    crypted = checked_hash(settings, password)
    user = new_user(settings, name, password, crypted=crypted, gecos=gecos, apop=apop)
    user.pw_dir = "/".join(part for part in (entry.path, place, name) if part)
    checks.check_directory(user.pw_dir)

    def decide(change: UserChange) -> None:
        check_new_name(change, name)
        change.replace(user.copy())

    return change_domain(
        installation, entry, f"store user {name}@{entry.realdomain}", decide, name=name
    )


def delete_record(installation: Installation, name: str, domain: str) -> Plan:
    """Forget a user and leave the home as it is; what a batch has built for him goes.

    Args:
        installation: the site.
        name, domain: of the user, any case.

    Returns:
        The plan. Its commit point is that of the account store.

    Raises:
        UserNotFound, DomainNotFound, NotPermitted, DomainDirectoryMissing, BackendUnavailable,
        OSError.
        CatchAllProtected: the user is added in the same batch, and the catch-all.

    Source: api, vauth_deluser.
    """
    name = fold(name)
    entry = get_domain(installation, domain)
    address = f"{name}@{entry.realdomain}"

    def decide(change: UserChange) -> None:
        if change.find(name) is None:
            raise UserNotFound(address)
        change.delete_record(name)

    batch = open_batch(installation)
    pending = None if batch is None else batch.change_of(entry)
    if batch is not None and pending is not None and pending.added_home(name) is not None:
        return batch.delete_user(Plan(f"forget user {address}"), entry, name)
    return change_domain(installation, entry, f"forget user {address}", decide, name=name)


def rebuild_index(installation: Installation, domain: str) -> Plan:
    """Build the index of a domain's users anew from what is stored; see vmkpasswd.

    Args:
        installation: the site.
        domain: domain or alias domain.

    Returns:
        The plan. Its commit point is the rename of vpasswd.cdb.

    Raises:
        DomainNotFound, NotPermitted, DomainDirectoryMissing, FormatError, BackendUnavailable,
        OSError.

    Source: manual, "vmkpasswd".
    """
    from vpopmail.accounts.user_change import open_change

    entry = get_domain(installation, domain)
    with open_change(installation, entry) as change:
        change.lock()
        plan = Plan(f"build the index of {entry.realdomain}")
        plan.add("accounts", "index", change.transaction.reindex, commit=True)
        return carry_out(plan)
