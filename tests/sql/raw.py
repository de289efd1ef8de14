"""The database itself, past the library: what DBAs, Dovecot and C tools see and do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit


def connect(url: str) -> Any:
    """A connection of the driver that commits each statement."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        import sqlite3

        return sqlite3.connect(parts.path, isolation_level=None)
    if parts.scheme == "mysql":
        import pymysql

        return pymysql.connect(
            host=parts.hostname, port=parts.port, user=parts.username, password="",
            database=parts.path[1:], autocommit=True, charset="utf8mb4", ssl_disabled=True,
        )  # fmt: skip
    import psycopg

    return psycopg.connect(
        host=parts.hostname, port=parts.port, user=parts.username, dbname=parts.path[1:], autocommit=True
    )


def run(url: str, *texts: str) -> list[Sequence[Any]]:
    """Execute statements; the rows of the last one."""
    connection = connect(url)
    try:
        cursor = connection.cursor()
        for text in texts:
            cursor.execute(text)
        return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()
