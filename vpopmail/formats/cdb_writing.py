"""The constant database: building, and changing a few records of many."""

from __future__ import annotations

from _struct import Struct  # struct.py only passes it on

from vpopmail.errors import FormatError
from vpopmail.formats.cdb import HEADER, LARGEST, PAIR, TABLES, corrupt, hash_key, matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEADER = Struct(f"<{TABLES * 2}I")
_PAIR = Struct("<II")
# Each one costs a pass over the tables; a key may be there many thousand times.
_MOST_CHANGES = 1000


def build(records: Iterable[tuple[bytes, bytes]]) -> bytes:
    """See ``cdb.build``."""
    chunks: list[bytes] = []
    entries: list[list[tuple[int, int]]] = [[] for _ in range(TABLES)]
    position = HEADER
    for key, data in records:
        hashed = hash_key(key)
        entries[hashed & 255].append((hashed, position))
        chunks += (_PAIR.pack(len(key), len(data)), key, data)
        # Each record also takes two slots.
        position += PAIR + len(key) + len(data)
        if position > LARGEST:
            raise _too_large()
    return b"".join(_assemble(chunks, position, [_place(table) for table in entries]))


def splice(
    old: bytes,
    added: Sequence[tuple[bytes, bytes, bytes | None]],
    removed: Sequence[bytes] = (),
) -> list[bytes | memoryview]:
    """See ``cdb.splice``."""
    view = memoryview(old)
    end, slots = _classic_layout(view)
    cuts = {start: length for key in removed for start, length in _present(view, key)}
    if len(cuts) + len(added) > _MOST_CHANGES:
        raise FormatError("cdb", "so many records change that it is to be built anew")
    inserts: dict[int, list[tuple[bytes, bytes]]] = {}
    for key, data, following in added:
        place = end if following is None else min(_present(view, following))[0]
        inserts.setdefault(place, []).append((key, data))
    chunks, shifts, entries = _spliced_records(view[:end], cuts, inserts)
    position = end + _moved(end, shifts)
    if position > LARGEST:
        raise _too_large()
    touched = {hash_key(key) & 255 for key in removed} | set(entries)
    shifted = memoryview(_shift(view[end:], shifts))
    tables: list[bytes | memoryview] = []
    start = 0
    for number, count in enumerate(slots):
        after = start + count * PAIR
        if number in touched:
            kept = _entries(view[end + start : end + after], cuts, shifts)
            tables.append(_place(sorted(kept + entries.get(number, []), key=_by_position)))
        else:
            tables.append(shifted[start:after])
        start = after
    return _assemble(chunks, position, tables)


def _too_large() -> FormatError:
    return FormatError("cdb", "it would exceed 4 GiB")


def _by_position(entry: tuple[int, int]) -> int:
    return entry[1]


def _place(entries: Sequence[tuple[int, int]]) -> bytes:
    """A table of twice as many slots as entries, filled in their order.

    Thousands of entries may want one slot: keys can be equal, and hashes can be made to be. So a
    slot that is taken tells where to look on, and each search shortens the way of the next.
    """
    slots = len(entries) * 2
    flat = [0] * (slots * 2)
    onward = list(range(slots))  # a free slot leads to itself
    for hashed, position in entries:
        slot = (hashed >> 8) % slots
        while (further := onward[slot]) != slot:
            onward[slot] = onward[further]
            slot = further
        onward[slot] = (slot + 1) % slots
        flat[slot * 2] = hashed
        flat[slot * 2 + 1] = position
    return Struct(f"<{len(flat)}I").pack(*flat)


def _assemble(
    chunks: Iterable[bytes | memoryview], end: int, tables: Sequence[bytes | memoryview]
) -> list[bytes | memoryview]:
    header: list[int] = []
    for table in tables:
        header += (end, len(table) // PAIR)
        end += len(table)
    if end > LARGEST:
        raise _too_large()
    return [_HEADER.pack(*header), *chunks, b"".join(tables)]


def _classic_layout(view: memoryview) -> tuple[int, tuple[int, ...]]:
    """Where the records end, and the slots of each table; the tables must follow on."""
    if len(view) < HEADER:
        raise corrupt("the file is too short")
    header = _HEADER.unpack_from(view)
    starts, slots = header[::2], header[1::2]
    position = end = starts[0]
    for start, count in zip(starts, slots, strict=True):
        if start != position:
            raise corrupt("the tables do not follow each other")
        position += count * PAIR
    if end < HEADER or position != len(view):
        raise corrupt("the tables do not end with the file")
    return end, slots


def _present(view: memoryview, key: bytes) -> list[tuple[int, int]]:
    found = list(matches(view, key))
    if not found:
        raise corrupt("a record that should be there is missing")
    return found


def _spliced_records(
    view: memoryview, cuts: dict[int, int], inserts: dict[int, list[tuple[bytes, bytes]]]
) -> tuple[list[bytes | memoryview], list[tuple[int, int]], dict[int, list[tuple[int, int]]]]:
    """The chunks of the new records, what moves by how much, and the new table entries."""
    chunks: list[bytes | memoryview] = []
    shifts: list[tuple[int, int]] = []
    entries: dict[int, list[tuple[int, int]]] = {}
    copied = position = HEADER
    for place in sorted(cuts.keys() | inserts.keys()):
        if not copied <= place <= place + cuts.get(place, 0) <= len(view):
            raise corrupt("records overlap each other or the tables")
        chunks.append(view[copied:place])
        position += place - copied
        for key, data in inserts.get(place, ()):
            hashed = hash_key(key)
            entries.setdefault(hashed & 255, []).append((hashed, position))
            chunks += (_PAIR.pack(len(key), len(data)), key, data)
            grown = PAIR + len(key) + len(data)
            shifts.append((place, grown))
            position += grown
        copied = place + cuts.get(place, 0)
        shifts.append((copied, place - copied))
    chunks.append(view[copied:])
    return chunks, shifts, entries


def _moved(position: int, shifts: Sequence[tuple[int, int]]) -> int:
    """By how much a record at a position moves."""
    return sum([by for start, by in shifts if position >= start])


def _entries(
    table: memoryview, cuts: dict[int, int], shifts: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """What stays of a table, with the new positions."""
    entries = [pair for pair in _PAIR.iter_unpack(table) if pair[1]]
    if len(entries) * 2 * PAIR != len(table):
        raise corrupt("a table is not half full")
    return [(hashed, at + _moved(at, shifts)) for hashed, at in entries if at not in cuts]


def _shift(tables: memoryview, shifts: Sequence[tuple[int, int]]) -> bytes:
    """Move the positions in all slots at once, as 64-bit lanes of one large number.

    A lane has room above its 32-bit position, so adding 2**32 - start carries into bit 32 just
    where the position has reached start. Measured: a fifth of the time of a loop over the slots.
    """
    ones = int.from_bytes(b"\1\0\0\0\0\0\0\0" * (len(tables) // PAIR), "little")
    low = ones * LARGEST
    slots = int.from_bytes(tables, "little")
    positions = moved = slots >> 32 & low
    for start, by in shifts:
        if by:
            reached = positions + ones * (LARGEST + 1 - start) >> 32 & ones
            moved += reached * by
    if moved & low << 32:
        raise corrupt("a position is beyond 4 GiB")
    return (slots & low | moved << 32).to_bytes(len(tables), "little")
