"""Users of /etc/passwd, with files of the test's own."""

from __future__ import annotations

import pwd
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vpopmail import Vpopmail
from vpopmail.access import system_users
from vpopmail.access.login import Login, Refusal
from vpopmail.formats import shadow
from vpopmail.passwords import hash_password

SECRET = "s3cret"
CRYPTED = hash_password(SECRET, "md5")
TODAY = int(time.time() // 86400)
USERS = {
    "kim": pwd.struct_passwd(("kim", "x", 1001, 1002, "", "/home/kim", "/bin/sh")),
    "old": pwd.struct_passwd(("old", CRYPTED, 1003, 1002, "", "/home/old", "/bin/sh")),
    "gone": pwd.struct_passwd(("gone", "x", 1004, 1002, "", "/home/gone", "/bin/sh")),
    "lost": pwd.struct_passwd(("lost", "x", 1005, 1002, "", "/home/lost", "/bin/sh")),
    "locked": pwd.struct_passwd(("locked", "x", 1006, 1002, "", "/home/locked", "/bin/sh")),
    "toor": pwd.struct_passwd(("toor", "x", 0, 0, "", "/root", "/bin/sh")),
}


@pytest.fixture
def site(make_site: Callable[..., Vpopmail], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Vpopmail:
    lines = [
        f"kim:{CRYPTED}:1:0:99999:7:::", f"gone:{CRYPTED}:1:0:99999:7::{TODAY}:", f"toor:{CRYPTED}:1:0:99999:7:::",
        f"locked:!{CRYPTED}:1:0:99999:7:::",
    ]  # fmt: skip
    path = tmp_path / "shadow"
    path.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(system_users, "SHADOW", str(path))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: USERS[name])
    site = make_site(passwd=True, roaming_users=True)
    site.domains.add("example.com")
    site.users.add("joe@example.com", SECRET)
    return site


def log_in(site: Vpopmail, name: str, password: str = SECRET) -> Login | Refusal:
    return site.logins.authenticate(name, password, "pop", remote_ip="192.0.2.1")


def test_right_password_by_shadow_or_by_passwd_lets_in_and_opens_the_relay(site: Vpopmail) -> None:
    outcome = log_in(site, "Kim")
    assert outcome == Login("kim", "", name="kim", uid=1001, gid=1002, home="/home/kim", service="pop")
    assert isinstance(outcome, Login)
    assert outcome.address == "kim"
    assert log_in(site, "old")
    assert list(site.relay) == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("name", "password", "reason"),
    [
        ("kim", "wrong", "system_password_failed"),
        ("locked", SECRET, "system_password_failed"),
        ("gone", SECRET, "no_shadow_entry"),
        ("lost", SECRET, "no_shadow_entry"),
        ("toor", SECRET, "unknown_system_user"),
        ("nobody", SECRET, "unknown_system_user"),
        ("kim@example.com", SECRET, "unknown_user"),
        ("kim@missing.org", SECRET, "unknown_user"),
    ],
)
def test_everybody_else_is_refused(site: Vpopmail, name: str, password: str, reason: str) -> None:
    outcome = log_in(site, name, password)
    assert isinstance(outcome, Refusal)
    assert outcome.reason.name == reason
    assert list(site.relay) == []


@pytest.mark.parametrize("name", ["kim", "locked", "gone", "lost", "toor", "nobody"])
def test_each_refusal_costs_a_hash(site: Vpopmail, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[bytes] = []
    monkeypatch.setattr("vpopmail.passwords.checking.crypt", lambda _password, setting: hashed.append(setting))
    assert not log_in(site, name, "wrong")
    assert len(hashed) == 1


def test_mailbox_of_the_default_domain_comes_first(site: Vpopmail) -> None:
    Path(site.settings.etc_path("defaultdomain")).write_text("example.com\n")
    site.users.add("kim@example.com", "another")
    assert not log_in(site, "kim")
    outcome = log_in(site, "kim", "another")
    assert isinstance(outcome, Login)
    assert outcome.domain == "example.com"
    assert log_in(site, "old")


def test_without_the_option_there_are_none(make_site: Callable[..., Vpopmail], site: Vpopmail) -> None:
    outcome = log_in(make_site(), "kim")
    assert isinstance(outcome, Refusal)
    assert outcome.reason.name == "unknown_user"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"kim:x:1:0:9:7:::", (b"x", None)),
        (b"kim:x:1:0:9:7::20000:", (b"x", 20000)),
        (b"kim:x:1:0:9:7::" + b"9" * 5000 + b":", (b"x", None)),
        (b"kim:x", None),
        (b"akim:x:1:0:9:7:::", None),
        (b"", None),
    ],
)
def test_line_of_shadow_counts_if_it_is_whole(line: bytes, found: object) -> None:
    assert shadow.find_entry(b"root:*:1:0:9:7:::\n" + line + b"\n", b"kim") == found
