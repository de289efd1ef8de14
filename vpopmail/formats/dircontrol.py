""".dir-control: the state of directory hashing, eight lines.

Source: formats, .dir-control.
"""

from __future__ import annotations

from vpopmail.errors import InvalidCharacter
from vpopmail.formats.text import has_control, leading_int, split_lines, to_bytes, to_text
from vpopmail.records import DirControl

_INT64_MAX = 2**63 - 1
_TRIPLES = ("level_start", "level_end", "level_mod", "level_index")
_DIRECTORY = 7
_DEEPEST = 2


def parse(data: bytes) -> DirControl:
    """The state that a file holds.

    C writes a count below 0 as a huge number and repeats the second number of a triple as the
    third; both are put right.

    Args:
        data: the whole file; what is missing keeps its fresh value, a ninth line replaces
            the eighth.

    Returns:
        A fresh record: ``cur_users`` >= 0, ``level_cur`` 0..2, no number negative. The
        directory is as it stands: check it before it is used as a path.

    Source: formats, .dir-control.
    """
    state = DirControl()
    lines = split_lines(data)
    numbers = [max(leading_int(line), 0) for line in lines[:3]]
    if numbers:
        state.cur_users = 0 if numbers[0] >= _INT64_MAX else numbers[0]
    if len(numbers) > 1:
        state.level_cur = min(numbers[1], _DEEPEST)
    if len(numbers) > 2:
        state.level_max = numbers[2]
    for name, line in zip(_TRIPLES, lines[3:_DIRECTORY], strict=False):
        _read_triple(getattr(state, name), line)
    if state.level_mod[2] == _DEEPEST:
        state.level_mod[2] = 4
    if len(lines) > _DIRECTORY:
        state.the_dir = to_text(lines[_DIRECTORY : _DIRECTORY + 2][-1])
    return state


def format_state(state: DirControl) -> bytes:
    """The file of a state.

    Args:
        state: the record.

    Returns:
        Eight lines.

    Raises:
        InvalidCharacter: a control character in the directory.

    Source: formats, .dir-control.
    """
    directory = to_bytes(state.the_dir)
    if has_control(directory):
        raise InvalidCharacter(".dir-control", "a control character in the directory")
    head = b"%d\n%d\n%d\n" % (state.cur_users, state.level_cur, state.level_max)
    triples = [b"%d %d %d\n" % tuple(getattr(state, name)) for name in _TRIPLES]
    return b"".join((head, *triples, directory, b"\n"))


def _read_triple(numbers: list[int], line: bytes) -> None:
    for index, text in enumerate(line.split(b" ")[:3]):
        if text:
            numbers[index] = max(leading_int(text), 0)
