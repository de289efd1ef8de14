"""Transactions that are locked by a file of the domain, as the C tools lock theirs."""

from __future__ import annotations

from vpopmail.backends.transaction import Transaction
from vpopmail.errors import BackendUnavailable, FileNotUpdated
from vpopmail.log import reason
from vpopmail.safeio.directory import Owner
from vpopmail.safeio.locks import FileLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DomainEntry
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings

LOCK = ".vpasswd.lock"


class LockFileTransaction(Transaction):
    """A transaction under .vpasswd.lock; see Transaction.

    Args:
        domain: the real domain.
        directory: its open directory.
        settings: of the site.
    """

    def __init__(self, domain: DomainEntry, directory: Directory, settings: Settings) -> None:
        super().__init__()
        self.domain = domain
        self.directory = directory
        self.settings = settings
        self.owner = Owner(domain.uid, domain.gid)
        self.file_lock = FileLock(directory, LOCK, settings.lock_timeout, self.owner)

    def lock(self) -> None:
        """Take the lock file."""
        try:
            self.file_lock.acquire()
        except (FileNotUpdated, OSError) as error:
            raise BackendUnavailable(self.domain.realdomain, reason(error)) from error

    def share_lock(self, holder: LockFileTransaction) -> None:
        """Work under the lock that another transaction on the same domain holds."""
        self.file_lock = holder.file_lock.lend()

    def unlock(self) -> None:
        """Give the lock file back."""
        self.file_lock.release()
