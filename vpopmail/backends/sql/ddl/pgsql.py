"""Tables of PostgreSQL: one transaction for all changes."""

from __future__ import annotations

from vpopmail.backends.sql.ddl.language import Check, Language, numbers
from vpopmail.backends.sql.ddl.shapes import Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpopmail.backends.sql.ddl.differences import Change, Retyped
    from vpopmail.backends.sql.ddl.language import Ask

_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
        AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
"""
_KEYS = """
    SELECT c.relname, i.indexrelid::text, i.indisprimary, a.attname
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid,
        LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON true
    WHERE c.relnamespace = current_schema()::regnamespace AND i.indpred IS NULL
        AND i.indisvalid AND a.attrelid = c.oid AND a.attnum = k.number
    ORDER BY c.relname, i.indexrelid, k.place
"""


class PgsqlLanguage(Language):
    """See Language."""

    def inspect(self, ask: Ask) -> dict[str, Table]:
        """The tables of the present schema."""
        columns: dict[str, list[Column]] = {}
        for table, name, kind in ask(_COLUMNS):
            columns.setdefault(table, []).append(Column(name, kind))
        keys: dict[str, dict[str, list[str]]] = {}
        primary: dict[str, str] = {}
        for table, index, is_primary, name in ask(_KEYS):
            keys.setdefault(table, {}).setdefault(index, []).append(name)
            if is_primary:
                primary[table] = index
        found = {}
        for name, own in columns.items():
            indexes = keys.get(name, {})
            first = indexes.pop(primary[name]) if name in primary else []
            rest = [tuple(key) for key in indexes.values()]
            found[name] = Table(name, own, primary=first, keys=rest)
        return found

    def change(self, change: Change) -> list[str]:
        """One statement for the columns and the key, one for each index."""
        parts = []
        if change.primary and change.live is not None and change.live.primary:
            parts += self._drop_key(change.name)
        for retyped in change.retyped:
            parts += self._retype(retyped)
        for column in change.added:
            parts.append(f"ADD COLUMN {self.quote(column.name)} {column.definition}")
        own_key = any("PRIMARY KEY" in column.definition for column in change.added)
        if change.primary and not own_key:
            parts.append(f"ADD PRIMARY KEY ({self.names(change.primary)})")
        alter = f"ALTER TABLE {self.quote(change.name)}\n    " + ",\n    ".join(parts)
        return [*([alter] if parts else []), *self.indexes(change)]

    def checks(self, change: Change) -> Iterable[Check]:
        """Texts that are no numbers."""
        for retyped in numbers(change):
            name = retyped.column.name
            where = f"{self.quote(name)}::text !~ '^ *[0-9]{{1,18}} *$'"
            yield Check(name, "texts that are no numbers", self.count(change.name, where))
        yield from self.key_checks(change)

    def _drop_key(self, table: str) -> list[str]:
        return [f"DROP CONSTRAINT {self.quote(f'{table}_pkey')}"]

    def _retype(self, retyped: Retyped) -> list[str]:
        column = f"ALTER COLUMN {self.quote(retyped.column.name)}"
        kind = retyped.kind.lower().replace("bigserial", "bigint").replace("serial", "integer")
        if not retyped.becomes_number:
            return [f"{column} TYPE {kind}"]
        name = self.quote(retyped.column.name)
        return [f"{column} DROP DEFAULT", f"{column} TYPE {kind} USING {name}::{kind}"]
