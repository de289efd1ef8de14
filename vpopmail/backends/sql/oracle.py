"""Oracle, with the driver oracledb in its thin mode: no client library."""

from __future__ import annotations

from vpopmail.backends.sql import dialect as kinds
from vpopmail.backends.sql.backend import SqlBackend
from vpopmail.backends.sql.charsets import checked_text
from vpopmail.backends.sql.dialect import Dialect
from vpopmail.backends.sql.layout import Column
from vpopmail.backends.sql.server import Server, configured
from vpopmail.backends.sql.statements import NUMERIC
from vpopmail.errors import UnknownBackend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PORT = 1521
# ORA numbers: sessions that ended, instances that start or stop; Oracle Net has 12150 to 12699.
_LOST = frozenset((28, 1012, 1033, 1034, 1089, 1090, 1092, 2396, 3113, 3114, 3135, 25408))
_NET = range(12150, 12700)
_LOST_IN_DRIVER = ("DPY-1001", "DPY-4011", "DPY-4024", "DPY-6")
_REPEAT = frozenset((54, 60, 4020, 4021, 8177, 30006))
_DUPLICATE = 1
_NO_TABLE = 942
_LONGEST_CHAR = 500  # characters: 2000 bytes at most, as long as a CHAR can be
_TABLES = """
    SELECT table_name, column_name, data_type, data_length, char_length, char_used, data_precision
    FROM user_tab_columns
"""


class OracleDialect(Dialect):
    """The driver oracledb.

    An empty text is NULL there; readers take NULL for an empty text.
    """

    name = "oracle"
    style = NUMERIC
    columns = {"lastauth.user": "pw_user", "lastauth.domain": "pw_domain"}  # noqa: RUF012

    def servers(self) -> list[Server]:
        """That of the settings, else that of etc/vpopmail.oracle."""
        return configured(self.settings, self.name)

    def connect(self, server: Server) -> Any:
        """A connection that does not commit by itself: a select leaves nothing open."""
        try:
            import oracledb
        except ImportError:
            raise UnknownBackend("oracle", "no driver: pip install 'vpopmail[oracle]'") from None
        from vpopmail.backends.sql.connecting import TIMEOUT, within

        if oracledb.is_thin_mode():
            # Said outright: else a first connection that gets no answer keeps all others waiting.
            thin: Any = oracledb.enable_thin_mode  # it has no types, if it is installed at all
            thin()

        place: dict[str, Any] = {"dsn": server.database}
        if server.host:
            port = server.port or _PORT
            place = {"host": server.host, "port": port, "service_name": server.database}
        # The driver bounds the connection to the port, but not the wait for an answer there.
        connection = within(
            TIMEOUT,
            lambda: oracledb.connect(
                user=server.user,
                password=server.password,
                tcp_connect_timeout=TIMEOUT,
                **place,
            ),
            lambda: oracledb.OperationalError("no answer"),
        )
        connection.inputtypehandler = _bind
        connection.outputtypehandler = _fetch
        return connection

    def trouble(self, error: Exception) -> str:
        """What an ORA number of the server or a DPY code of the driver means."""
        number = self._number(error)
        if number in _LOST or number in _NET or self.number(error).startswith(_LOST_IN_DRIVER):
            return kinds.LOST
        if number in _REPEAT:
            return kinds.REPEAT
        if number == _DUPLICATE:
            return kinds.DUPLICATE
        if number == _NO_TABLE:
            return kinds.NO_TABLE
        silent = number is None and type(error).__name__ == "OperationalError"
        return kinds.LOST if silent else kinds.OTHER

    def number(self, error: Exception) -> str:
        """The code, as ORA-00001 or DPY-4011."""
        details = error.args[0] if error.args else None
        return str(getattr(details, "full_code", "") or type(error).__name__)

    def quote(self, name: str) -> str:
        """In capitals, as Oracle keeps a name that was not quoted when it was made."""
        return super().quote(name.upper())

    def layout(self, rows: Any) -> dict[str, dict[str, Column]]:
        """The tables of the user."""
        found: dict[str, dict[str, Column]] = {}
        for table, name, kind, size, length, unit, precision in rows(_TABLES):
            is_text = "CHAR" in kind or kind in {"CLOB", "LONG"}
            in_bytes = unit == "B"
            column = Column(
                name.lower(),
                length=int((size if in_bytes else length) or 0) if "CHAR" in kind else 0,
                in_bytes=in_bytes,
                is_text=is_text,
                high=10 ** int(precision) - 1 if precision else 0,
            )
            found.setdefault(table.lower(), {})[column.name] = column
        return found

    def put(self, value: Any, column: Column | None = None) -> Any:  # noqa: ARG002
        """Text, unless it is no UTF-8."""
        return checked_text(value, "")

    def _number(self, error: Exception) -> int | None:
        """The ORA number; 0 if the error is the driver's own, None if it has no code at all."""
        details = error.args[0] if error.args else None
        found: int | None = getattr(details, "code", None)
        return found


def _bind(cursor: Any, value: Any, size: int) -> Any:
    """Texts as CHAR, which equals a column of either kind; as VARCHAR2 none that is filled up."""
    import oracledb

    if isinstance(value, str) and len(value) <= _LONGEST_CHAR:
        return cursor.var(oracledb.DB_TYPE_CHAR, size=_LONGEST_CHAR, arraysize=size)
    return None


def _fetch(cursor: Any, metadata: Any) -> Any:
    """Columns of CHAR without the blanks that fill them up."""
    import oracledb

    if metadata.type_code is oracledb.DB_TYPE_CHAR:
        return cursor.var(
            oracledb.DB_TYPE_CHAR,
            size=metadata.internal_size,
            arraysize=cursor.arraysize,
            outconverter=lambda text: text.rstrip(" "),
        )
    return None


class OracleBackend(SqlBackend):
    """Accounts on a server of Oracle."""

    name = "oracle"
    keeps_bytes = False
    dialect_class = OracleDialect
