"""Tables of a database in recordings and on our servers: all values as text, by column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, str | None]
Key = tuple[str | None, ...]

# The columns that tell a row from the others; of other tables the whole row does.
_KEYS = {
    "dir_control": ("domain",),
    "ip_alias_map": ("ip_addr",),
    "lastauth": ("user", "userid", "domain"),
    "limits": ("domain",),
    "relay": ("ip_addr",),
    "vlog": ("logon", "message"),  # C numbers rows that we do not write
}
_USER = ("pw_name", "pw_domain")
_PREFIX = "sql:"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "0": "\0"}


@dataclass(frozen=True)
class Table:
    """One table: the names of its columns, and its rows in the order that they have."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...] = ()

    def with_rows(self, rows: Iterable[Row]) -> Table:
        """The same table with other rows."""
        return Table(self.columns, tuple(rows))

    def row(self, **values: str) -> Row | None:
        """The row that has these values."""
        return next((r for r in self.rows if all(r.get(k) == v for k, v in values.items())), None)


Tables = dict[str, Table]


def key_of(table: str, row: Row) -> Key:
    """What tells a row from the others of its table."""
    names = _KEYS.get(table) or (_USER if "pw_name" in row else tuple(row))
    return tuple(row[name] for name in names if name in row)


def by_key(name: str, table: Table | None) -> dict[Any, Row]:
    """The rows of a table by key; where several have one, with their number."""
    found: dict[Any, Row] = {}
    for row in () if table is None else table.rows:
        key, number = key_of(name, row), 1
        while (*key, number) in found:
            number += 1
        found[(*key, number)] = row
    return found


def same_state(one: Row | None, other: Row | None) -> bool:
    """Whether two rows show one state: salts, and times of a recording, tell nothing."""
    if one is None or other is None:
        return one is other
    told = (one.keys() & other.keys()) - {"pw_passwd", "timestamp"}
    return all(one[name] == other[name] for name in told)


def is_users(table: Table) -> bool:
    """Whether it has users: the one of all domains, or that of a domain."""
    return "pw_name" in table.columns


def recorded_tables(data: Iterable[Mapping[str, Any]], encoding: str) -> Tables:
    """All tables, of the member ``tables`` of a step or a scenario.

    Args:
        encoding: in which the bytes of the recording are text.
    """
    return {
        one["table"]: _table(one, lambda value: _decoded(value, encoding)) for one in data
    }


def changed_tables(changes: Iterable[Mapping[str, Any]]) -> dict[str, Table | None]:
    """Tables that changed, of the entries ``sql:NAME`` of a step; None is one that is gone."""
    return {
        one["path"].removeprefix(_PREFIX): None if one["op"] == "removed" else _printed(one)
        for one in changes
        if one["path"].startswith(_PREFIX)
    }


def final_tables(final: Mapping[str, Mapping[str, Any]]) -> Tables:
    """All tables, of the entries ``sql:NAME`` of a final tree."""
    return {
        path.removeprefix(_PREFIX): _printed(entry)
        for path, entry in final.items()
        if path.startswith(_PREFIX)
    }


def table_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table of a server, in the words of a recording."""
    shown = ({c: _text(v) for c, v in zip(columns, row, strict=True)} for row in rows)
    return Table(tuple(columns), tuple(shown))


def _table(data: Mapping[str, Any], value: Any) -> Table:
    columns = tuple(data["columns"])
    rows = (dict(zip(columns, map(value, row), strict=True)) for row in data["rows"])
    return Table(columns, tuple(rows))


def _printed(data: Mapping[str, Any]) -> Table:
    """A table as the client of the database has printed it."""
    return _table(data, _unescaped)


def _unescaped(value: Any) -> str | None:
    if value is None or value == "NULL":
        return None
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), str(value))


def _decoded(value: Any, encoding: str) -> str | None:
    if not isinstance(value, str):
        return _text(value)
    return value.encode("latin-1").decode(encoding, "surrogateescape")


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def differences(expected: Tables, actual: Tables) -> Iterator[str]:
    """How tables differ, one line each: in rows, and in what a column has that both have."""
    for name in sorted(expected.keys() | actual.keys()):
        want, have = expected.get(name), actual.get(name)
        if want is None or have is None:
            yield f"sql:{name}: expected {_brief(want)}, is {_brief(have)}"
        else:
            yield from _row_differences(name, want, have)


def _row_differences(name: str, want: Table, have: Table) -> Iterator[str]:
    columns = tuple(c for c in want.columns if c in have.columns)
    missing = set(want.columns) - set(columns)
    if missing:
        yield f"sql:{name}: columns {sorted(missing)} are missing"
    left, right = (by_key(name, _only(table, columns)) for table in (want, have))
    for key in sorted(left.keys() | right.keys(), key=repr):
        if left.get(key) != right.get(key):
            yield f"sql:{name}: expected {left.get(key)}, is {right.get(key)}"


def _only(table: Table, columns: tuple[str, ...]) -> Table:
    """A table with some of its columns."""
    return Table(columns, tuple({column: row[column] for column in columns} for row in table.rows))


def _brief(table: Table | None) -> str:
    return "nothing" if table is None else f"{len(table.rows)} rows"
