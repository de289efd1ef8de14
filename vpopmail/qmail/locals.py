"""control/locals, as the default domain of a login asks for it."""

from __future__ import annotations

from vpopmail.formats.text import split_lines, to_bytes
from vpopmail.safeio.view import read_file

LOCALS = "locals"
LOCALHOST = "localhost"


def is_local(control: str, domain: str) -> bool:
    """Whether a name is a line of locals; ``localhost`` is local if there is any line.

    Args:
        control: qmail's directory of control files, absolute.
        domain: compared as it is.

    Raises:
        OSError.
    """
    lines = split_lines(read_file(f"{control}/{LOCALS}") or b"")
    return to_bytes(domain) in lines or (domain == LOCALHOST and bool(lines))
