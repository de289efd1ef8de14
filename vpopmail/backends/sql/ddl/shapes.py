"""What a table looks like, as far as it matters: columns, keys, and how texts are stored."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT = "text"
NUMBER = "number"
OTHER = "other"
ANY = 1 << 62  # characters or bytes of a text without a limit

# Of words with one blank in between: each blank can be matched in one way only, or a type of many
# blanks, which SQLite takes, would cost hours.
_TYPE = re.compile(
    r"([a-z]+(?: [a-z]+)*?) ?(?:\((\d{1,18})\))? ?(unsigned)?(?: zerofill)?", re.ASCII
)
_BITS = {
    "tinyint": 8,
    "smallint": 16,
    "mediumint": 24,
    "int": 32,
    "integer": 32,
    "bigint": 64,
    "serial": 32,
    "bigserial": 64,
}
_SIZED = frozenset({"char", "character", "varchar", "character varying"})
_FIXED = frozenset({"char", "character"})
# Bytes, not characters; without an entry a text has no limit.
_BLOCKS = {
    "tinytext": 255,
    "text": 65_535,
    "mediumtext": 16_777_215,
    "longtext": ANY,
}


class Column:
    """A column of a table.

    Attributes:
        name: as the database has it.
        type: as the database or the schema file writes it.
        family: ``text``, ``number`` or ``other``.
        size: of a text the most characters, of a number the highest.
        in_bytes: whether a text is limited in bytes instead.
        fixed: whether a text is filled up with blanks.
        collation: of a text, where the database has one for each column; else ``""``.
        definition: all that a schema file says of it after its name.
    """

    __slots__ = (
        "collation", "definition", "family", "fixed", "in_bytes", "name", "size", "type",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        kind: str,
        *,
        collation: str = "",
        definition: str = "",
        blocks: bool = False,
        widest: bool = False,
    ) -> None:
        self.name = name
        self.type = kind
        self.collation = collation
        self.definition = definition
        self.in_bytes = False
        self.fixed = False
        self._read(kind.lower(), blocks=blocks, widest=widest)

    def _read(self, kind: str, *, blocks: bool, widest: bool) -> None:
        """Read the type: ``blocks``: texts have limits of bytes; ``widest``: types have no size."""
        found = _TYPE.fullmatch(" ".join(kind.split()))
        name, length, unsigned = found.groups() if found else (kind, None, None)
        self.family, self.size = OTHER, 0
        if name in _BITS:
            bits = 64 if widest else _BITS[name]
            self.family, self.size = NUMBER, (1 << (bits if unsigned else bits - 1)) - 1
        elif name in _SIZED:
            self.family, self.fixed = TEXT, name in _FIXED and not widest
            self.size = ANY if widest or length is None else int(length)
        elif name in _BLOCKS:
            self.family, self.in_bytes = TEXT, blocks
            self.size = _BLOCKS[name] if blocks else ANY


class Table:
    """A table.

    Attributes:
        name: its name.
        columns: by name, in their order.
        primary: the columns of its primary key.
        keys: the columns of each of its keys and indexes, the primary key included.
        engine: where tables have one; else ``""``.
        collation: that new columns get, where tables have one; else ``""``.
        create: its statement, where the database keeps one.
        indexes: the statements of its indexes, where the database keeps them.
    """

    __slots__ = (
        "collation", "columns", "create", "engine", "indexes", "keys", "name", "primary",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        columns: Sequence[Column],
        *,
        primary: Sequence[str] = (),
        keys: Sequence[tuple[str, ...]] = (),
        engine: str = "",
        collation: str = "",
        create: str = "",
        indexes: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.columns = {column.name: column for column in columns}
        self.primary = tuple(primary)
        self.keys = [self.primary, *keys] if primary else list(keys)
        self.engine = engine
        self.collation = collation
        self.create = create
        self.indexes = list(indexes)
