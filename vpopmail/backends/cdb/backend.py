"""The cdb backend: vpasswd and vpasswd.cdb in each domain's directory."""

from __future__ import annotations

from vpopmail import errors
from vpopmail.backends.abstract import Backend
from vpopmail.backends.cdb.reading import TEXT, Lookup, Place, lost_text
from vpopmail.formats import vpasswd
from vpopmail.formats.text import split_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from vpopmail.backends.flaws import Flaw
    from vpopmail.backends.transaction import Transaction
    from vpopmail.formats.user_columns import UserColumns
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings


# Each lookup keeps the two files of a domain open.
_MOST_OPEN = 32
# Bytes that are taken apart at once, some hundred lines. What is made of more than this comes from
# malloc as pages of its own, which the system has to clear: that is slower.
_BLOCK = 1 << 14


class CdbBackend(Backend):
    """Accounts in a text file of each domain; files beside it keep the rest."""

    name = "cdb"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._lookups: dict[str, Lookup] = {}

    def close(self) -> None:
        """Close the files that were kept open."""
        self._lookups.clear()

    def find(self, domain: DomainEntry, name: str) -> VqPasswd | None:
        """The user of this name; costs two stat calls and, once, the reads of its record."""
        lookup = self._lookups.get(domain.path)
        if lookup is None:
            lookup = self._lookup(domain.path)
        try:
            return lookup.find(name)
        except OSError as error:
            raise _unavailable(domain, error) from error

    def iterate(self, domain: DomainEntry) -> Iterator[VqPasswd]:
        """The users in the order of the file; malformed lines are left out and logged."""
        place = Place(domain.path)
        trouble = lost_text(place)
        if trouble:
            raise errors.BackendUnavailable(f"{domain.path}/{TEXT}", trouble)
        self.check_accounts(domain)
        try:
            text = b"" if place.status(TEXT) is None else place.read(TEXT)
        except OSError as error:
            raise _unavailable(domain, error) from error
        yield from self._parse(split_lines(text), domain)

    def stream(self, domain: DomainEntry) -> Iterator[VqPasswd]:
        """The users in the order of the file, read as they are asked for."""
        place = Place(domain.path)
        try:
            if _has_text(place):
                with open(place.open(TEXT), "rb") as file:
                    yield from self._parse(file, domain)
        except OSError as error:
            raise _unavailable(domain, error) from error

    def stream_columns(self, domain: DomainEntry) -> Iterator[UserColumns]:
        """The users in the order of the file, read as they are asked for."""
        place = Place(domain.path)
        try:
            if _has_text(place):
                with open(place.open(TEXT), "rb") as file:
                    yield from self._parse_blocks(file, domain)
        except OSError as error:
            raise _unavailable(domain, error) from error

    def check_accounts(self, domain: DomainEntry) -> None:
        """Refuse a domain that has lost both files of its users."""
        from vpopmail.backends.cdb.lost import check_users

        try:
            check_users(Place(domain.path))
        except OSError as error:
            raise _unavailable(domain, error) from error

    def transaction(self, domain: DomainEntry, directory: Directory) -> Transaction:
        """A transaction on vpasswd of a domain."""
        from vpopmail.backends.cdb.writing import CdbTransaction

        return CdbTransaction(domain, directory, self.settings)

    def flaws(self, domain: DomainEntry) -> Iterator[Flaw]:
        """An index that is not made of vpasswd, malformed lines and doubles."""
        from vpopmail.backends.cdb.flaws import find_flaws

        return find_flaws(Place(domain.path))

    def add_domain(self, domain: DomainEntry) -> None:
        """Nothing: the first user makes the files."""

    def delete_domain(self, domain: DomainEntry) -> None:
        """Nothing: the files go with the directory."""
        self._lookups.pop(domain.path, None)

    def _lookup(self, path: str) -> Lookup:
        lookup = Lookup(Place(path), clear_passwd=self.settings.clear_passwd)
        if len(self._lookups) >= _MOST_OPEN:
            self._lookups.clear()
        self._lookups[path] = lookup
        return lookup

    def _parse_blocks(self, file: BinaryIO, domain: DomainEntry) -> Iterator[UserColumns]:
        from vpopmail.formats.user_columns import UserColumns, parse_alike

        done = 0
        while block := file.read(_BLOCK):
            if not block.endswith(b"\n"):
                block += file.readline()
            users = parse_alike(block)
            if users is None:
                users = UserColumns.of(list(self._parse(split_lines(block), domain, done)))
            elif not self.settings.clear_passwd:
                users.pw_clear_passwd = [""] * len(users)
            yield users
            done += block.count(b"\n")

    def _parse(
        self, lines: Iterable[bytes], domain: DomainEntry, before: int = 0
    ) -> Iterator[VqPasswd]:
        keeps_clear = self.settings.clear_passwd
        parse_line = vpasswd.parse_line
        for number, line in enumerate(lines, before + 1):
            try:
                user = parse_line(line)
            except errors.FormatError as error:
                self._report(f"{domain.path}/{TEXT}", number, error)
                continue
            if not keeps_clear:
                user.pw_clear_passwd = ""
            yield user

    def _report(self, path: str, number: int, error: errors.FormatError) -> None:
        from vpopmail.log import warn

        warn("%s, line %d: %s", path, number, error.advice)


def _has_text(place: Place) -> bool:
    """Whether a domain has a file of users: one without users has none.

    Raises:
        BackendUnavailable: it must have been there, or nothing can be told.
        OSError.
    """
    trouble = lost_text(place)
    if trouble:
        raise errors.BackendUnavailable(f"{place.path}/{TEXT}", trouble)
    place.check()
    return place.status(TEXT) is not None


def _unavailable(domain: DomainEntry, error: OSError) -> errors.BackendUnavailable:
    return errors.BackendUnavailable(f"{domain.path}/{TEXT}", error.strerror or str(error))
