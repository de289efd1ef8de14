"""The null backend: no accounts, for a site that only keeps qmail's files."""

from __future__ import annotations

from vpopmail.backends.abstract import Backend
from vpopmail.errors import BackendUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.backends.transaction import Transaction
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory


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

    def transaction(self, domain: DomainEntry, directory: Directory) -> Transaction:  # noqa: ARG002
        """Refused: there is nowhere to keep a user."""
        raise BackendUnavailable(domain.realdomain, "the null backend keeps no accounts")

    def add_domain(self, domain: DomainEntry) -> None:
        """Nothing to prepare."""

    def delete_domain(self, domain: DomainEntry) -> None:
        """Nothing to forget."""
