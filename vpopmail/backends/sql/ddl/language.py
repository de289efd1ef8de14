"""How a kind of database tells of its tables, and how it is told to change them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import attrs

from vpopmail.backends.sql import tables
from vpopmail.backends.sql.account_table import AccountTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from vpopmail.backends.sql.ddl.differences import Change, Retyped
    from vpopmail.backends.sql.ddl.shapes import Column, Table
    from vpopmail.backends.sql.dialect import Dialect

    Ask = Callable[[str], Sequence[Sequence[Any]]]

# Texts by which rows are found: as C and this library write them, in small letters.
_LOOKED_UP = frozenset({"alias", "domain", "ip_addr", "pw_domain", "pw_name", "user", "userid"})
_LOG = "vlog"


@attrs.frozen
class Check:
    """A question whose answer must be 0 before a table is changed.

    Attributes:
        column: that it is about, or columns.
        why: what is wrong with the rows that it counts.
        text: the statement.
    """

    column: str
    why: str
    text: str


class Language(ABC):
    """The data definition language of one kind of database.

    Attributes:
        blocks, widest: how types are read, see Column.
        is_transactional: whether a transaction can hold all changes of all tables.
        frame: statements before and after the changes, for a DBA who runs them.
    """

    blocks = False
    widest = False
    is_transactional = True
    frame: tuple[str, str] = ("BEGIN", "COMMIT")

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    @abstractmethod
    def inspect(self, ask: Ask) -> dict[str, Table]:
        """The tables that are there, by name."""

    @abstractmethod
    def change(self, change: Change) -> list[str]:
        """The statements that change a table which is there."""

    @abstractmethod
    def checks(self, change: Change) -> Iterable[Check]:
        """What has to be known of the rows before."""

    def bounds(self) -> list[str]:
        """Statements that bound the wait for other users of the tables; not part of the changes."""
        return []

    def create(self, change: Change) -> list[str]:
        """The statements that make a table which is missing."""
        known = tables.statements(self.dialect.name)
        texts = known.get(change.name)
        if texts is None:
            texts = tables.own_statements(AccountTable(change.name, own=True), self.dialect.name)
        return [self.dialect.render(text).text for text in texts]

    def indexes(self, change: Change) -> list[str]:
        """The statements that make indexes which are missing."""
        return [
            f"CREATE INDEX {self.quote(name)} ON {self.quote(change.name)} ({self.names(columns)})"
            for name, columns in change.indexes.items()
        ]

    def quote(self, name: str) -> str:
        """An identifier, quoted."""
        return self.dialect.quote(name)

    def names(self, names: Iterable[str]) -> str:
        """Identifiers, quoted and with commas."""
        return ", ".join(map(self.quote, names))

    def count(self, table: str, where: str) -> str:
        """The statement that counts rows."""
        return f"SELECT COUNT(*) FROM {self.quote(table)} WHERE {where}"  # noqa: S608

    def key_checks(self, change: Change) -> Iterable[Check]:
        """Rows that a new primary key could not tell apart."""
        live = change.live
        if live is None or not change.primary or not set(change.primary) <= set(live.columns):
            return
        names, what = self.names(change.primary), ", ".join(change.primary)
        empty = " OR ".join(f"{self.quote(name)} IS NULL" for name in change.primary)
        yield Check(what, "rows without a key", self.count(change.name, empty))
        yield Check(
            what,
            "keys that several rows have",
            f"SELECT COUNT(*) FROM (SELECT {names} FROM {self.quote(change.name)}"  # noqa: S608
            f" GROUP BY {names} HAVING COUNT(*) > 1) d",
        )


def is_looked_up(table: str, column: Column) -> bool:
    """Whether rows of a table are found by this column."""
    return table != _LOG and column.name in _LOOKED_UP


def numbers(change: Change) -> list[Retyped]:
    """The columns whose texts become numbers."""
    return [retyped for retyped in change.retyped if retyped.becomes_number]
