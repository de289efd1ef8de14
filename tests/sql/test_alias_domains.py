"""The copy of the alias domains follows users/cdb, whatever happens between the two."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from vpopmail import Vpopmail
from vpopmail.errors import BackendUnavailable
from vpopmail.testing import sandbox

from . import raw
from .recorded import DOMAIN, SCHEMAS, kind_of, options_for, statements

ALIAS = "alias.example"
LAYOUTS = [name for name in SCHEMAS if "aliasdomains" in SCHEMAS[name]["tables"]]
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
# What Dovecot asks: the user of an address in a domain or alias domain.
JOINED = """
    SELECT u.pw_name, u.pw_domain FROM vpopmail u
    WHERE u.pw_name = 'joe' AND u.pw_domain = COALESCE(
        (SELECT a.domain FROM aliasdomains a WHERE a.alias = 'alias.example'), 'alias.example')
"""


@contextmanager
def opened(kind: str, url: str, **more: object) -> Iterator[Vpopmail]:
    with sandbox(kind, **{"database_url": url, "lock_timeout": 5, **more}) as site:
        yield site


def copied(url: str) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in raw.run(url, "SELECT alias, domain FROM aliasdomains")}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_table_of_c_is_used(layout: str, request: pytest.FixtureRequest) -> None:
    kind = kind_of(layout)
    url = request.getfixturevalue(f"{kind}_url")
    raw.run(url, *statements(layout))
    with opened(kind, url, **options_for(layout)) as site:
        site.domains.add(DOMAIN)
        site.domains.add_alias(ALIAS, DOMAIN)
        assert copied(url) == {ALIAS: DOMAIN}
        site.domains.delete(DOMAIN)
        assert copied(url) == {}


def test_a_query_can_join_it(database: tuple[str, str]) -> None:
    with opened(*database) as site:
        site.domains.add(DOMAIN)
        site.users.add(f"joe@{DOMAIN}", crypted=HASH)
        assert raw.run(database[1], JOINED) == []
        site.domains.add_alias(ALIAS, DOMAIN)
        assert [tuple(row) for row in raw.run(database[1], JOINED)] == [("joe", DOMAIN)]


def test_without_the_option_there_is_no_copy(database: tuple[str, str]) -> None:
    with opened(*database, sql_aliasdomains=False) as site:
        site.domains.add(DOMAIN)
        site.domains.add_alias(ALIAS, DOMAIN)
        assert site.installation.alias_domains is None
        assert not site.reconcile(dry_run=True)
        with pytest.raises(Exception, match="aliasdomains"):
            copied(database[1])


def test_a_copy_that_fails_is_told_and_made_with_the_next_change(
    database: tuple[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The alias domain counts: mail for it is taken. The journal remembers what the copy lacks."""
    with opened(*database) as site:
        site.domains.add(DOMAIN)
        store = site.installation.alias_domains

        def fail(_changed: Mapping[str, str | None]) -> None:
            raise BackendUnavailable("the database", "away")

        monkeypatch.setattr(store, "write_alias_domains", fail)
        plan = site.domains.add_alias(ALIAS, DOMAIN)
        assert plan.carried_out
        assert plan.unfinished
        assert "copy the alias domains" in caplog.text
        assert site.domains.get(ALIAS).realdomain == DOMAIN
        assert copied(database[1]) == {}
        with pytest.raises(BackendUnavailable):
            site.domains.add("later.example")
        monkeypatch.undo()
        site.domains.add("later.example")
        assert copied(database[1]) == {ALIAS: DOMAIN}
        assert not site.reconcile(dry_run=True)


@pytest.mark.parametrize("repair", ["change", "reconcile"])
def test_a_process_that_is_killed_before_the_copy_leaves_it_to_the_next(
    database: tuple[str, str], repair: str
) -> None:
    with opened(*database) as site:
        for domain in (DOMAIN, "other.example"):
            site.domains.add(domain)
        site.domains.add_alias("old.example", DOMAIN)
        child = os.fork()
        if child == 0:
            store = site.installation.alias_domains
            store.write_alias_domains = lambda _changed: os._exit(0)  # type: ignore[union-attr]
            site.domains.add_alias(ALIAS, DOMAIN)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert site.domains.get(ALIAS).realdomain == DOMAIN
        assert copied(database[1]) == {"old.example": DOMAIN}
        if repair == "change":
            site.domains.add_alias("new.example", "other.example")
            site.domains.delete("new.example")
        else:
            assert site.reconcile().repaired
        assert copied(database[1]) == {"old.example": DOMAIN, ALIAS: DOMAIN}
        assert not site.reconcile(dry_run=True)


def test_a_lost_users_cdb_does_not_empty_the_copy(sqlite_url: str) -> None:
    with opened("sqlite", sqlite_url) as site:
        site.domains.add(DOMAIN)
        site.domains.add_alias(ALIAS, DOMAIN)
        os.remove(site.settings.users_cdb_path)
        os.remove(f"{site.settings.qmaildir}/users/assign")
        open(site.settings.users_cdb_path, "wb").close()
        site.reconcile()
        assert copied(sqlite_url) == {ALIAS: DOMAIN}
