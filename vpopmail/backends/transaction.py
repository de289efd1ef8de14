"""Changes to the users of one domain, as every backend makes them."""

from __future__ import annotations

from abc import ABC, abstractmethod

from vpopmail.backends.pending import Pending
from vpopmail.safeio.closing import close_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

    from vpopmail.records import VqPasswd


class Transaction(ABC):
    """Changes to the users of one domain, made together or not at all.

    ``lock``, then any of ``find``, ``add``, ``replace``, ``delete``, then ``stage``, ``commit``
    and ``finish``; ``close`` at the end, whatever happened: it drops what was not committed.

    Attributes:
        pending: what is to become of each name: a record, or None for a deletion; like a dict.
        aliases: of a backend that keeps them (facet ``aliases``): what is to become of each
            alias: its delivery lines, or None for a deletion.
        first_logins: whether the creation of new users is noted in the log of last logins.
        notes_new_users: whether its commit does that; else it is done after it.
    """

    notes_new_users: bool = False

    def __init__(self) -> None:
        self.pending = Pending()
        self.aliases: dict[str, list[str] | None] = {}
        self.first_logins = False

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self.aliases) or len(self.pending) > 0

    @abstractmethod
    def lock(self) -> None:
        """Take the lock under which users of this domain change.

        Raises:
            BackendUnavailable: it cannot be had in time.
        """

    @abstractmethod
    def unlock(self) -> None:
        """Give the lock back and keep what is pending; ``lock`` takes it again."""

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
        self.pending.add(user)

    def replace(self, user: VqPasswd) -> None:
        """Store new data for the user of this name, whom the caller knows to exist."""
        self.pending[user.pw_name] = user

    def delete(self, name: str) -> None:
        """Delete a user, whom the caller knows to exist."""
        self.pending[name] = None

    def forget(self, name: str) -> None:
        """Drop what this transaction was to do with a user."""
        self.pending.forget(name)

    def taken(self) -> str | None:
        """A name of those that are added which somebody else has added by now; None: all are free.

        Raises:
            BackendUnavailable.
        """
        names = (user.pw_name for user in self.pending.added())
        return next((name for name in names if self.stored(name) is not None), None)

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

    def reindex(self) -> None:  # noqa: B027 - a store without an index has nothing to do
        """Build indexes anew from what is stored; the lock is held.

        Raises:
            OSError, BackendUnavailable, FormatError.
        """

    @abstractmethod
    def close(self) -> None:
        """Drop what was not committed and give the lock back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, *trace: object) -> None:
        close_all([self.close], error)
