"""What the kinds of database differ in: one subclass of Dialect for each."""

from __future__ import annotations

from abc import ABC, abstractmethod

from vpopmail.backends.sql.statements import BY_PLACE, PYFORMAT, Rendered, render
from vpopmail.formats.text import leading_int, to_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from vpopmail.backends.sql.layout import Column
    from vpopmail.backends.sql.server import Server
    from vpopmail.settings import Settings

# What an error of a driver means.
LOST = "connection lost"
REPEAT = "transaction to be repeated"
DUPLICATE = "duplicate"
NO_TABLE = "no such table"
OTHER = "refused"


class Dialect(ABC):
    """One kind of database and its driver.

    Args:
        settings: of the site.

    Attributes:
        name: of the backend: ``mysql``, ``pgsql``, ``sqlite``, ``oracle``, ``sybase``.
        style: how the driver takes values, see ``statements``.
        schema: name of the file with the statements that make the tables.
        columns: what a column is called here, ``table.column`` to name, where it differs.
        conflict: how an upsert is said: ``conflict``, ``duplicate``, or ``""`` if it is not.
        begin: the statement that begins a transaction; ``""``: the driver does it.
        first_rows: the end of a select that gives no more than so many rows: ``LIMIT %d``; ``""``:
            all rows are asked for at once.
        defines_in_transactions: whether a transaction may hold statements about tables.
        pop: what the C library stores in ``pw_uid`` for POP; APOP is one more.
        language: module and class of what looks after the tables; None: nothing does.
    """

    name: str = ""
    style: str = PYFORMAT
    columns: Mapping[str, str] = {}
    conflict: str = ""
    begin: str = ""
    first_rows: str = ""
    defines_in_transactions: bool = True
    pop: int = 0
    language: tuple[str, str] | None = None

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._rendered: dict[str, Rendered] = {}
        self._by_place: dict[str, Rendered] = {}

    @abstractmethod
    def servers(self) -> list[Server]:
        """Where the database is: one to read from, one to write to; or one for both.

        Raises:
            ConfigError.
        """

    @abstractmethod
    def connect(self, server: Server) -> Any:
        """A connection of the driver, which commits each statement by itself.

        Raises:
            UnknownBackend: the driver is not installed.
            Whatever the driver raises.
        """

    def make_database(self) -> None:  # noqa: B027 - a server has it, or its DBA makes it
        """Make the database if it is a file that is missing; called before something is changed.

        Raises:
            BackendUnavailable.
        """

    @abstractmethod
    def trouble(self, error: Exception) -> str:
        """What an error of the driver means: one of the constants of this module."""

    @abstractmethod
    def number(self, error: Exception) -> str:
        """The code of an error, for people. Never the text: it may show values."""

    @abstractmethod
    def layout(self, rows: Any) -> dict[str, dict[str, Column]]:
        """The columns of the tables that are there, by table and name.

        Args:
            rows: gives the rows of a statement.
        """

    def is_error(self, error: Exception) -> bool:
        """Whether it comes from the driver: PEP 249 wants ``Error`` of its module above all."""
        return any(kind.__name__ == "Error" for kind in type(error).__mro__)

    def names(self, cursor: Any) -> tuple[str, ...]:
        """The names of the columns of a select, lower case."""
        return tuple(column[0].lower() for column in cursor.description)

    def bound_waits(self, seconds: int) -> str:  # noqa: ARG002
        """The statement that bounds the waits of a connection for locks; ``""``: none is needed.

        Args:
            seconds: at least 1.
        """
        return ""

    def position(self, rows: Any) -> str:  # noqa: ARG002
        """How far the changes of the primary have got; ``""`` if it does not tell.

        Args:
            rows: gives the rows of a statement there.
        """
        return ""

    def has_reached(self, rows: Any, position: str) -> bool:  # noqa: ARG002
        """Whether a replica has got as far, without waiting for it.

        Args:
            rows: gives the rows of a statement there: ``rows(text, name=value)``.
            position: of the primary, see ``position``.
        """
        return False

    def reserves(self, table: str, rows: Any) -> bool:  # noqa: ARG002
        """Whether a table of this name would be refused, or one of the database's own be read.

        Args:
            table: the name, lower case.
            rows: gives the rows of a statement.
        """
        return False

    def quote(self, name: str) -> str:
        """An identifier, quoted."""
        return '"' + name.replace('"', '""') + '"'

    def column(self, name: str) -> str:
        """What ``table``, ``column`` or ``table.column`` of a statement is called here."""
        return self.columns.get(name, name.rpartition(".")[2])

    def identify(self, name: str) -> str:
        """The quoted form of ``table``, ``column`` or ``table.column`` of a statement."""
        return self.quote(self.column(name))

    def render(self, text: str) -> Rendered:
        """A statement for this dialect; kept."""
        found = self._rendered.get(text)
        if found is None:
            found = self._rendered[text] = render(text, self.style, self.identify)
        return found

    def render_by_place(self, text: str) -> Rendered:
        """A statement that takes rows of values in their order in it; kept."""
        style = BY_PLACE.get(self.style)
        if style is None:
            return self.render(text)
        found = self._by_place.get(text)
        if found is None:
            found = self._by_place[text] = render(text, style, self.identify)
        return found

    def execute_many(self, cursor: Any, text: str, rows: Sequence[Sequence[object]]) -> None:
        """Do a statement for each row of values.

        Args:
            cursor: of the driver.
            text: as it takes it, with values by place.
            rows: the values of each.
        """
        cursor.executemany(text, rows)

    def put(self, value: Any, column: Column | None = None) -> Any:  # noqa: ARG002
        """A value as the driver takes it.

        Raises:
            InvalidCharacter: the column cannot hold the text.
        """
        return value

    def take(self, value: Any) -> Any:
        """A value as the driver gives it, in the form of the library."""
        return value

    def take_number(self, value: Any) -> int:
        """A number as the driver gives it.

        SQLite keeps texts in columns for numbers, and other tables may have been altered: of a
        text it is what C's atoi reads, and 0 for NULL and what is no number.
        """
        if isinstance(value, int):
            return value
        if isinstance(value, (str, bytes)):
            return leading_int(value if isinstance(value, bytes) else to_bytes(value))
        try:
            return int(value or 0)
        except (TypeError, ValueError, OverflowError):
            return 0

    def upsert(self, table: str, keys: tuple[str, ...], values: tuple[str, ...]) -> list[str]:
        """The statements that store a row, in the place of one with the same keys.

        Args:
            table: its name.
            keys, values: names of its columns, as ``identify`` takes them.

        Returns:
            One statement; or two, of which the second counts if the first found no row.
        """
        columns = [*keys, *values]
        into = ", ".join(f"[{table}.{name}]" for name in columns)
        given = ", ".join(f":{name}" for name in columns)
        insert = f"INSERT INTO [{table}] ({into}) VALUES ({given})"  # noqa: S608 - names of ours
        if self.conflict == "duplicate":
            change = ", ".join(f"[{table}.{name}] = VALUES([{table}.{name}])" for name in values)
            return [f"{insert} ON DUPLICATE KEY UPDATE {change}"]
        if self.conflict == "conflict":
            unique = ", ".join(f"[{table}.{name}]" for name in keys)
            change = ", ".join(f"[{table}.{name}] = excluded.[{table}.{name}]" for name in values)
            return [f"{insert} ON CONFLICT ({unique}) DO UPDATE SET {change}"]
        change = ", ".join(f"[{table}.{name}] = :{name}" for name in values)
        where = " AND ".join(f"[{table}.{name}] = :{name}" for name in keys)
        return [f"UPDATE [{table}] SET {change} WHERE {where}", insert]  # noqa: S608
