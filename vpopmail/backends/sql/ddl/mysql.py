"""Tables of MySQL and MariaDB: each changed by one ALTER TABLE, which is done whole or not at all.

A statement about tables commits by itself there, so an upgrade that is killed leaves some tables
upgraded and others not. Upgrading again does the rest.
"""

from __future__ import annotations

import re

from vpopmail.backends.sql.ddl.language import Check, Language, is_looked_up, numbers
from vpopmail.backends.sql.ddl.shapes import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpopmail.backends.sql.ddl.differences import Change, Retyped
    from vpopmail.backends.sql.ddl.language import Ask

_TABLES = """
    SELECT table_name, engine, table_collation FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
"""
_COLUMNS = """
    SELECT table_name, column_name, column_type, collation_name FROM information_schema.columns
    WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position
"""
_KEYS = """
    SELECT table_name, index_name, column_name FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND sub_part IS NULL
    ORDER BY table_name, index_name, seq_in_index
"""
# What stands between the name of a column and the rest of what is said of it.
_TYPE = re.compile(
    r"^\w+(?:\(\d+\))?(?: unsigned)?(?: zerofill)?(?: CHARACTER SET \w+)?(?: COLLATE \w+)?"
)
# Nothing may be cut or made 0, and no quoting depend on the mode of the server.
_STRICT = "SET SESSION sql_mode = 'STRICT_ALL_TABLES'"


class MysqlLanguage(Language):
    """See Language."""

    blocks = True
    is_transactional = False
    frame = (_STRICT, "")

    def inspect(self, ask: Ask) -> dict[str, Table]:
        """The tables of the database, views left out."""
        columns: dict[str, list[Column]] = {}
        for table, name, kind, collation in ask(_COLUMNS):
            column = Column(name, str(kind), collation=collation or "", blocks=True)
            columns.setdefault(table, []).append(column)
        keys: dict[str, dict[str, list[str]]] = {}
        for table, index, name in ask(_KEYS):
            keys.setdefault(table, {}).setdefault(index, []).append(name)
        found = {}
        for name, engine, collation in ask(_TABLES):
            own = keys.get(name, {})
            primary = own.pop("PRIMARY", [])
            found[name] = Table(
                name,
                columns.get(name, []),
                primary=primary,
                keys=[tuple(key) for key in own.values()],
                engine=engine or "",
                collation=collation or "",
                create=str(ask(f"SHOW CREATE TABLE {self.quote(name)}")[0][1]),
            )
        return found

    def bounds(self) -> list[str]:
        """The wait for others who read or write the table."""
        return [
            f"SET SESSION lock_wait_timeout = {max(1, round(self.dialect.settings.lock_timeout))}"
        ]

    def change(self, change: Change) -> list[str]:
        """One statement for the table with all its columns and keys."""
        parts = [f"ENGINE={change.engine}"] if change.engine else []
        if change.collation:
            parts.append(f"DEFAULT {self._coded(change.collation).strip()}")
        if change.primary and change.live is not None and change.live.primary:
            parts.append("DROP PRIMARY KEY")
        parts += [self._modify(change, retyped) for retyped in change.retyped]
        for column in change.added:
            text = column.definition
            coded = self._coded(column.collation) if column.family == TEXT else ""
            text = text.replace(column.type, column.type + coded, 1)
            parts.append(f"ADD COLUMN {self.quote(column.name)} {text}")
        own_key = any("PRIMARY KEY" in column.definition for column in change.added)
        if change.primary and not own_key:
            parts.append(f"ADD PRIMARY KEY ({self.names(change.primary)})")
        parts += [
            f"ADD INDEX {self.quote(name)} ({self.names(columns)})"
            for name, columns in change.indexes.items()
        ]
        return [f"ALTER TABLE {self.quote(change.name)}\n    " + ",\n    ".join(parts)]

    def checks(self, change: Change) -> Iterable[Check]:
        """Texts that are no numbers, that grow too long, that would not be found any more."""
        for retyped in numbers(change):
            name = self.quote(retyped.column.name)
            where = f"{name} IS NOT NULL AND {name} NOT REGEXP '^ *[0-9]{{1,18}} *$'"
            yield self._check(change, retyped, "texts that are no numbers", where)
        for retyped in change.retyped:
            column, name = retyped.column, self.quote(retyped.column.name)
            if not retyped.is_recoded or retyped.wanted.family != TEXT:
                continue
            if column.in_bytes and retyped.kind == column.type:
                where = f"LENGTH(CONVERT({name} USING utf8mb4)) > {column.size}"
                yield self._check(change, retyped, f"longer than {column.size} bytes", where)
            if is_looked_up(change.name, column):
                where = f"BINARY {name} <> BINARY LOWER({name})"
                why = "capitals: nobody would find them afterwards"
                yield self._check(change, retyped, why, where)
        yield from self.key_checks(change)

    def _check(self, change: Change, retyped: Retyped, why: str, where: str) -> Check:
        return Check(retyped.column.name, why, self.count(change.name, where))

    def _modify(self, change: Change, retyped: Retyped) -> str:
        """MODIFY with all that the table says of the column but its type."""
        assert change.live is not None
        name = self.quote(retyped.column.name)
        start = f"  {name} "
        (line,) = [line for line in change.live.create.split("\n") if line.startswith(start)]
        rest = _TYPE.sub("", line[len(start) :].removesuffix(","))
        coded = self._coded(retyped.wanted.collation) if retyped.wanted.family == TEXT else ""
        return f"MODIFY {name} {retyped.kind}{coded}{rest}"

    def _coded(self, collation: str) -> str:
        charset = collation.partition("_")[0]
        return f" CHARACTER SET {charset} COLLATE {collation}" if collation else ""
