"""Reads from a replica, changes on the primary: real servers, with the following paused and resumed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any

import pytest

import vpopmail
from vpopmail import VA, Vpopmail
from vpopmail.errors import BackendUnavailable, HomeMissing, UserExists, UserNotFound
from vpopmail.records import VLimits
from vpopmail.site import use
from vpopmail.testing import sandbox

from . import replicas
from .replicas import Pair

DOMAIN = "example.com"
JOE = f"joe@{DOMAIN}"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
_numbers = itertools.count(1)


class Pairs(dict[str, Pair]):
    """Those of each kind, started when a test asks for it."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack

    def __missing__(self, kind: str) -> Pair:
        make = {"mysql": replicas.mariadb_pair, "pgsql": replicas.postgresql_pair}[kind]
        self[kind] = self.stack.enter_context(make())
        return self[kind]


@pytest.fixture(scope="module")
def pairs() -> Iterator[Pairs]:
    with ExitStack() as stack:
        yield Pairs(stack)


@pytest.fixture(params=["mysql", "pgsql"])
def pair(request: pytest.FixtureRequest, pairs: Pairs) -> Iterator[Pair]:
    """A primary and a replica that follows it, with a fresh database; they follow again at the end."""
    found = pairs[request.param]
    found.make(f"v{next(_numbers)}")
    yield found
    for server in (found.primary, found.replica):
        if server.process.poll() is not None:
            server.start()
    found.resume()


@contextmanager
def opened(pair: Pair, **more: object) -> Iterator[Vpopmail]:
    settings: dict[str, object] = {
        "mysql_replication": True, "valias": True, "mysql_limits": True, "lock_timeout": 2,
    }  # fmt: skip
    with sandbox(pair.kind, database_url=pair.url, **{**settings, **more}) as site:
        yield site


@contextmanager
def with_joe(pair: Pair) -> Iterator[tuple[Vpopmail, Vpopmail]]:
    """Two sites with one database, each with files of its own; the replica has all."""
    with opened(pair) as site, opened(pair) as other:
        for one in (site, other):
            one.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH, gecos="before")
        pair.catch_up()
        for one in (site, other):
            assert one.users.get(JOE).pw_gecos == "before"
        yield site, other


def reads_from_the_replica(pair: Pair, site: Vpopmail) -> bool:
    """Whether a select goes to the replica: it tells its port, or that it is recovering."""
    text = "SELECT @@port" if pair.kind == "mysql" else "SELECT pg_is_in_recovery()"
    ((found,),) = site.installation.backend.connections.select(text).rows  # type: ignore[attr-defined]
    return bool(found in (True, pair.replica.port))


def test_reads_go_to_the_replica(pair: Pair) -> None:
    with with_joe(pair) as (site, other):
        assert reads_from_the_replica(pair, site)
        assert reads_from_the_replica(pair, other)


def test_without_the_option_all_reads_go_to_the_primary(pair: Pair) -> None:
    with with_joe(pair), opened(pair, mysql_replication=False) as site:
        assert not reads_from_the_replica(pair, site)


def test_a_lagging_replica_never_hides_what_the_site_has_changed(pair: Pair) -> None:
    with with_joe(pair) as (site, other):
        pair.pause()
        site.users.update(JOE, gecos="after")
        assert site.users.get(JOE).pw_gecos == "after"
        assert not reads_from_the_replica(pair, site)
        assert other.users.get(JOE).pw_gecos == "before"
        pair.resume()
        pair.catch_up()
        assert other.users.get(JOE).pw_gecos == "after"
        assert site.users.get(JOE).pw_gecos == "after"
        assert reads_from_the_replica(pair, site), "the replica has it now"


def test_that_holds_for_all_that_is_kept(pair: Pair) -> None:
    with with_joe(pair) as (site, other):
        pair.pause()
        site.users.add(f"amy@{DOMAIN}", crypted=HASH)
        site.aliases.set(f"sales@{DOMAIN}", ["&joe@example.net"])
        site.limits.set(DOMAIN, VLimits(maxaliases=7))
        site.users.note_login(JOE, "192.0.2.7")
        site.users.delete(JOE)
        assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["amy"]
        assert JOE not in site.users
        assert site.aliases.get(f"sales@{DOMAIN}") == ["&joe@example.net"]
        assert site.limits.get(DOMAIN).maxaliases == 7
        assert JOE in other.users
        assert f"sales@{DOMAIN}" not in other.aliases
        site.domains.delete(DOMAIN)
        site.domains.add(DOMAIN)
        assert list(site.users.iter(DOMAIN)) == []
        pair.resume()
        pair.catch_up()
        assert list(other.users.iter(DOMAIN)) == []


def test_a_change_is_decided_by_what_the_primary_has(pair: Pair) -> None:
    """The site that has changed nothing reads what is old, and changes what is new."""
    with with_joe(pair) as (site, other):
        pair.pause()
        site.users.update(JOE, set_flags=1)
        site.users.add(f"amy@{DOMAIN}", crypted=HASH)
        assert other.users.get(JOE).pw_gid == 0
        with pytest.raises(UserExists):
            other.users.add(f"amy@{DOMAIN}", crypted=HASH)
        with opened(pair) as third:
            third.domains.add(DOMAIN)
            third.users.update(JOE, set_flags=2)
            assert third.users.get(JOE).pw_gid == 3
            with pytest.raises(HomeMissing):  # it is on the other host
                third.users.delete(f"amy@{DOMAIN}")
        with pytest.raises(UserNotFound):
            other.users.delete(f"amy@{DOMAIN}")
        assert site.users.get(JOE).pw_gid == 3


def test_a_login_that_the_replica_lacks_yet_saves_a_user_from_deletion(pair: Pair) -> None:
    with with_joe(pair) as (site, other):
        old = [(site.users.get(JOE), "0.0.0.0", 1000)]
        site.installation.last_auth.restore_last_auths(site.domains.get(DOMAIN), old)
        pair.catch_up()
        pair.pause()
        assert [user.pw_name for user in other.users.iter_unused(DOMAIN, 2000)] == ["joe"]
        site.users.note_login(JOE, "192.0.2.7")
        assert list(other.users.iter_unused(DOMAIN, 2000)) == []
        assert other.users.delete_unused(DOMAIN, ["joe"], 2000) == []
        assert JOE in site.users


def test_the_replica_is_down(pair: Pair) -> None:
    with with_joe(pair) as (site, other):
        pair.replica.stop()
        assert site.users.get(JOE).pw_gecos == "before"
        site.users.update(JOE, gecos="after")
        assert other.users.get(JOE).pw_gecos == "after"
        assert vpopmail.vauth_getpw("joe", DOMAIN)
        pair.replica.start()
        pair.resume()
        pair.catch_up()
        with opened(pair) as third:
            assert reads_from_the_replica(pair, third)


def test_the_primary_is_down(pair: Pair) -> None:
    """Reads go on from the replica; changes tell, and nothing has changed."""
    with with_joe(pair) as (site, other):
        pair.primary.stop()
        for one in (site, other):
            assert one.users.get(JOE).pw_gecos == "before"
            assert [user.pw_name for user in one.users.iter(DOMAIN)] == ["joe"]
        with pytest.raises(BackendUnavailable):
            site.users.update(JOE, gecos="after")
        with use(other):
            assert vpopmail.vadduser("amy", DOMAIN, "Wonderful-1", "", 0) == VA.NO_AUTH_CONNECTION
            assert vpopmail.vdeluser("joe", DOMAIN) == VA.NO_AUTH_CONNECTION
            assert vpopmail.vpasswd("joe", DOMAIN, "Wonderful-2", 0) == VA.NO_AUTH_CONNECTION
            assert vpopmail.vauth_getpw("joe", DOMAIN)
        pair.primary.start()
        pair.resume()
        site.users.update(JOE, gecos="after")
        pair.catch_up()
        assert other.users.get(JOE).pw_gecos == "after"


def test_the_primary_is_down_and_the_replica_lacks_a_change(pair: Pair) -> None:
    """What is old is not shown to the one who has changed it."""
    with with_joe(pair) as (site, other):
        pair.pause()
        site.users.update(JOE, gecos="after")
        pair.primary.stop()
        with pytest.raises(BackendUnavailable):
            site.users.get(JOE)
        assert other.users.get(JOE).pw_gecos == "before"


def test_threads_see_what_they_have_changed(pair: Pair) -> None:
    with with_joe(pair) as (site, _):
        trouble: list[Any] = []

        def work(number: int) -> None:
            address = f"u{number}@{DOMAIN}"
            site.users.add(address, crypted=HASH)
            for turn in range(6):
                site.users.update(address, gecos=f"turn {turn}")
                found = site.users.get(address).pw_gecos
                if found != f"turn {turn}":
                    trouble.append((address, turn, found))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            pair.pause()
            pair.resume()
        for thread in threads:
            thread.join()
        assert trouble == []
        assert len(list(site.users.iter(DOMAIN))) == 5


@pytest.mark.parametrize("seed", range(2))
def test_a_site_sees_its_own_changes_whatever_the_replica_does(pair: Pair, seed: int) -> None:
    random = Random(seed)
    with with_joe(pair) as (site, other):
        expected, paused = "before", False
        for number in range(40):
            act = random.choice(["change", "change", "read", "read", "pause", "resume", "other"])
            if act == "change":
                expected = f"turn {number}"
                site.users.update(JOE, gecos=expected)
            elif act == "pause" and not paused:
                pair.pause()
                paused = True
            elif act == "resume" and paused:
                pair.resume()
                paused = False
            elif act == "other":
                other.users.update(JOE, set_flags=1)
            assert site.users.get(JOE).pw_gecos == expected
        pair.resume()
        pair.catch_up()
        assert other.users.get(JOE).pw_gecos == expected


def test_lines_of_the_file_in_etc_name_replica_and_primary(pairs: Pairs) -> None:
    """As the manual has it: the first line to read, the second one to change."""
    pair = pairs["mysql"]
    pair.make(f"v{next(_numbers)}")
    pair.on_primary("GRANT ALL ON *.* TO mail@localhost IDENTIFIED BY 'word'")
    pair.on_primary("GRANT ALL ON *.* TO mail@'127.0.0.1' IDENTIFIED BY 'word'")
    pair.catch_up()
    with sandbox("mysql", mysql_replication=True) as site:
        lines = [f"127.0.0.1|{server.port}|mail|word|{pair.name}\n" for server in (pair.replica, pair.primary)]
        path = site.settings.etc_path("vpopmail.mysql")
        with open(path, "w") as file:
            file.writelines(lines)
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        pair.catch_up()
        assert site.users.get(JOE).pw_passwd == HASH
        assert reads_from_the_replica(pair, site)


def test_of_several_hosts_of_postgresql_the_primary_is_found(pairs: Pairs) -> None:
    """The standby comes first; it is passed over, since it takes no changes."""
    pair = pairs["pgsql"]
    pair.make(f"v{next(_numbers)}")
    url = f"pgsql://postgres@127.0.0.1:{pair.replica.port},127.0.0.1:{pair.primary.port}/{pair.name}"
    with sandbox("pgsql", database_url=url) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        assert site.users.get(JOE).pw_passwd == HASH
