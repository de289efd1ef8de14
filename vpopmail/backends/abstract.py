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
    from collections.abc import Iterator

    from typing_extensions import Self

    from vpopmail.records import DirControl, DomainEntry, VLimits, VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings

DIR_CONTROL = "dir_control"
LAST_AUTH = "last_auth"
LIMITS = "limits"


class Transaction(ABC):
    """Changes to the users of one domain, made together or not at all.

    ``lock``, then any of ``find``, ``add``, ``replace``, ``delete``, then ``stage``, ``commit``
    and ``finish``; ``close`` at the end, whatever happened: it drops what was not committed.

    Attributes:
        pending: what is to become of each name: a record, or None for a deletion.
    """

    def __init__(self) -> None:
        self.pending: dict[str, VqPasswd | None] = {}

    @abstractmethod
    def lock(self) -> None:
        """Take the lock under which users of this domain change.

        Raises:
            BackendUnavailable: it cannot be had in time.
        """

    def find(self, name: str) -> VqPasswd | None:
        """The user as it is now, with the changes of this transaction."""
        if name in self.pending:
            user = self.pending[name]
            return None if user is None else user.copy()
        return self.stored(name)

    @abstractmethod
    def stored(self, name: str) -> VqPasswd | None:
        """The user as it is now, without the changes of this transaction."""

    def add(self, user: VqPasswd) -> None:
        """Add a user, whose name the caller knows to be free."""
        self.pending[user.pw_name] = user

    def replace(self, user: VqPasswd) -> None:
        """Store new data for the user of this name, whom the caller knows to exist."""
        self.pending[user.pw_name] = user

    def delete(self, name: str) -> None:
        """Delete a user, whom the caller knows to exist."""
        self.pending[name] = None

    def forget(self, name: str) -> None:
        """Drop what this transaction was to do with a user."""
        self.pending.pop(name, None)

    @abstractmethod
    def stage(self) -> None:
        """Write the changes down without letting them count.

        Raises:
            OSError, BackendUnavailable: they cannot be written.
            InvalidCharacter: a field would break the format.
        """

    @abstractmethod
    def commit(self) -> None:
        """Let the changes count: the commit point, one atomic act."""

    @abstractmethod
    def sync(self) -> None:
        """Bring what was committed to the disk."""

    @abstractmethod
    def finish(self) -> None:
        """Bring indexes and the like up to date; readers do not need it."""

    @abstractmethod
    def close(self) -> None:
        """Drop what was not committed and give the lock back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Backend(ABC):
    """A store of accounts.

    Attributes:
        name: the name it is configured by.
        facets: what it keeps besides the accounts: any of ``dir_control``, ``last_auth``,
            ``limits``.
        writable: whether accounts can be changed.
    """

    name: str = ""
    facets: frozenset[str] = frozenset()
    writable: bool = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def open(self) -> None:  # noqa: B027 - nothing to do is a good default
        """Connect, if there is something to connect to; opening twice does no harm.

        Raises:
            BackendUnavailable, ConfigError.
        """

    def close(self) -> None:  # noqa: B027 - nothing to do is a good default
        """Disconnect; closing twice does no harm."""

    @abstractmethod
    def find(self, domain: DomainEntry, name: str) -> VqPasswd | None:
        """The user of this name, as a fresh record.

        Raises:
            BackendUnavailable: the store cannot be read.
        """

    @abstractmethod
    def iterate(self, domain: DomainEntry) -> Iterator[VqPasswd]:
        """The users of a domain, sorted by name (bytes), as they are at the first ``next``.

        Raises:
            BackendUnavailable: the store cannot be read.
        """

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

    @abstractmethod
    def add_domain(self, domain: DomainEntry) -> None:
        """Prepare the store for a new domain; it has no users.

        Raises:
            BackendUnavailable.
        """

    @abstractmethod
    def delete_domain(self, domain: DomainEntry) -> None:
        """Forget a domain with all its users; it is no error if there are none.

        Raises:
            BackendUnavailable.
        """


class DirControlFacet(ABC):
    """Keeps the state of directory hashing.

    Keys: the name of a real domain, for its users; ``dom_<uid>``, for domains below one base.
    The value is advisory: several processes may write it without a lock.
    """

    @abstractmethod
    def read_dir_control(self, key: str, directory: Directory) -> DirControl | None:
        """The state; None if there is none. ``directory`` is what is hashed."""

    @abstractmethod
    def write_dir_control(self, key: str, directory: Directory, state: DirControl) -> None:
        """Store the state. Raises: OSError, BackendUnavailable."""

    @abstractmethod
    def delete_dir_control(self, key: str, directory: Directory) -> bool:
        """Forget the state; whether there was one."""


class LastAuthFacet(ABC):
    """Keeps when and from where each user last logged in."""

    @abstractmethod
    def first_auth_files(self, remote_ip: str) -> dict[str, bytes]:
        """Files of a new home that say it has never been logged in to: name to content."""

    @abstractmethod
    def note_new_user(self, domain: str, name: str) -> None:
        """Note the creation of a user, where that is not a file of the home."""


class LimitsFacet(ABC):
    """Keeps the limits of domains."""

    @abstractmethod
    def read_limits(self, domain: DomainEntry) -> VLimits | None:
        """The limits of a domain, or the default ones; None if there are neither.

        Raises:
            LimitsUnreadable: they are there and cannot be read.
        """

    @abstractmethod
    def write_limits(self, domain: DomainEntry, limits: VLimits) -> None:
        """Store the limits of a domain. Raises: OSError, BackendUnavailable."""

    @abstractmethod
    def delete_limits(self, domain: DomainEntry) -> bool:
        """Forget the limits of a domain; whether there were any."""
