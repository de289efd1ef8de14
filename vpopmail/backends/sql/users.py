"""Rows of the table vpopmail and the records that they are."""

from __future__ import annotations

from vpopmail import errors
from vpopmail.records import NOQUOTA, VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.layout import Column

_TEXTS = ("pw_name", "pw_passwd", "pw_gecos", "pw_dir", "pw_shell", "pw_clear_passwd")
# A record has 1 for POP and 2 for APOP, as files do; ``Dialect.pop`` tells what a table has.
_POP = 1
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
        marker = row[places["pw_uid"]]
        user.pw_uid = _moved(int(marker or self.dialect.pop), self.dialect.pop, _POP)
        user.pw_gid = user.pw_flags = row[places["pw_gid"]] or 0
        user.pw_shell = user.pw_shell or NOQUOTA
        if not self.clear_passwd:
            user.pw_clear_passwd = ""
        return user


def values_of(
    user: VqPasswd, domain: str, dialect: Dialect, columns: Mapping[str, Column], *, clear: bool
) -> dict[str, object]:
    """The row of a record, for the columns that the table has.

    Args:
        user: the record.
        domain: the real domain.
        dialect: of the database.
        columns: of the table, as it is.
        clear: whether the clear password is stored; if not and there is a column, it is empty.

    Raises:
        UserNameTooLong and its kin: a column is too narrow. Nothing is ever cut.
        BackendUnavailable: a number is too high for its column.
        InvalidCharacter: a column cannot hold the text.
    """
    row: dict[str, object] = {}
    for name in (*_TEXTS, "pw_domain"):
        column = columns.get(name)
        if column is None:
            continue
        value: str = domain if name == "pw_domain" else getattr(user, name)
        if name == "pw_clear_passwd" and not clear:
            value = ""
        if not column.holds(value):
            what = f"the column {name} holds {column.width}"
            raise _TOO_LONG[name](f"{user.pw_name}@{domain}", what)
        # Every column holds the letters of ASCII, of which none here is a NUL.
        is_plain = value.isascii() and not value.endswith(" ")
        row[name] = value if is_plain else dialect.put(value, column)
    numbers = {"pw_uid": _moved(user.pw_uid, _POP, dialect.pop), "pw_gid": user.pw_gid}
    for name, number in numbers.items():
        column = columns.get(name)
        if column is None:
            continue
        column.check_number(number, f"{user.pw_name}@{domain}")
        row[name] = number
    return row


def _moved(marker: int, pop: int, to: int) -> int:
    """A mark of POP or APOP as it is elsewhere; another number stays.

    Args:
        marker: the number; ``pop`` is that of POP, and APOP is one more.
        pop, to: the number of POP here and there.
    """
    return marker - pop + to if 0 <= marker - pop <= 1 else marker
