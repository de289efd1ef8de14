"""The null backend: no accounts, for a site that only keeps qmail's files."""

from __future__ import annotations

from vpopmail.backends.abstract import Backend
from vpopmail.backends.lock_file import LockFileTransaction
from vpopmail.errors import BackendUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.backends.transaction import Transaction
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory


class NullTransaction(LockFileTransaction):
    """Takes the lock of a domain, for changes of its files; it has no users."""

    def stored(self, name: str) -> VqPasswd | None:  # noqa: ARG002
        """Nobody."""
        return None

    def add(self, user: VqPasswd) -> None:  # noqa: ARG002
        """Refused: there is nowhere to keep a user."""
        raise BackendUnavailable(self.domain.realdomain, "the null backend keeps no accounts")

    def stage(self) -> None:
        """Nothing to write."""

    def commit(self) -> None:
        """Nothing to let count."""

    def sync(self) -> None:
        """Nothing to bring to the disk."""

    def finish(self) -> None:
        """No index."""

    def close(self) -> None:
        """Give the lock back."""
        self.file_lock.release()


class NullBackend(Backend):
    """Knows no user and takes none; domains can be added and deleted."""

    name = "null"
    writable = False

    def find(self, domain: DomainEntry, name: str) -> VqPasswd | None:  # noqa: ARG002
        """Nobody."""
        return None

    def iterate(self, domain: DomainEntry) -> Iterator[VqPasswd]:  # noqa: ARG002
        """Nobody."""
        return iter(())

    def transaction(self, domain: DomainEntry, directory: Directory) -> Transaction:
        """A lock on the files of a domain; users are refused."""
        return NullTransaction(domain, directory, self.settings)

    def add_domain(self, domain: DomainEntry) -> None:
        """Nothing to prepare."""

    def delete_domain(self, domain: DomainEntry) -> None:
        """Nothing to forget."""
