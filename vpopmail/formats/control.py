"""Lists of qmail: users/assign, rcpthosts, morercpthosts, locals, virtualdomains.

Lines are kept in the order of a sort key. Source: formats, control files and sort key.
"""

from __future__ import annotations

from vpopmail.errors import InvalidCharacter
from vpopmail.formats.text import join_lines, split_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

ASSIGN = 1
LIST = 2
VIRTUALDOMAINS = 3

_LABELS = 10
_REORDERED = 2


def sort_key(line: bytes, kind: int) -> bytes:
    """By what a line is ordered.

    The C code shuffles the labels over themselves, so from five labels on the first two are
    repeated. Another order would make C sort the file anew each time.

    Args:
        line: a line, with or without its newline.
        kind: ``ASSIGN``, ``LIST`` or ``VIRTUALDOMAINS``.

    Returns:
        The last two labels, then the others; to be compared as bytes.

    Source: formats, sort key.
    """
    text = line.removesuffix(b"\n").partition(b":")[0]
    if kind == ASSIGN:
        text = text[1:-1]
    # C compares strings, which end at NUL.
    labels = [label for label in text.partition(b"\0")[0].split(b".") if label][:_LABELS]
    count = len(labels)
    if count > _REORDERED:
        tail = [labels[index % 2] for index in range(count - _REORDERED)]
        labels = labels[-_REORDERED:] + tail
    return b".".join(labels)


def insert_line(data: bytes, line: bytes, kind: int) -> bytes:
    """A file with a line put in at its place.

    Args:
        data: the whole file; unknown lines are kept byte for byte.
        line: the new line, without a newline; one that is there already is not repeated.
        kind: ``ASSIGN``, ``LIST`` or ``VIRTUALDOMAINS``.

    Returns:
        The new file. The line stands before the first one with a greater key; a file that was
        out of order is sorted. ``ASSIGN`` ends with the line ``.`` and has no other such line.

    Raises:
        InvalidCharacter: a newline in the line.

    Source: formats, users/assign, control files and sort key; api, update_file.
    """
    return insert_lines(data, (line,), kind)


def insert_lines(data: bytes, lines: Sequence[bytes], kind: int) -> bytes:
    """A file with lines put in at their places, as if one after the other.

    Args:
        data: the whole file; unknown lines are kept byte for byte.
        lines: the new lines, without newlines.
        kind: ``ASSIGN``, ``LIST`` or ``VIRTUALDOMAINS``.

    Returns:
        The new file, as from repeated ``insert_line``.

    Raises:
        InvalidCharacter: a newline in a line.

    Source: formats, users/assign, control files and sort key; api, update_file.
    """
    if any(b"\n" in line for line in lines):
        raise InvalidCharacter("", "a newline in a line")
    kept = split_lines(data)
    if kind == ASSIGN:
        kept = [line for line in kept if line != b"."]
    present = set(kept)
    # dict.fromkeys: without repeats, in order.
    new = [line for line in dict.fromkeys(lines) if line not in present]
    if kind == ASSIGN and b"." in new:
        new.remove(b".")
    if new:
        kept = _insert(kept, new, kind)
    if kind == ASSIGN:
        kept.append(b".")
    return join_lines(kept)


def sort_lines(data: bytes, kind: int) -> bytes:
    """A file with its lines in the order of the sort key; those of equal keys keep theirs.

    Args:
        data: the whole file.
        kind: ``ASSIGN``, ``LIST`` or ``VIRTUALDOMAINS``.

    Returns:
        The new file; ``ASSIGN`` ends with the line ``.`` and has no other such line.

    Source: formats, sort key; api, sort_file.
    """
    lines = [line for line in split_lines(data) if kind != ASSIGN or line != b"."]
    return join_lines(_by_key(lines, kind) + [b"."] * (kind == ASSIGN))


def remove_starting(data: bytes, start: bytes, *, once: bool) -> tuple[bytes, int]:
    """A file without the lines that begin with a text.

    Args:
        data: the whole file.
        start: the text; case matters.
        once: whether only the first such line goes.

    Returns:
        The new file, its last line ended by a newline, and how many lines went.

    Source: api, remove_line.
    """
    lines = split_lines(data)
    found = [index for index, line in enumerate(lines) if line.startswith(start)]
    gone = set(found[:1] if once else found)
    return join_lines([line for i, line in enumerate(lines) if i not in gone]), len(gone)


def remove_lines(data: bytes, lines: Collection[bytes]) -> tuple[bytes, int]:
    """A file without some lines.

    Args:
        data: the whole file.
        lines: whole lines, without newlines; case matters.

    Returns:
        The new file, its last line ended by a newline, and how many lines went.

    Source: formats, control files; api, remove_lines.
    """
    unwanted = frozenset(lines)
    before = split_lines(data)
    kept = [line for line in before if line not in unwanted]
    return join_lines(kept), len(before) - len(kept)


def compile_morercpthosts(data: bytes) -> list[tuple[bytes, bytes]]:
    """The records of morercpthosts.cdb, in the order in which qmail-newmrh writes them.

    Args:
        data: the whole of control/morercpthosts.

    Returns:
        Pairs of a host or ``.suffix`` in lower case, and nothing.

    Source: formats, morercpthosts.cdb.
    """
    hosts = [line.lower().rstrip(b" \t") for line in split_lines(data)]
    return [(host, b"") for host in hosts if host and not host.startswith(b"#")]


def count_lines(data: bytes) -> int:
    """The number of lines, comments and blank lines included.

    Args:
        data: the whole file.

    Returns:
        The number; a last line without newline counts.

    Source: formats, control files; api, count_rcpthosts.
    """
    return data.count(b"\n") + (data != b"" and not data.endswith(b"\n"))


def _insert(kept: list[bytes], new: Sequence[bytes], kind: int) -> list[bytes]:
    """All lines; the list of those there already is used up."""
    from bisect import bisect_right

    keys = [sort_key(line, kind) for line in kept]
    pending = list(new)
    if not all(map(bytes.__le__, keys, keys[1:])):
        # Where C puts its line decides among equal keys, so it goes in before the sorting.
        line = pending.pop(0)
        key = sort_key(line, kind)
        place = _first_greater(keys, key)
        kept.insert(place, line)
        keys.insert(place, key)
        order = sorted(range(len(keys)), key=keys.__getitem__)
        kept, keys = [kept[at] for at in order], [keys[at] for at in order]
    for line in pending:
        key = sort_key(line, kind)
        place = bisect_right(keys, key)
        kept.insert(place, line)
        keys.insert(place, key)
    return kept


def _by_key(lines: list[bytes], kind: int) -> list[bytes]:
    return sorted(lines, key=lambda line: sort_key(line, kind))


def _first_greater(keys: Sequence[bytes], key: bytes) -> int:
    return next((index for index, other in enumerate(keys) if other > key), len(keys))
