"""What a table lacks to be as the schema file has it, and what is to be done about it."""

from __future__ import annotations

import attrs

from vpopmail.backends.schema_plan import Difference
from vpopmail.backends.sql.ddl.shapes import NUMBER, OTHER, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.backends.sql.ddl.shapes import Column, Table
    from vpopmail.backends.sql.ddl.wanted import Wanted

CLEAR = "pw_clear_passwd"
MISSING = "missing"


@attrs.frozen
class Retyped:
    """A column that gets another type or collation.

    Attributes:
        column: as it is.
        wanted: as the schema file has it.
        kind: the type that it gets: never a narrower one.
    """

    column: Column
    wanted: Column
    kind: str

    @property
    def becomes_number(self) -> bool:
        """Whether texts are to become numbers."""
        return self.column.family == TEXT and self.wanted.family == NUMBER

    @property
    def is_recoded(self) -> bool:
        """Whether texts get another collation, perhaps another character set."""
        return bool(self.wanted.collation) and self.column.collation != self.wanted.collation


@attrs.define
class Change:
    """What is to become of one table; nothing is ever taken away from it.

    Attributes:
        wanted: as it should be.
        live: as it is; None: it is missing.
        added: columns that are missing; they come last.
        retyped: columns that are too narrow or stored in another way.
        foreign: columns of a kind that no statement here can change without loss.
        primary: the columns of a new primary key; empty: it stays.
        indexes: the columns of indexes that are missing, by name.
        engine, collation: those that the table gets; ``""``: they stay.
        differences: all of that, for people.
    """

    wanted: Wanted
    live: Table | None
    added: list[Column] = attrs.field(factory=list)
    retyped: list[Retyped] = attrs.field(factory=list)
    foreign: list[Column] = attrs.field(factory=list)
    primary: tuple[str, ...] = ()
    indexes: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    engine: str = ""
    collation: str = ""
    differences: list[Difference] = attrs.field(factory=list)

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.wanted.table.name

    def note(self, subject: str, found: str, wanted: str) -> None:
        """Add a difference."""
        self.differences.append(Difference(self.name, subject, found, wanted))


def compare(wanted: Wanted, live: Table | None, *, clear: bool) -> Change:
    """Compare a table with what it should be.

    Args:
        wanted: as it should be.
        live: as it is; None: it is missing.
        clear: whether clear passwords are kept: without them their column may be missing.

    Columns and indexes that the schema file does not know are left alone, and so are columns
    that are wider than they need be.
    """
    change = Change(wanted, live)
    if live is None:
        change.note("", MISSING, "a table")
        return change
    for column in wanted.table.columns.values():
        found = live.columns.get(column.name)
        if found is not None:
            _compare_column(change, found, column)
        elif clear or column.name != CLEAR:
            change.added.append(column)
            change.note(column.name, MISSING, column.type)
    _compare_table(change, live)
    _compare_keys(change, live)
    return change


def _compare_column(change: Change, found: Column, wanted: Column) -> None:
    if found.family == OTHER or (found.family == NUMBER and wanted.family == TEXT):
        change.foreign.append(found)
        change.note(found.name, found.type, wanted.type)
        return
    retyped = Retyped(found, wanted, _kind(found, wanted))
    if retyped.kind != found.type:
        change.note(found.name, found.type, retyped.kind)
    if retyped.is_recoded and wanted.family == TEXT:
        change.note(found.name, found.collation, wanted.collation)
    elif retyped.kind == found.type:
        return
    change.retyped.append(retyped)


def _kind(found: Column, wanted: Column) -> str:
    """The type of a column after the upgrade."""
    if found.family != wanted.family:
        return wanted.type
    if found.size < wanted.size:
        return wanted.type
    if found.fixed and not wanted.fixed:
        return wanted.type if found.size == wanted.size else f"varchar({found.size})"
    return found.type


def _compare_table(change: Change, live: Table) -> None:
    wanted = change.wanted.table
    if wanted.engine and live.engine.lower() != wanted.engine.lower():
        change.engine = wanted.engine
        change.note("engine", live.engine, wanted.engine)
    if wanted.collation and live.collation != wanted.collation:
        change.collation = wanted.collation
        change.note("collation of new columns", live.collation, wanted.collation)


def _compare_keys(change: Change, live: Table) -> None:
    primary = change.wanted.table.primary
    if set(live.primary) != set(primary):
        change.primary = primary
        found = f"key ({', '.join(live.primary)})" if live.primary else MISSING
        change.note("primary key", found, f"key ({', '.join(primary)})")
    staying = [key for key in live.keys if key != live.primary or not change.primary]
    for name, columns in change.wanted.indexes.items():
        if not any(key[: len(columns)] == columns for key in staying):
            change.indexes[name] = columns
            change.note(f"key ({', '.join(columns)})", MISSING, f"an index {name}")
