"""What the tables should be: read from the schema file of the dialect, which also makes them."""

from __future__ import annotations

import re

from vpopmail.backends.sql import tables
from vpopmail.backends.sql.account_table import SHARED
from vpopmail.backends.sql.ddl.shapes import Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?\S+ \((.*)\)([^)]*)", re.DOTALL)
_INDEX = re.compile(r"CREATE INDEX (?:IF NOT EXISTS )?(\S+) ON \S+ \(([^)]*)\)", re.DOTALL)
_PRIMARY = re.compile(r"PRIMARY KEY \(([^)]*)\)")
_COLUMN = re.compile(r"(\S+)\s+(.*)", re.DOTALL)
_KIND = re.compile(r"[A-Za-z]+(?:\(\d+\))?(?: unsigned)?", re.IGNORECASE)
_OPTION = re.compile(r"(ENGINE|COLLATE)=(\w+)")


class Wanted:
    """A table as a schema file has it.

    Attributes:
        table: its shape.
        indexes: the columns of each index besides the primary key, by its name.
    """

    __slots__ = ("indexes", "table")

    def __init__(self, table: Table, indexes: dict[str, tuple[str, ...]]) -> None:
        self.table = table
        self.indexes = indexes

    def own(self, name: str) -> Wanted:
        """The table of one domain, made of that of all: it does not name the domain."""
        shared = self.table
        columns = [column for column in shared.columns.values() if column.name != "pw_domain"]
        table = Table(
            name,
            columns,
            primary=("pw_name",),
            engine=shared.engine,
            collation=shared.collation,
        )
        return Wanted(table, {})


def read(
    dialect: str, own: Sequence[str], *, per_domain: bool, blocks: bool, widest: bool
) -> dict[str, Wanted]:
    """The tables of a schema file by name.

    Args:
        dialect: its name.
        own: names of tables of one domain each.
        per_domain: whether there is no table of all domains.
        blocks, widest: how types are read, see Column.
    """
    found: dict[str, Wanted] = {}
    for name, texts in tables.statements(dialect).items():
        found[name] = _read_table(name, texts, blocks=blocks, widest=widest)
    if per_domain:
        shared = found.pop(SHARED)
        found |= {name: shared.own(name) for name in own}
    return found


def _read_table(name: str, texts: Sequence[str], *, blocks: bool, widest: bool) -> Wanted:
    indexes: dict[str, tuple[str, ...]] = {}
    table = Table(name, [])
    for text in texts:
        index = _INDEX.search(text)
        made = _TABLE.search(text)
        if index is not None:
            indexes[index[1]] = _names(index[2])
        elif made is not None:
            options = dict(_OPTION.findall(made[2]))
            table = _shape(name, made[1], options, blocks=blocks, widest=widest)
    return Wanted(table, indexes)


def _shape(name: str, body: str, options: dict[str, str], *, blocks: bool, widest: bool) -> Table:
    primary: tuple[str, ...] = ()
    columns = []
    collation = options.get("COLLATE", "")
    for line in re.split(r",\n", body):
        text = line.strip()
        key = _PRIMARY.match(text)
        if key is not None:
            primary = _names(key[1])
            continue
        matched = _COLUMN.match(text)
        kind = _KIND.match(matched[2]) if matched else None
        if matched is None or kind is None:
            continue
        (column_name,) = _names(matched[1])
        column = Column(
            column_name, kind[0], definition=matched[2].strip(), blocks=blocks, widest=widest
        )
        if column.family == "text":
            column.collation = collation
        if "PRIMARY KEY" in column.definition:
            primary = (column_name,)
        columns.append(column)
    return Table(
        name, columns, primary=primary, engine=options.get("ENGINE", ""), collation=collation
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().strip('`"') for name in text.split(","))
