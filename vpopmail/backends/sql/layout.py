"""The tables of a database as they are: old and new releases of vpopmail made different ones."""

from __future__ import annotations

from vpopmail.errors import BackendUnavailable


class Column:
    """A column of a table.

    Attributes:
        name: as the database has it.
        length: the longest text in it, in characters; 0 is any.
        in_bytes: whether the length is one of bytes, of UTF-8.
        charset: of a text, lower case: ``latin1``, ``utf8mb4``; ``""`` where it does not matter.
        is_text: whether it holds text.
        is_padded: whether blanks at the end of a text are lost in it: the type CHAR of MySQL.
        high: the highest number in it; 0 is any.
    """

    __slots__ = ("charset", "high", "in_bytes", "is_padded", "is_text", "length", "name")

    def __init__(
        self,
        name: str,
        *,
        length: int = 0,
        in_bytes: bool = False,
        charset: str = "",
        is_text: bool = True,
        is_padded: bool = False,
        high: int = 0,
    ) -> None:
        self.name = name
        self.length = length
        self.in_bytes = in_bytes
        self.charset = charset
        self.is_text = is_text
        self.is_padded = is_padded
        self.high = high

    @property
    def width(self) -> str:
        """Its length, in words."""
        return f"{self.length} {'bytes' if self.in_bytes else 'characters'}"

    def holds_number(self, number: int) -> bool:
        """Whether a number is in its range: a server that is not strict stores the nearest one."""
        return not self.high or -self.high - 1 <= number <= self.high

    def check_number(self, number: int, subject: str) -> None:
        """Refuse a number that is not in its range.

        Args:
            number: what is to be stored.
            subject: what it is about, for the error.

        Raises:
            BackendUnavailable.
        """
        if not self.holds_number(number):
            what = f"the column {self.name} holds at most {self.high}"
            raise BackendUnavailable(subject, what)

    def holds(self, text: str) -> bool:
        """Whether a text is short enough for it."""
        if not self.length:
            return True
        if self.in_bytes and not text.isascii():
            return len(text.encode("utf-8", "surrogatepass")) <= self.length
        return len(text) <= self.length
