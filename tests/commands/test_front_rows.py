"""Bulk input and sizes: what is read of any text, and what is told of what cannot be read."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.commands.front import columns, flags, rows, sizes
from vpopmail.commands.front.columns import Columns
from vpopmail.commands.front.limit_names import fields_of, values_of
from vpopmail.commands.front.rows import BadHeader, Row, read_csv, read_jsonl
from vpopmail.errors import InvalidQuota
from vpopmail.formats.maildirsize import format_quota
from vpopmail.records import VLimits

COLUMNS = Columns(
    {"address": columns.text, "comment": columns.text, "pop": columns.boolean, "lines": columns.lines},
    ignored=("directory",),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ANY = st.text(st.characters())
VALUES = st.fixed_dictionaries(
    {"address": TEXTS.filter(bool)},
    optional={"comment": TEXTS, "pop": st.booleans(), "lines": st.lists(TEXTS)},
)


def csv_of(text: str) -> list[Row]:
    return list(read_csv(io.StringIO(text, newline=""), COLUMNS))


def jsonl_of(text: str) -> list[Row]:
    return list(read_jsonl(io.StringIO(text, newline=""), COLUMNS))


@given(st.lists(VALUES))
def test_json_lines_are_read_as_they_were_written(written: list[dict[str, object]]) -> None:
    found = jsonl_of("".join(f"{json.dumps(one)}\n" for one in written))
    assert [row.values for row in found] == written
    assert [row.number for row in found] == [*range(1, len(written) + 1)]


@given(st.lists(st.tuples(TEXTS.filter(bool), TEXTS, st.booleans())), st.sampled_from(["\n", "\r\n"]))
def test_csv_is_read_as_it_was_written(written: list[tuple[str, str, bool]], end: str) -> None:
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["address", "comment", "pop"])
    writer.writerows((address, comment, str(pop).lower()) for address, comment, pop in written)
    found = csv_of(target.getvalue())
    assert [row.complaint for row in found] == [""] * len(written)
    # An empty cell gives nothing.
    assert [(row.values["address"], row.values.get("comment", ""), row.values["pop"]) for row in found] == written


@given(ANY)
def test_any_text_is_read_as_rows_or_complaints(text: str) -> None:
    for row in [*jsonl_of(text), *csv_of("address,comment\n" + text)]:
        assert bool(row.values) != bool(row.complaint)
        assert row.number >= 1


@given(ANY)
def test_any_header_is_taken_or_refused(text: str) -> None:
    try:
        csv_of(text)
    except BadHeader as error:
        assert str(error)


@given(st.lists(st.sampled_from(['{"address": "a"}', "{", '"', "[]", "", '{"address": "a", "x": 1}'])))
def test_numbers_are_those_of_the_lines(lines: list[str]) -> None:
    found = {row.number: bool(row.complaint) for row in jsonl_of("\n".join(lines))}
    assert found == {
        number: line != '{"address": "a"}' for number, line in enumerate(lines, 1) if line
    }


def test_bad_rows_of_csv_keep_no_other_from_being_read() -> None:
    text = 'address,pop\na,yes\nb\nc,perhaps\nd,no,more\n"e"x,no\nf,no\n\n"g\ng",on\nh,off\n'
    found = [(row.number, row.complaint or row.values["address"]) for row in csv_of(text)]
    assert found == [
        (2, "a"),
        (3, "1 cells, but 2 columns"),
        (4, "pop: give true or false"),
        (5, "3 cells, but 2 columns"),
        (6, "',' expected after '\"'"),
        (7, "f"),
        (9, "g\ng"),
        (11, "h"),
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"address": "a", "address": "b"}', "no JSON that can be taken: a key comes twice"),
        ('{"comment": "x"}', "column address is missing"),
        ('{"address": null}', "column address is missing"),
        ('{"address": "a", "quotas": 1}', "unknown column 'quotas'"),
        ('{"address": ["a"]}', "address: give a text"),
        ('{"address": "a", "lines": "x", "pop": 1}', "pop: give true or false"),
        ('{"address": "a", "lines": [1]}', "lines: give a list of texts"),
        ('{"address": "a"', "no JSON: Expecting ',' delimiter at column 16"),
        ("[" * 100_000, "no JSON that can be taken: "),
        ('{"address": "a\udcff"}', "it is not UTF-8"),
        ('{"address": "' + "a" * rows.LONGEST + '"}', "it is longer than 1048576 characters"),
    ],
    ids=range(11),
)
def test_complaint_about_a_line_says_why(line: str, complaint: str) -> None:
    bad, good = jsonl_of(f'{line}\n{{"address": "b"}}\n')
    assert bad.complaint.startswith(complaint)
    assert good.values == {"address": "b"}


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("address,address", "a column comes twice"),
        ("address,quotas", "unknown column 'quotas'"),
        ("comment", "column address is missing"),
        ("", "column address is missing"),
        ('"address', "unexpected end of data"),
    ],
)
def test_header_that_does_not_fit_is_refused(header: str, complaint: str) -> None:
    with pytest.raises(BadHeader, match=complaint):
        csv_of(header)


def test_what_cannot_be_set_is_passed_over() -> None:
    assert jsonl_of('{"address": "a", "directory": "/x"}\n')[0].values == {"address": "a"}


def test_csv_that_is_not_utf8_or_too_long_is_told_by_its_line() -> None:
    assert csv_of("address,comment\na,b\udcff\n")[0].complaint == "it is not UTF-8"
    found = csv_of("address\na\udcff\n" + "b" * (rows.LONGEST + 5) + "\nc\n")
    assert [(row.number, row.complaint) for row in found] == [
        (2, "it is not UTF-8"),
        (3, "it is longer than 1048576 characters"),
        (4, ""),
    ]


def test_reading_takes_one_line_after_the_other() -> None:
    class Endless:
        lines = 0

        def readline(self, size: int) -> str:
            self.lines += 1
            return f'{{"address": "{self.lines}"}}\n'

    source = Endless()
    found = read_jsonl(source, COLUMNS)
    assert [next(found).values["address"] for _ in range(3)] == ["1", "2", "3"]
    assert source.lines == 3


# sizes


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("none", "NOQUOTA"),
        (" Unlimited", "NOQUOTA"),
        ("NOQUOTA", "NOQUOTA"),
        ("10M", "10485760S"),
        ("1.5G", "1610612736S"),
        ("2 TB", "2199023255552S"),
        ("1GiB, 1000 messages", "1073741824S,1000C"),
        ("1 message", "1C"),
        ("1000C", "1000C"),
        ("1000", "1000S"),
        ("5kb", "5120S"),
    ],
)
def test_quota_is_read_as_people_write_it(text: str, stored: str) -> None:
    assert format_quota(sizes.read_quota(text)) == stored


@pytest.mark.parametrize("text", ["much", "-5M", "1.5", "10 X", "1,5G", "5C,6C", ",", "10G,"])
def test_what_is_no_quota_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuota, match="give none, a size"):
        sizes.read_quota(text)


@given(ANY)
def test_any_text_is_a_quota_or_is_refused(text: str) -> None:
    try:
        quota = sizes.read_quota(text)
    except InvalidQuota:
        return
    assert format_quota(quota) in {quota, ""}


@given(st.integers(0, 2**50))
def test_size_that_is_shown_is_read_again_within_a_tenth(size: int) -> None:
    assert abs(sizes.read_size(sizes.show_size(size)) - size) <= size / 10


@given(st.sampled_from("KMGT"), st.integers(0, 1000))
def test_whole_sizes_are_exact(unit: str, number: int) -> None:
    bytes_ = number * 1024 ** ("KMGT".index(unit) + 1)
    assert sizes.read_size(f"{number}{unit}") == bytes_
    assert sizes.read_size(str(bytes_)) == bytes_


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "٣"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="give bytes"):
        sizes.read_size(text)


# flags and limits


@given(st.integers(0, 2**19 - 1))
def test_flags_by_name_give_the_same_bits(bits: int) -> None:
    wanted, cleared = flags.bits_of(flags.flags_of(bits))
    assert wanted == bits
    assert wanted | cleared == 2**19 - 1


@given(st.integers(0, 2**19 - 1))
def test_flags_that_are_not_named_stay(bits: int) -> None:
    assert flags.bits_of(dict.fromkeys(flags.NAMES)) == (0, 0)
    assert len(flags.unusual(bits)) == bits.bit_count()


@given(st.data())
def test_limits_by_name_tell_every_field(data: st.DataObject) -> None:
    limits = VLimits()
    for field in VLimits.__slots__:
        most = 7 if field.startswith("perm_") else 1 if field.startswith(("disable_", "delete_")) else 999
        setattr(limits, field, data.draw(st.integers(0 if most < 9 else -1, most)))
    values = values_of(limits)
    assert len(values) == len(VLimits.__slots__)
    switches = {name: value for name, value in values.items() if isinstance(value, bool)}
    fields = fields_of(switches)
    assert fields == {field: getattr(limits, field) for field in fields}
    assert len(fields) == 10


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("", []),
        ("&a@b.c", ["&a@b.c"]),
        ("&a@b.c\r\n|true\n", ["&a@b.c", "|true"]),
        ("|echo a\u2028b\x0cc\x85d\n|true", ["|echo a\u2028b\x0cc\x85d", "|true"]),
    ],
)
def test_only_the_ends_of_lines_part_lines(cell: str, lines: list[str]) -> None:
    assert columns.lines(cell) == lines
