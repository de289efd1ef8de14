"""Looking a whole site over: what killed processes left, what does not fit, and its repair."""

from __future__ import annotations

from vpopmail.errors import DomainNotFound, NotPermitted, VpopmailError
from vpopmail.log import reason
from vpopmail.names import checked_texts, fold_domain
from vpopmail.qmail.surviving import is_closed, is_directory
from vpopmail.upkeep.examined_domain import ExaminedDomain
from vpopmail.upkeep.examined_site import in_force
from vpopmail.upkeep.findings import UNREADABLE, Examination, Reconciled
from vpopmail.upkeep.reconcile_aliases import examine_aliases, examine_default, examine_limits
from vpopmail.upkeep.reconcile_domains import examine_domains
from vpopmail.upkeep.reconcile_leftovers import examine_domain_leftovers
from vpopmail.upkeep.reconcile_rights import examine_domain_rights
from vpopmail.upkeep.reconcile_users import examine_counter, examine_homes, examine_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry


def reconcile_site(
    installation: Installation, domains: Iterable[str] | None = None, *, dry_run: bool = False
) -> Reconciled:
    """Find what is left over and what does not fit, and repair what is safe to repair.

    Domains are looked at one after the other; nothing but the report is kept of them.

    Args:
        installation: the site.
        domains: domains or alias domains, to look at these alone, and not at the set of domains;
            None: the whole site.
        dry_run: only look; no lock is taken, so what others change meanwhile may be told of.

    Returns:
        The report. Each repair has a commit point of its own: the rename, or the change of owner
        or mode, of one file. Killed at any moment, the next call does the rest.

    Raises:
        DomainNotFound: one of ``domains``.
        NotPermitted: the set of domains needs repair, and this process may not change it.
        UnknownBackend, BackendUnavailable: the account store cannot be opened.
    """
    examination = Examination(dry_run=dry_run)
    chosen = None if domains is None else _chosen(installation, domains)
    backend = installation.backend
    if chosen is None:
        _examine_domains(installation, examination)
    for entry in in_force(installation) if chosen is None else chosen:
        if not entry.is_alias and (is_directory(entry.path) or is_closed(entry.path)):
            _examine_domain(installation, entry, examination, has_users=backend.writable)
    return Reconciled(examination.findings, dry_run)


def _chosen(installation: Installation, domains: Iterable[str]) -> list[DomainEntry]:
    found: dict[str, DomainEntry] = {}
    for name in checked_texts(domains):
        entry = installation.resolve(fold_domain(name))
        entry = None if entry is None else installation.resolve(entry.realdomain)
        if entry is None:
            raise DomainNotFound(name)
        found[entry.domain] = entry
    return list(found.values())


def _examine_domains(installation: Installation, examination: Examination) -> None:
    try:
        examine_domains(installation, examination)
    except NotPermitted:
        raise
    except (VpopmailError, OSError) as error:
        subject = f"{installation.settings.qmaildir}/users"
        examination.tell(UNREADABLE, subject, reason(error), "see to it, then reconcile again")


def _examine_domain(
    installation: Installation, entry: DomainEntry, examination: Examination, *, has_users: bool
) -> None:
    """All that can be wrong in one domain; what cannot be looked at is a finding."""
    with examination.looking_at(entry.domain), installation.open_domain(entry) as directory:
        look = ExaminedDomain(installation, entry, directory, examination)
        looks: list[Callable[[ExaminedDomain], object]] = [examine_domain_leftovers]
        if has_users:
            looks += [_examine_users]
        looks += [examine_aliases, examine_default, examine_limits, examine_domain_rights]
        for examine in looks:
            with examination.looking_at(entry.domain):
                examine(look)


def _examine_users(look: ExaminedDomain) -> None:
    if examine_store(look):
        examine_homes(look)
        examine_counter(look)
