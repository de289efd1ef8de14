"""The tables of a database as they are: old and new releases of vpopmail made different ones."""

from __future__ import annotations


class Column:
    """A column of a table.

    Attributes:
        name: as the database has it.
        length: the longest text in it, in characters; 0 is any.
        charset: of a text, lower case: ``latin1``, ``utf8mb4``; ``""`` where it does not matter.
        is_text: whether it holds text.
        high: the highest number in it; 0 is any.
    """

    __slots__ = ("charset", "high", "is_text", "length", "name")

    def __init__(
        self, name: str, *, length: int = 0, charset: str = "", is_text: bool = True, high: int = 0
    ) -> None:
        self.name = name
        self.length = length
        self.charset = charset
        self.is_text = is_text
        self.high = high
