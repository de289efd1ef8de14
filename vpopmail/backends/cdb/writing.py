"""Changing vpasswd and its index: one rename of the text lets all changes of a domain count."""

from __future__ import annotations

from vpopmail.backends.abstract import Transaction
from vpopmail.backends.cdb.reading import INDEX, TEXT, Lookup, Place, fresh_index
from vpopmail.errors import BackendUnavailable, FileNotUpdated, FormatError
from vpopmail.formats import cdb, vpasswd, vpasswd_changes
from vpopmail.formats.text import to_bytes
from vpopmail.safeio.directory import Directory, Owner
from vpopmail.safeio.locks import FileLock
from vpopmail.safeio.times import later_than

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.settings import Settings

LOCK = ".vpasswd.lock"
# From about this many changes on, building the index anew is no slower than splicing it.
_MANY = 16


class CdbTransaction(Transaction):
    """Changes to vpasswd of one domain; see Transaction.

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
        self.place = Place(domain.path, directory.fd)
        self.lookup = Lookup(self.place, clear_passwd=settings.clear_passwd)
        self.file_lock = FileLock(directory, LOCK, settings.lock_timeout, self.owner)
        self.old = b""
        self.new = b""
        self.old_index: os.stat_result | None = None
        self.mtime_ns = 0
        self.committed = False

    def lock(self) -> None:
        """Take .vpasswd.lock, as the C tools do."""
        try:
            self.file_lock.acquire()
        except (FileNotUpdated, OSError) as error:
            raise BackendUnavailable(self.domain.realdomain, str(error)) from error

    def stored(self, name: str) -> VqPasswd | None:
        """The user as vpasswd has it."""
        return self.lookup.find(name)

    def stage(self) -> None:
        """Write the next vpasswd beside the present one."""
        self.old = self.directory.read(TEXT) or b""
        self.old_index = fresh_index(self.place)
        changes = {
            to_bytes(name): None if user is None else self._line(user)
            for name, user in self.pending.items()
        }
        self.new = vpasswd_changes.change_lines(self.old, changes)
        known = [
            status.st_mtime_ns for name in (TEXT, INDEX) if (status := self.place.status(name))
        ]
        self.mtime_ns = later_than(known)
        self.directory.stage(TEXT, [self.new], self.owner, mtime_ns=self.mtime_ns)

    def commit(self) -> None:
        """Rename the new vpasswd over the old one: the commit point."""
        self.directory.publish(TEXT)
        self.committed = True

    def sync(self) -> None:
        """Bring the rename to the disk."""
        self.directory.flush()

    def finish(self) -> None:
        """Bring vpasswd.cdb up to date."""
        if not self.committed:
            # Finishing what another process left: the text may be newer than its index.
            if fresh_index(self.place) is not None:
                return
            self._reread()
        index = self._index()
        self.directory.stage(INDEX, [index], self.owner, mtime_ns=self.mtime_ns)
        self.directory.publish(INDEX)
        self.directory.flush()

    def close(self) -> None:
        """Drop what was not committed and give the lock back."""
        if self.file_lock.fd >= 0:
            try:
                if not self.committed:
                    self.directory.discard(TEXT)
            finally:
                self.file_lock.release()

    def _line(self, user: VqPasswd) -> bytes:
        return vpasswd.format_line(user, clear_passwd=self.settings.clear_passwd)

    def _reread(self) -> None:
        status = self.place.status(TEXT)
        if status is None:
            raise FormatError(f"{self.domain.path}/{TEXT}", "it is missing")
        self.new = self.place.read(TEXT)
        self.mtime_ns = status.st_mtime_ns

    def _index(self) -> bytes:
        if self.old_index is not None and len(self.pending) <= _MANY:
            try:
                return self._spliced_index()
            except FormatError:
                pass  # the index is not as we would have built it: build it anew
        return cdb.build(vpasswd.records(self.new))

    def _spliced_index(self) -> bytes:
        names = {to_bytes(name): user for name, user in self.pending.items()}
        there = [name for name in names if vpasswd.find_line(self.old, name) is not None]
        new = names.keys() - set(there)
        added = []
        for name in sorted(name for name, user in names.items() if user is not None):
            data, following = vpasswd_changes.record_and_following(self.new, name, new)
            # The old record of a replaced user marks the place of the new one.
            added.append((name, data, following if name in new else name))
        return cdb.splice(self.place.read(INDEX), added, there)
