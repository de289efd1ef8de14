"""A server that goes, comes back or was never there; texts that mean something to SQL; two hosts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import vpopmail
from vpopmail import VA, Vpopmail
from vpopmail.errors import BackendUnavailable, UserExists, VpopmailError
from vpopmail.testing import sandbox

from . import raw, servers

DOMAIN = "example.com"
JOE = f"joe@{DOMAIN}"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
OTHER_HASH = "$1$saltsalt$0000000000000000000000"
ODD = ["'", '"', "\\", "\\'", "%s %(x)s %", "`", "--", "; DROP TABLE vpopmail", "\\0", "\u00e9", "?", ":x", "[x]"]


@contextmanager
def opened(database: tuple[str, str], **more: object) -> Iterator[Vpopmail]:
    kind, url = database
    with sandbox(kind, database_url=url, valias=True, lock_timeout=5, **more) as site:
        yield site


@pytest.mark.parametrize("text", ODD)
def test_texts_are_values_and_never_sql(database: tuple[str, str], text: str) -> None:
    with opened(database, clear_passwd=True) as site:
        site.domains.add(DOMAIN)
        gecos = text.replace(":", "")
        site.users.add(JOE, f"{text}Pass-word1", gecos=gecos)
        user = site.users.get(JOE)
        assert (user.pw_gecos, user.pw_clear_passwd) == (gecos or "joe", f"{text}Pass-word1")
        assert site.users.check_password(JOE, f"{text}Pass-word1")
        site.aliases.set(f"sales@{DOMAIN}", [f"|/bin/echo {text}"])
        assert site.aliases.get(f"sales@{DOMAIN}") == [f"|/bin/echo {text}"]
        assert site.users.find(f"{text}@{DOMAIN}") is None
        site.users.update(JOE, gecos="Joe")
        assert [one.pw_name for one in site.users.iter(DOMAIN)] == ["joe"]


@pytest.mark.parametrize("mode", ["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI,NO_BACKSLASH_ESCAPES", ""])
def test_no_sql_mode_changes_that(mysql_url: str, mode: str) -> None:
    ((before,),) = raw.run(mysql_url, "SELECT @@GLOBAL.sql_mode")
    raw.run(mysql_url, f"SET GLOBAL sql_mode = '{mode}'")
    try:
        for text in ODD:
            with opened(("mysql", mysql_url)) as site:
                site.domains.add(DOMAIN)
                site.users.add(JOE, crypted=HASH, gecos=text.replace(":", ""))
                assert site.users.get(JOE).pw_gecos == text.replace(":", "")
                site.domains.delete(DOMAIN)
    finally:
        raw.run(mysql_url, f"SET GLOBAL sql_mode = '{before}'")


@pytest.fixture(params=["mysql", "pgsql"])
def served(request: pytest.FixtureRequest) -> tuple[tuple[str, str], servers.Server]:
    """A database of each kind of server, and the server."""
    url = request.getfixturevalue(f"{request.param}_url")
    server = request.getfixturevalue({"mysql": "mariadb", "pgsql": "postgresql"}[request.param])
    return (request.param, url), server


def _end_connections(url: str) -> None:
    if url.startswith("mysql"):
        for number, *_ in raw.run(url, "SHOW PROCESSLIST"):
            try:
                raw.run(url, f"KILL {number}")
            except Exception:  # noqa: BLE001, S112 - our own is among them
                continue
    else:
        raw.run(
            url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()",
        )


def test_a_connection_that_was_ended_is_made_anew(served: tuple[tuple[str, str], servers.Server]) -> None:
    """"MySQL server has gone away" is nobody's concern."""
    database, _server = served
    with opened(database) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        _end_connections(database[1])
        assert JOE in site.users
        _end_connections(database[1])
        site.users.set_quota(JOE, "10M")
        assert site.users.get(JOE).pw_shell.startswith("10")


def test_a_server_that_is_away_is_told_and_one_that_comes_back_is_used(
    served: tuple[tuple[str, str], servers.Server],
) -> None:
    database, server = served
    with opened(database) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        server.stop()
        try:
            with pytest.raises(BackendUnavailable):
                site.users.find(JOE)
            assert vpopmail.vauth_getpw("joe", DOMAIN) is None
            assert vpopmail.last_error() == VA.NO_AUTH_CONNECTION
            assert vpopmail.vadduser("amy", DOMAIN, "Wonderful-1", "", 0) == VA.NO_AUTH_CONNECTION
            assert vpopmail.vdeluser("joe", DOMAIN) == VA.NO_AUTH_CONNECTION
        finally:
            server.start()
        assert JOE in site.users
        site.users.add(f"amy@{DOMAIN}", crypted=HASH)
        assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["amy", "joe"]


@pytest.mark.parametrize("kind", ["mysql", "pgsql"])
def test_a_server_that_does_not_let_us_in(kind: str, request: pytest.FixtureRequest) -> None:
    """A role that is not there: the tests' PostgreSQL asks for no password."""
    url = request.getfixturevalue(f"{kind}_url")
    scheme, _, place = url.partition("://")
    url = f"{scheme}://nobody:secret-word@{place.partition('@')[2]}"
    with sandbox(kind, database_url=url) as site:
        with pytest.raises(BackendUnavailable, match="cannot connect") as caught:
            site.domains.add(DOMAIN)
        assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize("kind", ["mysql", "pgsql"])
def test_a_server_that_was_never_there(kind: str) -> None:
    url = f"{kind}://nobody:secret-word@127.0.0.1:{servers.free_port()}/none"
    with sandbox(kind, database_url=url, lock_timeout=1) as site:
        with pytest.raises(BackendUnavailable, match="cannot connect") as caught:
            site.domains.add(DOMAIN)
        assert "secret-word" not in str(caught.value)
        assert DOMAIN not in site.domains
        assert "secret-word" not in repr(site) + repr(site.settings)


def test_of_two_hosts_that_add_the_same_user_one_is_told(database: tuple[str, str]) -> None:
    """Each has files and locks of its own; the rows are shared."""
    with opened(database) as one, opened(database) as other:
        for site in (one, other):
            site.domains.add(DOMAIN)
        one.users.add(JOE, crypted=HASH)
        with pytest.raises(UserExists):
            other.users.add(JOE, crypted=HASH)
        with pytest.raises(UserExists, match="meanwhile"), one.batch():
            one.users.add(f"amy@{DOMAIN}", crypted=HASH)
            other.users.add(f"amy@{DOMAIN}", crypted=OTHER_HASH)
        assert one.users.get(f"amy@{DOMAIN}").pw_passwd == OTHER_HASH


def test_a_domain_that_cannot_be_made_here_keeps_the_users_of_another_host(
    database: tuple[str, str], fail: Callable[..., None]
) -> None:
    with opened(database) as one, opened(database) as other:
        one.domains.add(DOMAIN)
        one.users.add(JOE, crypted=HASH)
        fail("rename", needle="cdb")
        with pytest.raises(Exception, match="space|disk|update|made"):
            other.domains.add(DOMAIN)
        assert DOMAIN not in other.domains
        assert one.users.get(JOE).pw_passwd == HASH


def test_threads_that_change_the_same_rows_lose_nothing(database: tuple[str, str]) -> None:
    with opened(database) as site:
        site.domains.add(DOMAIN)
        for number in range(4):
            site.users.add(f"u{number}@{DOMAIN}", crypted=HASH)
        trouble: list[str] = []

        def work(bit: int) -> None:
            try:
                for number in range(4):
                    site.users.update(f"u{number}@{DOMAIN}", set_flags=1 << bit)
            except VpopmailError as error:
                trouble.append(str(error))

        threads = [threading.Thread(target=work, args=(bit,)) for bit in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert trouble == []
        assert [user.pw_gid for user in site.users.iter(DOMAIN)] == [255] * 4


def test_permissions_of_other_programs_can_be_stored_again(tmp_path) -> None:
    url = f"sqlite://{tmp_path}/db"
    with opened(("sqlite", url), mysql_limits=True) as site:
        site.domains.add(DOMAIN)
        site.limits.update(DOMAIN, perm_account=1, perm_maillist_users=5)
        raw.run(url, "UPDATE limits SET perm_account = 255, perm_quota = -1")
        limits = site.limits.get(DOMAIN)
        assert (limits.perm_account, limits.perm_quota, limits.perm_maillist_users) == (7, 7, 5)
        site.limits.set(DOMAIN, limits)
        assert site.limits.get(DOMAIN) == limits
