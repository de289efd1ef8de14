"""The constant database: reading; building and changing are passed on to cdb_writing.

Layout: 256 pairs (position of a table, its slots), the records, then the tables, whose slots
are pairs (hash, position of a record); all numbers are 32 bits, least byte first.
Source: formats, cdb container.
"""

from __future__ import annotations

from vpopmail import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Protocol

    class Source(Protocol):
        """A whole cdb: bytes, mmap, memoryview, or a file that is read in pieces."""

        def __len__(self) -> int: ...

        def __getitem__(self, part: slice, /) -> bytes | memoryview: ...


# Numbers are read without the module struct: a login would pay for loading it.
PAIR = 8
TABLES = 256
HEADER = TABLES * PAIR
LARGEST = 0xFFFFFFFF
# What a search reads at once: a record of common size, and a few slots of a table.
_GLANCE = 512
_SLOTS = 4


def hash_key(key: bytes) -> int:
    """The hash under which a record is filed.

    Args:
        key: the key, any bytes.

    Returns:
        32 bits; the lowest 8 choose the table.

    Source: formats, cdb container.
    """
    value = 5381
    for byte in key:
        value = value * 33 & LARGEST ^ byte
    return value


def find(data: Source, key: bytes) -> bytes | None:
    """The data of the first record with a key.

    Args:
        data: a whole cdb.
        key: the key, any bytes.

    Returns:
        A copy of the record's data, or ``None``.

    Raises:
        FormatError: the file is short, or a pointer on the way leads out of it.

    Source: formats, cdb container.
    """
    for start in _places(data, hash_key(key)):
        # One piece: most records are short, and the data may be a file.
        piece = data[start : start + _GLANCE]
        key_at, data_at, after = _measure(start, piece, len(data))
        # What does not have the key is not read to its end: a broken file may tell of one long
        # record in each slot.
        if data_at - key_at != len(key):
            continue
        if data_at - start > len(piece):
            piece = data[start:data_at]
        if piece[key_at - start : data_at - start] == key:
            if after - start > len(piece):
                piece = data[start:after]
            return bytes(piece[data_at - start : after - start])
    return None


def iterate(data: Source) -> Iterator[tuple[bytes, bytes]]:
    """All records in the order of the file.

    Args:
        data: a whole cdb.

    Yields:
        Pairs of key and data.

    Raises:
        FormatError: the file is short, or a record leads out of the part for records.

    Source: formats, cdb container.
    """
    end = _end_of_records(data)
    records = bytes(data[:end])
    position = HEADER
    while position < end:
        head = records[position : position + PAIR]
        key_at, data_at, after = _measure(position, head, end)
        yield records[key_at:data_at], records[data_at:after]
        position = after


def build(records: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A whole cdb, byte for byte as cdbmake writes it.

    Args:
        records: pairs of key and data, in the order they are to have; a key may repeat.

    Returns:
        The bytes of the file.

    Raises:
        FormatError: it would exceed 4 GiB.

    Source: formats, cdb container.
    """
    from vpopmail.formats import cdb_writing

    return cdb_writing.build(records)


def splice(
    old: bytes,
    added: Sequence[tuple[bytes, bytes, bytes | None]],
    removed: Sequence[bytes] = (),
) -> list[bytes | memoryview]:
    """A cdb with a few records changed, equal to a full build of the new list.

    Costs a copy of the file and one pass over its tables for each change, not a Python step for
    each record; measured: from some eighty changes on ``build`` is no slower.

    Args:
        old: a whole cdb as ``build`` or cdbmake wrote it, in any order of keys.
        added: key, data, and the key before whose first record in ``old`` the new one goes, or
            ``None`` for the end. Several for one place keep their order. That key may itself
            be among ``removed``: this is how a record is replaced.
        removed: keys; every record of such a key goes.

    Returns:
        The bytes of the new file, in pieces; some are parts of ``old``, which is not copied.

    Raises:
        FormatError: ``old`` is not laid out as ``build`` does it, or does not hold a key that
            was named, or more than 1000 records change, or the result would exceed 4 GiB; build
            it anew.

    Source: formats, cdb container.
    """
    from vpopmail.formats import cdb_writing

    return cdb_writing.splice(old, added, removed)


def corrupt(what: str) -> errors.FormatError:
    """The error for a file that does not keep the layout."""
    return errors.FormatError("cdb", what)


def matches(data: Source, key: bytes) -> Iterator[tuple[int, int]]:
    """Start and length of each record with the key."""
    for position in _places(data, hash_key(key)):
        head = data[position : position + PAIR]
        key_at, data_at, after = _measure(position, head, len(data))
        if data[key_at:data_at] == key:
            yield position, after - position


def _pair(data: Source, position: int) -> tuple[int, int]:
    """Two numbers; by a slice, since the data may be a file that is read in pieces."""
    piece = data[position : position + PAIR]
    if len(piece) < PAIR:
        raise corrupt("the file was cut short")
    both = int.from_bytes(piece, "little")
    return both & LARGEST, both >> 32


def _measure(position: int, piece: bytes | memoryview, end: int) -> tuple[int, int, int]:
    """Where key and data of a record begin and where it ends, from what is at its position."""
    key_at = position + PAIR
    if position < HEADER or key_at > end:
        raise corrupt("a record is not where it should be")
    key_length, data_length = _pair(piece, 0)
    data_at = key_at + key_length
    after = data_at + data_length
    if after > end:
        raise corrupt("a record is longer than the file")
    return key_at, data_at, after


def _places(data: Source, hashed: int) -> Iterator[int]:
    """Where the records of a hash are; one turn through the table at most."""
    size = len(data)
    if size < HEADER:
        raise corrupt("the file is too short")
    table, slots = _pair(data, (hashed & 255) * PAIR)
    if slots and (table < HEADER or table + slots * PAIR > size):
        raise corrupt("a table is not where it should be")
    slot = (hashed >> 8) % (slots or 1)
    left = slots
    while left:
        count = min(_SLOTS, left, slots - slot)
        start = table + slot * PAIR
        piece = data[start : start + count * PAIR]
        if len(piece) < count * PAIR:
            raise corrupt("the file was cut short")
        for at in range(0, len(piece), PAIR):
            found, position = _pair(piece, at)
            if not position:
                return
            if found == hashed:
                yield position
        left -= count
        slot = (slot + count) % slots


def _end_of_records(data: Source) -> int:
    size = len(data)
    if size < HEADER:
        raise corrupt("the file is too short")
    header = data[:HEADER]
    pairs = [_pair(header, at) for at in range(0, HEADER, PAIR)]
    end = min([start for start, slots in pairs if slots], default=HEADER)
    if not HEADER <= end <= size:
        raise corrupt("a table is not where it should be")
    return end
