"""Logging in with accounts in a database: the same answers, and the log in its table."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from vpopmail import Vpopmail
from vpopmail.records import NO_IMAP

JOE = "joe@example.com"
SECRET = "s3cret"
IP = "2001:db8::1"


@pytest.fixture
def site(make_site: Callable[..., Vpopmail]) -> Vpopmail:
    site = make_site(backend="sqlite", sql_logging=True, logging="y", learn_passwords=True, clear_passwd=True)
    site.domains.add("example.com")
    site.domains.add_alias("alias.org", "example.com")
    site.users.add(JOE, SECRET)
    return site


def log_in(site: Vpopmail, name: str = JOE, password: str = SECRET) -> bool:
    return bool(site.logins.authenticate(name, password, "imap", remote_ip=IP))


def test_login_is_answered_and_noted_as_with_files(site: Vpopmail) -> None:
    assert log_in(site)
    assert log_in(site, "JOE@alias.org")
    assert not log_in(site, password="wrong")
    assert not log_in(site, "nobody@example.com")
    site.users.update(JOE, flags=NO_IMAP)
    assert not log_in(site)
    assert site.users.last_auth(JOE)[0] == IP  # type: ignore[index]


def test_first_password_and_missing_home_are_kept(site: Vpopmail) -> None:
    site.users.add("new@example.com")
    shutil.rmtree(site.users.get("new@example.com").pw_dir)
    assert log_in(site, "new@example.com", "first")
    assert site.users.get("new@example.com").pw_clear_passwd == "first"
    assert not log_in(site, "new@example.com", "other")


def test_each_login_is_one_row_without_a_password(site: Vpopmail) -> None:
    log_in(site)
    log_in(site, "JOE@alias.org", "not this")
    log_in(site, "x\ny@example.com")
    rows = list(site.auth_log)
    assert [(row.user, row.domain, row.logon, row.status) for row in rows] == [
        ("joe", "example.com", JOE, 2),
        ("joe", "example.com", "joe@alias.org", 3),
        ("x\\ny", "example.com", "x\\ny@example.com", 3),
    ]
    assert {(row.password, row.remote_ip) for row in rows} == {("", IP)}
    assert rows[0].message == f"vchkpw-imap: (PLAIN) login success {JOE}:{IP}"
    assert site.auth_log.delete(older_than_days=1) == 0
    assert site.auth_log.delete(older_than_days=0) == 3
    assert list(site.auth_log) == []
