"""Many users at once: in the same memory however many, and all or none."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from vpopmail import NO_POP, Vpopmail
from vpopmail.backends.sql.backend import SqlBackend
from vpopmail.errors import UserExists
from vpopmail.safeio import shelf
from vpopmail.testing import sandbox

from . import raw

DOMAIN = "example.com"
HASH = "$6$abcdefgh$" + "x" * 86


@contextmanager
def opened(database: tuple[str, str], **more: object) -> Iterator[Vpopmail]:
    kind, url = database
    with sandbox(kind, database_url=url, **more) as site:
        site.domains.add(DOMAIN)
        yield site


def add(site: Vpopmail, begin: str, count: int) -> int:
    """So many users in one batch; the highest memory that it took, in bytes."""
    tracemalloc.start()
    try:
        with site.batch():
            for number in range(count):
                if number % 500 == 0:  # else it is a matter of what the process did before
                    gc.collect()
                plan = site.users.add(f"{begin}{number}@{DOMAIN}", crypted=HASH, gecos=f"Number {number}", quota="10M")
        assert plan.carried_out
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_of_a_batch_does_not_grow_with_the_users(
    database: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    """Many more users in the same memory; with --full 10,000 and 100,000, and on servers."""
    in_full = bool(request.config.getoption("--full"))
    if not in_full and database[0] != "sqlite":
        pytest.skip("takes minutes: run it with --full")
    # Each time as many are in memory as can be: a page is read while that before it is still held.
    few, many = (
        written * (shelf._MOST + 1) + shelf._MOST for written in ((9, 99) if in_full else (2, 8))
    )
    with opened(database) as site:
        add(site, "before", 20)  # all modules are loaded
        low, high = add(site, "few", few), add(site, "many", many)
        assert sum(1 for _ in site.users.iter(DOMAIN)) == 20 + few + many
    assert high < low * 1.2, (low, high)


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a batch keeps goes to the disk at once."""
    monkeypatch.setattr(shelf, "_MOST", 0)


@pytest.mark.usefixtures("on_disk")
def test_users_that_are_added_can_be_seen_changed_and_deleted_before_they_count(database: tuple[str, str]) -> None:
    with opened(database) as site, opened(database) as other:
        with site.batch():
            for number in range(30):
                site.users.add(f"u{number}@{DOMAIN}", crypted=HASH)
            site.users.update(f"u3@{DOMAIN}", gecos="Three", set_flags=NO_POP)
            site.users.set_quota(f"u4@{DOMAIN}", "5M")
            site.users.delete(f"u5@{DOMAIN}")
            with pytest.raises(UserExists):
                site.users.add(f"u6@{DOMAIN}", crypted=HASH)
            assert site.users.get(f"u3@{DOMAIN}").pw_gecos == "Three"
            assert f"u5@{DOMAIN}" not in site.users
            assert not list(other.users.iter(DOMAIN))
        assert len(list(other.users.iter(DOMAIN))) == 29
        user = other.users.get(f"u3@{DOMAIN}")
        assert (user.pw_gecos, user.pw_gid) == ("Three", NO_POP)
        assert other.users.get(f"u4@{DOMAIN}").pw_shell == "5242880S"
        assert site.users.last_auth(f"u29@{DOMAIN}") is not None


@pytest.mark.usefixtures("on_disk")
def test_one_who_was_added_by_another_host_meanwhile_discards_all(database: tuple[str, str]) -> None:
    with opened(database) as site:
        with pytest.raises(UserExists, match=f"u217@{DOMAIN}"), site.batch():
            for number in range(450):
                site.users.add(f"u{number}@{DOMAIN}", crypted=HASH)
            raw.run(
                database[1],
                f"INSERT INTO vpopmail (pw_name, pw_domain, pw_passwd) VALUES ('u217', '{DOMAIN}', '{HASH}')",
            )
        assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["u217"]
        raw.run(database[1], "DELETE FROM vpopmail")
        add(site, "u", 450)
        assert len(list(site.users.iter(DOMAIN))) == 450


@pytest.mark.usefixtures("on_disk")
def test_one_who_was_added_at_the_last_moment_discards_all(
    database: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the batch has looked, before its commit: the key of the table tells."""
    from vpopmail.backends.sql.transaction import SqlTransaction

    stage = SqlTransaction.stage

    def slowly(transaction: SqlTransaction) -> None:
        stage(transaction)
        raw.run(
            database[1],
            f"INSERT INTO vpopmail (pw_name, pw_domain, pw_passwd) VALUES ('u7', '{DOMAIN}', '{HASH}')",
        )

    monkeypatch.setattr(SqlTransaction, "stage", slowly)
    with opened(database) as site:
        with pytest.raises(UserExists, match=f"u7@{DOMAIN}"), site.batch():
            for number in range(10):
                site.users.add(f"u{number}@{DOMAIN}", crypted=HASH)
        assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["u7"]


ODD = [r"\N", r"\.", "\\", "\\t", "end\\", "it's", '"', "%s", "\u00e9\u4e2d", "$1", " ", ","]


def test_many_users_have_what_they_were_given(database: tuple[str, str]) -> None:
    """Some ways of bringing many rows to a server have signs of their own."""
    with opened(database) as site:
        with site.batch():
            for number in range(40 * len(ODD)):
                odd = ODD[number % len(ODD)]
                site.users.add(f"u{number}@{DOMAIN}", crypted=HASH, gecos=f"{odd}{number}{odd}")
        found = {user.pw_name: user for user in site.users.iter(DOMAIN)}
        assert len(found) == 40 * len(ODD)
        for number in range(len(found)):
            user, odd = found[f"u{number}"], ODD[number % len(ODD)]
            assert (user.pw_gecos, user.pw_passwd) == (f"{odd}{number}{odd}", HASH)


def test_many_changes_of_rows_are_no_new_rows(database: tuple[str, str]) -> None:
    """Only new ones have a quicker way to a server."""
    with opened(database) as site:
        with site.batch():
            for number in range(200):
                site.users.add(f"u{number}@{DOMAIN}", crypted=HASH)
        names = [f"u{number}" for number in range(200)]
        backend = site.installation.backend
        assert isinstance(backend, SqlBackend)
        text = "UPDATE [vpopmail] SET [pw_gecos] = :gecos WHERE [pw_name] = :name"
        rows = [(f"{name} changed", name) for name in names]
        backend.connections.change(lambda work: work.execute_many(text, rows))
        found = {user.pw_name: user.pw_gecos for user in site.users.iter(DOMAIN)}
        assert found == {name: f"{name} changed" for name in names}


def test_of_many_one_who_is_there_by_now_discards_all(database: tuple[str, str]) -> None:
    with opened(database) as site, opened(database) as other:
        with pytest.raises(UserExists, match="u150"), site.batch():
            for number in range(300):
                site.users.add(f"u{number}@{DOMAIN}", crypted=HASH)
            other.users.add(f"u150@{DOMAIN}", crypted=HASH)
        assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["u150"]
        site.users.add(f"later@{DOMAIN}", crypted=HASH)
