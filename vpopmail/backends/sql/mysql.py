"""MySQL and MariaDB."""

from __future__ import annotations

from vpopmail.backends.sql import dialect as kinds
from vpopmail.backends.sql.backend import SqlBackend
from vpopmail.backends.sql.charsets import checked_text
from vpopmail.backends.sql.dialect import Dialect
from vpopmail.backends.sql.layout import Column
from vpopmail.backends.sql.server import Server, configured
from vpopmail.errors import InvalidCharacter, UnknownBackend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SOCKETS = ("/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock")  # noqa: S108
_CONNECT_TIMEOUT = 10  # seconds
_ANSWER_TIMEOUT = 120  # seconds, besides waits for locks; then the server is taken for dead
# With those of a server that has become a replica (1290, 1792, 1836): another one may be found
# at the next connecting.
_OF_THE_SERVER = (1047, 1053, 1158, 1159, 1160, 1161, 1290, 1792, 1836, 1927)
_OF_THE_CLIENT = (2002, 2003, 2006, 2013, 2014, 2045, 2055, 4031)
_LOST = frozenset((*_OF_THE_SERVER, *_OF_THE_CLIENT))
_REPEAT = frozenset((1020, 1205, 1213, 8002, 8005, 9007))
_DUPLICATE = 1062
_NO_TABLE = frozenset((1051, 1146))
_TABLES = """
    SELECT table_name, column_name, data_type, character_maximum_length, character_set_name,
        column_type
    FROM information_schema.columns WHERE table_schema = DATABASE()
"""
_HIGHEST = {"tinyint": 127, "smallint": 32767, "int": 2**31 - 1}


class MysqlDialect(Dialect):
    """The driver mysqlclient, else PyMySQL."""

    name = "mysql"
    conflict = "duplicate"
    begin = "BEGIN"
    _is_mariadb = True
    first_rows = "LIMIT %d"
    language = ("vpopmail.backends.sql.ddl.mysql", "MysqlLanguage")

    def servers(self) -> list[Server]:
        """Those of the settings, else those of etc/vpopmail.mysql."""
        return configured(self.settings, self.name, most=2, empty_fields=False)

    def connect(self, server: Server) -> Any:
        """A connection in utf8mb4; tables in another character set are converted by the server."""
        arguments: dict[str, Any] = {
            "host": server.host or "localhost",
            "user": server.user,
            "password": server.password,
            "database": server.database,
            "charset": "utf8mb4",
            "connect_timeout": _CONNECT_TIMEOUT,
            "read_timeout": _ANSWER_TIMEOUT + self.settings.lock_timeout,
            "write_timeout": _ANSWER_TIMEOUT,
            "autocommit": True,
        }
        if server.socket:
            arguments["unix_socket"] = server.socket
        if server.port:
            arguments["port"] = server.port
        driver = _driver()
        # The number of rows found, not of those that changed: an update to the same value counts.
        arguments["client_flag"] = driver.constants.CLIENT.FOUND_ROWS
        if driver.__name__ == "pymysql":
            if server.socket or _is_local(server.host):
                arguments["ssl_disabled"] = True  # else each connection loads all of the host's CAs
            if not server.socket and not server.port and arguments["host"] == "localhost":
                arguments["unix_socket"] = _usual_socket()
            return _connect_pymysql(driver, arguments)
        return driver.connect(**arguments)

    def trouble(self, error: Exception) -> str:
        """What a number of the server or of the client library means."""
        number = error.args[0] if error.args else None
        if number in _LOST or (
            type(error).__name__ == "InterfaceError" and number in (0, "(0, '')")
        ):
            return kinds.LOST
        if number in _REPEAT:
            return kinds.REPEAT
        if number == _DUPLICATE:
            return kinds.DUPLICATE
        return kinds.NO_TABLE if number in _NO_TABLE else kinds.OTHER

    def number(self, error: Exception) -> str:
        """The number of the error."""
        number = error.args[0] if error.args else None
        return f"error {number}" if isinstance(number, int) else type(error).__name__

    def bound_waits(self, seconds: int) -> str:
        """Those for rows, at most as long as the transaction may take."""
        return f"SET innodb_lock_wait_timeout = {seconds}"

    def position(self, rows: Any) -> str:
        """The GTIDs that the primary has; ``""`` without a binary log, or GTIDs in MySQL."""
        ((version,),) = rows("SELECT VERSION()")
        self._is_mariadb = "MariaDB" in version
        name = "gtid_current_pos" if self._is_mariadb else "gtid_executed"
        ((found,),) = rows(f"SELECT @@GLOBAL.{name}")
        return str(found or "")

    def has_reached(self, rows: Any, position: str) -> bool:
        """Whether the replica has these GTIDs."""
        if self._is_mariadb:
            # It tells 0 if it has them, and -1 when the time is over: at once.
            ((found,),) = rows("SELECT MASTER_GTID_WAIT(:position, 0)", position=position)
            return bool(found == 0)
        text = "SELECT GTID_SUBSET(:position, @@GLOBAL.gtid_executed)"
        ((found,),) = rows(text, position=position)
        return bool(found == 1)

    def quote(self, name: str) -> str:
        """In backticks, which mean the same in every sql_mode."""
        return "`" + name.replace("`", "``") + "`"

    def layout(self, rows: Any) -> dict[str, dict[str, Column]]:
        """The tables of the database."""
        found: dict[str, dict[str, Column]] = {}
        for table, name, kind, length, charset, full in rows(_TABLES):
            column = Column(
                name,
                length=0 if length is None else int(length),
                charset=charset or "",
                is_text=charset is not None,
                is_padded=kind == "char",
                high=0 if "unsigned" in full else _HIGHEST.get(kind, 0),
            )
            found.setdefault(table, {})[name] = column
        return found

    def put(self, value: Any, column: Column | None = None) -> Any:
        """Text, unless the column's character set does not have it, or a blank would be lost."""
        if column is not None and column.is_padded and str(value).endswith(" "):
            raise InvalidCharacter("", f"the column {column.name} cannot store a blank at the end")
        return checked_text(value, "" if column is None else column.charset)


class MysqlBackend(SqlBackend):
    """Accounts on a server of MySQL or MariaDB."""

    name = "mysql"
    keeps_bytes = False
    dialect_class = MysqlDialect


def _driver() -> Any:
    try:
        import MySQLdb
        import MySQLdb.constants.CLIENT

        return MySQLdb  # noqa: TRY300 - the first that is there
    except ImportError:
        pass
    try:
        import pymysql
        import pymysql.constants.CLIENT
    except ImportError:
        raise UnknownBackend("mysql", "no driver: pip install 'vpopmail[mysql]'") from None
    return pymysql


def _connect_pymysql(driver: Any, arguments: dict[str, Any]) -> Any:
    """A connection of PyMySQL, for which a server that says nothing is none after a short time.

    To it the greeting is an answer like any other.
    """
    later = arguments["read_timeout"]
    connection = driver.connect(**{**arguments, "read_timeout": _CONNECT_TIMEOUT})
    connection._read_timeout = later  # noqa: SLF001 - it can be told only when connecting
    return connection


def _usual_socket() -> str | None:
    """The socket that C's client library takes for ``localhost``; None: there is none here."""
    from os.path import exists

    return next(filter(exists, _SOCKETS), None)


def _is_local(host: str) -> bool:
    return host in {"", "localhost", "127.0.0.1", "::1"}
