"""What a site keeps besides accounts, each as an interface.

A backend that provides one names it in its ``facets`` and has its methods; the files beside the
domains serve the rest.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vpopmail.backends.schema_plan import SchemaPlan
    from vpopmail.records import DirControl, DomainEntry, LoginRecord, VLimits, VqPasswd
    from vpopmail.safeio.directory import Directory


@runtime_checkable
class AliasesFacet(Protocol):
    """Keeps the aliases of domains.

    A backend that does changes them with its transactions: ``Transaction.aliases``.
    """

    def read_alias(self, domain: DomainEntry, name: str) -> list[str] | None:
        """The delivery lines of an alias, which may be none; None if there is no such alias.

        Raises:
            AliasUnreadable, BackendUnavailable.
        """

    def alias_names(self, domain: DomainEntry) -> list[str]:
        """The aliases of a domain, in any order, without ``default``.

        Raises:
            AliasUnreadable, BackendUnavailable.
        """


@runtime_checkable
class DirControlFacet(Protocol):
    """Keeps the state of directory hashing.

    Keys: the name of a real domain, for its users; ``dom_<uid>``, for domains below one base.
    The value is advisory: several processes may write it without a lock.
    """

    def read_dir_control(self, key: str, directory: Directory) -> DirControl | None:
        """The state; None if there is none. ``directory`` is what is hashed."""

    def write_dir_control(self, key: str, directory: Directory, state: DirControl) -> None:
        """Store the state. Raises: OSError, BackendUnavailable."""

    def delete_dir_control(self, key: str, directory: Directory) -> bool:
        """Forget the state; whether there was one."""


@runtime_checkable
class LastAuthFacet(Protocol):
    """Keeps when and from where each user last logged in."""

    def first_auth_files(self, remote_ip: str) -> dict[str, bytes]:
        """Files of a new home that say it has never been logged in to: name to content."""

    def note_new_users(self, domain: str, names: Sequence[str]) -> None:
        """Note the creation of users, where that is not a file of the home.

        Raises:
            BackendUnavailable.
        """

    def read_last_auth(self, domain: DomainEntry, user: VqPasswd) -> tuple[str, int] | None:
        """IP address and time, in seconds since 1970, of the last login; None if not known.

        Raises:
            OSError, BackendUnavailable.
        """

    def write_last_auth(self, domain: DomainEntry, user: VqPasswd, remote_ip: str) -> None:
        """Note a login that happens now.

        Raises:
            HomeMissing, OSError, BackendUnavailable.
        """

    def restore_last_auths(
        self, domain: DomainEntry, logins: Sequence[tuple[VqPasswd, str, int]]
    ) -> None:
        """Note logins of the past, as another store has them: user, IP address, time.

        A user without a home is passed over where the home keeps it.

        Raises:
            OSError, BackendUnavailable.
        """


@runtime_checkable
class LimitsFacet(Protocol):
    """Keeps the limits of domains."""

    def read_limits(self, domain: DomainEntry) -> VLimits | None:
        """The limits of a domain, or the default ones; None if there are neither.

        Raises:
            LimitsUnreadable: they are there and cannot be read.
        """

    def read_defaults(self) -> VLimits | None:
        """The limits of a domain that has none of its own; None if there are none.

        Raises:
            LimitsUnreadable: they are there and cannot be read.
        """

    def has_limits(self, domain: DomainEntry) -> bool:
        """Whether the domain has limits of its own. Raises: OSError, BackendUnavailable."""

    def read_flag_mask(self, domain: DomainEntry) -> int:
        """The flag bits that the limits of a domain add to its users; 0 without limits.

        Raises:
            LimitsUnreadable: they are there and cannot be read.
        """

    def write_limits(self, domain: DomainEntry, limits: VLimits) -> None:
        """Store the limits of a domain. Raises: OSError, BackendUnavailable."""

    def delete_limits(self, domain: DomainEntry) -> bool:
        """Forget the limits of a domain; whether there were any."""


@runtime_checkable
class IpMapFacet(Protocol):
    """Keeps which domain a server's own address stands for.

    Addresses are texts in the form in which they are stored; domains are folded names.
    """

    def read_ip_map(self, address: str) -> str | None:
        """The domain of an address, the first one if it has several; None if it has none.

        Raises:
            OSError, BackendUnavailable.
        """

    def iterate_ip_map(self) -> Iterator[tuple[str, str]]:
        """Pairs of address and domain, as they are at the first ``next``.

        Raises:
            OSError, BackendUnavailable.
        """

    def write_ip_map(self, address: str, domain: str, *, alone: bool = False) -> None:
        """Let an address stand for a domain. Raises: OSError, BackendUnavailable.

        A store that has one domain for an address replaces it; one that has several adds it
        last, or if it is to stand ``alone`` in the place of all of them.
        """

    def delete_ip_map(self, address: str, domain: str | None = None) -> bool:
        """Forget exactly this pair, or without a domain all of the address; whether it was there.

        Raises:
            OSError, BackendUnavailable.
        """


@runtime_checkable
class RelayFacet(Protocol):
    """Keeps the addresses that may send mail for a while after a login."""

    def open_relay(self, address: str, now: int) -> bool:
        """Note a login from an address at a time, in seconds since 1970; whether it is a new one.

        Raises:
            OSError, BackendUnavailable.
        """

    def relay_addresses(self) -> list[tuple[str, int]]:
        """The addresses, each with the time of its last login.

        Raises:
            OSError, BackendUnavailable.
        """

    def close_relay(self, until: int) -> int:
        """Forget the addresses whose last login is at this time or before; how many they were.

        Raises:
            OSError, BackendUnavailable.
        """


@runtime_checkable
class AuthLogFacet(Protocol):
    """Keeps a log of logins. Nothing stands in for it where a backend has none."""

    def write_log(self, record: LoginRecord) -> None:
        """Add a login to the log. Raises: BackendUnavailable."""

    def as_logged(self, record: LoginRecord) -> LoginRecord:
        """A login as the log gives it back, which may shorten texts. Raises: BackendUnavailable."""

    def iterate_log(self, since: int = 0) -> Iterator[LoginRecord]:
        """The logins at this time or after, oldest first, as they are at the first ``next``.

        Raises:
            BackendUnavailable.
        """

    def delete_log(self, until: int) -> int:
        """Forget the logins at this time or before; how many they were.

        Raises:
            BackendUnavailable.
        """


class SchemaKeeper(Protocol):
    """Looks at the tables of a store, makes those that are missing, and upgrades old ones.

    Domains are the real domains of the site, for stores with a table for each.
    """

    def check(self, domains: Iterable[str]) -> SchemaPlan:
        """What differs from the tables of this release. Raises: BackendUnavailable."""

    def create(self, domains: Iterable[str], *, dry_run: bool) -> SchemaPlan:
        """Make the tables that are missing. Raises: BackendUnavailable."""

    def upgrade(self, domains: Iterable[str], *, dry_run: bool) -> SchemaPlan:
        """Make all tables as this release makes them, without losing anything.

        Raises:
            SchemaRefused: that cannot be done; nothing was changed.
            BackendUnavailable.
        """


@runtime_checkable
class SchemaFacet(Protocol):
    """Keeps its records in tables. Nothing stands in for it where a backend has none."""

    def schema(self) -> SchemaKeeper:
        """What looks after the tables."""


@runtime_checkable
class AliasDomainsFacet(Protocol):
    """Keeps a copy of the alias domains, for programs that read the store past this library.

    What counts is qmail's users/cdb; the library never reads the copy but to compare it.
    """

    def iterate_alias_domains(self) -> Iterator[tuple[str, str]]:
        """Pairs of alias domain and domain, as they are at the first ``next``.

        Raises:
            BackendUnavailable.
        """

    def write_alias_domains(self, changed: Mapping[str, str | None]) -> None:
        """Store the domain of each of these alias domains, or forget it (None): all or nothing.

        Raises:
            BackendUnavailable.
        """
