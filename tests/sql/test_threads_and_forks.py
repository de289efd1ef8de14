"""Each thread and each process has connections of its own; a site that is closed keeps none."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import pytest

from vpopmail import Vpopmail
from vpopmail.testing import sandbox

from . import raw
from .drivers import DRIVERS, choose, kind_of

DOMAIN = "example.com"
JOE = f"joe@{DOMAIN}"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"


@pytest.fixture(params=DRIVERS)
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    choose(request.param, monkeypatch)
    kind = kind_of(request.param)
    return kind, request.getfixturevalue(f"{kind}_url")


@contextmanager
def opened(database: tuple[str, str]) -> Iterator[Vpopmail]:
    kind, url = database
    with sandbox(kind, database_url=url, lock_timeout=5) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        yield site


class Watch:
    """One connection beside the site's, which sees whose connections the server has."""

    def __init__(self, database: tuple[str, str]) -> None:
        kind, url = database
        self.connection = raw.connect(url)
        self.text = (
            "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND db = database()"
            if kind == "mysql"
            else "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )

    def numbers(self) -> set[Any]:
        cursor = self.connection.cursor()
        cursor.execute(self.text)
        return {row[0] for row in cursor.fetchall()}

    def until(self, count: int) -> set[Any]:
        """What there is when there are so many: a server notices the end of one a little later."""
        end = monotonic() + 60
        while len(found := self.numbers()) != count:
            assert monotonic() < end, f"{len(found)} connections, not {count}"
        return found


@pytest.fixture
def watch(database: tuple[str, str]) -> Iterator[Watch]:
    found = Watch(database)
    yield found
    found.connection.close()


def test_each_thread_has_a_connection_and_takes_it_along(database: tuple[str, str], watch: Watch) -> None:
    with opened(database) as site:
        mine = watch.until(1)
        asked, over = threading.Barrier(4), threading.Barrier(4)

        def work() -> None:
            site.users.get(JOE)
            asked.wait()
            over.wait()

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        asked.wait()
        assert len(watch.numbers()) == 4
        over.wait()
        for thread in threads:
            thread.join()
        assert watch.until(1) == mine


def test_closing_a_site_closes_the_connections_of_all_threads(database: tuple[str, str], watch: Watch) -> None:
    with opened(database) as site:
        asked, closed, again = threading.Barrier(2), threading.Barrier(2), threading.Barrier(2)
        found: list[bool] = []

        def work() -> None:
            site.users.get(JOE)
            asked.wait()
            closed.wait()
            found.append(JOE in site.users)
            again.wait()

        thread = threading.Thread(target=work)
        thread.start()
        asked.wait()
        watch.until(2)
        site.close()
        watch.until(0)
        closed.wait()
        again.wait()
        thread.join()
        assert found == [True], "the next use opens it again"
    watch.until(0)


def test_one_that_is_being_used_is_closed_after_that(database: tuple[str, str], watch: Watch) -> None:
    """Closed under a driver in C it would take the process along."""
    with opened(database) as site:
        connections = site.installation.backend.connections  # type: ignore[attr-defined]
        inside, closed = threading.Barrier(2), threading.Barrier(2)
        done: list[int] = []

        def work(work: Any) -> None:
            text = "UPDATE [vpopmail] SET [pw_gecos] = :new WHERE [pw_name] = :name"
            done.append(work.execute(text, new="one", name="joe"))
            inside.wait()
            closed.wait()
            done.append(work.execute(text, new="two", name="joe"))

        thread = threading.Thread(target=connections.run, args=(work,))
        thread.start()
        inside.wait()
        site.close()
        closed.wait()
        thread.join()
        watch.until(0)
        assert done == [1, 1]
        assert site.users.get(JOE).pw_gecos == "two"


def test_a_child_has_a_connection_of_its_own_and_leaves_its_parents_alone(
    database: tuple[str, str], watch: Watch
) -> None:
    """Whether it uses the site, closes it, or only ends as a Python does."""
    with opened(database) as site:
        mine = watch.until(1)
        for way in ("use", "close", "nothing"):
            child = os.fork()
            if child == 0:
                _child(site, way)
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0, way
            assert watch.until(1) == mine, way
            assert site.users.get(JOE).pw_name == "joe"
            assert watch.numbers() == mine, f"{way}: it is still the same connection"


def _child(site: Vpopmail, way: str) -> None:
    code = 1
    connections = site.installation.backend.connections  # type: ignore[attr-defined]
    try:
        if way == "use":
            before = site.users.get(JOE).pw_gecos
            site.users.update(JOE, gecos=f"{before}.")
        elif way == "close":
            site.close()
        # What the end of a process does with its objects, without that of pytest.
        connections._servers._held.clear()
        from vpopmail.backends.sql import held

        held._of_the_parent.clear()
        code = 0
    finally:
        os._exit(code)


def test_children_that_change_at_the_same_time_as_their_parent(database: tuple[str, str]) -> None:
    with opened(database) as site:
        children = []
        for number in range(3):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    for turn in range(5):
                        site.users.add(f"c{number}x{turn}@{DOMAIN}", crypted=HASH)
                    code = 0
                finally:
                    os._exit(code)
            children.append(child)
        for turn in range(5):
            site.users.add(f"p{turn}@{DOMAIN}", crypted=HASH)
        for child in children:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(list(site.users.iter(DOMAIN))) == 21
