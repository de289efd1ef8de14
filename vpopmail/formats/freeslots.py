""".dir_control_free: the places of deleted users, to be used again, oldest first.

Source: formats, .dir_control_free.
"""

from __future__ import annotations

from vpopmail.errors import InvalidCharacter
from vpopmail.formats.text import has_control, join_lines, split_lines, to_bytes, to_text


def usable(data: bytes) -> list[str]:
    """The places that are free, the first to be used first.

    Args:
        data: the whole file; ``#`` starts a comment, blank lines do not count.

    Returns:
        Paths below the domain's directory, such as ``0/A``; check them before use.

    Source: formats, .dir_control_free.
    """
    return [to_text(place) for place in map(_place, split_lines(data)) if place]


def remove_first(data: bytes, *places: str) -> bytes:
    """The file without the first line of each place.

    Args:
        data: the whole file.
        places: as ``usable`` gives them; for one that is given twice two lines go.

    Returns:
        The new file; all other lines as they were.

    Source: formats, .dir_control_free.
    """
    wanted: dict[bytes, int] = {}
    for name in map(to_bytes, places):
        wanted[name] = wanted.get(name, 0) + 1
    lines = split_lines(data)
    kept = []
    for line in lines:
        place = _place(line)
        if place and wanted.get(place):
            wanted[place] -= 1
        else:
            kept.append(line)
    return data if len(kept) == len(lines) else join_lines(kept)


def append(data: bytes, *places: str) -> bytes:
    """The file with places added at its end.

    Args:
        data: the whole file.
        places: paths below the domain's directory, without blanks around them.

    Returns:
        The new file.

    Raises:
        InvalidCharacter: one could not be read back: ``#``, a control character, nothing, or
            blanks around it.

    Source: formats, .dir_control_free.
    """
    lines = [to_bytes(place) for place in places]
    for line, place in zip(lines, places, strict=True):
        if has_control(line) or not line or _place(line) != line:
            raise InvalidCharacter(place, "not a place for .dir_control_free")
    return join_lines([*split_lines(data), *lines]) if lines else data


def _place(line: bytes) -> bytes:
    return line.partition(b"#")[0].strip(b" \t")
