from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.formats import open_smtp

SEEN = (
    b'10.1.1.1:allow,RELAYCLIENT="",RBLSMTPD=""\t1732270000\n'
    b'192.0.2.99:allow,RELAYCLIENT="",RBLSMTPD=""\t1732270123\n'
)
addresses = st.sampled_from(["10.1.1.1", "10.1.1.10", "fe80::1", "fe80::1:2", "2001:db8::1"])
logins = st.lists(st.tuples(addresses, st.integers(0, 2**40)), max_size=8)
lines = st.sampled_from([b"", b"10.1.1.1", b":allow", b"::1", b"\t", b"1", b"x", b"\n", b"\xff", b"\0"])


def test_the_documented_file_tells_addresses_and_times() -> None:
    assert open_smtp.addresses(SEEN) == [("10.1.1.1", 1732270000), ("192.0.2.99", 1732270123)]


def test_a_login_moves_its_line_to_the_end() -> None:
    first, second = SEEN.splitlines(keepends=True)
    moved = second + first.replace(b"1732270000", b"1732270200")
    assert open_smtp.put(SEEN, "10.1.1.1", 1732270200) == moved


def test_a_file_of_c_gets_its_next_line_as_c_writes_it() -> None:
    data = open_smtp.put(SEEN.rstrip(b"\n"), "192.0.2.100", 1732270300)
    assert data == SEEN + b'192.0.2.100:allow,RELAYCLIENT="",RBLSMTPD=""\t1732270300\n'


@pytest.mark.parametrize(
    "line",
    [b':allow,RELAYCLIENT=""\t9', b"evil.example:allow\t9", b"2001_db8__1:allow\t9", b"10.:allow\t9",
     b"1.2.3.4-9:allow\t9", b"1.2.3.4:deny\t9", b"=:allow\t9", b"1.2.3.4", b"", b"joe@1.2.3.4:allow\t9"],
)  # fmt: skip
def test_what_is_no_address_that_is_allowed_something_opens_nothing(line: bytes) -> None:
    assert open_smtp.addresses(line + b"\n" + SEEN) == open_smtp.addresses(SEEN)
    assert open_smtp.put(line + b"\n", "::1", 5).startswith(line + b"\n")


def test_lines_without_a_time_count_until_the_file_is_cleared() -> None:
    data = b'10.1.1.1:allow,RELAYCLIENT=""\n10.1.1.2:allow\tsoon\n' + SEEN
    assert open_smtp.addresses(data)[:2] == [("10.1.1.1", 0), ("10.1.1.2", 0)]
    assert open_smtp.without_old(data, 1732270000) == SEEN.splitlines(keepends=True)[1]


def test_an_address_is_not_taken_for_one_that_begins_alike() -> None:
    data = open_smtp.put(b"", "fe80::1:2", 1)
    assert not open_smtp.has(data, "fe80::1")
    assert open_smtp.addresses(open_smtp.put(data, "fe80::1", 2)) == [("fe80::1:2", 1), ("fe80::1", 2)]


@given(logins)
def test_the_last_login_of_each_address_is_kept_in_order(given_logins: list[tuple[str, int]]) -> None:
    data, expected = b"", dict[str, int]()
    for address, seconds in given_logins:
        assert open_smtp.has(data, address) == (address in expected)
        data = open_smtp.put(data, address, seconds)
        expected.pop(address, None)
        expected[address] = seconds
    assert open_smtp.addresses(data) == list(expected.items())


@given(logins, st.integers(-1, 2**40))
def test_what_is_not_too_old_stays(given_logins: list[tuple[str, int]], until: int) -> None:
    data = b""
    for address, seconds in given_logins:
        data = open_smtp.put(data, address, seconds)
    kept = [pair for pair in open_smtp.addresses(data) if pair[1] > until]
    assert open_smtp.addresses(open_smtp.without_old(data, until)) == kept


@given(st.lists(lines, max_size=12).map(b"".join))
def test_any_file_can_be_gone_on_with(data: bytes) -> None:
    new = open_smtp.put(data, "192.0.2.1", 7)
    assert open_smtp.addresses(new)[-1] == ("192.0.2.1", 7)
    assert open_smtp.put(new, "192.0.2.1", 7) == new
    assert open_smtp.has(new, "192.0.2.1")
    assert open_smtp.addresses(open_smtp.without_old(new, 2**62)) == []
