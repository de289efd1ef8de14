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
    from collections.abc import Iterable, Iterator

    from vpopmail.records import DomainEntry
    from vpopmail.safeio.view import FileView

_MOST_KNOWN = 10_000
_JOURNAL = ".vpopmail"  # of unfinished changes; a login does not load its module


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
            A fresh record; None if there is no such domain.

        Raises:
            AssignUnreadable: users/cdb cannot be read, is broken, or was lost.
        """
        entry = self.peek(domain)
        return None if entry is None else entry.copy()

    def peek(self, domain: str) -> DomainEntry | None:
        """``find`` without a copy: the record is kept here and must not be changed."""
        view = self._look()
        if view is None:
            return None
        entry: DomainEntry | None = view.known.get(domain)
        if entry is None:
            entry = _read_entry(view, domain)
            if entry is not None and view.settled and len(view.known) < _MOST_KNOWN:
                view.known[domain] = entry
        return entry

    def entries(self) -> Iterator[DomainEntry]:
        """All domains and alias domains, in the order of users/assign, as they are now.

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
            return iter(())
        if view.mtime_ns >= changed:
            found = (assign.parse_line(line) for line in split_lines(text))
            return _known(entry for entry in found if entry is not None)
        try:
            return iter(list(_known(assign.iterate_domains(cdb.iterate(view)))))
        except errors.FormatError as error:
            raise errors.AssignUnreadable(self.cdb.path, error.advice) from error

    def is_new(self) -> bool:
        """Whether there never was a domain: neither users/assign nor users/cdb is there.

        Where that cannot be seen there may be some.
        """
        return not (_may_be_there(self.assign_path) or _may_be_there(self.cdb.path))

    def stands_in_text(self, domain: str) -> bool:
        """Whether users/assign has a domain, whatever users/cdb says; to be asked if that is lost.

        Args:
            domain: folded name.
        """
        try:
            with open(self.assign_path, "rb") as file:
                lines = split_lines(file.read())
        except OSError:
            return False
        found = (assign.parse_line(line) for line in lines)
        return any(entry is not None and entry.domain == domain for entry in found)

    def close(self) -> None:
        """Close users/cdb; the next look opens it again."""
        self.cdb.view = None

    def _look(self) -> FileView | None:
        """users/cdb; None if there is none and never was a domain.

        Raises:
            AssignUnreadable: it cannot be read, or was lost.
        """
        try:
            view = self.cdb.glance()
        except OSError as error:
            raise errors.AssignUnreadable(self.cdb.path, error.strerror or "") from error
        if view is None and self._has_domains():
            # Not an empty site: its mail would bounce.
            advice = (
                "it is missing, but users/assign has domains:"
                " vpopmail site rebuild-control makes it anew"
            )
            raise errors.AssignUnreadable(self.cdb.path, advice)
        return view

    def _has_domains(self) -> bool:
        """Whether users/assign has any that are not just being made."""
        if os.path.lexists(f"{os.path.dirname(self.assign_path)}/{_JOURNAL}"):
            return False  # the first domain of all is added, or was when a process was killed
        try:
            with open(self.assign_path, "rb") as file:
                return any(line.startswith(b"+") for line in file)
        except OSError:
            return False


def _read_entry(view: FileView, domain: str) -> DomainEntry | None:
    try:
        data = cdb.find(view, assign.lookup_key(to_bytes(domain)))
        if data is None and not domain.isascii():
            domain = fold_domain(domain)
            data = cdb.find(view, assign.lookup_key(to_bytes(domain)))
        return None if data is None else assign.parse_lookup(domain, data)
    except errors.InvalidCharacter:
        return None
    except errors.FormatError as error:
        raise errors.AssignUnreadable(error.subject, error.advice) from error


def _may_be_there(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # a directory that the caller may not enter
        return True
    return True


def _known(entries: Iterable[DomainEntry]) -> Iterator[DomainEntry]:
    return (entry for entry in entries if entry.path.startswith("/"))
