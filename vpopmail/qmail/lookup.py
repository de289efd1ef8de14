"""Which domains there are: looked up in users/cdb, listed from users/assign."""

from __future__ import annotations

import os

from vpopmail import errors
from vpopmail.formats import assign, cdb
from vpopmail.formats.text import split_lines, to_bytes
from vpopmail.names import fold_domain
from vpopmail.safeio.view import Watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpopmail.records import DomainEntry
    from vpopmail.safeio.view import FileView

_MOST_KNOWN = 10_000


class DomainLookup:
    """Finds domains in users/cdb, keeping it open while it does not change.

    users/cdb decides. users/assign is its source: while it is the newer of the two, what it
    says does not count yet.

    Args:
        qmaildir: qmail's directory, absolute.
        cdb_name: name of the compiled file in ``users``.
    """

    __slots__ = ("assign_path", "cdb")

    def __init__(self, qmaildir: str, cdb_name: str) -> None:
        self.assign_path = f"{qmaildir}/users/assign"
        self.cdb = Watched(f"{qmaildir}/users/{cdb_name}", follow=True)

    def find(self, domain: str) -> DomainEntry | None:
        """The entry of a domain or alias domain.

        Args:
            domain: folded name; one outside ASCII is that of its A-label, unless it is stored
                as it is given.

        Returns:
            A fresh record; None if there is no such domain, or no readable users/cdb.
        """
        entry = self.peek(domain)
        return None if entry is None else entry.copy()

    def peek(self, domain: str) -> DomainEntry | None:
        """``find`` without a copy: the record is kept here and must not be changed."""
        try:
            view = self.cdb.glance()
        except OSError:
            return None
        if view is None:
            return None
        entry: DomainEntry | None = view.known.get(domain)
        if entry is None:
            entry = _read_entry(view, domain)
            if entry is not None and view.settled and len(view.known) < _MOST_KNOWN:
                view.known[domain] = entry
        return entry

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
            raise errors.AssignUnreadable(self.assign_path, error.strerror or "") from error
        view = self._look()
        if view is None:
            return []
        if view.mtime_ns >= changed:
            found = [assign.parse_line(line) for line in split_lines(text)]
            return _known(entry for entry in found if entry is not None)
        try:
            return _known(assign.iterate_domains(cdb.iterate(view)))
        except errors.FormatError as error:
            raise errors.AssignUnreadable(self.cdb.path, error.advice) from error

    def close(self) -> None:
        """Close users/cdb; the next look opens it again."""
        self.cdb.view = None

    def _look(self) -> FileView | None:
        try:
            return self.cdb.glance()
        except OSError:
            return None


def _read_entry(view: FileView, domain: str) -> DomainEntry | None:
    try:
        data = cdb.find(view, assign.lookup_key(to_bytes(domain)))
        if data is None and not domain.isascii():
            domain = fold_domain(domain)
            data = cdb.find(view, assign.lookup_key(to_bytes(domain)))
        return None if data is None else assign.parse_lookup(domain, data)
    except (errors.FormatError, errors.InvalidCharacter):
        return None


def _known(entries: Iterable[DomainEntry]) -> list[DomainEntry]:
    return [entry for entry in entries if entry.path.startswith("/")]
