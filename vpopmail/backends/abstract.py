"""What an auth backend is: the store of the accounts, behind one small interface.

A backend gets names that are folded and resolved, crypted passwords, and the record of the real
domain (directory and owner); it gives fresh records. Flags from domain limits, alias domains and
permission are not its business. What it keeps besides accounts it says in ``facets``; the
files beside the domains serve the rest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vpopmail.backends.flaws import Flaw
    from vpopmail.backends.transaction import Transaction
    from vpopmail.formats.user_columns import UserColumns
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings

ALIASES = "aliases"
ALIAS_DOMAINS = "alias_domains"
AUTH_LOG = "auth_log"
DIR_CONTROL = "dir_control"
IP_MAP = "ip_map"
LAST_AUTH = "last_auth"
LIMITS = "limits"
RELAY = "relay"
SCHEMA = "schema"


class Backend(ABC):
    """A store of accounts.

    Attributes:
        name: the name it is configured by.
        facets: what it keeps besides the accounts: any of ``aliases``, ``alias_domains``,
            ``auth_log``, ``dir_control``, ``ip_map``, ``last_auth``, ``limits``, ``relay``;
            and ``schema`` if it keeps them in tables that have to be made and upgraded.
        writable: whether accounts can be changed.
        keeps_bytes: whether a text may have bytes that are no UTF-8, as surrogateescape has them;
            a store that cannot keep them refuses them when they are staged: InvalidCharacter.
        alias_line_limit: bytes that a delivery line of an alias has fewer of, where it keeps
            them; 0: it refuses itself what is too long for it, when it is staged.
    """

    name: str = ""
    facets: frozenset[str] = frozenset()
    writable: bool = True
    keeps_bytes: bool = True
    alias_line_limit: int = 160

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def open(self) -> None:  # noqa: B027 - nothing to do is a good default
        """Connect, if there is something to connect to; opening twice does no harm.

        Raises:
            BackendUnavailable, ConfigError.
        """

    def connect(self) -> None:  # noqa: B027 - nothing to do is a good default
        """Connect now what else is connected with the first use: for callers who want to know.

        Raises:
            BackendUnavailable, ConfigError.
        """

    def close(self) -> None:  # noqa: B027 - nothing to do is a good default
        """Disconnect; closing twice does no harm."""

    @abstractmethod
    def find(self, domain: DomainEntry, name: str) -> VqPasswd | None:
        """The user of this name, as a fresh record; None if there is none.

        Args:
            domain: the real domain, resolved.
            name: as it is stored, folded.

        Raises:
            BackendUnavailable: the store cannot be read.
        """

    def spend_find(self) -> None:  # noqa: B027 - beside a hash it is nothing in files
        """Spend what ``find`` does, for a domain that is not there: a refusal must not tell.

        Raises:
            BackendUnavailable, as ``find``.
        """

    @abstractmethod
    def iterate(self, domain: DomainEntry) -> Iterator[VqPasswd]:
        """The users of a domain, as they are at the first ``next``.

        Sorted by name as bytes; a store that people edit may keep their order.

        Raises:
            BackendUnavailable: the store cannot be read.
        """

    def stream(self, domain: DomainEntry) -> Iterator[VqPasswd]:
        """The users of a domain in any order, with memory for a few at a time if that can be.

        One who is changed meanwhile is given as before or as after the change.

        Raises:
            BackendUnavailable: the store cannot be read.
        """
        return self.iterate(domain)

    def stream_columns(self, domain: DomainEntry) -> Iterator[UserColumns]:
        """What ``stream`` gives, some users at a time, field by field.

        For a store that has quicker ways to its fields than by records.

        Raises:
            BackendUnavailable: the store cannot be read.
        """
        from vpopmail.formats.user_columns import in_columns

        return in_columns(self.stream(domain))

    def check_accounts(self, domain: DomainEntry) -> None:  # noqa: B027 - few can tell
        """Refuse a domain whose accounts were lost: it is not one without users.

        Asked before a domain is changed. ``find`` and ``iterate`` refuse it by themselves;
        ``stream`` and a transaction do not: accounts can be copied into the place of lost ones.

        Raises:
            AccountsLost: they are to be put back, and how.
            BackendUnavailable: it cannot be told.
        """

    def location(self) -> str:
        """Where all is kept, for people and to tell two stores apart; no passwords in it."""
        return self.name

    def account_location(self) -> str:
        """Where the accounts are: for a store that can keep them in several ways in one place."""
        return self.location()

    @abstractmethod
    def transaction(self, domain: DomainEntry, directory: Directory) -> Transaction:
        """A transaction on the users of a domain.

        Args:
            domain: the real domain.
            directory: its open directory; for a domain that is being made, the one that is
                going to be at ``domain.path``.

        Raises:
            BackendUnavailable: the store cannot be written.
        """

    def flaws(self, domain: DomainEntry) -> Iterator[Flaw]:  # noqa: ARG002
        """What is wrong in the store of a domain, for reconcile and diagnose; no lock is taken.

        A store that keeps itself in order has nothing to tell.

        Raises:
            OSError, BackendUnavailable.
        """
        return iter(())

    def check_new_domain(self, name: str, others: Iterable[str]) -> None:  # noqa: B027
        """Refuse a new domain that the store could not tell from another one.

        Args:
            name: folded.
            others: the real domains that are there; read only if they matter.

        Raises:
            InvalidDomainName, BackendUnavailable.
        """

    @abstractmethod
    def add_domain(self, domain: DomainEntry) -> None:
        """Prepare the store for a new domain; it has no users.

        Raises:
            BackendUnavailable.
        """

    def has_accounts(self, domain: DomainEntry) -> bool:  # noqa: ARG002
        """Whether a domain that is not there has users all the same.

        So it is with a database that several hosts share: another one has made the domain.

        Raises:
            BackendUnavailable.
        """
        return False

    @abstractmethod
    def delete_domain(self, domain: DomainEntry) -> None:
        """Forget a domain with all its users; it is no error if there are none.

        Raises:
            BackendUnavailable.
        """
