from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.errors import InvalidCharacter
from vpopmail.formats import text


@given(st.binary())
def test_any_bytes_survive_as_text(data: bytes) -> None:
    assert text.to_bytes(text.to_text(data)) == data


def test_text_is_stored_as_utf_8() -> None:
    assert text.to_bytes("Jos\u00e9") == b"Jos\xc3\xa9"


@pytest.mark.parametrize("char", ["\ud800", "\udc7f", "\udd00", "\udfff"])
def test_other_lone_surrogates_are_refused_without_showing_the_text(char: str) -> None:
    with pytest.raises(InvalidCharacter) as caught:
        text.to_bytes("secret" + char)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@given(st.lists(st.binary().filter(lambda line: b"\n" not in line)))
def test_lines_survive_joining_and_splitting(lines: list[bytes]) -> None:
    assert text.split_lines(text.join_lines(lines)) == lines


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\r\n\nb\x0bc", [b"a\r", b"", b"b\x0bc"]),
    ],
)
def test_only_lf_ends_a_line(data: bytes, lines: list[bytes]) -> None:
    assert text.split_lines(data) == lines


@pytest.mark.parametrize("byte", [0, 9, 10, 13, 31, 127])
def test_control_bytes_are_seen(byte: int) -> None:
    assert text.has_control(b"a" + bytes([byte]))


@given(st.binary().map(lambda data: bytes(byte | 0x80 for byte in data) + b"a b~"))
def test_other_bytes_are_no_controls(data: bytes) -> None:
    assert not text.has_control(data)


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (b"", 0),
        (b"x1", 0),
        (b"-", 0),
        (b"12", 12),
        (b" \t-12x3", -12),
        (b"+7 8", 7),
        (b"--1", 0),
        (b"0x10", 0),
        (b"000000000000000000000000000005", 5),
        (b"9223372036854775807", 2**63 - 1),
        (b"9223372036854775808", 2**63 - 1),
        (b"-18446744073709551615", -(2**63) + 1),
        (b"9" * 10000, 2**63 - 1),
    ],
)
def test_leading_int_reads_as_atoi_does(data: bytes, number: int) -> None:
    assert text.leading_int(data) == number


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from([b"", b" ", b"x", b":1"]))
def test_a_number_is_read_whatever_follows_it(number: int, tail: bytes) -> None:
    assert text.leading_int(b"%d" % number + tail) == number
