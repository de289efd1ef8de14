"""Sybase ASE, with the driver pyodbc and FreeTDS."""

from __future__ import annotations

from vpopmail.backends.sql import dialect as kinds
from vpopmail.backends.sql.backend import SqlBackend
from vpopmail.backends.sql.charsets import checked_text
from vpopmail.backends.sql.dialect import Dialect
from vpopmail.backends.sql.layout import Column
from vpopmail.backends.sql.server import Server, configured
from vpopmail.backends.sql.statements import QMARK
from vpopmail.errors import ConfigError, InvalidCharacter, UnknownBackend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PORT = 5000
# Numbers of the server, which FreeTDS puts at the end of the text; an SQLSTATE says less.
_REPEAT = frozenset((1204, 1205, 12205))
_DUPLICATE = frozenset((2601, 2615))
_NO_TABLE = 208
_LOST_STATES = ("08", "HYT", "01002")
_TABLES = """
    SELECT o.name, c.name, t.name, c.length
    FROM sysobjects o, syscolumns c, systypes t
    WHERE o.type = 'U' AND c.id = o.id AND t.usertype = c.usertype
"""
_TEXTS = frozenset(("char", "varchar", "nchar", "nvarchar", "sysname", "longsysname", "text"))
_HIGHEST = {"tinyint": 255, "smallint": 32767, "int": 2**31 - 1, "intn": 2**31 - 1}


class SybaseDialect(Dialect):
    """The driver pyodbc.

    The server takes blanks off the end of a text, and keeps an empty one as a blank.
    """

    name = "sybase"
    style = QMARK
    begin = "BEGIN TRANSACTION"
    defines_in_transactions = False
    pop = 1

    def servers(self) -> list[Server]:
        """That of the settings, else that of etc/vpopmail.sybase."""
        return configured(self.settings, self.name)

    def connect(self, server: Server) -> Any:
        """A connection in UTF-8."""
        try:
            import pyodbc
        except ImportError:
            raise UnknownBackend("sybase", "no driver: pip install 'vpopmail[sybase]'") from None
        from vpopmail.backends.sql.connecting import TIMEOUT, within

        pyodbc.pooling = False  # a connection is closed when we close it
        words = connection_string(
            {
                "DRIVER": "FreeTDS",
                "SERVER": server.host or "localhost",
                "PORT": str(server.port or _PORT),
                "DATABASE": server.database,
                "UID": server.user,
                "PWD": server.password,
                "TDS_Version": "5.0",
                "ClientCharset": "UTF-8",
            }
        )
        # FreeTDS bounds the connection to the port, but not the wait for an answer there.
        connection = within(
            TIMEOUT,
            lambda: pyodbc.connect(words, timeout=TIMEOUT, autocommit=True),
            lambda: pyodbc.OperationalError("HYT00", "no answer"),
        )
        return OdbcConnection(connection)

    def trouble(self, error: Exception) -> str:
        """What the number of the server means, or else the SQLSTATE."""
        number = _number(error)
        if number in _REPEAT:
            return kinds.REPEAT
        if number in _DUPLICATE:
            return kinds.DUPLICATE
        state = _state(error)
        if number == _NO_TABLE or state == "42S02":
            return kinds.NO_TABLE
        if state.startswith(_LOST_STATES):
            return kinds.LOST
        return kinds.REPEAT if state == "40001" else kinds.OTHER

    def number(self, error: Exception) -> str:
        """The SQLSTATE and the server's number."""
        number = _number(error)
        return f"SQLSTATE {_state(error)}" + (f", error {number}" if number else "")

    def bound_waits(self, seconds: int) -> str:
        """Those for locks."""
        return f"SET LOCK WAIT {seconds}"

    def quote(self, name: str) -> str:
        """In brackets, which mean the same whatever ``quoted_identifier`` says."""
        return "[" + name.replace("]", "]]") + "]"

    def layout(self, rows: Any) -> dict[str, dict[str, Column]]:
        """The tables of the database; its lengths are of bytes."""
        found: dict[str, dict[str, Column]] = {}
        for table, name, kind, length in rows(_TABLES):
            is_text = kind in _TEXTS
            column = Column(
                name,
                length=int(length) if is_text and kind != "text" else 0,
                in_bytes=True,
                is_text=is_text,
                high=_HIGHEST.get(kind, 0),
            )
            found.setdefault(table, {})[name] = column
        return found

    def put(self, value: Any, column: Column | None = None) -> Any:  # noqa: ARG002
        """Text, unless it is no UTF-8 or the server would take something off its end."""
        if isinstance(value, str) and value.endswith(" "):
            raise InvalidCharacter("", "the database cannot store a blank at the end")
        return checked_text(value, "")

    def take(self, value: Any) -> Any:
        """Text without the blanks that fill it up."""
        return value.rstrip(" ") if isinstance(value, str) else value


class OdbcConnection:
    """A connection of pyodbc that commits each statement, until one begins a transaction.

    Args:
        connection: in autocommit mode.
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def cursor(self) -> Any:
        """A cursor of the driver."""
        return self._connection.cursor()

    def commit(self) -> None:
        """End the transaction; it counts."""
        self._connection.execute("COMMIT TRANSACTION").close()

    def rollback(self) -> None:
        """End the transaction; it does not count."""
        self._connection.execute("ROLLBACK TRANSACTION").close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def connection_string(options: dict[str, str]) -> str:
    """The words of a connection with FreeTDS, each in braces: no value can add another one.

    Args:
        options: by keyword; what is empty is left out.

    Raises:
        ConfigError: a value with ``};``, which nothing can hide from FreeTDS.
    """
    for name, value in options.items():
        if "};" in value:
            raise ConfigError("database_url", f"FreeTDS takes no }}; in {name}")
    return "".join(f"{name}={{{value}}};" for name, value in options.items() if value)


def _state(error: Exception) -> str:
    return str(error.args[0]) if error.args else ""


def _number(error: Exception) -> int | None:
    """The server's number: ``... (2601) (SQLExecDirectW)``."""
    import re  # here: a login that has no trouble must not pay for it

    text = str(error.args[1]) if len(error.args) > 1 else ""
    found = re.search(r"\((\d+)\) \(SQL\w+\)", text)
    return int(found[1]) if found else None


class SybaseBackend(SqlBackend):
    """Accounts on a server of Sybase ASE."""

    name = "sybase"
    keeps_bytes = False
    dialect_class = SybaseDialect
