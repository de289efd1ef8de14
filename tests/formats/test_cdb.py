from __future__ import annotations

import io
import mmap
from itertools import repeat
from typing import TYPE_CHECKING

import cdblib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vpopmail.errors import FormatError
from vpopmail.formats import cdb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOB = (
    b"$1$.fCzPyvq$/tx5XNqcHap71MmSoNMmB1:1:0:Bob Builder:"
    b"/home/vpopmail/domains/example.com/bob:NOQUOTA:BobPw"
)
HASH_0 = (b"7bafhhw", b"7bafhj5", b"ootpwgq")

keys = st.binary(max_size=6) | st.sampled_from(HASH_0)
record_lists = st.lists(st.tuples(keys, st.binary(max_size=20)), max_size=40)
unique_records = st.dictionaries(keys, st.binary(max_size=20), max_size=40).map(
    lambda table: sorted(table.items())
)


def splice(
    old: bytes,
    added: list[tuple[bytes, bytes, bytes | None]],
    removed: list[bytes] | tuple[bytes, ...] = (),
) -> bytes:
    return b"".join(cdb.splice(old, added, removed))



def by_cdblib(records: list[tuple[bytes, bytes]]) -> bytes:
    file = io.BytesIO()
    writer = cdblib.Writer(file)
    for key, data in records:
        writer.put(key, data)
    writer.finalize()
    return file.getvalue()


def everything(data: bytes) -> list[tuple[bytes, bytes]]:
    return list(cdb.iterate(data))


def test_the_file_of_bob_is_the_documented_one() -> None:
    data = cdb.build([(b"bob", BOB)])
    assert len(data) == 0x882
    assert data[: 170 * 8] == bytes.fromhex("7208000000000000") * 170
    assert data[0x550:0x558] == bytes.fromhex("7208000002000000")
    assert data[0x558:0x800] == bytes.fromhex("8208000000000000") * 85
    assert data[0x800:0x872] == bytes.fromhex("0300000067000000") + b"bob" + BOB
    assert data[0x872:] == bytes.fromhex("0000000000000000 aa47870b 00080000")


def test_an_empty_list_makes_a_header_only() -> None:
    assert cdb.build([]) == bytes.fromhex("0008000000000000") * 256


@given(record_lists)
def test_build_writes_what_cdblib_writes(records: list[tuple[bytes, bytes]]) -> None:
    # cdblib loses records whose hash is 0.
    records = [record for record in records if cdb.hash_key(record[0])]
    assert cdb.build(records) == by_cdblib(records)


@given(st.binary(max_size=80))
def test_the_hash_is_that_of_cdblib(key: bytes) -> None:
    assert cdb.hash_key(key) == cdblib.djb_hash(key)


@given(record_lists)
def test_what_was_built_is_read_back_in_order(records: list[tuple[bytes, bytes]]) -> None:
    assert everything(cdb.build(records)) == records


@given(record_lists, keys)
def test_find_gives_the_first_of_a_key_or_none(
    records: list[tuple[bytes, bytes]], other: bytes
) -> None:
    data = cdb.build(records)
    first = dict(reversed(records))
    for key in (*first, other):
        assert cdb.find(data, key) == first.get(key)


def test_names_whose_hash_is_0_are_all_found() -> None:
    assert [cdb.hash_key(name) for name in HASH_0] == [0, 0, 0]
    data = cdb.build([(name, b"data of " + name) for name in HASH_0])
    assert [cdb.find(data, name) for name in HASH_0] == [b"data of " + name for name in HASH_0]


def test_a_mapped_file_and_a_memoryview_serve_as_well(tmp_path: Path) -> None:
    path = tmp_path / "vpasswd.cdb"
    data = cdb.build([(b"bob", BOB)])
    path.write_bytes(data)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert cdb.find(mapped, b"bob") == BOB
        assert list(cdb.iterate(mapped)) == [(b"bob", BOB)]
        assert splice(mapped, [], [b"bob"]) == cdb.build([])
    found = cdb.find(memoryview(data), b"bob")
    assert type(found) is bytes
    assert found == BOB


def test_records_beyond_4_gib_are_refused() -> None:
    block = bytes(2**26)
    with pytest.raises(FormatError, match="4 GiB"):
        cdb.build((b"key", data) for data in repeat(block, 65))


def test_tables_beyond_4_gib_are_refused() -> None:
    """The records alone fit, by a byte; their tables do not."""
    block = bytes(2**26 - 11)
    last = bytes(2**26 - 11 - 2048 - 1)
    records = [*repeat((b"key", block), 63), (b"key", last)]
    with pytest.raises(FormatError, match="4 GiB"):
        cdb.build(records)


def test_a_splice_beyond_4_gib_is_refused() -> None:
    data = cdb.build([(b"a", b"")])
    block = bytes(2**26)
    with pytest.raises(FormatError, match="4 GiB"):
        splice(data, list(repeat((b"b", block, None), 65)))


def uses(data: bytes, key: bytes) -> Iterator[object]:
    """Each way of reading; what it gives, or the error."""
    for use in (
        lambda: cdb.find(data, key),
        lambda: everything(data),
        lambda: splice(data, [(key, b"new", key)], [key]),
        lambda: splice(data, [(key, b"new", None)]),
    ):
        try:
            yield use()
        except FormatError as error:
            yield error


@pytest.mark.parametrize("size", [0, 1, 2047])
def test_a_short_file_is_a_format_error(size: int) -> None:
    assert all(isinstance(result, FormatError) for result in uses(bytes(size), b"key"))


@given(st.binary(min_size=2048, max_size=2300), keys)
def test_random_bytes_give_an_answer_or_a_format_error(data: bytes, key: bytes) -> None:
    assert len(list(uses(data, key))) == 4


@given(unique_records.filter(bool), st.data())
def test_a_damaged_file_gives_an_answer_or_a_format_error(
    records: list[tuple[bytes, bytes]], draw: st.DataObject
) -> None:
    data = bytearray(cdb.build(records))
    words = st.tuples(
        st.integers(0, len(data) // 4 - 1),
        st.sampled_from([0, 1, 2047, 2048, len(data), 2**31, 2**32 - 1]) | st.integers(0, 3000),
    )
    for place, value in draw.draw(st.lists(words, min_size=1, max_size=6)):
        data[place * 4 : place * 4 + 4] = value.to_bytes(4, "little")
    cut = draw.draw(st.integers(0, 40))
    damaged = bytes(data[: len(data) - cut])
    for key, _ in records:
        assert len(list(uses(damaged, key))) == 4


def test_a_cut_file_is_not_searched_beyond_its_end() -> None:
    data = cdb.build([(b"bob", BOB)])
    for size in (0x872, 0x881):
        with pytest.raises(FormatError, match="table"):
            cdb.find(data[:size], b"bob")


def test_a_table_without_a_free_slot_ends_the_search() -> None:
    data = bytearray(cdb.build([(b"bob", BOB)]))
    data[0x872:0x87A] = bytes.fromhex("ffffffff 00080000")
    data[0x87A:0x882] = bytes.fromhex("ffffffff 00080000")
    assert cdb.find(bytes(data), b"bob") is None


@pytest.mark.parametrize("position", [1, 2047, 0x87B, 0xFFFFFFFF])
def test_a_slot_that_leads_astray_is_a_format_error(position: int) -> None:
    data = bytearray(cdb.build([(b"bob", BOB)]))
    data[0x87E:0x882] = position.to_bytes(4, "little")
    with pytest.raises(FormatError):
        cdb.find(bytes(data), b"bob")


@pytest.mark.parametrize("place", [0x800, 0x804])
def test_a_length_beyond_the_file_is_a_format_error(place: int) -> None:
    data = bytearray(cdb.build([(b"bob", BOB)]))
    data[place : place + 4] = b"\xff\xff\xff\x7f"
    with pytest.raises(FormatError):
        cdb.find(bytes(data), b"bob")
    with pytest.raises(FormatError):
        everything(bytes(data))


def test_the_position_of_an_empty_table_does_not_matter_to_readers() -> None:
    data = bytearray(cdb.build([(b"bob", BOB)]))
    data[:4] = b"\xff\xff\xff\xff"
    assert everything(bytes(data)) == [(b"bob", BOB)]


@given(unique_records, unique_records, st.data())
@example([(name, b"") for name in HASH_0], [], None)
def test_a_splice_equals_a_build_of_the_new_list(
    old: list[tuple[bytes, bytes]], new: list[tuple[bytes, bytes]], draw: st.DataObject | None
) -> None:
    there = [key for key, _ in old]
    removed = there[::2] if draw is None else draw.draw(st.lists(st.sampled_from(there or [b""])))
    removed = [key for key in removed if key in there]
    added = [(key, data) for key, data in new if key not in there or key in removed]
    expected = sorted([pair for pair in old if pair[0] not in removed] + added)
    placed = [
        (key, data, next((other for other in there if other >= key), None)) for key, data in added
    ]
    assert splice(cdb.build(old), placed, removed) == cdb.build(expected)


@given(record_lists)
def test_a_splice_removes_every_record_of_a_key(records: list[tuple[bytes, bytes]]) -> None:
    """Neither order nor unique keys are needed."""
    for key in {key for key, _ in records}:
        rest = [pair for pair in records if pair[0] != key]
        assert splice(cdb.build(records), [], [key]) == cdb.build(rest)


def test_a_splice_without_changes_gives_the_same_file() -> None:
    data = cdb.build([(b"bob", BOB)])
    assert splice(data, []) == data


@pytest.mark.parametrize(("added", "removed"), [([(b"a", b"", b"nobody")], []), ([], [b"nobody"])])
def test_a_splice_at_a_record_that_is_missing_is_a_format_error(
    added: list[tuple[bytes, bytes, bytes | None]], removed: list[bytes]
) -> None:
    with pytest.raises(FormatError, match="missing"):
        splice(cdb.build([(b"bob", BOB)]), added, removed)


def test_a_splice_of_tables_in_another_order_is_a_format_error() -> None:
    data = bytearray(cdb.build([(b"a", b""), (b"b", b"")]))
    data[:4] = (2048).to_bytes(4, "little")
    with pytest.raises(FormatError, match="follow"):
        splice(bytes(data), [])


def test_a_splice_of_a_file_with_a_tail_is_a_format_error() -> None:
    with pytest.raises(FormatError, match="end"):
        splice(cdb.build([]) + b"tail", [])


def test_a_splice_of_a_table_that_lost_a_record_is_a_format_error() -> None:
    """This is how a file with three names of hash 0 looks when cdblib has written it."""
    data = bytearray(cdb.build([(name, b"") for name in HASH_0]))
    data[-48:-40] = bytes(8)
    with pytest.raises(FormatError, match="half full"):
        splice(bytes(data), [(HASH_0[0], b"", None)])


def test_a_splice_of_records_that_overlap_is_a_format_error() -> None:
    inner = cdb.build([(b"in", b"data")])[2048:2062]
    data = bytearray(cdb.build([(b"out", inner), (b"in", b"data")]))
    second = 2048 + 8 + 3 + len(inner)
    place = data.index(second.to_bytes(4, "little"), second + len(inner))
    data[place : place + 4] = (2048 + 8 + 3).to_bytes(4, "little")
    assert cdb.find(bytes(data), b"in") == b"data"
    with pytest.raises(FormatError, match="overlap"):
        splice(bytes(data), [], [b"out", b"in"])


def test_a_splice_refuses_positions_that_would_leave_32_bits() -> None:
    data = bytearray(cdb.build([(b"bob", BOB)]))
    data[0x87E:0x882] = b"\xff\xff\xff\xff"
    with pytest.raises(FormatError, match="4 GiB"):
        splice(bytes(data), [(b"new", b"", None)])


class Pieces:
    """A cdb that notes how much of it is read at once."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.largest = 0

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, part: slice) -> bytes:
        piece = self.data[part]
        self.largest = max(self.largest, len(piece))
        return piece


@pytest.mark.parametrize("other", [b"another", b"bub"])
def test_a_record_of_another_key_is_not_read_to_its_end(other: bytes) -> None:
    data = bytearray(cdb.build([(other, b"x" * 5000)]))
    table = len(data) - 16
    old, new = (cdb.hash_key(key) for key in (other, b"bob"))
    data[(new & 255) * 8 : (new & 255) * 8 + 8] = data[(old & 255) * 8 : (old & 255) * 8 + 8]
    for slot in (table, table + 8):
        data[slot : slot + 8] = new.to_bytes(4, "little") + (2048).to_bytes(4, "little")
    pieces = Pieces(bytes(data))
    assert cdb.find(pieces, b"bob") is None
    assert pieces.largest < 1000


def test_a_long_key_is_found_whatever_is_read_at_once() -> None:
    key = b"k" * 700
    data = cdb.build([(key[:-1] + b"x", b"no"), (key, b"yes" * 300)])
    assert cdb.find(data, key) == b"yes" * 300


@given(st.lists(st.sampled_from([b"bC", b"cb", b"joe", *HASH_0]), min_size=40, max_size=200))
def test_records_that_want_the_same_slot_stand_where_cdbmake_puts_them(names: list[bytes]) -> None:
    assert cdb.hash_key(b"bC") == cdb.hash_key(b"cb")
    records = [(name, b"%d" % number) for number, name in enumerate(names)]
    data = cdb.build(records)
    assert everything(data) == records
    # cdblib loses records whose hash is 0.
    kept = [record for record in records if cdb.hash_key(record[0])]
    assert cdb.build(kept) == by_cdblib(kept)


def test_a_splice_of_thousands_of_records_is_left_to_a_build() -> None:
    data = cdb.build([(b"bob", b"")] * 1001)
    with pytest.raises(FormatError, match="built anew"):
        splice(data, [], [b"bob"])
    assert splice(data, [(b"ann", b"", b"bob")]) == cdb.build([(b"ann", b""), *[(b"bob", b"")] * 1001])
