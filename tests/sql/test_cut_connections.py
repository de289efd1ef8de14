"""Connections that are cut, idle or at work, and servers that are away: real servers, each driver."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import vpopmail
from vpopmail import VA, Vpopmail
from vpopmail.errors import BackendUnavailable, UserExists
from vpopmail.testing import sandbox

from . import proxy, raw, servers
from .drivers import DRIVERS, choose, kind_of
from .proxy import AFTER, BEFORE, UNANSWERED, Proxy

DOMAIN = "example.com"
JOE = f"joe@{DOMAIN}"
AMY = f"amy@{DOMAIN}"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    choose(request.param, monkeypatch)
    return str(request.param)


@pytest.fixture
def kind(driver: str) -> str:
    return kind_of(driver)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{kind}_url")
    return found


@pytest.fixture
def server(kind: str, request: pytest.FixtureRequest) -> servers.Server:
    found: servers.Server = request.getfixturevalue({"mysql": "mariadb", "pgsql": "postgresql"}[kind])
    return found


@pytest.fixture
def cutter(server: servers.Server) -> Iterator[Proxy]:
    with proxy.before(server.port) as found:
        yield found


@contextmanager
def opened(kind: str, url: str, cutter: Proxy | None = None, **more: object) -> Iterator[Vpopmail]:
    """A site; if there is one, behind a proxy."""
    if cutter is not None:
        url = re.sub(r":\d+/", f":{cutter.port}/", url)
    with sandbox(kind, database_url=url, **{"lock_timeout": 5, "valias": True, **more}) as site:
        yield site


def cut(site: Vpopmail, cutter: Proxy, text: bytes, when: str) -> None:
    """Cut the next connection that sends a text; a new one, where no statement is known by number."""
    site.installation.backend.close()
    cutter.cut(text, when)


def names(url: str) -> list[str]:
    return sorted(row[0] for row in raw.run(url, "SELECT pw_name FROM vpopmail"))


@pytest.mark.parametrize("when", [BEFORE, AFTER, UNANSWERED])
@pytest.mark.parametrize("text", [b"BEGIN", b"INSERT INTO", b"COMMIT"])
def test_an_addition_is_made_once_wherever_it_is_cut(
    kind: str, url: str, cutter: Proxy, text: bytes, when: str
) -> None:
    with opened(kind, url, cutter) as site:
        site.domains.add(DOMAIN)
        cut(site, cutter, text, when)
        site.users.add(AMY, crypted=HASH, gecos="Amy")
        assert cutter.cuts == 1
        assert names(url) == ["amy"]
        assert site.users.get(AMY).pw_gecos == "Amy"
        assert not site.reconcile()


@pytest.mark.parametrize("when", [BEFORE, AFTER, UNANSWERED])
def test_deletions_updates_and_batches_are_made_once_too(kind: str, url: str, cutter: Proxy, when: str) -> None:
    with opened(kind, url, cutter) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        for text in (b"UPDATE", b"COMMIT"):
            cut(site, cutter, text, when)
            site.users.update(JOE, gecos=text.decode())
            assert site.users.get(JOE).pw_gecos == text.decode()
        for text in (b"DELETE", b"COMMIT"):
            cut(site, cutter, text, when)
            site.aliases.set(f"sales@{DOMAIN}", [f"&{text.decode()}@example.net"])
            assert site.aliases.get(f"sales@{DOMAIN}") == [f"&{text.decode()}@example.net"]
        cut(site, cutter, b"COMMIT", when)
        with site.batch():
            site.users.delete(JOE)
            for number in range(3):
                site.users.add(f"u{number}@{DOMAIN}", crypted=HASH)
        assert names(url) == ["u0", "u1", "u2"]
        cut(site, cutter, b"COMMIT", when)
        site.users.delete(f"u1@{DOMAIN}")
        assert cutter.cuts == 6
        assert names(url) == ["u0", "u2"]
        assert raw.run(url, "SELECT count(*) FROM valias")[0][0] == 1
        assert not site.reconcile()


@pytest.mark.parametrize("when", [BEFORE, AFTER, UNANSWERED])
@pytest.mark.parametrize("text", [b"INSERT INTO", b"COPY", b"COMMIT"])
def test_many_additions_are_made_once_wherever_they_are_cut(
    kind: str, url: str, cutter: Proxy, text: bytes, when: str
) -> None:
    with opened(kind, url, cutter) as site:
        site.domains.add(DOMAIN)
        cut(site, cutter, text, when)
        with site.batch():
            for number in range(150):
                site.users.add(f"u{number}@{DOMAIN}", crypted=HASH)
        assert len(names(url)) == 150
        assert cutter.cuts == 1 or (kind, text) == ("mysql", b"COPY")
        assert not site.reconcile()


@pytest.mark.parametrize("when", [BEFORE, UNANSWERED])
def test_a_server_that_goes_for_good_in_the_commit(kind: str, url: str, cutter: Proxy, when: str) -> None:
    """The code tells; when it is back the next change settles what only the server knows."""
    with opened(kind, url, cutter, lock_timeout=1) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        cutter.cut(b"COMMIT", when, for_good=True)
        with pytest.raises(BackendUnavailable, match="may count") as caught:
            site.users.add(AMY, crypted=HASH)
        assert caught.value.in_doubt
        with pytest.raises(BackendUnavailable):
            site.users.get(JOE)
        cutter.refuses = False
        counts = when == UNANSWERED
        assert (AMY in site.users) is counts
        if counts:
            with pytest.raises(UserExists):
                site.users.add(AMY, crypted=HASH)
        else:
            site.users.add(AMY, crypted=HASH)
        assert not site.reconcile()
        site.users.update(AMY, quota="10M")
        assert names(url) == ["amy", "joe"]


def test_idle_connections_that_were_ended_are_nobodys_concern(kind: str, url: str, cutter: Proxy) -> None:
    """"MySQL server has gone away": a firewall, wait_timeout, a restart."""
    with opened(kind, url, cutter) as site:
        site.domains.add(DOMAIN)
        for turn in range(3):
            cutter.end_all()
            site.users.add(f"u{turn}@{DOMAIN}", crypted=HASH)
            cutter.end_all()
            assert f"u{turn}@{DOMAIN}" in site.users
            cutter.end_all()
            assert vpopmail.vauth_getpw(f"u{turn}", DOMAIN)
            cutter.end_all()
            assert len(list(site.users.iter(DOMAIN))) == turn + 1
            cutter.end_all()
            site.users.set_quota(f"u{turn}@{DOMAIN}", "10M")


def test_a_server_that_is_started_again_is_used_again(kind: str, url: str, server: servers.Server) -> None:
    with opened(kind, url) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        server.stop()
        server.start()
        assert vpopmail.vauth_getpw("joe", DOMAIN)
        server.stop()
        server.start()
        assert vpopmail.vadduser("amy", DOMAIN, "Wonderful-1", "", 0) == VA.SUCCESS
        assert names(url) == ["amy", "joe"]


def test_a_server_that_is_away_at_the_start(kind: str, url: str, cutter: Proxy) -> None:
    """Each call tells, none succeeds; when the server comes all go on without anybody's help."""
    with opened(kind, url) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        settings = site.settings
    cutter.refuses = True
    with opened(kind, url, cutter, lock_timeout=1) as site:
        with pytest.raises(BackendUnavailable):
            site.domains.add(DOMAIN)
        cutter.refuses = False
        site.domains.add(DOMAIN)
        cutter.refuses = True
        cutter.end_all()
        site.close()
        assert vpopmail.vauth_getpw("joe", DOMAIN) is None
        assert vpopmail.last_error() == VA.NO_AUTH_CONNECTION
        assert vpopmail.vadduser("amy", DOMAIN, "Wonderful-1", "", 0) == VA.NO_AUTH_CONNECTION
        assert vpopmail.vpasswd("joe", DOMAIN, "Wonderful-2", 0) == VA.NO_AUTH_CONNECTION
        assert vpopmail.vsetuserquota("joe", DOMAIN, "10M") == VA.NO_AUTH_CONNECTION
        assert vpopmail.vdeluser("joe", DOMAIN) == VA.NO_AUTH_CONNECTION
        cutter.refuses = False
        assert vpopmail.vauth_getpw("joe", DOMAIN)
        assert names(url) == ["joe"]
    assert settings.database_url == url


def test_a_server_that_takes_connections_and_says_nothing(
    kind: str, url: str, cutter: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a firewall that drops all: the wait for the connection ends."""
    from vpopmail.backends.sql import mysql, pgsql
    from vpopmail.backends.sql import servers as own

    for module in (mysql, pgsql):
        monkeypatch.setattr(module, "_CONNECT_TIMEOUT", 2)  # the least that libpq takes
    monkeypatch.setattr(own, "_LONGEST_ASKING", 0.0)
    with opened(kind, url) as site:
        site.domains.add(DOMAIN)
    cutter.is_silent = True
    with opened(kind, url, cutter, lock_timeout=1) as site, pytest.raises(BackendUnavailable):
        site.domains.add(DOMAIN)
