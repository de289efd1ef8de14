"""Tables of SQLite: it can hardly change one, so a new one is filled and takes its place.

All in one transaction.
"""

from __future__ import annotations

import re

from vpopmail.backends.sql.ddl.language import Check, Language, numbers
from vpopmail.backends.sql.ddl.shapes import Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpopmail.backends.sql.ddl.differences import Change
    from vpopmail.backends.sql.ddl.language import Ask

_TABLES = """
    SELECT m.name, m.sql, c.name, c.type, c."notnull", c.dflt_value, c.pk
    FROM sqlite_master m, pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid
"""
_KEYS = """
    SELECT m.name, i.name, c.name FROM sqlite_master m, pragma_index_list(m.name) i,
        pragma_index_info(i.name) c
    WHERE m.type = 'table' AND i.partial = 0 AND i.origin <> 'pk' ORDER BY m.name, i.name, c.seqno
"""
_INDEXES = """
    SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL
"""
_NEW = "_vpopmail_new"
# What a new table would lack: no statement here knows it.
_MORE = re.compile(
    r"\b(CHECK|REFERENCES|FOREIGN|GENERATED|AS|COLLATE|UNIQUE|WITHOUT|STRICT)\b", re.IGNORECASE
)


class SqliteLanguage(Language):
    """See Language."""

    widest = True
    frame = ("BEGIN IMMEDIATE", "COMMIT")

    def inspect(self, ask: Ask) -> dict[str, Table]:
        """The tables of the file."""
        parts: dict[str, tuple[str, list[Column], dict[int, str]]] = {}
        for table, sql, name, kind, not_null, default, place in ask(_TABLES):
            _, columns, primary = parts.setdefault(table, (sql, [], {}))
            definition = kind + (" NOT NULL" if not_null else "")
            definition += "" if default is None else f" DEFAULT {default}"
            columns.append(Column(name, kind, definition=definition, widest=True))
            if place:
                primary[place] = name
        keys: dict[str, dict[str, list[str]]] = {}
        for table, index, name in ask(_KEYS):
            keys.setdefault(table, {}).setdefault(index, []).append(name)
        texts: dict[str, list[str]] = {}
        for table, text in ask(_INDEXES):
            texts.setdefault(table, []).append(text)
        return {
            table: Table(
                table,
                columns,
                primary=[primary[place] for place in sorted(primary)],
                keys=[tuple(key) for key in keys.get(table, {}).values()],
                create=sql,
                indexes=texts.get(table, []),
            )
            for table, (sql, columns, primary) in parts.items()
        }

    def change(self, change: Change) -> list[str]:
        """Columns and indexes are added; for the rest the table is made anew."""
        if change.primary or change.retyped:
            return [*self._remade(change), *self.indexes(change)]
        table = self.quote(change.name)
        added = [
            f"ALTER TABLE {table} ADD COLUMN {self.quote(column.name)} {column.definition}"
            for column in change.added
        ]
        return [*added, *self.indexes(change)]

    def checks(self, change: Change) -> Iterable[Check]:
        """Texts that are no numbers, and tables with more to them than could be made anew."""
        for retyped in numbers(change):
            name = self.quote(retyped.column.name)
            where = f"{name} IS NOT NULL AND (TRIM({name}) = '' OR TRIM({name}) GLOB '*[^0-9]*')"
            yield Check(
                retyped.column.name, "texts that are no numbers", self.count(change.name, where)
            )
        if change.primary or change.retyped:
            yield Check(
                "",
                "triggers or views that name it",
                "SELECT COUNT(*) FROM sqlite_master WHERE type IN ('trigger', 'view')"  # noqa: S608
                f" AND sql LIKE '%{change.name}%'",
            )
            if change.live is not None and _MORE.search(change.live.create):
                yield Check("", "constraints that would be lost", "SELECT 1")
        yield from self.key_checks(change)

    def _remade(self, change: Change) -> list[str]:
        assert change.live is not None
        retyped = {one.column.name: one for one in change.retyped}
        lines, values = [], []
        for column in change.live.columns.values():
            name = self.quote(column.name)
            new = retyped.get(column.name)
            text = column.definition
            values.append(name if new is None else f"CAST({name} AS {new.kind})")
            lines.append(
                f"{name} {text if new is None else text.replace(column.type, new.kind, 1)}"
            )
        lines += [f"{self.quote(column.name)} {column.definition}" for column in change.added]
        own_key = any("PRIMARY KEY" in column.definition for column in change.added)
        primary = change.primary or change.live.primary
        if primary and not own_key:
            lines.append(f"PRIMARY KEY ({self.names(primary)})")
        old, new_table = self.quote(change.name), self.quote(change.name + _NEW)
        names = self.names(change.live.columns)
        copied = f"SELECT {', '.join(values)} FROM {old} ORDER BY rowid"  # noqa: S608
        return [
            f"CREATE TABLE {new_table} (\n    " + ",\n    ".join(lines) + "\n)",
            f"INSERT INTO {new_table} ({names}) {copied}",
            f"DROP TABLE {old}",
            f"ALTER TABLE {new_table} RENAME TO {old}",
            *change.live.indexes,
        ]
