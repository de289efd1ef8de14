from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.errors import InvalidCharacter
from vpopmail.formats import ip_map

SEEN = b"192.0.2.10 example.com\n192.0.2.11 example.net\n"

addresses = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"])
domains = st.sampled_from(["one.org", "two.org", "xn--bcher-kva.example"])
pairs = st.lists(st.tuples(addresses, domains), max_size=8)
pieces = st.sampled_from([b"192.0.2.1", b" ", b"\t", b"\n", b"one.org", b"#", b"%s", b"\xff", b"\0", b"::1"])


def test_the_documented_file_maps_addresses() -> None:
    assert list(ip_map.pairs(SEEN)) == [
        ("192.0.2.10", "example.com"),
        ("192.0.2.11", "example.net"),
    ]
    assert ip_map.find(SEEN, "192.0.2.11") == "example.net"
    assert ip_map.find(SEEN, "192.0.2.1") is None


def test_blanks_tabs_and_further_words_do_no_harm() -> None:
    data = b" \t 192.0.2.1\t\tone.org  and more\nalone\n\n# two.org\n192.0.2.2 last"
    assert list(ip_map.pairs(data)) == [
        ("192.0.2.1", "one.org"), ("#", "two.org"), ("192.0.2.2", "last"),
    ]  # fmt: skip


def test_the_first_domain_of_an_address_counts() -> None:
    data = ip_map.add(ip_map.add(b"", "192.0.2.1", "one.org"), "192.0.2.1", "two.org")
    assert data == b"192.0.2.1 one.org\n192.0.2.1 two.org\n"
    assert ip_map.find(data, "192.0.2.1") == "one.org"
    assert ip_map.add(data, "192.0.2.1", "one.org") == b"192.0.2.1 two.org\n192.0.2.1 one.org\n"
    assert ip_map.add(data, "192.0.2.1", "new.org", alone=True) == b"192.0.2.1 new.org\n"


def test_an_ipv6_address_is_found_in_whatever_form_it_was_written() -> None:
    data = b"2001:DB8:0:0::1 one.org\n::ffff:192.0.2.1 two.org\n"
    assert ip_map.find(data, "2001:db8::1") == "one.org"
    assert ip_map.find(data, "192.0.2.1") == "two.org"
    assert ip_map.remove(data, "2001:db8::1", "one.org") == b"::ffff:192.0.2.1 two.org\n"


def test_malformed_lines_stay() -> None:
    data = b"alone\n%n %s\n192.0.2.1 one.org"
    assert ip_map.remove(data, "192.0.2.1", "one.org") == b"alone\n%n %s\n"
    assert ip_map.remove(data, "192.0.2.1", "two.org") == data


@pytest.mark.parametrize(
    ("address", "domain"),
    [("", "a.org"), ("1.2.3.4", ""), ("1 2", "a.org"), ("1.2.3.4", "a\n2.2.2.2 b"), ("1\t2", "a.org")],
)
def test_what_would_make_another_line_is_refused(address: str, domain: str) -> None:
    with pytest.raises(InvalidCharacter):
        ip_map.add(SEEN, address, domain)


@given(pairs, pairs)
def test_pairs_come_out_as_they_went_in(added: list[tuple[str, str]], removed: list[tuple[str, str]]) -> None:
    data, expected = b"", dict[tuple[str, str], None]()
    for pair in added:
        data = ip_map.add(data, *pair)
        expected.pop(pair, None)
        expected[pair] = None
    for pair in removed:
        data = ip_map.remove(data, *pair)
        expected.pop(pair, None)
    assert list(ip_map.pairs(data)) == list(expected)
    for address, _ in expected:
        data = ip_map.remove(data, address)
    assert data == b""


@given(st.lists(pieces, max_size=12).map(b"".join))
def test_any_file_can_be_gone_on_with(data: bytes) -> None:
    known = list(ip_map.pairs(data))
    new = ip_map.add(data, "192.0.2.9", "new.org")
    assert list(ip_map.pairs(new)) == [*known, ("192.0.2.9", "new.org")]
    assert list(ip_map.pairs(ip_map.remove(new, "192.0.2.9"))) == known
    for address, domain in known:
        assert ip_map.find(data, address) is not None
        data = ip_map.remove(data, address, domain)
    assert list(ip_map.pairs(data)) == []
