"""IP maps: which domain an address of the server stands for, in names without a domain.

Light, since a login goes through it. Source: manual, "IP alias domains"; api, IP maps.
"""

from __future__ import annotations

from vpopmail.errors import InvalidIpAddress, IpMapNotFound
from vpopmail.formats.ip_address import canonical
from vpopmail.names import check_new_domain, fold_domain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.installation import Installation
    from vpopmail.plan.steps import Plan


def mapped_domain(installation: Installation, local_ip: str) -> str | None:
    """The domain of a name without one, by the address that the client has connected to.

    Args:
        installation: the site.
        local_ip: the server's address; an IPv4 address that is written as an IPv6 one counts as
            itself.

    Returns:
        The domain that it is mapped to; None if there is none, or if control/locals has it.

    Raises:
        BackendUnavailable, OSError.

    Source: api, default domain.
    """
    plain = canonical(local_ip)
    domain = None if plain is None else installation.ip_map.read_ip_map(plain)
    if domain is None:
        return None
    from vpopmail.qmail.locals import is_local

    return None if is_local(f"{installation.settings.qmaildir}/control", domain) else domain


class IpMaps:
    """The domains that addresses of the server stand for: ``site.ip_maps``.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def get(self, address: str) -> str:
        """The domain of an address; see ``find``.

        Raises:
            IpMapNotFound: it has none; BackendUnavailable, OSError.
        """
        domain = self.find(address)
        if domain is None:
            raise IpMapNotFound(address)
        return domain

    def find(self, address: str) -> str | None:
        """The domain of an address, the first one if it has several; None if it has none.

        Args:
            address: IPv4 or IPv6, in any form; or a text as it is stored.

        Raises:
            BackendUnavailable, OSError.
        """
        return self._installation.ip_map.read_ip_map(_stored(address))

    def __contains__(self, address: str) -> bool:
        return self.find(address) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Pairs of address and domain, as they are stored. Raises: BackendUnavailable, OSError."""
        return iter(self._installation.ip_map.iterate_ip_map())

    def set(self, address: str, domain: str, *, dry_run: bool = False) -> Plan:
        """Let an address stand for a domain, and for no other any more.

        Args:
            address: IPv4 or IPv6, in any form.
            domain: one that can be a domain; whether it is there is not asked.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the rename of ip_alias_map.

        Raises:
            InvalidIpAddress, InvalidDomainName, DomainNameTooLong.
            FileNotUpdated: the lock is held.
            BackendUnavailable, OSError.

        Source: api, IP maps.
        """
        return self._put(address, domain, alone=True, dry_run=dry_run)

    def add(self, address: str, domain: str, *, dry_run: bool = False) -> Plan:
        """Let an address stand for a domain, after those that it has; see ``set``.

        Only the first one counts. A database has one for each address, and replaces it.
        """
        return self._put(address, domain, alone=False, dry_run=dry_run)

    def delete(self, address: str, domain: str | None = None, *, dry_run: bool = False) -> Plan:
        """Let an address stand for a domain no more.

        Args:
            address: IPv4 or IPv6, in any form; or a text as it is stored.
            domain: the one to forget; None: all that it has.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the rename of ip_alias_map.

        Raises:
            IpMapNotFound: there is no such pair.
            FileNotUpdated: the lock is held.
            BackendUnavailable, OSError.
        """
        store, stored = self._installation.ip_map, _stored(address)
        name = None if domain is None else fold_domain(domain)
        shown = stored if name is None else f"{stored} {name}"
        if not [pair for pair in store.iterate_ip_map() if pair == (stored, name or pair[1])]:
            raise IpMapNotFound(shown)
        plan = self._plan(f"forget the IP map {shown}")
        act = lambda: store.delete_ip_map(stored, name)  # noqa: E731
        plan.add("accounts", f"without {shown}", act, commit=True)
        return _carried_out(plan, dry_run=dry_run)

    def _put(self, address: str, domain: str, *, alone: bool, dry_run: bool) -> Plan:
        stored = canonical(address)
        if stored is None:
            raise InvalidIpAddress(address)
        name = fold_domain(domain)
        check_new_domain(name)
        store = self._installation.ip_map
        plan = self._plan(f"map {stored} to {name}")
        put = lambda: store.write_ip_map(stored, name, alone=alone)  # noqa: E731
        plan.add("accounts", f"{stored} with {name}", put, commit=True)
        return _carried_out(plan, dry_run=dry_run)

    def _plan(self, subject: str) -> Plan:
        from vpopmail.plan.steps import Plan

        return Plan(subject)


def _carried_out(plan: Plan, *, dry_run: bool) -> Plan:
    from vpopmail.plan.executor import carry_out

    return plan if dry_run else carry_out(plan)


def _stored(address: str) -> str:
    return canonical(address) or address
