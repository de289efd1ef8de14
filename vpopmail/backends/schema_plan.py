"""What a look at the tables of a database gave, and what changes them."""

from __future__ import annotations

import attrs


@attrs.frozen
class Difference:
    """One thing in which a table differs from what this release makes.

    Attributes:
        table: its name.
        subject: a column, ``key (a, b)``, ``engine``; ``""``: the table itself.
        found: what is there: a type, a collation, an engine, or ``missing``.
        wanted: what this release makes.
    """

    table: str
    subject: str
    found: str
    wanted: str

    def __str__(self) -> str:
        name = f"{self.table}.{self.subject}" if self.subject else self.table
        return f"{name}: {self.found}, should be {self.wanted}"


@attrs.frozen
class Obstacle:
    """Why a table cannot be changed without losing something.

    Attributes:
        table, column: which; column is ``""`` if it is about the whole table.
        why: what is in the way.
        rows: how many rows; 0 if it is not about rows.
    """

    table: str
    column: str
    why: str
    rows: int = 0

    def __str__(self) -> str:
        name = f"{self.table}.{self.column}" if self.column else self.table
        return f"{name}: {self.why}" + (f" ({self.rows} rows)" if self.rows else "")


@attrs.define
class SchemaPlan:
    """What differs, and the statements that change it.

    It is true, as a list is, if anything differs. ``str()`` is a script for the database's own
    client, which a DBA can read and run.

    Attributes:
        subject: what was asked.
        differences: between the tables and what this release makes.
        obstacles: what has to be put right by hand before.
        statements: in order, each without the ``;`` at its end.
        frame: statements that go before and after them in the script.
        carried_out: whether it was done.
    """

    subject: str
    differences: tuple[Difference, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    statements: tuple[str, ...] = ()
    frame: tuple[str, str] = ("", "")
    carried_out: bool = False

    def __bool__(self) -> bool:
        return bool(self.differences)

    def __str__(self) -> str:
        lines = [f"-- {self.subject}"]
        lines += [f"-- {difference}" for difference in self.differences]
        lines += [f"-- in the way: {obstacle}" for obstacle in self.obstacles]
        texts = [self.frame[0], *self.statements, self.frame[1]] if self.statements else []
        lines += [f"{text};" for text in texts if text]
        return "\n".join(lines) + "\n"
