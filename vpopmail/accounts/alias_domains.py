"""The copy of the alias domains that an account store keeps for other programs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vpopmail.backends.facets import AliasDomainsFacet
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry


def copier(installation: Installation) -> Callable[[Iterable[str]], None] | None:
    """What brings the copy in line with users/cdb for some names; None: there is no copy.

    Raises:
        UnknownBackend, BackendUnavailable: the account store cannot be opened.
    """
    store = installation.alias_domains
    if store is None:
        return None

    def copy(names: Iterable[str]) -> None:
        changed: dict[str, str | None] = {}
        for name in names:
            entry = installation.resolve(name)
            changed[name] = entry.realdomain if entry is not None and entry.is_alias else None
        store.write_alias_domains(changed)

    return copy


def wrong_copies(store: AliasDomainsFacet, entries: Iterable[DomainEntry]) -> dict[str, str | None]:
    """What a copy is wrong about: the domain of each alias domain, or None if it is none.

    Args:
        store: keeps the copy.
        entries: those that count.

    Raises:
        BackendUnavailable.
    """
    wanted = {entry.domain: entry.realdomain for entry in entries if entry.is_alias}
    found = dict(store.iterate_alias_domains())
    changed: dict[str, str | None] = dict.fromkeys(found.keys() - wanted.keys())
    changed |= {alias: real for alias, real in wanted.items() if found.get(alias) != real}
    return changed


def save_copies(installation: Installation, names: Iterable[str]) -> None:
    """Bring the copy in line with users/cdb for some names, while no domain changes.

    Args:
        installation: a site with a copy.
        names: folded; one that is no alias domain is removed from the copy.

    Raises:
        NotPermitted, FileNotUpdated, BackendUnavailable, OSError.
    """
    from vpopmail.accounts.domain_change import DomainChange

    copy = copier(installation)
    if copy is not None:
        with DomainChange(installation) as change:
            change.lock()
            copy(names)
