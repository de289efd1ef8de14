"""Rows by name that go to the disk when there are many: memory for a few, however many come."""

from __future__ import annotations

from marshal import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Row = tuple[str | int, ...]

_MOST = 1000  # rows in memory
_PAGE = 500  # rows that are read at once
_CACHE = 512  # KiB of the file that are kept in memory
_TABLE = "CREATE TABLE shelf (number INTEGER PRIMARY KEY, name BLOB UNIQUE, row BLOB)"
_PUT = """
    INSERT INTO shelf (name, row) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET row = excluded.row
"""
_GET = "SELECT row FROM shelf WHERE name = ?"
_DROP = "DELETE FROM shelf WHERE name = ?"
_COUNT = "SELECT COUNT(*) FROM shelf"
_SOME = "SELECT number, name, row FROM shelf WHERE number > ? ORDER BY number LIMIT ?"


class Shelf:
    """Rows of texts and numbers by name, in the order in which the names came.

    More than a thousand go to a temporary file of SQLite, which only this process can read and
    which ends with it: it has no name. Where Python lacks sqlite3 they stay in memory.
    """

    __slots__ = ("_file", "_near")

    def __init__(self) -> None:
        self._near: dict[str, Row] = {}
        self._file: Any = None

    def put(self, name: str, row: Row) -> None:
        """Keep a row, in the place of one of the same name."""
        if self._file is None and len(self._near) >= _MOST and name not in self._near:
            self._open()
        if self._file is None:
            self._near[name] = row
        else:
            self._file.execute(_PUT, (_key(name), _packed(row)))

    def get(self, name: str) -> Row | None:
        """The row of a name, or None."""
        if self._file is None:
            return self._near.get(name)
        found = self._file.execute(_GET, (_key(name),)).fetchone()
        return None if found is None else loads(found[0])  # noqa: S302 - of this process

    def drop(self, name: str) -> None:
        """Forget the row of a name, if there is one."""
        self._near.pop(name, None)
        if self._file is not None:
            self._file.execute(_DROP, (_key(name),))

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Names and rows, in order; one that is changed meanwhile as it was or as it is."""
        yield from list(self._near.items())
        last = 0
        while self._file is not None:
            page = self._file.execute(_SOME, (last, _PAGE)).fetchall()
            for _, key, row in page:
                yield key.decode("utf-8", "surrogatepass"), loads(row)  # noqa: S302 - of this process
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    def clear(self) -> None:
        """Forget all."""
        self._near.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def __len__(self) -> int:
        if self._file is None:
            return len(self._near)
        count: int = self._file.execute(_COUNT).fetchone()[0]
        return count

    def __del__(self) -> None:
        self.clear()

    def _open(self) -> None:
        try:
            import sqlite3
        except ImportError:
            return
        # No path: a file that SQLite makes for its own use, mode 0600, and unlinks at once.
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute(f"PRAGMA cache_size = -{_CACHE}")
        self._file.execute(_TABLE)
        near, self._near = self._near, {}
        for name, row in near.items():
            self.put(name, row)


def _key(name: str) -> bytes:
    """A name as SQLite takes it, whatever is in it."""
    return name.encode("utf-8", "surrogatepass")


def _packed(row: Row) -> bytes:
    try:
        return dumps(row)
    except ValueError:  # a subclass of str or int
        return dumps(tuple(str.__str__(one) if isinstance(one, str) else int(one) for one in row))
