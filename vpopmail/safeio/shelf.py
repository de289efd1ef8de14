"""Rows by name that go to the disk when there are many: memory for a few, however many come."""

from __future__ import annotations

from marshal import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Row = tuple[str | int, ...]

_MOST = 1000  # rows in memory
_PAGE = 1000  # rows that are read at once
_CACHE = 512  # KiB of the file that are kept in memory
_OPENING = (
    "PRAGMA journal_mode = OFF",
    f"PRAGMA cache_size = -{_CACHE}",
    "CREATE TABLE shelf (number INTEGER PRIMARY KEY, name BLOB UNIQUE, row BLOB)",
    "BEGIN",  # once: nothing is ever committed
)
_ADD = "INSERT INTO shelf (name, row) VALUES (?, ?)"
_PUT = "UPDATE shelf SET row = ? WHERE name = ?"
_GET = "SELECT row FROM shelf WHERE name = ?"
_DROP = "DELETE FROM shelf WHERE name = ?"
_COUNT = "SELECT COUNT(*) FROM shelf"
_SOME = "SELECT number, name, row FROM shelf WHERE number > ? ORDER BY number LIMIT ?"


class Shelf:
    """Rows of texts and numbers by name, in the order in which the names came.

    The latest are in memory. If they get more than a thousand they go to a temporary file of
    SQLite, which only this process can read and which ends with it: it has no name. Where Python
    lacks sqlite3 all stay in memory.
    """

    __slots__ = ("_file", "_near")

    def __init__(self) -> None:
        self._near: dict[str, Row] = {}
        self._file: Any = None

    def add(self, name: str, row: Row) -> None:
        """Keep a row of a name that has none."""
        self._near[name] = row
        if len(self._near) > _MOST:
            self._write()

    def put(self, name: str, row: Row) -> None:
        """Keep a row, in the place of one of the same name."""
        in_file = self._file is not None and name not in self._near
        if not in_file or not self._file.execute(_PUT, (_packed(row), _key(name))).rowcount:
            self.add(name, row)

    def get(self, name: str) -> Row | None:
        """The row of a name, or None."""
        if self._file is None or name in self._near:
            return self._near.get(name)
        found = self._file.execute(_GET, (_key(name),)).fetchone()
        return None if found is None else loads(found[0])  # noqa: S302 - of this process

    def drop(self, name: str) -> None:
        """Forget the row of a name, if there is one."""
        self._near.pop(name, None)
        if self._file is not None:
            self._file.execute(_DROP, (_key(name),))

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Names and rows, in order; nothing may be added meanwhile."""
        for page in self._pages():
            for _, key, row in page:
                yield key.decode("utf-8", "surrogatepass"), loads(row)  # noqa: S302 - of this process
        yield from list(self._near.items())

    def pages(self) -> Iterator[list[Row]]:
        """The rows without names, in order, many at a time; nothing may be added meanwhile."""
        for page in self._pages():
            yield [loads(row) for _, _, row in page]  # noqa: S302 - of this process
        near = list(self._near.values())
        for start in range(0, len(near), _PAGE):
            yield near[start : start + _PAGE]

    def clear(self) -> None:
        """Forget all."""
        self._near.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def __len__(self) -> int:
        count: int = 0 if self._file is None else self._file.execute(_COUNT).fetchone()[0]
        return count + len(self._near)

    def __del__(self) -> None:
        self.clear()

    def _pages(self) -> Iterator[list[tuple[int, bytes, bytes]]]:
        """What is in the file: numbers, keys and packed rows."""
        last = 0
        while self._file is not None:
            page = self._file.execute(_SOME, (last, _PAGE)).fetchall()
            if page:
                yield page
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    def _write(self) -> None:
        """Let those in memory go to the file."""
        if self._file is None:
            try:
                import sqlite3
            except ImportError:
                return
            # No path: a file that SQLite makes for its own use, mode 0600, and unlinks at once.
            self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            for text in _OPENING:
                self._file.execute(text)
        rows = ((_key(name), _packed(row)) for name, row in self._near.items())
        self._file.executemany(_ADD, rows)
        self._near.clear()


def _key(name: str) -> bytes:
    """A name as SQLite takes it, whatever is in it."""
    return name.encode("utf-8", "surrogatepass")


def _packed(row: Row) -> bytes:
    try:
        return dumps(row)
    except ValueError:  # a subclass of str or int
        return dumps(tuple(str.__str__(one) if isinstance(one, str) else int(one) for one in row))
