"""Rows of the table vpopmail and the records that they are."""

from __future__ import annotations

from operator import attrgetter

from vpopmail import errors
from vpopmail.backends.pending import FIELDS
from vpopmail.formats import vpasswd
from vpopmail.records import NOQUOTA, VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.layout import Column
    from vpopmail.safeio.shelf import Row

_TEXTS = ("pw_name", "pw_passwd", "pw_gecos", "pw_dir", "pw_shell", "pw_clear_passwd")
# A record has 1 for POP and 2 for APOP, as files do; ``Dialect.pop`` tells what a table has.
_POP = 1
_CLEAR = "pw_clear_passwd"
_DOMAIN = "pw_domain"
_NUMBERS = ("pw_uid", "pw_gid")
_ANY = 1 << 62  # longer than any text
_TOO_LONG = {
    "pw_name": errors.UserNameTooLong,
    "pw_domain": errors.DomainNameTooLong,
    "pw_passwd": errors.PasswordTooLong,
    "pw_gecos": errors.GecosTooLong,
    "pw_dir": errors.DirectoryTooLong,
    "pw_shell": errors.QuotaTooLong,
    "pw_clear_passwd": errors.ClearPasswordTooLong,
}


class Reader:
    """Makes records of the rows of one select.

    Args:
        dialect: of the database.
        names: of its columns, in their order.
        clear_passwd: whether records have the clear password.
    """

    __slots__ = ("clear_passwd", "dialect", "places")

    def __init__(self, dialect: Dialect, names: Sequence[str], *, clear_passwd: bool) -> None:
        self.dialect = dialect
        self.places = {name: place for place, name in enumerate(names)}
        self.clear_passwd = clear_passwd

    def text(self, value: Any) -> str:
        """A text of a row; NULL is an empty one."""
        taken = self.dialect.take(value)
        return "" if taken is None else str(taken)

    def record(self, row: Sequence[Any]) -> VqPasswd:
        """The record of a row; columns that are not there are empty."""
        user = VqPasswd.__new__(VqPasswd)
        places = self.places
        for name in _TEXTS:
            place = places.get(name)
            setattr(user, name, "" if place is None else self.text(row[place]))
        number = self.dialect.take_number
        marker = number(row[places["pw_uid"]]) or self.dialect.pop
        user.pw_uid = _moved(marker, self.dialect.pop, _POP)
        user.pw_gid = user.pw_flags = number(row[places["pw_gid"]])
        user.pw_shell = user.pw_shell or NOQUOTA
        if not self.clear_passwd:
            user.pw_clear_passwd = ""
        return user


class Writer:
    """Makes rows of records for one table.

    Args:
        dialect: of the database.
        columns: of the table, as it is.
        domain: the real domain.
        clear: whether the clear password is stored; if not and there is a column, it is empty.

    Attributes:
        names: of the columns, in the order of a row.
    """

    __slots__ = (
        "_clear",
        "_domain",
        "_fields",
        "_get",
        "_keeps_clear",
        "_longest",
        "_numbers",
        "_of",
        "_stored_domain",
        "dialect",
        "names",
    )

    def __init__(
        self, dialect: Dialect, columns: Mapping[str, Column], domain: str, *, clear: bool
    ) -> None:
        texts = [name for name in _TEXTS if name in columns]
        numbers = [name for name in _NUMBERS if name in columns]
        self.dialect = dialect
        self._of = domain
        self._domain = columns.get(_DOMAIN)
        self._stored_domain: object = None
        self._keeps_clear = clear
        lengths = {column.name: column.length for column in columns.values()}
        self._longest = [(name, lengths.get(name) or _ANY) for name in _TEXTS]
        self._clear = None if clear or _CLEAR not in texts else texts.index(_CLEAR)
        self._fields = [(columns[name], columns[name].length or _ANY) for name in texts]
        self._numbers = [(columns[name], name == "pw_uid") for name in numbers]
        self._get = attrgetter(*texts, *numbers)
        self.names = (*texts, *numbers, *((_DOMAIN,) if self._domain else ()))

    def row(self, user: VqPasswd) -> list[object]:
        """The row of a record.

        Raises:
            UserNameTooLong and its kin: a column is too narrow. Nothing is ever cut.
            BackendUnavailable: a number is too high for its column.
            InvalidCharacter: a column cannot hold the text.
        """
        row = list(self._get(user))
        if self._clear is not None:
            row[self._clear] = ""
        place = 0
        for column, longest in self._fields:
            text = row[place]
            # Every column holds the letters of ASCII, of which none here is a NUL.
            if len(text) > longest or not text.isascii() or text[-1:] == " ":
                row[place] = self._checked(user.pw_name, text, column)
            place += 1
        for column, is_marker in self._numbers:
            if is_marker:
                row[place] = _moved(row[place], _POP, self.dialect.pop)
            if not column.holds_number(row[place]):
                column.check_number(row[place], self._address(user.pw_name))
            place += 1
        if self._domain is not None:
            row.append(self._checked_domain(user.pw_name, self._domain))
        return row

    def check(self, user: VqPasswd) -> None:
        """Refuse a record that cannot be stored, here or in a line of a file.

        Raises:
            What ``row`` raises.
        """
        vpasswd.format_line(user, clear_passwd=self._keeps_clear)
        self.row(user)

    def check_many(self, added: Sequence[Row]) -> None:
        """``check`` for new users, of whom there may be many.

        Args:
            added: the arguments that make each record.
        """
        if self._columns(added) is None:
            for one in added:
                self.check(VqPasswd(*one))  # type: ignore[arg-type]

    def rows(self, added: Sequence[Row]) -> list[Sequence[object]]:
        """The rows of new users, of whom there may be many.

        Args:
            added: the arguments that make each record.

        Raises:
            What ``row`` raises.
        """
        columns = self._columns(added)
        if columns is None:
            return [self.row(VqPasswd(*one)) for one in added]  # type: ignore[arg-type]
        return list(zip(*columns, strict=True))

    def _columns(self, added: Sequence[Row]) -> list[Sequence[object]] | None:
        """The columns of their rows, looked at as a whole: a tenth of the work of row by row.

        None: something in them has to be looked at by itself.
        """
        given: dict[str, Sequence[Any]] = dict(zip(FIELDS, zip(*added, strict=True), strict=True))
        if not self._keeps_clear:
            given[_CLEAR] = ("",) * len(added)
        if not all(_are_plain(given[name], longest, name) for name, longest in self._longest):
            return None
        moved = {mark: _moved(mark, _POP, self.dialect.pop) for mark in set(given["pw_uid"])}
        given["pw_uid"] = [moved[mark] for mark in given["pw_uid"]]
        for column, _ in self._numbers:
            numbers = given[column.name]
            if not (column.holds_number(min(numbers)) and column.holds_number(max(numbers))):
                return None
        if self._domain is not None:
            domain = self._checked_domain(given["pw_name"][0], self._domain)
            given[_DOMAIN] = (domain,) * len(added)
        return [given[name] for name in self.names]

    def _checked_domain(self, name: str, column: Column) -> object:
        if self._stored_domain is None:
            self._stored_domain = self._checked(name, self._of, column)
        return self._stored_domain

    def _checked(self, name: str, text: str, column: Column) -> object:
        if not column.holds(text):
            what = f"the column {column.name} holds {column.width}"
            raise _TOO_LONG[column.name](self._address(name), what)
        return self.dialect.put(text, column)

    def _address(self, name: str) -> str:
        return f"{name}@{self._of}"


def _are_plain(texts: Sequence[str], longest: int, name: str) -> bool:
    """Whether texts go into any column of this length as they are, and into a line of a file.

    Args:
        texts: of one field of many records.
        longest: characters.
        name: of the field.
    """
    joined = "".join(texts)
    return (
        joined.isascii()
        and joined.isprintable()
        and (name == _CLEAR or ":" not in joined)
        and max(map(len, texts)) <= longest
        and not (" " in joined and any(text.endswith(" ") for text in texts))
    )


def _moved(marker: int, pop: int, to: int) -> int:
    """A mark of POP or APOP as it is elsewhere; another number stays.

    Args:
        marker: the number; ``pop`` is that of POP, and APOP is one more.
        pop, to: the number of POP here and there.
    """
    return marker - pop + to if 0 <= marker - pop <= 1 else marker
