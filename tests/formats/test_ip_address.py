from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.formats.ip_address import canonical, spellings


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_itself(address: ipaddress.IPv4Address) -> None:
    assert canonical(str(address)) == str(address)


@given(st.ip_addresses(v=6))
def test_every_form_of_an_ipv6_address_is_one(address: ipaddress.IPv6Address) -> None:
    known = canonical(str(address))
    assert known is not None
    assert ipaddress.ip_address(known) == (address.ipv4_mapped or address)
    assert canonical(address.exploded) == canonical(str(address).upper()) == known
    assert canonical(f"{address}%eth0") == canonical(known) == known


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_an_ipv6_one_stands_alone(address: ipaddress.IPv4Address) -> None:
    assert canonical(f"::ffff:{address}") == str(address)


@given(st.text(max_size=20) | st.text("0123456789.:afx% \n\0", max_size=20))
def test_any_other_text_is_no_address(text: str) -> None:
    plain = text.partition("%")[0] if ":" in text else text
    try:
        expected = ipaddress.ip_address(plain)
    except ValueError:
        assert canonical(text) is None
    else:
        assert canonical(text) is not None, expected


@pytest.mark.parametrize(
    "text", ["", "host.example", "1.2.3", "01.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "192.0.2.1:25",
             "1.2.3.4%x", "::1:allow", "=", "\udcff", "1.2.3.4\0", "[::1]", "0x7f.1", "\u0661.2.3.4"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    assert canonical(text) is None


# Seen: what tcpserver of Debian's ucspi-tcp-ipv6 0.88-7 told of a client of each address.
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8::1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"),
        ("2001:0:1:0:1:1:1:1", "2001::1:0:1:1:1:1"),
        ("0:1:2:3:4:5:6:7", "::1:2:3:4:5:6:7"),
        ("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7::"),
        ("::1:2", "::1:2"),
        ("::1.2.3.4", "::102:304"),
        ("2001:db8:0:1:0:0:1:1", "2001:db8:0:1::1:1"),
        ("2001:db8:1:0:1:0:0:0", "2001:db8:1:0:1::"),
        ("1:0:0:0:0:0:0:0", "1::"),
        ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
        ("1:0:2:0:0:3:0:0", "1:0:2::3:0:0"),
        ("ABCD:ef01:0:0:10:200:3000:4", "abcd:ef01::10:200:3000:4"),
        ("fd00:0:0:0:0:0:0:2", "fd00::2"),
        ("::", "::"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
    ],
)
def test_the_form_of_tcpserver_is_among_the_spellings(address: str, told: str) -> None:
    known = canonical(address)
    assert known is not None
    assert told in spellings(known)
    assert canonical(told) == known


@given(st.ip_addresses())
def test_all_spellings_are_of_the_same_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    known = canonical(str(address))
    assert known is not None
    found = spellings(known)
    assert found[0] == known
    assert len(set(found)) == len(found) <= 2
    assert {canonical(name) for name in found} == {known}
