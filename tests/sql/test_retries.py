"""Each error that passes, at each call of the driver: the change is made once, or told and not made."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

from tests.figures import FIGURES
from vpopmail import VA, Vpopmail
from vpopmail.backends.sql import servers as own_servers
from vpopmail.backends.sql.connections import Connections, Work
from vpopmail.errors import BackendUnavailable, HomeMissing, UserExists, UserNotFound, VpopmailError
from vpopmail.records import DirControl, LoginRecord, VLimits
from vpopmail.testing import sandbox

from . import raw
from .drivers import BEGIN, COMMIT, COMMITTED, CONNECT, LOST, REPEAT, STATEMENT, Faults, error_of, failing

DOMAIN = "example.com"
JOE = f"joe@{DOMAIN}"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
SITES = [CONNECT, BEGIN, STATEMENT, COMMIT, COMMITTED]

Database = tuple[str, str]


@pytest.fixture(params=["mysql", "pgsql"])
def database(request: pytest.FixtureRequest) -> Database:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return request.param, url


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits between attempts spread the load; there is none here."""
    monkeypatch.setattr(own_servers, "_LONGEST_WAIT", 0.0)


@contextmanager
def opened(database: Database, **more: object) -> Iterator[Vpopmail]:
    kind, url = database
    settings: dict[str, object] = {"valias": True, "mysql_limits": True, "lock_timeout": 5, **more}
    with sandbox(kind, database_url=url, **settings) as site:
        yield site


def once_at(site: str, number: int, error: Exception) -> Callable[[str, int], Exception | None]:
    """The error at the call of this number at a site, and never again."""
    return lambda at, count: error if (at, count) == (site, number) else None


def connections_of(database: Database) -> Connections:
    with sandbox(database[0], database_url=database[1], lock_timeout=5) as site:
        connections: Connections = site.installation.backend.connections  # type: ignore[attr-defined]
        return connections


def test_each_code_at_each_call_lets_a_transaction_be_made_once(database: Database) -> None:
    """Two statements that must not be done twice: the row tells how often they were."""
    kind, url = database
    raw.run(url, "CREATE TABLE t (k varchar(20) PRIMARY KEY, n integer)")
    connections = connections_of(database)
    cases = [(site, code) for site in SITES for code in LOST[kind] + ([] if site == COMMITTED else REPEAT[kind])]
    for number, (site, code) in enumerate(cases):
        key = f"{number}"

        def work(work: Work, key: str = key) -> None:
            work.execute("INSERT INTO [t] ([k], [n]) VALUES (:k, 0)", k=key)
            assert work.execute("UPDATE [t] SET [n] = [n] + 1 WHERE [k] = :k", k=key) == 1

        def settled(key: str = key) -> bool:
            return list(connections.select("SELECT [n] FROM [t] WHERE [k] = :k", k=key).rows) == [(1,)]

        for call in (0, 1) if site == STATEMENT else (0,):
            connections.close()
            connections.execute("DELETE FROM [t]")
            connections.close()
            error = error_of(kind, code, odd_class=number % 2 == 1)
            # The first statement on a new connection bounds its waits.
            with failing(kind, Faults(once_at(site, call + (site == STATEMENT), error))):
                connections.run(work, settled)
            found = raw.run(url, "SELECT k, n FROM t")
            assert [tuple(row) for row in found] == [(key, 1)], (site, code, call)
    connections.close()


def test_an_error_that_does_not_pass_is_not_tried_again(database: Database) -> None:
    kind, _ = database
    connections = connections_of(database)
    calls = []

    def work(work: Work) -> None:
        calls.append(work)
        work.execute("INSERT INTO [nothing] ([k]) VALUES (1)")

    with pytest.raises(BackendUnavailable):
        connections.run(work)
    assert len(calls) == 1
    connections.close()


def test_one_that_never_passes_ends(database: Database) -> None:
    """Whatever the call: after a bounded number of attempts, and nothing was stored."""
    kind, url = database
    with opened(database) as site:
        site.domains.add(DOMAIN)
        for code in (LOST[kind][0], REPEAT[kind][0]):
            for place in (CONNECT, BEGIN, STATEMENT, COMMIT):
                faults = Faults(lambda at, _, place=place, code=code: error_of(kind, code) if at == place else None)
                site.installation.backend.connections.close()  # type: ignore[attr-defined]
                with failing(kind, faults), pytest.raises(BackendUnavailable) as caught:
                    site.users.add(JOE, crypted=HASH)
                assert caught.value.code == VA.NO_AUTH_CONNECTION
                assert faults.raised <= 8
                site.installation.backend.connections.close()  # type: ignore[attr-defined]
                assert raw.run(url, "SELECT pw_name FROM vpopmail") == []
                assert JOE not in site.users
        site.users.add(JOE, crypted=HASH)
        assert not site.reconcile()


def _batch(site: Vpopmail) -> None:
    with site.batch():
        for name in ("amy", "ben"):
            site.users.add(f"{name}@{DOMAIN}", crypted=HASH)
        site.users.delete(JOE)
        site.users.update(f"old@{DOMAIN}", gecos="new")


OPERATIONS: dict[str, Callable[[Vpopmail], object]] = {
    "add": lambda site: site.users.add(f"amy@{DOMAIN}", crypted=HASH),
    "delete": lambda site: site.users.delete(JOE),
    "update": lambda site: site.users.update(JOE, gecos="new", set_flags=4),
    "alias": lambda site: site.aliases.set(f"sales@{DOMAIN}", ["&joe@example.net", "&amy@example.net"]),
    "delete alias": lambda site: site.aliases.delete(f"info@{DOMAIN}"),
    "limits": lambda site: site.limits.set(DOMAIN, VLimits(maxaliases=9)),
    "delete limits": lambda site: site.limits.delete(DOMAIN),
    "batch": _batch,
}


def _state(site: Vpopmail, url: str) -> Any:
    users = [(user.pw_name, user.pw_gecos, user.pw_gid) for user in site.users.iter(DOMAIN)]
    aliases = sorted(map(tuple, raw.run(url, "SELECT alias, valias_line FROM valias")))
    limits = sorted(row[0] for row in raw.run(url, f"SELECT maxaliases FROM {_quoted(url)}"))
    return users, aliases, limits


def _quoted(url: str) -> str:
    return "`limits`" if url.startswith("mysql") else '"limits"'


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_done_once_whatever_call_fails(database: Database, name: str) -> None:
    """First counted: how many calls it makes; then each of them fails, in a way of each kind."""
    kind, url = database
    act = OPERATIONS[name]
    with opened(database) as site:
        site.domains.add(DOMAIN)

        def prepare() -> None:
            for user in list(site.users.iter(DOMAIN)):
                site.users.delete(f"{user.pw_name}@{DOMAIN}")
            for user in ("joe", "old"):
                site.users.add(f"{user}@{DOMAIN}", crypted=HASH)
            raw.run(url, "DELETE FROM valias")
            site.aliases.set(f"info@{DOMAIN}", ["&joe@example.net"])
            site.limits.set(DOMAIN, VLimits(maxaliases=3))
            site.installation.backend.connections.close()  # type: ignore[attr-defined]

        prepare()
        counting = Faults(lambda site, number: None)
        with failing(kind, counting):
            act(site)
            expected = _state(site, url)
            site.installation.backend.connections.close()  # type: ignore[attr-defined]
        before_reading = counting.calls[: _last_commit(counting.calls) + 1]
        for place in SITES:
            for number in range(before_reading.count(place)):
                codes = [LOST[kind][-1], *([] if place == COMMITTED else [REPEAT[kind][0]])]
                for code in codes:
                    prepare()
                    faults = Faults(once_at(place, number, error_of(kind, code)))
                    with failing(kind, faults):
                        act(site)
                        site.installation.backend.connections.close()  # type: ignore[attr-defined]
                    assert faults.raised == 1, (place, number)
                    assert _state(site, url) == expected, (place, number, code)
        assert not site.reconcile()


def _last_commit(calls: list[str]) -> int:
    return len(calls) - 1 - calls[::-1].index(COMMITTED)


def _logs_in(site: Vpopmail) -> None:
    site.installation.auth_log.write_log(  # type: ignore[union-attr]
        LoginRecord("joe", DOMAIN, logon=JOE, remote_ip="192.0.2.1", time=1_700_000_000, status=2)
    )


# What is no user: what is done, the answer, and what the table then has.
OTHERS: dict[str, tuple[Callable[[Vpopmail], object], object, str, list[object]]] = {
    "log": (_logs_in, None, "SELECT logon FROM vlog", [JOE]),
    "relay": (
        lambda site: site.installation.relay.open_relay("192.0.2.1", 7), True, "SELECT ip_addr FROM relay", ["192.0.2.1"],
    ),
    "ip map": (
        lambda site: site.installation.ip_map.write_ip_map("192.0.2.2", DOMAIN), None, "SELECT domain FROM ip_alias_map",
        [DOMAIN],
    ),
    "last login": (
        lambda site: site.users.note_login(JOE, "192.0.2.3"), None, "SELECT remote_ip FROM lastauth", ["192.0.2.3"],
    ),
    "counter": (
        lambda site: site.installation.dir_control.delete_dir_control(DOMAIN, None),  # type: ignore[arg-type]
        True, "SELECT domain FROM dir_control", [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_rows_are_written_once_whatever_call_fails(database: Database, name: str) -> None:
    kind, url = database
    act, answer, text, rows = OTHERS[name]
    with opened(database, sql_logging=True, roaming_users=True, ip_alias_domains=True) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        site.schema.create()
        connections = site.installation.backend.connections  # type: ignore[attr-defined]
        state = raw.run(url, "SELECT * FROM dir_control")
        assert state
        for place in SITES:
            for code in [LOST[kind][-1], *([] if place == COMMITTED else [REPEAT[kind][0]])]:
                raw.run(url, *(f"DELETE FROM {table}" for table in ("vlog", "relay", "ip_alias_map")))
                if name == "counter":
                    site.installation.dir_control.write_dir_control(DOMAIN, None, DirControl())  # type: ignore[arg-type]
                    raw.run(url, f"DELETE FROM dir_control WHERE domain <> '{DOMAIN}'")
                connections.close()
                faults = Faults(once_at(place, 0, error_of(kind, code)))
                with failing(kind, faults):
                    assert act(site) == answer or name == "last login", (place, code)
                    connections.close()
                assert faults.raised == 1, place
                assert [row[0] for row in raw.run(url, text)] == rows, (place, code)


def test_with_one_percent_of_failing_calls_all_succeed_and_nothing_is_double(
    database: Database, full: bool, record_property: Callable[[str, object], None]
) -> None:
    """The figure of docs/reliability.md: of all changes each is made, and counts once."""
    counts = Counter[str]()
    with opened(database) as site:
        for seed in range(20) if full else range(2):
            site.domains.add(DOMAIN)
            counts.update(_changes_with_faults(site, database, Random(seed)))
            assert not site.reconcile()
            site.domains.delete(DOMAIN)
    record_property(FIGURES, (f"database faults, {database[0]}", dict(counts)))
    assert counts["faults"] > 20
    assert counts["failed"] == counts["doubles or losses"] == 0


def _changes_with_faults(site: Vpopmail, database: Database, random: Random) -> dict[str, int]:
    kind, url = database
    faults = Faults(lambda place, _: _one_in_a_hundred(kind, place, random))
    model: dict[str, str] = {}
    failed = 0
    site.installation.backend.connections.close()  # type: ignore[attr-defined]
    with failing(kind, faults):
        for turn in range(300):
            name = f"u{random.randrange(40)}"
            address, how = f"{name}@{DOMAIN}", random.random()
            try:
                if name not in model:
                    site.users.add(address, crypted=HASH, gecos=str(turn))
                    model[name] = str(turn)
                elif how < 0.4:
                    site.users.delete(address)
                    del model[name]
                else:
                    site.users.update(address, gecos=str(turn))
                    model[name] = str(turn)
            except VpopmailError:
                failed += 1
        site.installation.backend.connections.close()  # type: ignore[attr-defined]
    rows = Counter(map(tuple, raw.run(url, "SELECT pw_name, pw_gecos FROM vpopmail")))
    wanted = Counter(model.items())
    wrong = (rows - wanted).total() + (wanted - rows).total()
    return {"changes": 300, "faults": faults.raised, "failed": failed, "doubles or losses": wrong}


def _one_in_a_hundred(kind: str, place: str, random: Random) -> Exception | None:
    if random.random() >= 0.01:
        return None
    return error_of(kind, random.choice(LOST[kind] + ([] if place == COMMITTED else REPEAT[kind])))


def test_two_transactions_in_each_others_way_both_count(database: Database) -> None:
    """A real deadlock: the server ends one of them, and it is done again."""
    kind, url = database
    raw.run(url, "CREATE TABLE t (k integer PRIMARY KEY, n integer)", "INSERT INTO t VALUES (1, 0), (2, 0)")
    connections = connections_of(database)
    both_have_one = threading.Barrier(2)
    attempts: list[int] = []

    def change(first: int, second: int) -> None:
        tries: list[int] = []

        def work(work: Work) -> None:
            tries.append(1)
            attempts.append(1)
            work.execute("UPDATE [t] SET [n] = [n] + 1 WHERE [k] = :k", k=first)
            if len(tries) == 1:
                both_have_one.wait()
            work.execute("UPDATE [t] SET [n] = [n] + 1 WHERE [k] = :k", k=second)

        connections.run(work)

    threads = [threading.Thread(target=change, args=keys) for keys in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connections.close()
    assert len(attempts) >= 3  # of a busy machine: both were ended once
    assert [tuple(row) for row in raw.run(url, "SELECT k, n FROM t ORDER BY k")] == [(1, 2), (2, 2)]


def test_serializable_transactions_that_exclude_each_other_both_count(pgsql_url: str) -> None:
    """A real serialization failure, as clusters that are serializable give it all the time."""
    raw.run(pgsql_url, "CREATE TABLE t (k integer PRIMARY KEY, n integer)", "INSERT INTO t VALUES (1, 0), (2, 0)")
    connections = connections_of(("pgsql", pgsql_url))
    connections.dialect.begin = "BEGIN ISOLATION LEVEL SERIALIZABLE"
    both_have_read = threading.Barrier(2)
    attempts: list[int] = []

    def change(reads: int, writes: int) -> None:
        tries: list[int] = []

        def work(work: Work) -> None:
            tries.append(1)
            attempts.append(1)
            ((n,),) = connections.select("SELECT [n] FROM [t] WHERE [k] = :k", k=reads).rows
            if len(tries) == 1:
                both_have_read.wait()
            work.execute("UPDATE [t] SET [n] = :n WHERE [k] = :k", k=writes, n=n + 1)

        connections.run(work)

    threads = [threading.Thread(target=change, args=keys) for keys in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connections.close()
    assert len(attempts) == 3
    assert sorted(row[0] for row in raw.run(pgsql_url, "SELECT n FROM t")) == [1, 2]


def test_a_row_that_somebody_keeps_locked_is_told(database: Database) -> None:
    """Waits for locks end with the deadline, not when the server thinks fit."""
    kind, url = database
    with opened(database, lock_timeout=1) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        holder = raw.connect(url)
        cursor = holder.cursor()
        cursor.execute("BEGIN")
        cursor.execute("UPDATE vpopmail SET pw_gecos = 'held'")
        with pytest.raises(BackendUnavailable):
            site.users.update(JOE, gecos="new")
        holder.rollback()
        holder.close()
        assert site.users.get(JOE).pw_gecos == "joe"
        site.users.update(JOE, gecos="new")


def test_what_others_did_meanwhile_is_told_and_not_overwritten(database: Database) -> None:
    """Two hosts: rows are changed only as they were read."""
    with opened(database) as one, opened(database) as other:
        for site in (one, other):
            site.domains.add(DOMAIN)
        one.users.add(JOE, crypted=HASH)
        with pytest.raises(UserExists):
            other.users.add(JOE, crypted=HASH)
        with pytest.raises(HomeMissing):
            other.users.delete(JOE)
        with pytest.raises(UserNotFound):
            one.users.update(JOE, gecos="new")
