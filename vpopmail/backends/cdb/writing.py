"""Changing vpasswd and its index: one rename of the text lets all changes of a domain count."""

from __future__ import annotations

from vpopmail.backends.cdb.reading import INDEX, TEXT, Lookup, Place, fresh_index, lost_text
from vpopmail.backends.lock_file import LockFileTransaction
from vpopmail.errors import BackendUnavailable, FormatError
from vpopmail.formats import cdb, vpasswd, vpasswd_changes
from vpopmail.formats.text import to_bytes, to_text
from vpopmail.safeio.closing import close_all
from vpopmail.safeio.times import later_than

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings


class CdbTransaction(LockFileTransaction):
    """Changes to vpasswd of one domain; see Transaction.

    Args:
        domain: the real domain.
        directory: its open directory.
        settings: of the site.
    """

    def __init__(self, domain: DomainEntry, directory: Directory, settings: Settings) -> None:
        super().__init__(domain, directory, settings)
        self.place = Place(domain.path, directory.fd)
        self.lookup = Lookup(self.place, clear_passwd=settings.clear_passwd)
        self.new: list[bytes | memoryview] = []
        # Name, record and following name of a single new user.
        self.spliced: tuple[bytes, bytes, bytes | None] | None = None
        self.old_index: os.stat_result | None = None
        self.mtime_ns = 0
        self.committed = False

    def stored(self, name: str) -> VqPasswd | None:
        """The user as vpasswd has it."""
        return self.lookup.find(name)

    def stage(self) -> None:
        """Write the next vpasswd beside the present one."""
        old = self._read_text()
        self.old_index = fresh_index(self.place)
        changes = {
            to_bytes(name): None if user is None else self._line(user)
            for name, user in self.pending.items()
        }
        if not self._insert_one(old, changes):
            self.new = [vpasswd_changes.change_lines(old, changes)]
        known = [
            status.st_mtime_ns for name in (TEXT, INDEX) if (status := self.place.status(name))
        ]
        self.mtime_ns = later_than(known)
        self.directory.stage(TEXT, self.new, self.owner, mtime_ns=self.mtime_ns)

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
            if self.place.status(TEXT) is None or fresh_index(self.place) is not None:
                return
            self._reread()
        self._publish_index()

    def reindex(self) -> None:
        """Build vpasswd.cdb anew from vpasswd, fresh or not."""
        self._reread()
        self._publish_index()

    def _publish_index(self) -> None:
        self.directory.stage(INDEX, self._index(), self.owner, mtime_ns=self.mtime_ns)
        self.directory.publish(INDEX)
        self.directory.flush()

    def close(self) -> None:
        """Drop what was not committed and give the lock back."""
        close_all([self.lookup.close, self._drop_text, self.file_lock.release])

    def _drop_text(self) -> None:
        if self.file_lock.fd >= 0 and not self.committed:
            self.directory.discard(TEXT)

    def _line(self, user: VqPasswd) -> bytes:
        return vpasswd.format_line(user, clear_passwd=self.settings.clear_passwd)

    def _read_text(self) -> bytes:
        path = f"{self.domain.path}/{TEXT}"
        trouble = lost_text(self.place)
        if trouble:
            raise BackendUnavailable(path, trouble)
        try:
            return self.directory.read(TEXT) or b""
        except OSError as error:
            raise BackendUnavailable(path, error.strerror or "") from error

    def _insert_one(self, old: bytes, changes: dict[bytes, bytes | None]) -> bool:
        """The usual case, one new user: neither text nor index is copied in memory."""
        if self.old_index is None or len(changes) != 1:
            return False
        ((name, line),) = changes.items()
        # The index tells sooner than the text that there is no such line.
        if line is None or self.lookup.find(to_text(name)) is not None:
            return False
        self.new, following = vpasswd_changes.insert_line(old, name, line)
        self.spliced = (name, line[len(name) + 1 :], following)
        return True

    def _reread(self) -> None:
        status = self.place.status(TEXT)
        if status is None:
            trouble = lost_text(self.place) or "it is missing"
            raise FormatError(f"{self.domain.path}/{TEXT}", trouble)
        self.new = [self.place.read(TEXT)]
        self.mtime_ns = status.st_mtime_ns

    def _index(self) -> list[bytes | memoryview]:
        if self.spliced is not None:
            try:
                return cdb.splice(self.place.read(INDEX), [self.spliced])
            except FormatError:
                pass  # the index is not as we would have built it: build it anew
        return [cdb.build(vpasswd.records(b"".join(self.new)))]
