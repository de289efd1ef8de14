from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.errors import InvalidCharacter, InvalidQuota
from vpopmail.formats import maildirsize


@pytest.mark.parametrize(
    ("given_text", "stored"),
    [
        ("NOQUOTA", "NOQUOTA"),
        ("1M", "1048576S"),
        ("1MB", "1048576S"),
        ("1024K", "1048576S"),
        ("1024KB", "1048576S"),
        ("1048576", "1048576S"),
        ("1mbs,1000C", "1048576S,1000C"),
        ("1000C,10MBS", "10485760S,1000C"),
        ("1M,2K", "2048S"),
        ("1C,2C", "2C"),
        ("1000C", "1000C"),
        ("1.5M", "1048576S"),
        ("5 M", "5242880S"),
        ("+5", "5S"),
        ("0005S", "5S"),
        ("9223372036854775807S", "9223372036854775807S"),
        ("0", ""),
        ("0S,0C", ""),
        ("0S,3C", "3C"),
        ("abc", ""),
        ("-", ""),
        ("noquota", ""),
        ("", ""),
        (",", ""),
    ],
)
def test_a_quota_is_brought_into_its_stored_form(given_text: str, stored: str) -> None:
    assert maildirsize.format_quota(given_text) == stored


@pytest.mark.parametrize(
    "quota",
    [
        "-1",
        "-1C",
        "1000c",
        "10G",
        "10KK",
        "1.5.5",
        "10x",
        "5,10G",
        "9223372036854775808",
        "9007199254740992K",
        "10000000000000000000",
        "9" * 10000,
    ],
)
def test_a_quota_that_would_come_out_wrong_is_refused(quota: str) -> None:
    with pytest.raises(InvalidQuota):
        maildirsize.format_quota(quota)


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_a_stored_quota_stays_as_it_is(size: int, count: int) -> None:
    stored = maildirsize.format_quota(f"{size}S,{count}C")
    assert maildirsize.format_quota(stored) == stored


@given(st.text("0123456789.-+,SCBKMGsckm Qx", max_size=12))
def test_any_quota_is_stored_or_refused(quota: str) -> None:
    try:
        stored = maildirsize.format_quota(quota)
    except InvalidQuota:
        return
    assert maildirsize.format_quota(stored) == stored


def test_the_documented_file_adds_up() -> None:
    data = b"10485760S,1000C\n0 0\n115 1\n115 1\n-115 -1\n"
    assert maildirsize.parse(data) == ("10485760S,1000C", 115, 1)


def test_padded_and_broken_lines_are_read_as_far_as_they_go() -> None:
    data = b"700S\n         230            2\n\n5\nx y\n 7 1 9"
    assert maildirsize.parse(data) == ("700S", 242, 3)
    assert maildirsize.parse(b"") == ("", 0, 0)


def test_a_fresh_file_has_two_lines() -> None:
    assert maildirsize.start("700S,3C", 230, 2) == b"700S,3C\n230 2\n"


@given(st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62))
def test_a_fresh_file_is_read_back(size: int, count: int) -> None:
    assert maildirsize.parse(maildirsize.start("5S", size, count)) == ("5S", size, count)


@given(st.binary(max_size=80))
def test_any_file_gives_a_quota_and_two_sums(data: bytes) -> None:
    quota, size, count = maildirsize.parse(data)
    assert "\n" not in quota
    assert isinstance(size, int)
    assert isinstance(count, int)


def test_a_quota_with_a_line_break_is_refused() -> None:
    with pytest.raises(InvalidCharacter):
        maildirsize.start("5S\n", 0, 0)
