"""Accounts are copied from any store to any other, whole, once, and compared at the end."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import vpopmail
from vpopmail import Config, Vpopmail
from vpopmail.errors import (
    AssignUnreadable,
    BackendUnavailable,
    ConfigError,
    ConversionFailed,
    DomainExists,
    DomainNotFound,
    FileNotUpdated,
    InvalidCharacter,
    PasswordTooLong,
)
from vpopmail.records import NO_POP, LoginRecord, VLimits, VqPasswd
from vpopmail.settings import resolve
from vpopmail.testing import sandbox

from . import raw
from .recorded import options_for, statements

DOMAIN = "example.com"
OTHER = "example.net"
JOE = f"joe@{DOMAIN}"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
KINDS = ["cdb", "memory", "sqlite", "mysql", "pgsql"]
PAIRS = [(one, other) for one in KINDS for other in KINDS if (one, other) != ("cdb", "cdb")]
TEXTS = ["", "O'Hara \"x\" \\ %s `;--", "M\u00fcller \u0141ukasz", "\U0001f600", "?"]


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Callable[..., dict[str, object]]:
    """Makes options of a store of a kind; the second database of a kind is another one."""
    given: dict[str, int] = {}

    def make(kind: str) -> dict[str, object]:
        options: dict[str, object] = {"backend": kind}
        if kind in {"cdb", "memory"}:
            return options
        url: str = request.getfixturevalue(f"{kind}_url")
        given[kind] = given.get(kind, 0) + 1
        if given[kind] > 1:
            name = f"{url.rpartition('/')[2]}_{given[kind]}"
            if kind != "sqlite":
                raw.run(url, f"CREATE DATABASE {name}")
            url = f"{url.rpartition('/')[0]}/{name}"
        return options | {
            "database_url": url, "valias": True, "mysql_limits": True, "sql_logging": True,
            "ip_alias_domains": True, "roaming_users": True, "sql_aliasdomains": True,
        }  # fmt: skip

    return make


@contextmanager
def two_sites(
    one: dict[str, object], other: dict[str, object], **more: object
) -> Iterator[tuple[Vpopmail, Vpopmail]]:
    """A site, and the same one with another store."""
    options = {"profile": "5.6", "lock_timeout": 5, **more}
    with sandbox(**{**options, **one}) as source:  # type: ignore[arg-type]
        kept = {name: getattr(source.settings, name) for name in ("vpopmaildir", "qmaildir")}
        users = {"vpopuser": os.geteuid(), "vpopgroup": os.getegid(), "sync": False}
        with Vpopmail(resolve({**options, **users, **kept, **other})) as target:
            yield source, target


def store(site: Vpopmail, *users: VqPasswd, domain: str = DOMAIN) -> None:
    """Put records into the store as they are, with no home."""
    entry = site.domains.get(domain)
    backend = site.installation.backend
    with site.installation.open_domain(entry) as directory, backend.transaction(entry, directory) as change:
        change.lock()
        for user in users:
            change.stored(user.pw_name)
            change.add(user)
        change.stage()
        change.commit()
        change.finish()


def fill(site: Vpopmail) -> None:
    """Two domains with accounts as odd as they come."""
    site.domains.add(DOMAIN, "Wonderful-1")
    site.domains.add(OTHER)
    site.domains.add_alias("alias.example", DOMAIN)
    for number, text in enumerate(TEXTS):
        site.users.add(f"u{number}@{DOMAIN}", crypted=HASH, gecos=text)
    site.users.add(JOE, f"It's-{TEXTS[2][:6]}\\1x", quota="10M,1000C")
    site.users.update(JOE, set_flags=NO_POP)
    site.users.add(f"{'n' * 64}@{DOMAIN}", crypted="$6$" + "x" * 90)
    empty = VqPasswd("byhand", pw_gecos="By hand", pw_dir="", pw_shell="5C")
    store(site, VqPasswd("nopassword", pw_uid=2, pw_dir="/nowhere", pw_gecos="x"), empty)
    site.aliases.set(f"sales@{DOMAIN}", [f"&{JOE}", "|/bin/echo 'it''s' \"%s\" \\", "# \u0141"])
    site.aliases.set(f"empty.one@{DOMAIN}", [])
    site.limits.set(DOMAIN, VLimits(maxaliases=7, perm_maillist_users=5, disable_imap=1))
    with vpopmail.use(site):
        vpopmail.vset_lastauth("joe", DOMAIN, "192.0.2.7")
    log = site.installation.auth_log
    if log is not None:
        for number in range(3):
            log.write_log(LoginRecord("joe", DOMAIN, logon=JOE, password="s3cret", time=number, status=3))


def seen(site: Vpopmail) -> dict[str, Any]:
    """All that a site tells of its domains."""
    found: dict[str, Any] = {}
    for domain in (DOMAIN, OTHER):
        entry = site.domains.get(domain)
        users = sorted(site.installation.backend.iterate(entry), key=lambda user: user.pw_name)
        for user in users:
            user.pw_flags, user.pw_shell = user.pw_gid, user.pw_shell or "NOQUOTA"
        found[domain] = [repr([getattr(user, name) for name in user.__slots__]) for user in users]
        found[f"{domain} aliases"] = list(site.aliases.iter(domain))
        found[f"{domain} limits"] = repr(site.limits.find(domain))
        found[f"{domain} logins"] = [
            site.installation.last_auth.read_last_auth(entry, user) for user in users if user.pw_dir
        ]
    return found


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_all_kinds_of_records_go_from_any_store_to_any_other(
    place: Callable[..., dict[str, object]], one: str, other: str
) -> None:
    with two_sites(place(one), place(other), clear_passwd=True) as (source, target):
        fill(source)
        before = seen(source)
        told: list[tuple[str, int]] = []
        rehearsed = source.convert(target, dry_run=True)
        assert not list(target.installation.backend.stream(target.domains.get(DOMAIN)))
        report = source.convert(target, progress=lambda domain, done: told.append((domain, done)))
        assert seen(source) == before
        assert seen(target) == before
        assert told == [(DOMAIN, len(before[DOMAIN]))]
        assert [domain.users for domain in report.domains] == [len(before[DOMAIN]), 0]
        assert [domain.users for domain in rehearsed.domains] == [len(before[DOMAIN]), 0]
        assert target.users.check_password(JOE, f"It's-{TEXTS[2][:6]}\\1x")
        if source.installation.auth_log is not None and target.installation.auth_log is not None:
            assert report.log_lines == 3
            lines = list(target.installation.auth_log.iterate_log())
            assert [(line.time, line.logon, line.password) for line in lines] == [
                (number, JOE, "") for number in range(3)
            ]
        # The same again changes nothing and doubles nothing.
        source.convert(target)
        assert seen(target) == before
        assert not os.path.exists(source.settings.etc_path("converting"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_domain_with_other_accounts_is_refused_and_replaced_only_if_told(
    place: Callable[..., dict[str, object]], kind: str
) -> None:
    other = "memory" if kind != "memory" else "sqlite"
    with two_sites(place(other), place(kind)) as (source, target):
        fill(source)
        store(target, VqPasswd("stranger", HASH, pw_gecos="x"), VqPasswd("joe", "x", pw_gecos="Other"))
        for dry_run in (True, False):
            with pytest.raises(ConversionFailed) as caught:
                source.convert(target, dry_run=dry_run)
            assert isinstance(caught.value.report.failed[DOMAIN], DomainExists)
            assert [one.domain for one in caught.value.report.domains] == [OTHER]
        entry = target.domains.get(DOMAIN)
        assert {user.pw_name for user in target.installation.backend.iterate(entry)} == {"stranger", "joe"}
        source.convert(target, replace=True)
        assert seen(target)[DOMAIN] == seen(source)[DOMAIN]


@pytest.mark.parametrize("what", ["aliases", "limits"])
@pytest.mark.parametrize(("one", "other"), [("cdb", "sqlite"), ("sqlite", "cdb")])
def test_aliases_and_limits_of_others_are_refused_too(
    place: Callable[..., dict[str, object]], one: str, other: str, what: str
) -> None:
    with two_sites(place(one), place(other)) as (source, target):
        fill(source)
        if other == "cdb":
            # Homes are there: without the file the domain would be one that has lost its users.
            Path(target.domains.get(DOMAIN).path, "vpasswd").touch()
        if what == "aliases":
            target.aliases.set(f"sales@{DOMAIN}", ["&other@example.net"])
        else:
            target.limits.set(DOMAIN, VLimits(maxaliases=1))
        with pytest.raises(ConversionFailed) as caught:
            source.convert(target)
        assert isinstance(caught.value.report.failed[DOMAIN], DomainExists)
        assert target.limits.get(DOMAIN).maxaliases != 7
        source.convert(target, replace=True)
        assert seen(target) == seen(source)


def test_only_the_domains_that_are_asked_for(place: Callable[..., dict[str, object]]) -> None:
    with two_sites(place("cdb"), place("sqlite")) as (source, target):
        fill(source)
        store(source, VqPasswd("amy", HASH, pw_gecos="x"), domain=OTHER)
        report = source.convert(target, ["ALIAS.example"])
        assert [one.domain for one in report.domains] == [DOMAIN]
        assert not list(target.installation.backend.stream(target.domains.get(OTHER)))
        with pytest.raises(DomainNotFound):
            source.convert(target, ["nowhere.example"])


def test_clear_passwords_are_copied_only_where_both_keep_them(place: Callable[..., dict[str, object]]) -> None:
    with two_sites(place("cdb"), {**place("sqlite"), "clear_passwd": False}, clear_passwd=True) as (source, target):
        source.domains.add(DOMAIN, "Wonderful-1")
        source.convert(target)
        assert target.users.get(f"postmaster@{DOMAIN}").pw_clear_passwd == ""
        assert target.users.check_password(f"postmaster@{DOMAIN}", "Wonderful-1")


def test_what_the_target_cannot_hold_fails_and_the_rest_is_copied(
    place: Callable[..., dict[str, object]],
) -> None:
    layout = "5.4.33 mysql"
    narrow = place("mysql") | options_for(layout)
    raw.run(str(narrow["database_url"]), *statements(layout))
    with two_sites(place("cdb"), {**narrow, "profile": "5.6"}) as (source, target):
        fill(source)
        store(source, VqPasswd("amy", HASH, pw_gecos="x"), domain=OTHER)
        with pytest.raises(ConversionFailed, match=DOMAIN) as caught:
            source.convert(target)
        assert isinstance(caught.value.report.failed[DOMAIN], PasswordTooLong)
        assert [one.domain for one in caught.value.report.domains] == [OTHER]
        # The administrator widens the tables; the conversion goes on.
        target.schema.upgrade()
        source.convert(target)
        assert seen(target)[DOMAIN] == seen(source)[DOMAIN]



def test_bytes_that_are_no_utf8_are_refused_by_stores_that_cannot_keep_them(
    place: Callable[..., dict[str, object]],
) -> None:
    with two_sites(place("cdb"), place("pgsql")) as (source, target):
        source.domains.add(DOMAIN)
        source.users.add(JOE, crypted=HASH, gecos="M\udcfcller")
        with pytest.raises(ConversionFailed) as caught:
            source.convert(target)
        assert isinstance(caught.value.report.failed[DOMAIN], InvalidCharacter)


def test_who_changes_the_source_from_another_host_is_copied_too(
    place: Callable[..., dict[str, object]],
) -> None:
    """The lock is one of this host; a row that another one changes meanwhile shows in the end."""
    with two_sites(place("sqlite"), place("cdb")) as (source, target):
        fill(source)
        url = str(source.settings.database_url)
        calls: list[int] = []

        def meanwhile(_domain: str, done: int) -> None:
            if not calls:
                raw.run(url, "UPDATE vpopmail SET pw_gecos = 'changed' WHERE pw_name = 'joe'")
                raw.run(url, "DELETE FROM vpopmail WHERE pw_name = 'u1'")
            calls.append(done)

        source.convert(target, progress=meanwhile)
        assert len(calls) == 2
        assert target.users.get(JOE).pw_gecos == "changed"
        assert f"u1@{DOMAIN}" not in target.users
        assert seen(target)[DOMAIN] == seen(source)[DOMAIN]


def test_a_source_that_never_rests_is_told(place: Callable[..., dict[str, object]]) -> None:
    with two_sites(place("sqlite"), place("cdb")) as (source, target):
        fill(source)
        url = str(source.settings.database_url)

        def restless(_domain: str, _done: int) -> None:
            raw.run(url, "UPDATE vpopmail SET pw_gid = pw_gid + 1 WHERE pw_name = 'joe'")

        with pytest.raises(ConversionFailed, match="differ still, in: users") as caught:
            source.convert(target, progress=restless)
        assert isinstance(caught.value.report.failed[DOMAIN], BackendUnavailable)
        source.convert(target)
        assert seen(target)[DOMAIN] == seen(source)[DOMAIN]


def test_one_table_for_all_becomes_a_table_for_each_domain(
    database: tuple[str, str],
) -> None:
    """In the same database; what is kept of them besides stays where it is."""
    kind, url = database
    options: dict[str, object] = {"backend": kind, "database_url": url, "valias": True}
    with two_sites(options, {**options, "many_domains": False}) as (source, target):
        fill(source)
        source.convert(target)
        assert seen(target) == seen(source)
        assert len(raw.run(url, "SELECT pw_name FROM example_com")) == len(seen(source)[DOMAIN])


def test_the_same_store_and_another_site_are_refused(place: Callable[..., dict[str, object]]) -> None:
    with sandbox("cdb") as one, sandbox("memory") as other:
        with pytest.raises(ConfigError, match="the same site"):
            one.convert(other)
        with pytest.raises(ConfigError, match="the same"):
            one.convert(one)
        with pytest.raises(ConfigError, match="cannot be changed"):
            one.convert(Config.load(
                backend="null", vpopmaildir=one.settings.vpopmaildir, qmaildir=one.settings.qmaildir,
                vpopuser=os.geteuid(), vpopgroup=os.getegid(),
            ))  # fmt: skip


def test_two_conversions_at_a_time_are_refused(place: Callable[..., dict[str, object]]) -> None:
    with two_sites(place("cdb"), place("sqlite"), lock_timeout=0) as (source, target):
        fill(source)

        def again(_domain: str, _done: int) -> None:
            with pytest.raises(FileNotUpdated):
                source.convert(target)

        source.convert(target, progress=again)


@pytest.mark.parametrize(("one", "other"), [("mysql", "pgsql"), ("cdb", "mysql"), ("pgsql", "cdb")])
def test_ip_maps_and_relay_addresses_go_along(
    place: Callable[..., dict[str, object]], one: str, other: str
) -> None:
    options = {"ip_alias_domains": True, "roaming_users": True}
    with two_sites(place(one), place(other), **options) as (source, target):
        fill(source)
        ours, theirs = source.installation, target.installation
        ours.ip_map.write_ip_map("192.0.2.1", DOMAIN)
        ours.ip_map.write_ip_map("2001:db8::1", OTHER)
        ours.relay.open_relay("192.0.2.9", 1_700_000_000)
        report = source.convert(target)
        assert (report.ip_maps, report.relays) == (2, 1)
        assert sorted(theirs.ip_map.iterate_ip_map()) == sorted(ours.ip_map.iterate_ip_map())
        assert theirs.relay.relay_addresses() == [("192.0.2.9", 1_700_000_000)]
        if theirs.alias_domains is not None:
            assert dict(theirs.alias_domains.iterate_alias_domains()) == {"alias.example": DOMAIN}


def test_another_log_is_kept_unless_told(place: Callable[..., dict[str, object]]) -> None:
    with two_sites(place("mysql"), place("sqlite")) as (source, target):
        fill(source)
        log = target.installation.auth_log
        assert log is not None
        log.write_log(LoginRecord("amy", OTHER, time=77))
        with pytest.raises(ConversionFailed, match="log of logins"):
            source.convert(target)
        assert [line.time for line in log.iterate_log()] == [77]
        source.convert(target, replace=True)
        assert [line.time for line in log.iterate_log()] == [0, 1, 2]


@pytest.mark.parametrize("field", ["user", "domain", "logon", "remote_ip", "message", "time", "status"])
def test_a_log_with_one_other_field_is_another_log(place: Callable[..., dict[str, object]], field: str) -> None:
    with two_sites(place("sqlite"), place("sqlite")) as (source, target):
        source.domains.add(DOMAIN)
        values: dict[str, Any] = {
            "user": "joe", "domain": DOMAIN, "logon": JOE, "remote_ip": "192.0.2.1", "message": "in", "time": 5, "status": 3,
        }  # fmt: skip
        log, copy = source.installation.auth_log, target.installation.auth_log
        assert log is not None and copy is not None
        log.write_log(LoginRecord(**values, password="s3cret"))
        values[field] = 7 if field in {"time", "status"} else "other"
        copy.write_log(LoginRecord(**values, password="any"))
        with pytest.raises(ConversionFailed, match="log of logins"):
            source.convert(target)
        source.convert(target, replace=True)
        assert [one.message for one in copy.iterate_log()] == ["in"]


def test_what_the_target_shortens_in_a_log_is_no_difference(place: Callable[..., dict[str, object]]) -> None:
    """Nor is what its columns hold only as an escape: the same call finds the log complete."""
    odd = ("\udcff\udcfe", "M\u00fcller  ", "x" * 3000, "tab\tend\t", "")
    with two_sites(place("sqlite"), place("mysql")) as (source, target):
        log, copy = source.installation.auth_log, target.installation.auth_log
        assert log is not None and copy is not None
        source.domains.add(DOMAIN)
        for number, text in enumerate(odd):
            log.write_log(LoginRecord("joe", DOMAIN, logon=text, message=text, time=number, status=1))
        assert source.convert(target).log_lines == len(odd)
        before = list(copy.iterate_log())
        assert source.convert(target).log_lines == len(odd)
        assert list(copy.iterate_log()) == before
        assert before[2].message.endswith("...") and before[0].logon == "\\xff\\xfe"


@pytest.mark.parametrize(("one", "other"), [("sqlite", "sqlite"), ("mysql", "pgsql"), ("pgsql", "mysql")])
def test_memory_does_not_grow_with_the_users(
    place: Callable[..., dict[str, object]], one: str, other: str, request: pytest.FixtureRequest
) -> None:
    """Ten times the users in the same memory; with --full 50,000."""
    in_full = bool(request.config.getoption("--full"))
    if not in_full and one != "sqlite":
        pytest.skip("takes minutes: run it with --full")
    few = 5000 if in_full else 1100
    peaks = []
    with two_sites(place(one), place(other)) as (source, target):
        source.domains.add(DOMAIN)
        source.domains.add(OTHER)
        for domain, count in ((DOMAIN, few), (OTHER, few * 10)):
            store(source, *(
                VqPasswd(f"user{number:06}", HASH, pw_gecos=f"User {number}", pw_dir=f"/home/{number}")
                for number in range(count)
            ), domain=domain)  # fmt: skip
        source.convert(target, dry_run=True)  # all modules are loaded
        for domain in (DOMAIN, OTHER):
            tracemalloc.start()
            report = source.convert(target, [domain])
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert report.domains[0].users == few * 10
    # Of the smaller one the fixed part weighs more, and coverage measures too.
    assert peaks[1] < peaks[0] * 2, peaks


@pytest.mark.parametrize(("one", "other"), [("cdb", "sqlite"), ("sqlite", "cdb"), ("cdb", "mysql"), ("pgsql", "memory")])
def test_a_site_without_domains_is_converted_to_nothing(
    place: Callable[..., dict[str, object]], one: str, other: str
) -> None:
    with two_sites(place(one), place(other)) as (source, target):
        for dry_run in (True, False, False):
            report = source.convert(target, dry_run=dry_run)
            assert (report.domains, report.failed) == ([], {})
        assert list(target.domains) == []
        target.domains.add(DOMAIN)  # and it is none the worse for it
        target.users.add(JOE, crypted=HASH)
        assert [user.pw_name for user in target.users.iter(DOMAIN)] == ["joe"]


def test_a_site_whose_list_of_domains_cannot_be_read_is_no_site_without_domains(
    place: Callable[..., dict[str, object]],
) -> None:
    with two_sites(place("cdb"), place("memory")) as (source, target):
        source.domains.add(DOMAIN)
        Path(source.settings.qmaildir, "users/assign").unlink()
        with pytest.raises(AssignUnreadable):
            source.convert(target)


def test_a_dry_run_makes_no_file(place: Callable[..., dict[str, object]], sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite://"))
    with two_sites(place("cdb"), place("sqlite")) as (source, target):
        assert source.convert(target, dry_run=True).domains == []
        fill(source)
        report = source.convert(target, dry_run=True)
        assert [(one.domain, one.users, one.aliases) for one in report.domains] == [(DOMAIN, 10, 2), (OTHER, 0, 0)]
        assert not file.exists()
        source.convert(target)
        assert seen(target) == seen(source)
        assert file.stat().st_mode & 0o7777 == 0o600
