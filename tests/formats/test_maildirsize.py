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


@pytest.mark.parametrize(
    ("quota", "limits"),
    [
        ("1000S", (1000, 0)),
        ("50C", (0, 50)),
        ("1000S,50C", (1000, 50)),
        ("50C,1000S", (1000, 50)),
        ("1000", (1000, 0)),
        ("50C,1000", (1000, 50)),
        ("1S,2S,3C,4C", (1, 3)),
        ("NOQUOTA", (0, 0)),
        ("", (0, 0)),
        ("-5S,-1C", (0, 0)),
        ("rubbish\n", (0, 0)),
    ],
)
def test_a_stored_quota_limits_bytes_and_messages(quota: str, limits: tuple[int, int]) -> None:
    assert maildirsize.parse_quota(quota) == limits


@given(st.integers(1, 2**63 - 1), st.integers(1, 2**63 - 1))
def test_a_quota_means_what_was_stored(size: int, count: int) -> None:
    assert maildirsize.parse_quota(maildirsize.format_quota(f"{size},{count}C")) == (size, count)


@pytest.mark.parametrize(
    ("quota", "size", "count", "over", "percent"),
    [
        ("1000S", 1000, 99, False, 100),
        ("1000S", 1001, 0, True, 100),
        ("1000S", 999, 0, False, 99),
        ("10C", 10**12, 10, False, 100),
        ("10C", 0, 11, True, 100),
        ("1000S,10C", 500, 9, False, 90),
        ("1000S,10C", 900, 1, False, 90),
        ("1000S,10C", 0, 11, True, 100),
        ("NOQUOTA", 10**12, 10**6, False, 0),
        ("", 10**12, 10**6, False, 0),
        ("1000S", -5, -5, False, 0),
    ],
)
def test_over_is_more_than_the_quota(  # noqa: PLR0913
    quota: str, size: int, count: int, over: bool, percent: int
) -> None:
    assert maildirsize.is_over(quota, size, count) is over
    assert maildirsize.percentage(quota, size, count) == percent


@given(st.text(max_size=20), st.integers(-(2**64), 2**64), st.integers(-(2**64), 2**64))
def test_a_percentage_is_from_0_to_100_and_full_when_over(
    quota: str, size: int, count: int
) -> None:
    percent = maildirsize.percentage(quota, size, count)
    assert 0 <= percent <= 100
    if maildirsize.is_over(quota, size, count):
        assert percent == 100


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("1.h,S=100", 100),
        ("1.h,S=100:2,S", 100),
        ("1.h,S=100,W=105", 100),
        ("1.h,W=105,S=100", 100),
        ("1.h,S=1,S=2:2,", 2),
        ("1.h,S=", 0),
        ("1.h,S=abc", 0),
        ("1.h,S=12x", 12),
        ("1.h,S=-12", 0),
        ("1.h,s=100", None),
        ("S=100", None),
        ("1.h:2,,S=100", None),
        ("1.h", None),
        ("\udcff,S=7", 7),
    ],
)
def test_a_name_tells_a_size(name: str, size: int | None) -> None:
    assert maildirsize.message_size(name) == size


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("1.h", True),
        ("1.h:2,", True),
        ("1.hT:2,S", True),
        ("1.h:2,T", False),
        ("1.h:2,FT", False),
        ("1.h:2,T,S=9", False),
        (".hidden", False),
    ],
)
def test_hidden_and_trashed_messages_do_not_count(name: str, wanted: bool) -> None:
    assert maildirsize.counts(name) is wanted


@given(st.lists(st.tuples(st.integers(-(2**60), 2**60), st.integers(-9, 9)), max_size=5))
def test_lines_that_are_appended_add_up(changes: list[tuple[int, int]]) -> None:
    data = maildirsize.start("5S", 0, 0) + b"".join(maildirsize.delta(*one) for one in changes)
    sums = (sum(size for size, _ in changes), sum(count for _, count in changes))
    assert maildirsize.parse(data) == ("5S", *sums)


def test_sums_stay_within_64_bits() -> None:
    most = 2**63 - 1
    assert maildirsize.parse(b"\n%d -%d\n%d -%d\n" % ((most,) * 4)) == ("", most, -most)
    assert maildirsize.parse(maildirsize.start("1S", most, -most)) == ("1S", most, -most)
