"""Statements, written once for all dialects and rendered for one.

A statement names its values ``:name`` and its identifiers ``[table]``, ``[column]`` or
``[table.column]``; the last where dialects name the column differently. Values are never part of
the text.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

# The parameter styles of DB-API drivers that are used here.
QMARK = "qmark"
NAMED = "named"
NUMERIC = "numeric"
PYFORMAT = "pyformat"
FORMAT = "format"

# The style in which a driver that takes values by name takes them by place, for many rows.
BY_PLACE = {NAMED: QMARK, PYFORMAT: FORMAT}

Identify = "Callable[[str], str]"


class Rendered:
    """A statement as a driver takes it.

    Attributes:
        text: the SQL.
        order: the names of the values in their order, for a driver that takes them by place.
    """

    __slots__ = ("order", "text")

    def __init__(self, text: str, order: tuple[str, ...] | None) -> None:
        self.text = text
        self.order = order

    def arguments(self, values: Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
        """The values as the driver takes them."""
        if self.order is None:
            return values
        return [values[name] for name in self.order]


def render(text: str, style: str, identify: Callable[[str], str]) -> Rendered:
    """A statement for one dialect.

    Args:
        text: the statement, in the notation of this module.
        style: the driver's: ``qmark``, ``named``, ``numeric``, ``pyformat`` or ``format``.
        identify: gives the quoted form of an identifier.
    """
    if style in {PYFORMAT, FORMAT}:
        text = text.replace("%", "%%")
    text, names = _values(_identifiers(text, identify), style)
    return Rendered(text, tuple(names) if style in {QMARK, NUMERIC, FORMAT} else None)


def _identifiers(text: str, identify: Callable[[str], str]) -> str:
    first, *rest = text.split("[")
    parts = [first]
    for part in rest:
        name, _, after = part.partition("]")
        parts += [identify(name), after]
    return "".join(parts)


def _values(text: str, style: str) -> tuple[str, list[str]]:
    first, *rest = text.split(":")
    parts, names = [first], []
    for part in rest:
        length = next((i for i, sign in enumerate(part) if not _is_word(sign)), len(part))
        name = part[:length]
        names.append(name)
        parts += [_place(name, style, len(names)), part[length:]]
    return "".join(parts), names


def _is_word(sign: str) -> bool:
    return sign == "_" or (sign.isascii() and sign.isalnum())


def _place(name: str, style: str, number: int) -> str:
    if style == QMARK:
        return "?"
    if style == FORMAT:
        return "%s"
    if style == NUMERIC:
        return f":{number}"
    return f":{name}" if style == NAMED else f"%({name})s"
