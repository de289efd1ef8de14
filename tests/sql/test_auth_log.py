"""The table vlog: of any layout, nothing is cut into another name, and what goes with accounts."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import vpopmail
from vpopmail import Vpopmail
from vpopmail.accounts.login_log import log_login
from vpopmail.backends.facets import AuthLogFacet
from vpopmail.records import VLOG_AUTH, VLOG_ERROR_PASSWD, LoginRecord
from vpopmail.testing import sandbox

from . import raw, servers
from .recorded import DOMAIN, SCHEMAS, kind_of, options_for, statements

HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
# PostgreSQL's was made by hand: the statement of C was none that it takes.
BY_HAND = """
    CREATE TABLE vlog (id serial PRIMARY KEY, userid char(32), passwd char(32), domain char(96),
        logon varchar(200), remoteip char(18), message varchar(255), timestamp bigint NOT NULL DEFAULT 0,
        error int)
"""
LAYOUTS = [name for name in SCHEMAS if "vlog" in SCHEMAS[name]["tables"] or name == "5.4.33 pgsql"]


@contextmanager
def opened(kind: str, url: str, **more: object) -> Iterator[Vpopmail]:
    with sandbox(kind, **{"database_url": url, "sql_logging": True, "lock_timeout": 5, **more}) as site:
        yield site


def log_of(site: Vpopmail) -> AuthLogFacet:
    log = site.installation.auth_log
    assert log is not None
    return log


def record(user: str = "joe", domain: str = DOMAIN, **more: object) -> LoginRecord:
    given: dict[str, object] = {"logon": f"{user}@{domain}", "message": "a login", "time": 1000, **more}
    return LoginRecord(user, domain, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_table_of_c_is_written_as_it_is(layout: str, request: pytest.FixtureRequest) -> None:
    kind = kind_of(layout)
    url = request.getfixturevalue(f"{kind}_url")
    raw.run(url, *statements(layout), *([BY_HAND] if kind == "pgsql" else []))
    with opened(kind, url, **options_for(layout)) as site:
        log = log_of(site)
        one = record(password="it's", remote_ip="192.0.2.1", status=VLOG_AUTH)
        log.write_log(one)
        log.write_log(
            LoginRecord(
                "u" * 40, "d" * 97, logon="\U0001f600" + "l" * 300, password="p" * 33,
                remote_ip="2001:db8::1234:5678:9abc", message="m" * 300, time=1001, status=VLOG_ERROR_PASSWD,
            )
        )  # fmt: skip
        first, second = log.iterate_log()
    assert first == one
    assert (second.user, second.domain, second.password) == ("", "", "")
    wide = layout.startswith("5.6")
    assert second.remote_ip == ("2001:db8::1234:5678:9abc" if wide else "")
    assert len(second.logon) == 200
    assert second.logon.endswith("...")
    assert second.logon.startswith(("\\U0001f600l", "\U0001f600l"))
    assert second.message == "m" * 252 + "..."


def test_a_log_of_many_pages_comes_in_order(database: tuple[str, str]) -> None:
    """Ids may have gaps, as wide as deletions and clusters make them."""
    kind, url = database
    with opened(kind, url) as site:
        log = log_of(site)
        log.write_log(record("first", time=1))
        run = "INSERT INTO vlog (id, domain, logon, message, timestamp, error) VALUES "
        raw.run(url, run + ", ".join(f"({n * 7}, '', 'n{n}', '', {n}, 0)" for n in range(5, 1505)))
        raw.run(url, run + "(9000000000, '', 'far', '', 2000, 0)")
        assert [one.logon for one in log.iterate_log(3)] == [*(f"n{n}" for n in range(5, 1505)), "far"]
        assert next(log.iterate_log()).user == "first"


@pytest.mark.parametrize("remove", [True, False])
def test_the_log_of_what_is_deleted_goes_if_it_shall(database: tuple[str, str], remove: bool) -> None:
    with opened(*database, sql_remove_deleted=remove) as site:
        for domain in (DOMAIN, "other.example"):
            site.domains.add(domain)
            for user in ("joe", "amy"):
                site.users.add(f"{user}@{domain}", crypted=HASH)
                log_of(site).write_log(record(user, domain))
        site.users.delete(f"joe@{DOMAIN}")
        left = {one.logon for one in log_of(site).iterate_log()}
        everything = {f"{user}@{domain}" for user in ("joe", "amy") for domain in (DOMAIN, "other.example")}
        assert left == everything - ({f"joe@{DOMAIN}"} if remove else set())
        site.domains.delete("other.example")
        left = {one.logon for one in log_of(site).iterate_log()}
        assert left == ({f"amy@{DOMAIN}"} if remove else everything)


def test_trouble_with_the_log_keeps_nobody_out_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    url = f"pgsql://nobody:secret-word@127.0.0.1:{servers.free_port()}/none"
    with opened("pgsql", url, lock_timeout=0) as site, caplog.at_level(logging.WARNING, "vpopmail"):
        assert log_login(site.installation, record(password="hush-hush")) is False
    assert "joe@example.com is not in the log" in caplog.text
    assert "hush-hush" not in caplog.text
    assert "secret-word" not in caplog.text


def test_a_site_without_the_option_logs_nothing_and_says_nothing(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with opened("sqlite", sqlite_url, sql_logging=False) as site:
        assert log_login(site.installation, record()) is False
    assert caplog.text == ""


def test_a_login_is_logged(database: tuple[str, str]) -> None:
    with opened(*database) as site:
        assert log_login(site.installation, record()) is True
        assert list(log_of(site).iterate_log()) == [record()]
        assert "hush" not in repr(record(password="hush"))


@pytest.mark.parametrize("status", [2**31, 2**70, -(2**70)])
def test_status_that_the_column_does_not_hold_is_refused(database: tuple[str, str], status: int) -> None:
    kind, url = database
    modes = ["", "STRICT_ALL_TABLES"] if kind == "mysql" else [""]
    before = raw.run(url, "SELECT @@GLOBAL.sql_mode")[0][0] if kind == "mysql" else ""
    for mode in modes:
        if kind == "mysql":
            raw.run(url, f"SET GLOBAL sql_mode = '{mode}'")
        try:
            with opened(kind, url) as site, vpopmail.use(site):
                code = vpopmail.logsql(status, "joe", DOMAIN, "", "joe", "", "a login")
                assert code == -1 or [row.status for row in log_of(site).iterate_log()] == [status]
        finally:
            if kind == "mysql":
                raw.run(url, f"SET GLOBAL sql_mode = '{before}'")
