"""Which domains there are: looked up in users/cdb, listed from users/assign."""

from __future__ import annotations

import os

from vpopmail.errors import AssignUnreadable, FormatError
from vpopmail.formats import assign, cdb
from vpopmail.formats.text import split_lines, to_bytes
from vpopmail.safeio.view import FileView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpopmail.records import DomainEntry


class DomainLookup:
    """Finds domains in users/cdb, keeping it open while it does not change.

    users/cdb decides. users/assign is its source: while it is the newer of the two, what it
    says does not count yet.

    Args:
        qmaildir: qmail's directory, absolute.
        cdb_name: name of the compiled file in ``users``.
    """

    __slots__ = ("assign_path", "cdb_path", "identity", "view")

    def __init__(self, qmaildir: str, cdb_name: str) -> None:
        self.assign_path = f"{qmaildir}/users/assign"
        self.cdb_path = f"{qmaildir}/users/{cdb_name}"
        self.identity: tuple[int, ...] = ()
        self.view: FileView | None = None

    def find(self, domain: str) -> DomainEntry | None:
        """The entry of a domain or alias domain.

        Args:
            domain: folded name.

        Returns:
            The entry; None if there is no such domain, or no readable users/cdb.
        """
        view = self._open()
        if view is None:
            return None
        try:
            data = cdb.find(view, assign.lookup_key(to_bytes(domain)))
            return None if data is None else assign.parse_lookup(domain, data)
        except FormatError:
            return None

    def entries(self) -> list[DomainEntry]:
        """All domains and alias domains, in the order of users/assign.

        Raises:
            AssignUnreadable: users/assign is missing or cannot be read.
        """
        try:
            with open(self.assign_path, "rb") as file:
                text = file.read()
                changed = os.fstat(file.fileno()).st_mtime_ns
        except OSError as error:
            raise AssignUnreadable(self.assign_path, error.strerror or "") from error
        view = self._open()
        if view is None:
            return []
        if self.identity[2] >= changed:
            found = [assign.parse_line(line) for line in split_lines(text)]
            return _known(entry for entry in found if entry is not None)
        try:
            return _known(assign.iterate_domains(cdb.iterate(view)))
        except FormatError as error:
            raise AssignUnreadable(self.cdb_path, error.advice) from error

    def _open(self) -> FileView | None:
        try:
            status = os.stat(self.cdb_path)
            identity = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
            if self.view is None or identity != self.identity:
                self.view = FileView(os.open(self.cdb_path, os.O_RDONLY | os.O_CLOEXEC))
                self.identity = identity
        except OSError:
            self.view = None
            self.identity = ()
        return self.view


def _known(entries: Iterable[DomainEntry]) -> list[DomainEntry]:
    return [entry for entry in entries if entry.path.startswith("/")]
