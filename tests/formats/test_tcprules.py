"""The compiler of tcpserver's rules against tcprules itself, to the byte."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vpopmail.errors import FormatError
from vpopmail.formats import cdb, ip_address, tcprules

TCPRULES = shutil.which("tcprules")
# Where it is demanded a missing program is a failure.
needs_tcprules = pytest.mark.skipif(
    TCPRULES is None and not os.environ.get("CI"), reason="ucspi-tcp is not installed"
)
# What ucspi-tcp refuses and ucspi-tcp-ipv6 takes, as we do.
IPV6 = re.compile(rb"^[0-9a-fA-F.]*(:[0-9a-fA-F.]*){2,}:(allow|deny)", re.MULTILINE)
WORDS = [
    b":", b"allow", b"deny", b",", b"=", b'"', b"@", b"-", b".", b"1", b"20", b"300", b"\n", b" ",
    b"\t", b"#", b"A", b"\0", b"\r", b"\xff", b":allow\n", b':deny,A="b"\n', b"1.2.3.", b"10-12",
    b"=host", b"user@", b"18446744073709551616", b"18446744073709551615-3",
]  # fmt: skip

addresses = st.sampled_from(
    [b"", b"1.2.3.4", b"10.", b"10.1-3.", b"1.2.3.7-300", b"=", b"=.example.net", b"joe@1.2.3.4"]
)
names = st.sampled_from([b"RELAYCLIENT", b"", b"A,B"])
values = st.tuples(st.sampled_from([b'"', b"@", b"/", b"x", b" "]), st.sampled_from([b"", b"v", b"="]))
variables = st.lists(st.tuples(names, values), max_size=3).map(
    lambda found: b"".join(b",%b=%b%b%b" % (name, q, value, q) for name, (q, value) in found)
)
rules = st.builds(
    lambda address, word, rest, end: address + b":" + word + rest + end,
    addresses, st.sampled_from([b"allow", b"deny"]), variables, st.sampled_from([b"\n", b" \t\n"]),
)  # fmt: skip
texts = st.lists(rules, max_size=8).map(b"".join) | st.lists(
    st.sampled_from(WORDS) | rules, max_size=14
).map(b"".join)


def records(text: bytes) -> list[tuple[bytes, bytes]]:
    return tcprules.compile_rules(text)


def of_tcprules(text: bytes, folder: Path) -> tuple[bytes | None, str]:
    """The file that tcprules makes, or None, and its words."""
    assert TCPRULES is not None, "install ucspi-tcp"
    made = folder / "rules.cdb"
    made.unlink(missing_ok=True)
    done = subprocess.run(
        [TCPRULES, made, folder / "rules.tmp"], input=text, capture_output=True, timeout=60
    )
    words = done.stderr.decode("utf-8", "surrogateescape").removeprefix("tcprules: fatal: ")
    assert done.returncode in (0, 100), words
    return made.read_bytes() if done.returncode == 0 else None, words.removesuffix("\n")


def of_ours(text: bytes) -> tuple[bytes | None, str]:
    try:
        return cdb.build(records(text)), ""
    except FormatError as error:
        return None, error.advice


@needs_tcprules
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts)
def test_any_rules_become_the_very_bytes_of_tcprules_or_the_same_refusal(
    tmp_path: Path, text: bytes
) -> None:
    if IPV6.search(text):
        return
    theirs, words = of_tcprules(text, tmp_path)
    ours, said = of_ours(text)
    assert ours == theirs
    assert said == words or not words.isprintable()


@needs_tcprules
@pytest.mark.parametrize(
    "text",
    [
        b"# a comment\n\n127.:allow,RELAYCLIENT=\"\"\nno colon at all\n:allow\n",
        b"10.1.2.3-5:deny\n10.1.2-3.:allow\n",
        b"5-3:allow\n250-300:deny\n300-400:allow\n-3.:allow\n3-.4:deny\n-:allow\n007-9:allow\n",
        b"joe@1.2.3.4-5:allow\n=host-1-2:deny\n",
        b'1.:deny,A="x",B=@y@,C=xxyx\n2.:allow,=""\n3.:allow, A="1" \t \n',
        b"1.2.3-4.5-6:allow\n1-2.x-3:allow\n",
        b"1.:allow",
        b"",
        b"1.:allowed\n",
        b"1.:Allow\n",
        b"1.: allow\n",
        b"1.:allow,\n",
        b"1.:allow,A\n",
        b"1.:allow,A=\n",
        b'1.:allow,A="\n',
        b'1.:allow,A="x"y\n',
        b"x-y:allow\n",
        b"1-2-3:allow\n",
        b"1\0x-2:allow\n",
    ],
)
def test_rules_of_every_kind_are_those_of_tcprules(tmp_path: Path, text: bytes) -> None:
    assert of_ours(text) == of_tcprules(text, tmp_path)


def test_the_documented_rules_have_the_documented_bytes() -> None:
    text = b'127.:allow,RELAYCLIENT=""\n10.1.1.1:allow,RELAYCLIENT="",RBLSMTPD=""\n'
    data = cdb.build(records(text))
    assert len(data) == 0x863
    assert data[0x808:0x81A] == b"127.+RELAYCLIENT=\0"
    assert data[0x822:0x843] == b"10.1.1.1+RELAYCLIENT=\0+RBLSMTPD=\0"
    assert data[0x843:0x853] == bytes.fromhex("df06547c 00080000") + bytes(8)


# Seen with tcprules of Debian's ucspi-tcp-ipv6 0.88-7.
@pytest.mark.parametrize(
    ("rule", "key", "data"),
    [
        (b'2001:db8::1:allow,A="1"', b"2001:db8::1", b"+A=1\0"),
        (b"::1:deny", b"::1", b"D\0"),
        (b"fe80::1:allow", b"fe80::1", b""),
        (b"2001:dc8::allow", b"2001:dc8:", b""),
        (b"::ffff:192.0.2.1:deny", b"::ffff:192.0.2.1", b"D\0"),
        (b"dead:beef:deny", b"dead:beef", b"D\0"),
    ],
)
def test_ipv6_addresses_are_rules_as_those_of_ucspi_tcp_ipv6(
    rule: bytes, key: bytes, data: bytes
) -> None:
    if key.count(b":") > 1:
        assert records(rule) == [(key, data)]
    else:
        with pytest.raises(FormatError):
            records(rule)


@pytest.mark.parametrize("rule", [b"::1:al", b"g::1:allow", b"::1 :allow", b"::allow", b"1:2:allow"])
def test_what_only_looks_like_an_ipv6_address_is_refused(rule: bytes) -> None:
    with pytest.raises(FormatError, match="unable to parse this line"):
        records(rule)


def test_a_refused_line_is_told_in_one_short_line() -> None:
    with pytest.raises(FormatError) as caught:
        records(b"1.:no\x1b[31m" + b"x" * 1000)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@given(st.sampled_from(["192.0.2.1", "2001:db8::1", "::1", "::"]))
def test_the_rule_of_an_address_lets_it_relay_and_nobody_else(address: str) -> None:
    record = (address.encode(), b"+RELAYCLIENT=\0+RBLSMTPD=\0")
    assert records(tcprules.relay_rule(address)) == tcprules.relay_records(address) == [record]


@given(st.ip_addresses(v=6))
def test_an_address_relays_however_tcpserver_spells_it(address: ipaddress.IPv6Address) -> None:
    known = ip_address.canonical(str(address)) or ""
    rules = b"".join(rule + b"\n" for rule in tcprules.relay_rules(known))
    assert records(rules) == tcprules.relay_records(known)
    assert [key.decode() for key, _ in records(rules)] == list(ip_address.spellings(known))


@pytest.mark.parametrize("word", [b',A=""', b"-", b":", b"0-255", b"9"])
def test_a_long_line_costs_no_more_than_its_length(word: bytes) -> None:
    line = b"1.:allow" + word * 200_000
    try:
        assert len(records(line)) <= 256
    except FormatError:
        pass
