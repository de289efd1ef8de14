"""A database that C made is used as it is: any of the recorded layouts, and nothing is altered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import vpopmail
from vpopmail import VA, Vpopmail
from vpopmail.access.login import Login
from vpopmail.backends.sql import last_auth
from vpopmail.errors import (
    BackendUnavailable,
    ClearPasswordTooLong,
    GecosTooLong,
    InvalidCharacter,
    PasswordTooLong,
    VpopmailError,
)
from vpopmail.records import NO_POP, VLimits
from vpopmail.testing import sandbox

from . import raw
from .recorded import DOMAIN, SCHEMAS, kind_of, options_for, statements

JOE = f"joe@{DOMAIN}"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"


@pytest.fixture(params=list(SCHEMAS))
def layout(request: pytest.FixtureRequest) -> str:
    """The name of a recorded layout."""
    name: str = request.param
    return name


@pytest.fixture
def url(layout: str, request: pytest.FixtureRequest) -> str:
    """A database with the tables of the layout."""
    found: str = request.getfixturevalue(f"{kind_of(layout)}_url")
    raw.run(found, *statements(layout))
    return found


@contextmanager
def opened(layout: str, url: str, **more: object) -> Iterator[Vpopmail]:
    options = {**options_for(layout), "database_url": url, **more}
    with sandbox(kind_of(layout), **options) as site:
        yield site


def columns(url: str) -> list[tuple[object, ...]]:
    """Each table with its columns, as the database has them."""
    if url.startswith("sqlite"):
        return sorted(raw.run(url, "SELECT name, sql FROM sqlite_master"))
    where = "DATABASE()" if url.startswith("mysql") else "current_schema()"
    return sorted(
        tuple(map(str, row))
        for row in raw.run(
            url,
            "SELECT table_name, ordinal_position, column_name, data_type, character_maximum_length"
            f" FROM information_schema.columns WHERE table_schema = {where}",
        )
    )


def test_a_layout_of_c_is_used_and_not_altered(layout: str, url: str) -> None:
    before = columns(url)
    with opened(layout, url) as site:
        site.domains.add(DOMAIN, "Wonderful-1")
        site.users.add(JOE, crypted=HASH, gecos="Joe", quota="10M")
        site.users.update(JOE, set_flags=NO_POP)
        site.users.set_quota(JOE, "1000C")
        site.aliases.add(f"sales@{DOMAIN}", f"&{JOE}")
        site.limits.set(DOMAIN, VLimits(maxaliases=7, disable_imap=1))
        site.users.delete(f"postmaster@{DOMAIN}")
        user = site.users.get(JOE)
        assert (user.pw_gecos, user.pw_shell, user.pw_gid) == ("Joe", "1000C", NO_POP)
        assert site.aliases.get(f"sales@{DOMAIN}") == [f"&{JOE}"]
        assert site.limits.get(DOMAIN).maxaliases == 7
        assert [one.pw_name for one in site.users.iter(DOMAIN)] == ["joe"]
    assert columns(url) == before


def test_what_does_not_fit_is_refused_and_never_cut(layout: str, url: str) -> None:
    width = {
        column["name"]: column.get("length")
        for table, what in SCHEMAS[layout]["tables"].items()
        if table in {"vpopmail", "example_com"}
        for column in what["columns"]
    }
    with opened(layout, url, profile="5.6") as site:
        site.domains.add(DOMAIN)
        for column, error, given in (
            ("pw_passwd", PasswordTooLong, {"crypted": "$6$" + "x" * 103}),
            ("pw_gecos", GecosTooLong, {"gecos": "g" * 60}),
            ("pw_clear_passwd", ClearPasswordTooLong, {"password": "Wonderful-1" * 3}),
        ):
            ((key, value),) = given.items()
            narrow = width.get(column) is not None and width[column] < len(str(value))
            if narrow:
                with pytest.raises(error):
                    site.users.add(JOE, **given)
                assert site.users.find(JOE) is None
            elif column in width:
                site.users.add(JOE, **given)
                user = site.users.get(JOE)
                stored = {"crypted": user.pw_passwd, "gecos": user.pw_gecos, "password": user.pw_clear_passwd}
                assert stored[key] == value
                site.users.delete(JOE)


def test_a_time_after_the_year_2038_is_refused_where_it_would_be_cut(
    layout: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """5.6 has INT for times; a server that is not strict stores the highest one."""
    tables = SCHEMAS[layout]["tables"]
    narrow = any(one["name"] == "timestamp" and one["type"] == "int(11)" for one in tables["lastauth"]["columns"])
    with opened(layout, url) as site:
        if layout.endswith(("mysql", "mysql table per domain")):
            site.installation.backend.connections.run(lambda work: work.execute("SET SESSION sql_mode = ''"))
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        joe = site.users.get(JOE)
        before = site.users.last_auth(JOE)
        later = 2**31 + 7
        monkeypatch.setattr(last_auth, "time", lambda: later)
        if not narrow:
            site.users.note_login(JOE, "192.0.2.7")
            assert vpopmail.vget_lastauth(joe, DOMAIN) == later
            return
        with pytest.raises(BackendUnavailable, match="timestamp"):
            site.users.note_login(JOE, "192.0.2.7")
        assert vpopmail.vset_lastauth("joe", DOMAIN, "192.0.2.7") == -1
        assert site.users.last_auth(JOE) == before
        assert vpopmail.vadduser("amy", DOMAIN, "Wonderful-1", "", 0) == VA.NO_AUTH_CONNECTION
        assert f"amy@{DOMAIN}" not in site.users


def test_the_clear_column_is_never_left_stale(layout: str, url: str) -> None:
    """C tools without the option ignore it; ours empties it, since CRAM-MD5 would believe it."""
    tables = SCHEMAS[layout]["tables"]
    table = "example_com" if "example_com" in tables else "vpopmail"
    if not any(column["name"] == "pw_clear_passwd" for column in tables[table]["columns"]):
        pytest.skip("it has no such column")
    text = f"SELECT pw_clear_passwd FROM {table} WHERE pw_name = 'joe'"
    with opened(layout, url) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, "Wonderful-1")
        assert raw.run(url, text) == [("Wonderful-1",)] or list(raw.run(url, text)[0]) == ["Wonderful-1"]
        site.users.set_password(JOE, crypted=HASH)
        assert [list(row) for row in raw.run(url, text)] == [[""]]


@pytest.mark.parametrize("text", ["M\u00fcller", "\u0141ukasz", "\U0001f600"])
def test_letters_come_back_or_are_refused(layout: str, url: str, text: str) -> None:
    with opened(layout, url) as site:
        site.domains.add(DOMAIN)
        try:
            site.users.add(JOE, crypted=HASH, gecos=text)
        except InvalidCharacter:
            assert "mysql" in layout
            assert JOE not in site.users
        else:
            assert site.users.get(JOE).pw_gecos == text


@pytest.mark.parametrize("use", ["make_user_dir", "login", "delivery"])
@pytest.mark.parametrize("empty", ["NULL", "''"])
def test_a_row_by_hand_gets_its_home_at_first_use(layout: str, url: str, use: str, empty: str) -> None:
    """Billing systems insert rows and leave the directory to whoever comes first."""
    own = "example_com" in SCHEMAS[layout]["tables"]
    table, domain = ("example_com", "") if own else ("vpopmail", f"pw_domain = '{DOMAIN}' AND ")
    names = "pw_name, pw_passwd, pw_dir, pw_gecos, pw_shell" + ("" if own else ", pw_domain")
    with opened(layout, url) as site:
        site.domains.add(DOMAIN)
        values = f"'joe', '{crypted('Wonderful-1')}', {empty}, {empty}, {empty}" + ("" if own else f", '{DOMAIN}'")
        raw.run(url, f"INSERT INTO {table} ({names}) VALUES ({values})")
        user = vpopmail.vauth_getpw("joe", DOMAIN)
        assert user is not None and (user.pw_dir, user.pw_shell) == ("", "NOQUOTA")
        home = f"{site.domains.get(DOMAIN).path}/joe"
        for _ in range(2):
            if use == "login":
                login = site.logins.authenticate(JOE, "Wonderful-1", "imap")
                assert isinstance(login, Login) and login.home == home
            elif use == "delivery":
                told = site.mail.deliver(JOE, b"Subject: hello\n\n", "amy@example.net")
                assert told.code == 0, told
                assert os.listdir(f"{home}/Maildir/new")
            elif site.users.get(JOE).pw_dir == "":
                entry = site.domains.get(DOMAIN)
                assert vpopmail.make_user_dir("joe", DOMAIN, entry.uid, entry.gid) == ""
            assert os.path.isdir(f"{home}/Maildir/new")
            text = f"SELECT pw_dir FROM {table} WHERE {domain}pw_name = 'joe'"
            assert [list(row) for row in raw.run(url, text)] == [[home]]


def test_a_row_by_hand_with_capitals_is_a_user_where_the_collation_finds_it(layout: str, url: str) -> None:
    """As in C: in its tables of MySQL, in no others."""
    own = "example_com" in SCHEMAS[layout]["tables"]
    table = "example_com" if own else "vpopmail"
    names = "pw_name, pw_passwd, pw_dir" + ("" if own else ", pw_domain")
    with opened(layout, url) as site:
        site.domains.add(DOMAIN)
        values = f"'Upper', '{crypted('Wonderful-1')}', ''" + ("" if own else f", '{DOMAIN}'")
        raw.run(url, f"INSERT INTO {table} ({names}) VALUES ({values})")
        login = site.logins.authenticate(f"upper@{DOMAIN}", "Wonderful-1", "imap")
        if kind_of(layout) != "mysql":
            assert not login
            return
        assert isinstance(login, Login) and os.path.isdir(f"{login.home}/Maildir/new")
        with site.batch():
            site.users.update(f"upper@{DOMAIN}", gecos="By hand")
            site.users.set_quota(f"upper@{DOMAIN}", "5M")
        user = site.users.get(f"upper@{DOMAIN}")
        assert (user.pw_name, user.pw_gecos, user.pw_shell) == ("Upper", "By hand", "5242880S")
        site.users.delete(f"upper@{DOMAIN}")
        assert not os.path.exists(login.home)
        assert list(raw.run(url, f"SELECT pw_name FROM {table}")) == []


def crypted(password: str) -> str:
    """An MD5 crypt string, which every layout can hold."""
    code, found = vpopmail.mkpasswd3(password)
    assert code == 0
    return found


def test_errors_are_of_the_library_when_the_tables_are_gone(layout: str, url: str) -> None:
    with opened(layout, url) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        tables = SCHEMAS[layout]["tables"]
        table = "example_com" if "example_com" in tables else "vpopmail"
        raw.run(url, f"DROP TABLE {table}")
        with pytest.raises(VpopmailError):
            site.users.find(JOE)


@pytest.mark.parametrize("field", ["gecos", "password"])
def test_a_blank_at_the_end_comes_back_or_is_refused(layout: str, url: str, field: str) -> None:
    """A column of the type CHAR loses it; a clear password without it would be another one."""
    text = "Wonderful-1 "
    given = {"gecos": text, "crypted": HASH} if field == "gecos" else {"password": text}
    with opened(layout, url) as site:
        site.domains.add(DOMAIN)
        try:
            site.users.add(JOE, **given)
        except InvalidCharacter:
            assert layout.startswith("5.4.33 mysql")
            assert JOE not in site.users
        else:
            user = site.users.get(JOE)
            assert user.pw_gecos == (text if field == "gecos" else "joe")
            assert user.pw_clear_passwd == (text if field == "password" and site.settings.clear_passwd else "")


def test_a_key_that_takes_one_line_of_each_kind_is_told_and_changes_nothing(mysql_url: str) -> None:
    """Release 5.6.1 with default deliveries made such a table."""
    raw.run(
        mysql_url,
        "CREATE TABLE valias (valias_type tinyint(1) NOT NULL DEFAULT 1, alias char(32) NOT NULL, domain char(96) NOT NULL,"
        " valias_line text NOT NULL, copy tinyint(1) NOT NULL DEFAULT 0, PRIMARY KEY (alias, domain, valias_type))",
    )
    sales = f"sales@{DOMAIN}"
    with sandbox("mysql", database_url=mysql_url, valias=True) as site:
        site.domains.add(DOMAIN)
        site.aliases.set(sales, [f"&{JOE}", "|/bin/true"])
        with pytest.raises(BackendUnavailable, match=r"sales@example\.com.*valias"):
            site.aliases.add(sales, f"&amy@{DOMAIN}")
        assert sorted(site.aliases.get(sales)) == [f"&{JOE}", "|/bin/true"]
        with vpopmail.use(site):
            assert vpopmail.valias_insert("sales", DOMAIN, f"&amy@{DOMAIN}") == -1
        site.schema.upgrade()
        site.aliases.add(sales, f"&amy@{DOMAIN}")
        assert sorted(site.aliases.get(sales)) == [f"&amy@{DOMAIN}", f"&{JOE}", "|/bin/true"]
