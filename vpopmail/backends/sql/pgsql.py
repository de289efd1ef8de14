"""PostgreSQL."""

from __future__ import annotations

from vpopmail.backends.sql import dialect as kinds
from vpopmail.backends.sql.backend import SqlBackend
from vpopmail.backends.sql.charsets import checked_text
from vpopmail.backends.sql.dialect import Dialect
from vpopmail.backends.sql.layout import Column
from vpopmail.backends.sql.server import Server, configured
from vpopmail.errors import UnknownBackend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_WORTH_COPY = 100  # rows
_CONNECT_TIMEOUT = 10  # seconds
_GONE_AFTER = 60  # seconds without any sign of the host
# With a standby (25006) where the primary was, and a commit of unknown end (40003).
_LOST = ("08", "57P01", "57P02", "57P03", "25006", "40003")
# A DBA has altered a table under a prepared statement: a new connection knows the new columns.
_ALTERED = "0A000"
_REPEAT = ("40001", "40P01", "55P03")
_TABLES = """
    SELECT table_name, column_name, data_type, character_maximum_length
    FROM information_schema.columns WHERE table_schema = current_schema()
"""
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_HIGHEST = {"smallint": 32767, "integer": 2**31 - 1}


class PgsqlDialect(Dialect):
    """The driver psycopg 3."""

    name = "pgsql"
    conflict = "conflict"
    begin = "BEGIN"
    first_rows = "LIMIT %d"
    language = ("vpopmail.backends.sql.ddl.pgsql", "PgsqlLanguage")
    columns = {"lastauth.user": "userid", "vlog.user": "userid"}  # noqa: RUF012

    def servers(self) -> list[Server]:
        """Those of the settings, else that of the first line of etc/vpopmail.pgsql."""
        return configured(self.settings, self.name)

    def connect(self, server: Server) -> Any:
        """A connection in UTF-8."""
        try:
            import psycopg
        except ImportError:
            raise UnknownBackend("pgsql", "no driver: pip install 'vpopmail[pgsql]'") from None
        return psycopg.connect(
            host=server.socket or server.host or None,
            port=server.ports or server.port or None,
            # Of several hosts that one which takes changes.
            target_session_attrs="read-write" if "," in server.host else "any",
            user=server.user or "postgres",
            password=server.password or None,
            dbname=server.database,
            client_encoding="UTF8",
            connect_timeout=_CONNECT_TIMEOUT,
            keepalives_idle=_GONE_AFTER // 2,
            keepalives_interval=_GONE_AFTER // 6,
            keepalives_count=3,
            tcp_user_timeout=_GONE_AFTER * 1000,
            autocommit=True,
            prepare_threshold=1,
        )

    def execute_many(self, cursor: Any, text: str, rows: Sequence[Sequence[object]]) -> None:
        """Many new rows by COPY, which takes a fraction of a statement for each."""
        into, _, values = text.partition(" VALUES ")
        only_inserts = values.endswith(")") and values.count(")") == 1
        if len(rows) < _WORTH_COPY or not only_inserts:
            cursor.executemany(text, rows)
            return
        target = into.removeprefix("INSERT INTO ")
        with cursor.copy(f"COPY {target} FROM STDIN") as copy:
            copy.write("".join(map(_line, rows)))

    def trouble(self, error: Exception) -> str:
        """What an SQLSTATE means; an error without one is a broken connection."""
        state = getattr(error, "sqlstate", None)
        if state is None:
            return (
                kinds.LOST
                if type(error).__name__ in {"OperationalError", "InterfaceError"}
                else kinds.OTHER
            )
        if state.startswith(_LOST) or state == _ALTERED:
            return kinds.LOST
        if state in _REPEAT:
            return kinds.REPEAT
        if state == "23505":
            return kinds.DUPLICATE
        return kinds.NO_TABLE if state == "42P01" else kinds.OTHER

    def number(self, error: Exception) -> str:
        """The SQLSTATE of the error."""
        state = getattr(error, "sqlstate", None)
        return f"SQLSTATE {state}" if state else type(error).__name__

    def names(self, cursor: Any) -> tuple[str, ...]:
        """The names of the columns; psycopg's description makes an object of each, for 10 us."""
        result = cursor.pgresult
        return tuple(result.fname(place).decode().lower() for place in range(result.nfields))

    def bound_waits(self, seconds: int) -> str:
        """Those for rows and tables, at most as long as the transaction may take."""
        return f"SET lock_timeout = {seconds * 1000}"

    def position(self, rows: Any) -> str:
        """The place in the write-ahead log; ``""`` where that is not PostgreSQL's."""
        ((found,),) = rows("SELECT CAST(pg_current_wal_lsn() AS text)")
        return str(found or "")

    def has_reached(self, rows: Any, position: str) -> bool:
        """Whether a standby has played the log so far."""
        text = "SELECT pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn)"
        ((found,),) = rows(text, position=position)
        return bool(found)

    def reserves(self, table: str, rows: Any) -> bool:
        """Whether the catalog has the name: it is looked up there before all schemas."""
        if not table.startswith("pg_"):
            return False
        ((found,),) = rows("SELECT CAST(to_regclass(:name) AS text)", name=f"pg_catalog.{table}")
        return found is not None

    def layout(self, rows: Any) -> dict[str, dict[str, Column]]:
        """The tables of the present schema."""
        found: dict[str, dict[str, Column]] = {}
        for table, name, kind, length in rows(_TABLES):
            column = Column(
                name,
                length=length or 0,
                is_text=kind.startswith(("char", "text")),
                high=_HIGHEST.get(kind, 0),
            )
            found.setdefault(table, {})[name] = column
        return found

    def put(self, value: Any, column: Column | None = None) -> Any:  # noqa: ARG002
        """Text, unless it is no UTF-8."""
        return checked_text(value, "")


def _line(row: Sequence[object]) -> str:
    """A row in COPY's text format."""
    fields = ["\\N" if value is None else str(value).translate(_ESCAPED) for value in row]
    return "\t".join(fields) + "\n"


class PgsqlBackend(SqlBackend):
    """Accounts on a server of PostgreSQL."""

    name = "pgsql"
    keeps_bytes = False
    dialect_class = PgsqlDialect
