"""Changing lines of vpasswd, a few or thousands at once, in the order that the C tools keep."""

from __future__ import annotations

from vpopmail.formats.text import join_lines, split_lines
from vpopmail.formats.vpasswd import find_line, insertion_point, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# From about this many changes on, going through all lines once is faster.
_MANY = 16


def change_lines(data: bytes, changes: Mapping[bytes, bytes | None]) -> bytes:
    """The file with lines added, replaced and dropped; all other lines stay byte for byte.

    A new line goes before the first line with a greater name; a replaced one stays where it is
    (a further line of the same name goes).

    Args:
        data: the whole file, in any order; a last line without newline gets one.
        changes: name to its line (no newline), or to None to drop its lines.

    Returns:
        The new file.

    Source: formats, vpasswd, rules.
    """
    if data and not data.endswith(b"\n"):
        data += b"\n"
    if len(changes) > _MANY:
        return _change_all(data, changes)
    for name in sorted(changes):
        data = _change_one(data, name, changes[name])
    return data


def insert_line(
    data: bytes, name: bytes, line: bytes
) -> tuple[list[bytes | memoryview], bytes | None]:
    """The file with the line of a new user.

    Args:
        data: the whole file, in any order, without a line of that user.
        name: the user.
        line: its line, no newline.

    Returns:
        (the new file in pieces, some of them parts of ``data``; the name in the next line, or
        None at the end).

    Source: formats, vpasswd, rules.
    """
    start = insertion_point(data, name)
    view = memoryview(data)
    newline = b"" if start == 0 or data[start - 1] == ord("\n") else b"\n"
    end = data.find(b"\n", start)
    following = name_of(data[start : len(data) if end < 0 else end]) if start < len(data) else None
    last = b"" if start == len(data) or data.endswith(b"\n") else b"\n"
    return [view[:start], newline + line + b"\n", view[start:], last], following


def _change_one(data: bytes, name: bytes, line: bytes | None) -> bytes:
    span = find_line(data, name)
    if span is None:
        if line is None:
            return data
        start = end = insertion_point(data, name)
        return b"".join((data[:start], line, b"\n", data[end:]))
    start, end = span
    rest = data[end:]
    if find_line(rest, name) is not None:
        kept = [line for line in split_lines(rest) if not line.startswith(name + b":")]
        rest = join_lines(kept)
    new = b"" if line is None else line + b"\n"
    return b"".join((data[:start], new, rest))


def _change_all(data: bytes, changes: Mapping[bytes, bytes | None]) -> bytes:
    kept: list[bytes] = []
    greatest: list[bytes] = []  # the greatest name up to each line: sorted, whatever the file is
    replaced: set[bytes] = set()
    for line in split_lines(data):
        name = name_of(line)
        if name in changes and len(name) < len(line):
            new = changes[name]
            if new is None or name in replaced:
                continue
            replaced.add(name)
            kept.append(new)
        else:
            kept.append(line)
        greatest.append(name if not greatest or name > greatest[-1] else greatest[-1])
    added = sorted(
        (name, line) for name, line in changes.items() if line is not None and name not in replaced
    )
    return join_lines(_merge(kept, greatest, added))


def _merge(
    kept: list[bytes], greatest: list[bytes], added: list[tuple[bytes, bytes]]
) -> list[bytes]:
    from bisect import bisect_right

    merged: list[bytes] = []
    copied = 0
    for name, line in added:
        place = bisect_right(greatest, name)
        merged += kept[copied:place]
        merged.append(line)
        copied = place
    return merged + kept[copied:]
