"""What changes a site, one event after the other: system calls, and statements of SQLite.

SQLite writes its file itself, past the seam of system calls. So each statement that changes
something is an event as it begins, and so is the end of each commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from vpopmail.safeio import seam

_READS = ("SELECT", "PRAGMA")
_connect = sqlite3.connect


def watch_changes(notice: Callable[[str], None]) -> None:
    """Let this process tell of each event before it happens, and of a commit afterwards.

    Args:
        notice: gets the name of the system call, or the first word of the statement.
    """

    class Watched(sqlite3.Connection):
        def commit(self) -> None:
            super().commit()
            notice("COMMITTED")

    def connect(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = _connect(*args, **options, factory=Watched)
        connection.set_trace_callback(told)
        return connection

    def told(text: str) -> None:
        word = text.split(None, 1)[0].upper()
        if word not in _READS:
            notice(word)

    sqlite3.connect = connect  # type: ignore[assignment] # in this process only, which ends soon
    seam.watch = lambda call, _arguments: notice(call)


def rows(path: str) -> bytes:
    """All tables of a database: what it shows, whatever its file looks like."""
    connection = _connect(path)
    connection.text_factory = bytes
    try:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        return b"\n".join(
            b"%s %s" % (name, line)
            for name, _sql in sorted(found)
            for line in sorted(_lines(connection, name.decode()))
        )
    finally:
        connection.close()


def _lines(connection: sqlite3.Connection, table: str) -> list[bytes]:
    cursor = connection.execute(f'SELECT * FROM "{table}"')
    moment = [column[0] == "timestamp" for column in cursor.description]
    return [
        b"|".join(b"{now}" if now and value else _shown(value) for now, value in zip(moment, row, strict=True))
        for row in cursor
    ]


def _shown(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
