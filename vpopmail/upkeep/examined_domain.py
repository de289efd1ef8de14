"""One domain while it is examined: looked at without a lock, changed under it."""

from __future__ import annotations

from contextlib import contextmanager

from vpopmail.accounts.user_change import open_change
from vpopmail.safeio.directory import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.accounts.user_change import UserChange
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry
    from vpopmail.safeio.directory import Directory
    from vpopmail.upkeep.findings import Examination


class ExaminedDomain:
    """A domain, its open directory, and where findings about it go.

    A domain of many users takes long to look at: the lock is held for each repair alone, which
    looks again under it, so that C tools and our own changes go on meanwhile.

    Args:
        installation: the site.
        entry: the real domain.
        directory: its open directory.
        examination: gets the findings.

    Attributes:
        owner: who is to own what is in it.
    """

    def __init__(
        self,
        installation: Installation,
        entry: DomainEntry,
        directory: Directory,
        examination: Examination,
    ) -> None:
        self.installation = installation
        self.entry = entry
        self.directory = directory
        self.examination = examination
        self.owner = Owner(entry.uid, entry.gid)

    @contextmanager
    def locked(self) -> Iterator[UserChange]:
        """The domain under its lock, what killed processes left finished or undone.

        Raises:
            NotPermitted, DomainNotFound, DomainDirectoryMissing, BackendUnavailable, OSError.
        """
        with open_change(self.installation, self.entry) as change:
            change.lock()
            yield change

    def path(self, name: str) -> str:
        """The path of something in the directory."""
        return f"{self.entry.path}/{name}"

    def address(self, name: str) -> str:
        """The address of a user or alias."""
        return f"{name}@{self.entry.realdomain}"
