"""Bulk input, CSV and JSON lines: one row after the other, bad ones with a complaint. Pure.

Source: RFC 4180; jsonlines.org.
"""

from __future__ import annotations

import csv
import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from vpopmail.commands.front.columns import Columns

    class Source(Protocol):
        """A stream of text."""

        def readline(self, size: int, /) -> str:
            """A line with its end, or as much of it as asked for; empty at the end."""


LONGEST = 1 << 20  # characters of a line
_NOT_UTF8 = "it is not UTF-8"
_TOO_LONG = f"it is longer than {LONGEST} characters"


class BadHeader(Exception):
    """The header of a CSV does not fit: no line of it can be taken."""


class Row:
    """A line of the input.

    Attributes:
        number: of the line at which it begins, from 1.
        values: by the names of the columns; empty if there is a complaint.
        complaint: what is wrong with it; never a value.
    """

    __slots__ = ("complaint", "number", "values")

    def __init__(
        self, number: int, values: dict[str, object] | None = None, complaint: str = ""
    ) -> None:
        self.number = number
        self.values = {} if values is None else values
        self.complaint = complaint


def read_csv(source: Source, columns: Columns) -> Iterator[Row]:
    """The rows of a CSV whose first line names the columns. An empty cell gives nothing.

    Args:
        source: with the ends of lines as they are; bytes outside UTF-8 as lone surrogates.
        columns: that there may be.

    Raises:
        BadHeader.
    """
    lines = _Lines(source)
    reader = csv.reader(lines, strict=True)
    names = _header(reader, columns)
    width = len(names)
    while True:
        lines.too_long = False
        number = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(number, complaint=_TOO_LONG if lines.too_long else str(error))
            continue
        if not cells:
            continue
        complaint = _flaw(lines, cells)
        if not complaint and len(cells) != width:
            complaint = f"{len(cells)} cells, but {width} columns"
        if complaint:
            yield Row(number, complaint=complaint)
        else:
            given: dict[str, object] = {
                name: cell for name, cell in zip(names, cells, strict=True) if cell
            }
            yield _row(number, given, columns)


def read_jsonl(source: Source, columns: Columns) -> Iterator[Row]:
    """The rows of JSON lines: an object a line. ``null`` gives nothing.

    Args:
        source, columns: as for ``read_csv``.
    """
    lines = _Lines(source)
    decode = json.JSONDecoder(object_pairs_hook=_object).decode
    for line in lines:
        too_long, lines.too_long = lines.too_long, False
        if not line.strip():
            continue
        if too_long or _is_stray(line):
            yield Row(lines.number, complaint=_TOO_LONG if too_long else _NOT_UTF8)
            continue
        try:
            found = decode(line.rstrip("\r\n"))
        except json.JSONDecodeError as error:
            yield Row(lines.number, complaint=f"no JSON: {error.msg} at column {error.colno}")
        except (ValueError, RecursionError) as error:
            yield Row(lines.number, complaint=f"no JSON that can be taken: {error}")
        else:
            if isinstance(found, dict):
                yield _row(lines.number, found, columns)
            else:
                yield Row(lines.number, complaint="no JSON object")


class _Lines:
    """The lines of a stream, of which no one needs more memory than LONGEST."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.number = 0
        self.too_long = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._source.readline(LONGEST)
        if not line:
            raise StopIteration
        self.number += 1
        rest = line
        while len(rest) == LONGEST and rest[-1] not in "\r\n":
            self.too_long = True
            rest = self._source.readline(LONGEST)
        return line


def _header(reader: Iterator[list[str]], columns: Columns) -> list[str]:
    try:
        names = [name.strip() for name in next(reader, [])]
        if len(set(names)) < len(names):
            raise BadHeader("a column comes twice")
        columns.check_names(names)
    except (csv.Error, ValueError) as error:
        raise BadHeader(str(error)) from None
    return names


def _flaw(lines: _Lines, cells: list[str]) -> str:
    if lines.too_long:
        return _TOO_LONG
    return _NOT_UTF8 if _is_stray("".join(cells)) else ""


def _row(number: int, found: dict[str, object], columns: Columns) -> Row:
    try:
        return Row(number, columns.take(found))
    except ValueError as error:
        return Row(number, complaint=str(error))


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found


def _is_stray(text: str) -> bool:
    """Whether there is a byte in it that was not UTF-8."""
    return not text.isascii() and any("\udc80" <= char <= "\udcff" for char in text)
