"""The database of a scenario: empty, on a private server, as the recorder's was."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any

from ..sql.servers import Server
from .tables import Tables, table_of

NAME, USER, PASSWORD = "vpopmail", "vpopmail", "vpoppw"
# A table that only C has made, a column that our table has from the start.
_DROPS = re.compile(r"^(drop table) (?!if exists)", re.IGNORECASE)
_ADDS = re.compile(r"(add column) ", re.IGNORECASE)
_STRICT = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION"


class Database(ABC):
    """The database ``vpopmail`` of a private server.

    Args:
        server: the private server.

    Attributes:
        encoding: in which the bytes of its recordings are text.
        replaced: what stands in a recording, and what stands for it here.
        is_up: whether the server runs.
        connection_file: name below ``etc`` and recorded text of the file that says where it is.
    """

    encoding = "latin-1"
    connection_file: tuple[str, str] | None = None

    def __init__(self, server: Server) -> None:
        self.server = server
        self.is_up = True
        self.replaced: tuple[tuple[str, str], ...] = ()

    @property
    def options(self) -> dict[str, object]:
        """Settings of the site that say where it is, besides its connection file."""
        return {}

    @abstractmethod
    def make(self, server: dict[str, Any]) -> None:
        """Make it empty, on a server with the recorded settings."""

    @abstractmethod
    def connect(self, database: str = NAME) -> Any:
        """The administrator's connection, which commits each statement."""

    @abstractmethod
    def names(self, cursor: Any) -> list[tuple[str, str]]:
        """The tables, quoted, each with what its rows are put in order by, or ``""``."""

    def sql(self, text: str) -> None:
        """A statement of the administrator."""
        text = _DROPS.sub(r"\1 if exists ", text)
        text = _ADDS.sub(r"\1 if not exists ", text)
        with self.connect() as connection:
            connection.cursor().execute(text)

    def tables(self) -> Tables:
        """All tables as they are."""
        with self.connect() as connection:
            cursor, found = connection.cursor(), {}
            for name, order in self.names(cursor):
                cursor.execute(f"SELECT * FROM {name}{order}")
                columns = [column[0] for column in cursor.description]
                found[name[1:-1]] = table_of(columns, cursor.fetchall())
        return found

    def stop(self) -> None:
        """Stop the server."""
        if self.is_up:
            self.server.stop()
        self.is_up = False

    def start(self) -> None:
        """Start it again."""
        if not self.is_up:
            self.server.start()
        self.is_up = True


class MariaDB(Database):
    """As a recording of MariaDB wants it: latin1 unless a table says otherwise."""

    connection_file = ("vpopmail.mysql", f"localhost|0|{USER}|{PASSWORD}|{NAME}\n")

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.replaced = (
            ("localhost|0|", f"127.0.0.1|{server.port}|"),
            ("{SOCKET}", str(server.log.parent / "s")),
        )

    def make(self, server: dict[str, Any]) -> None:
        """Drop what is there; the settings are for connections from now on."""
        mode = server.get("sql_mode", _STRICT)
        with self.connect("mysql") as connection:
            for text in (
                f"SET GLOBAL sql_mode = '{mode}'",
                f"DROP DATABASE IF EXISTS {NAME}",
                f"CREATE DATABASE {NAME} CHARACTER SET latin1 COLLATE latin1_swedish_ci",
                f"GRANT ALL ON *.* TO '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'",
            ):
                connection.cursor().execute(text)

    def connect(self, database: str = NAME) -> Any:
        """As root."""
        import pymysql

        return pymysql.connect(
            host="127.0.0.1", port=self.server.port, user="root", password="", database=database,
            autocommit=True, charset="utf8mb4", ssl_disabled=True,
        )  # fmt: skip

    def names(self, cursor: Any) -> list[tuple[str, str]]:
        """In the order of the primary key."""
        cursor.execute("SHOW TABLES")
        names = [str(row[0]) for row in cursor.fetchall()]
        found = []
        for name in names:
            cursor.execute(f"SHOW KEYS FROM `{name}` WHERE Key_name = 'PRIMARY'")
            key = ", ".join(f"`{row[4]}`" for row in cursor.fetchall())
            found.append((f"`{name}`", f" ORDER BY {key}" if key else ""))
        return found


class PostgreSQL(Database):
    """As a recording of PostgreSQL wants it. The C library knows no file of it."""

    encoding = "utf-8"

    @property
    def options(self) -> dict[str, object]:
        """The URL."""
        return {"database_url": f"pgsql://postgres@127.0.0.1:{self.server.port}/{NAME}"}

    def make(self, server: dict[str, Any]) -> None:
        """Drop what is there, whoever is connected to it."""
        with self.connect("postgres") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'UTF8'")

    def connect(self, database: str = NAME) -> Any:
        """As the superuser."""
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.server.port, user="postgres", dbname=database, autocommit=True
        )

    def names(self, cursor: Any) -> list[tuple[str, str]]:
        """In the order of the first column: rows are compared by key anyway."""
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [(f'"{row[0]}"', "") for row in cursor.fetchall()]


KINDS: dict[str, type[Database]] = {"mysql": MariaDB, "pgsql": PostgreSQL}
