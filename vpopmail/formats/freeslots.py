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


def remove_first(data: bytes, place: str) -> bytes:
    """The file without the first line of a place.

    Args:
        data: the whole file.
        place: as ``usable`` gives it.

    Returns:
        The new file; all other lines as they were.

    Source: formats, .dir_control_free.
    """
    lines = split_lines(data)
    wanted = to_bytes(place)
    for index, line in enumerate(lines):
        if wanted and _place(line) == wanted:
            del lines[index]
            return join_lines(lines)
    return data


def append(data: bytes, place: str) -> bytes:
    """The file with a place added at its end.

    Args:
        data: the whole file.
        place: a path below the domain's directory, without blanks around it.

    Returns:
        The new file.

    Raises:
        InvalidCharacter: it could not be read back: ``#``, a control character, nothing, or
            blanks around it.

    Source: formats, .dir_control_free.
    """
    line = to_bytes(place)
    if has_control(line) or not line or _place(line) != line:
        raise InvalidCharacter(place, "not a place for .dir_control_free")
    return join_lines([*split_lines(data), line])


def _place(line: bytes) -> bytes:
    return line.partition(b"#")[0].strip(b" \t")
