"""SQLite: a database in a file of the site, for one host."""

from __future__ import annotations

from vpopmail.backends.sql import dialect as kinds
from vpopmail.backends.sql.backend import SqlBackend
from vpopmail.backends.sql.dialect import Dialect
from vpopmail.backends.sql.layout import Column
from vpopmail.backends.sql.server import Server, parse_url
from vpopmail.backends.sql.servers import NoTable
from vpopmail.backends.sql.statements import NAMED
from vpopmail.errors import InvalidCharacter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE = "_vpopmail.sqlite"
_TABLES = """
    SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c
    WHERE m.type = 'table'
"""


class SqliteDialect(Dialect):
    """The module ``sqlite3`` of Python."""

    name = "sqlite"
    style = NAMED
    conflict = "conflict"
    begin = "BEGIN IMMEDIATE"
    first_rows = "LIMIT %d"
    language = ("vpopmail.backends.sql.ddl.sqlite", "SqliteLanguage")

    def servers(self) -> list[Server]:
        """The file of the settings, else the one that the C library uses."""
        if self.settings.database_url:
            return parse_url(self.settings.database_url, "sqlite")
        return [Server(database=f"{self.settings.domains_path}/{FILE}")]

    def connect(self, server: Server) -> Any:
        """Open the file. Raises: NoTable: it is missing, and with it all tables."""
        import sqlite3

        from vpopmail.backends.sql.database_file import is_there

        if not is_there(server.database, self.settings):
            raise NoTable(server.database, "the file is missing")
        connection = sqlite3.connect(
            server.database,
            timeout=self.settings.lock_timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.text_factory = _decode
        level = "FULL" if self.settings.sync else "OFF"
        try:
            connection.execute(f"PRAGMA synchronous = {level}")
        except BaseException:
            connection.close()  # the error, and with it this frame, may be kept for long
            raise
        return connection

    def make_database(self) -> None:
        """Make the file, mode 0600, for the owner of the site."""
        from vpopmail.backends.sql.database_file import make_file

        make_file(self.servers()[0].database, self.settings)

    def is_error(self, error: Exception) -> bool:
        """Also for a number beyond 64 bits, which the driver does not send."""
        return isinstance(error, OverflowError) or super().is_error(error)

    def trouble(self, error: Exception) -> str:
        """What an error of sqlite3 means."""
        code = self.number(error)
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return kinds.REPEAT
        if code in {"SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"}:
            return kinds.DUPLICATE
        # The one case that has no code of its own; the text shows a name of ours, no value.
        if code == "SQLITE_ERROR" and str(error).startswith("no such table"):
            return kinds.NO_TABLE
        return kinds.OTHER

    def number(self, error: Exception) -> str:
        """The name of SQLite's extended result code."""
        return str(getattr(error, "sqlite_errorname", type(error).__name__))

    def reserves(self, table: str, rows: Any) -> bool:  # noqa: ARG002
        """Whether SQLite keeps the name for itself."""
        return table.startswith("sqlite_")

    def layout(self, rows: Any) -> dict[str, dict[str, Column]]:
        """The tables of the file; its columns hold texts of any length."""
        found: dict[str, dict[str, Column]] = {}
        for table, name, kind in rows(_TABLES):
            column = Column(name, is_text=kind.lower().startswith(("text", "char", "varchar")))
            found.setdefault(table, {})[name] = column
        return found

    def put(self, value: Any, column: Column | None = None) -> Any:  # noqa: ARG002
        """Text as it is; bytes that are no UTF-8 as a blob of the same bytes."""
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                return _bytes_of(value)
        return value

    def take(self, value: Any) -> Any:
        """A blob as the text it stands for."""
        return _decode(value) if isinstance(value, bytes) else value


def _bytes_of(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InvalidCharacter("", "a lone surrogate") from None


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


class SqliteBackend(SqlBackend):
    """Accounts in a file of SQLite."""

    name = "sqlite"
    dialect_class = SqliteDialect
