"""/etc/shadow: the crypt string of a system user, and when his account ends.

Source: shadow(5).
"""

from __future__ import annotations

from vpopmail.formats.text import split_lines

_FIELDS = 9
_CRYPTED = 1
_EXPIRES = 7
_DIGITS = 9  # of a day; more is beyond all time


def find_entry(content: bytes, name: bytes) -> tuple[bytes, int | None] | None:
    """The entry of a user.

    Args:
        content: of the file.
        name: of the user.

    Returns:
        (crypt string, day since 1970 from which on the account is closed; None: never); None if
        there is no whole line for the user.
    """
    start = name + b":"
    for line in split_lines(content):
        if line.startswith(start):
            fields = line.split(b":")
            if len(fields) == _FIELDS and fields[0] == name:
                day = fields[_EXPIRES]
                ends = day.isdigit() and len(day) <= _DIGITS
                return fields[_CRYPTED], int(day) if ends else None
    return None
