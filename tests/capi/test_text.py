"""Small functions on strings: dates, addresses of clients, addresses of Maildirs."""

from __future__ import annotations

import io
import ipaddress
import os
import re
import time
from contextlib import suppress
from email.utils import format_datetime
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vpopmail
from tests.conftest import DOMAIN
from vpopmail import VA, Vpopmail
from vpopmail.formats.mail_date import format_date
from vpopmail.mailstore.paths import address_of_maildir
from vpopmail.formats.client import remote_address
from vpopmail.names import cleaned

# date_header


def test_the_date_is_now_in_utc_and_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1767323045.9)
    assert vpopmail.date_header() == "Date: Fri, 02 Jan 2026 03:04:05 +0000\n"


@given(seconds=st.integers(0, 2**32))
def test_a_date_is_the_one_of_the_standard_library(seconds: int) -> None:
    assert format_date(seconds) == format_datetime(datetime.fromtimestamp(seconds, UTC))


# get_remote_ip


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("TCPREMOTEIP", raising=False)
    monkeypatch.delenv("REMOTE_HOST", raising=False)
    return monkeypatch


def test_tcpremoteip_goes_before_remote_host(environment: pytest.MonkeyPatch) -> None:
    assert vpopmail.get_remote_ip() is None
    environment.setenv("REMOTE_HOST", "host.example")
    assert vpopmail.get_remote_ip() == "host.example"
    environment.setenv("TCPREMOTEIP", "192.0.2.1")
    assert vpopmail.get_remote_ip() == "192.0.2.1"
    environment.setenv("TCPREMOTEIP", "")
    assert vpopmail.get_remote_ip() == ""


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:192.0.2.1", "192.0.2.1"),
        ("::1", "::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:0DB8:0000:0000:0000:0000:0000:0001"),
        ("fe80::1%eth0", "fe80::1"),
        ("::x", "__x"),
        ("a b;c|d", "a_b_c_d"),
        ("x" * 40 + "\n", "x" * 40 + "_"),
        ("joe_1-2@host.example", "joe_1-2@host.example"),
    ],
)
def test_an_address_is_kept_and_the_rest_cleaned(
    environment: pytest.MonkeyPatch, given_text: str, kept: str
) -> None:
    environment.setenv("TCPREMOTEIP", given_text)
    assert vpopmail.get_remote_ip() == kept
    assert os.environ["TCPREMOTEIP"] == given_text


@given(st.text(max_size=60))
def test_whatever_comes_is_an_address_or_clean(text: str) -> None:
    found = remote_address(text)
    assert cleaned(found) == found or ipaddress.IPv6Address(found)


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_stands_for_itself(address: ipaddress.IPv6Address) -> None:
    found = ipaddress.ip_address(remote_address(str(address)))
    assert found in (address, address.ipv4_mapped)


# maildir_to_email


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/home/vpopmail/domains/example.com/joe/Maildir/", "joe@example.com"),
        ("/home/vpopmail/domains/example.com/joe/Maildir", "joe@example.com"),
        ("/home/vpopmail/domains/0/example.com/A/b/joe/Maildir/", "joe@example.com"),
        ("/home/vpopmail/domains/example.com/joe/Maildir/.Sent/", "joe@example.com"),
        ("/h/example.com/joe.b/Maildir/", "joe.b@example.com"),
        ("/home/v.pop/x/joe/Maildir/", "joe@v.pop"),
        ("/home/joe/Maildir/", ""),
        ("example.com/joe/Maildir/", ""),
        ("/example.com/joe/Maildir/", ""),
        ("/h/ex.com/joe//Maildir/", "@ex.com"),
        ("/h/ex.com/joe/Maildir/Maildir/", "Maildir@ex.com"),
        ("/h/ex.com/joe/Maildirs/", ""),
        ("/h/ex.com/joe/xMaildir", ""),
        ("/Maildir/", ""),
        ("/Maildir", ""),
        ("Maildir", ""),
        ("joe/Maildir", ""),
        ("", ""),
    ],
)
def test_the_address_of_a_maildir(path: str, address: str) -> None:
    assert vpopmail.maildir_to_email(path) == address


def test_a_path_from_here_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ex.com/joe").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "ex.com/joe")
    assert vpopmail.maildir_to_email("./Maildir/") == "joe@ex.com"
    monkeypatch.chdir(tmp_path / "ex.com")
    assert vpopmail.maildir_to_email("./amy/Maildir") == "amy@ex.com"


def test_a_working_directory_that_is_gone_tells_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ex.com").mkdir()
    monkeypatch.chdir(tmp_path / "ex.com")
    (tmp_path / "ex.com").rmdir()
    assert vpopmail.maildir_to_email("./joe/Maildir") == ""


PARTS = st.sampled_from(["/", "Maildir", "a", ".", "/Maildir/", "\n", "/ex.com/", "/joe"])


@given(st.lists(PARTS, max_size=12).map("".join))
def test_an_address_comes_of_two_parts_of_the_path(path: str) -> None:
    found = address_of_maildir(path)
    if found:
        user, _, domain = found.partition("@")
        assert "." in domain
        # As a matcher of expressions sees it.
        head = re.search(r"(?s)^(.+)/Maildir/", path) or re.search(r"(?s)^(.*)/Maildir\Z", path)
        assert head is not None
        assert head[1].split("/")[-1] == user
        assert domain in head[1].split("/")[:-1]


@given(st.text(max_size=30))
def test_any_text_has_an_answer(path: str) -> None:
    assert isinstance(address_of_maildir(f"{path}/Maildir/"), str)


def test_the_home_of_a_user_tells_his_address(domain: Path) -> None:
    assert vpopmail.vadduser("joe", DOMAIN, "secret", "", 0) == 0
    user = vpopmail.vauth_getpw("joe", DOMAIN)
    assert user is not None
    assert vpopmail.maildir_to_email(f"{user.pw_dir}/Maildir/") == f"joe@{DOMAIN}"


# trim, dec2hex, str_replace


@given(st.text(alphabet=" \tab\n", max_size=8))
def test_only_blanks_and_tabs_at_the_ends_go(text: str) -> None:
    found = vpopmail.trim(text)
    assert found == re.sub(r"\A[ \t]+|[ \t]+\Z", "", text)


def test_the_last_character_stays() -> None:
    assert vpopmail.trim("  bounce-no-mailbox") == "bounce-no-mailbox"


@given(st.binary(max_size=20))
def test_a_digest_in_hexadecimal_digits_reads_back(digest: bytes) -> None:
    assert bytes.fromhex(vpopmail.dec2hex(digest)) == digest
    assert vpopmail.dec2hex(digest) == vpopmail.dec2hex(digest).lower()


def test_one_character_takes_the_place_of_another() -> None:
    assert vpopmail.str_replace("a.b.c", ".", ":") == "a:b:c"
    assert vpopmail.str_replace("", ".", ":") == ""


@pytest.mark.parametrize(
    "call",
    [
        lambda: vpopmail.maildir_to_email(b"/x"),
        lambda: vpopmail.trim(None),
        lambda: vpopmail.dec2hex("text"),
        lambda: vpopmail.str_replace("a", "", "b"),
        lambda: vpopmail.str_replace("a", "a", "bc"),
        lambda: vpopmail.str_replace("a", "a", 7),
    ],
)
def test_a_wrong_type_is_a_type_error(call: object) -> None:
    with pytest.raises(TypeError):
        call()  # type: ignore[operator]


# addresses as 5.5 has them


@pytest.mark.parametrize(
    ("email", "result"),
    [
        ("Joe@Example.COM", (1, "joe", DOMAIN)),
        ("joe%example.com", (0, "", "")),
        ("joe/example.com", (0, "", "")),
        ("joe", (0, "", "")),
        ("joe@", (0, "", "")),
        ("@example.com", (0, "", "")),
        ("j oe@example.com", (0, "", "")),
        ("joe@example.com@other.example", (0, "", "")),
    ],
)
def test_an_address_must_have_both_parts(
    site: Vpopmail, monkeypatch: pytest.MonkeyPatch, email: str, result: tuple[int, str, str]
) -> None:
    monkeypatch.setenv("VPOPMAIL_DOMAIN", "default.example")
    assert vpopmail.parse_email_safe(email) == result
    assert vpopmail.last_error() == (0 if result[0] else VA.ILLEGAL_USERNAME)


@given(user=st.text("aA0.-_'{", min_size=1), domain=st.text("aA0.-", min_size=1))
def test_an_address_put_together_comes_apart(user: str, domain: str) -> None:
    email = vpopmail.user_domain_to_email(user, domain)
    found, *parts = vpopmail.parse_email_safe(email)
    if found:
        assert vpopmail.user_domain_to_email(*parts) == email.lower()
    assert parts in ([user.lower(), domain.lower()], ["", ""])


def test_an_address_needs_a_user_and_a_domain() -> None:
    assert vpopmail.user_domain_to_email("", DOMAIN) == ""
    assert vpopmail.user_domain_to_email("joe", "") == ""
    with pytest.raises(TypeError):
        vpopmail.user_domain_to_email("joe", None)  # type: ignore[arg-type]


def test_a_user_is_found_by_address(site: Vpopmail, domain: Path) -> None:
    site.domains.add_alias("alias.example", DOMAIN)
    site.users.add(f"joe@{DOMAIN}", "secret")
    assert vpopmail.vauth_getpw_long("JOE@alias.example") == site.users.get(f"joe@{DOMAIN}")
    assert vpopmail.vauth_getpw_long(f"amy@{DOMAIN}") is None
    assert vpopmail.last_error() == VA.SUCCESS
    assert vpopmail.vauth_getpw_long("joe") is None
    assert vpopmail.last_error() == VA.ILLEGAL_USERNAME


# the last error


def test_the_last_error_is_written_as_a_line(site: Vpopmail) -> None:
    out = io.StringIO()
    assert vpopmail.vdeluser("joe", "none.example") != 0
    vpopmail.vsqlerror(out, "joe stays")
    assert out.getvalue() == "Error - Domain does not exist. joe stays\n"
    assert vpopmail.last_error() == VA.DOMAIN_DOES_NOT_EXIST
    with pytest.raises(TypeError):
        vpopmail.vsqlerror(out, b"joe")  # type: ignore[arg-type]


def test_an_error_that_cannot_be_printed_is_not_printed(site: Vpopmail) -> None:
    vpopmail.is_username_valid("a b")
    closed = io.StringIO()
    closed.close()
    full = open("/dev/full", "w", buffering=1, encoding="utf-8")
    vpopmail.vsqlerror(full, "joe stays")
    with suppress(OSError):
        full.close()
    vpopmail.vsqlerror(closed, "joe stays")
    with open("/dev/null", "w", encoding="ascii") as plain:
        vpopmail.vsqlerror(plain, "\u00e9")
    with open("/dev/null", "rb") as reading:
        vpopmail.vsqlerror(reading, "joe stays")
    assert vpopmail.last_error() == VA.ILLEGAL_USERNAME
