"""Rows that somebody else wrote: with NULL, with a clear password of another time, in altered tables."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import vpopmail
from vpopmail import VA, Vpopmail
from vpopmail.records import VLimits
from vpopmail.testing import sandbox

from . import raw

DOMAIN = "example.com"
JOE = f"joe@{DOMAIN}"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
ALL = {
    "valias": True, "mysql_limits": True, "sql_logging": True, "ip_alias_domains": True,
    "roaming_users": True, "profile": "5.4", "lock_timeout": 5,
}  # fmt: skip


@contextmanager
def opened(database: tuple[str, str], **more: object) -> Iterator[Vpopmail]:
    kind, url = database
    options = {**ALL, **more}
    if kind != "mysql":
        options.pop("mysql_limits")
    with sandbox(kind, database_url=url, **options) as site:
        site.domains.add(DOMAIN)
        yield site


def insert(url: str, **values: str) -> None:
    """A row of joe with these values, each as SQL has it; NULL for the rest."""
    given = {"pw_name": "'joe'", "pw_domain": f"'{DOMAIN}'", "pw_passwd": f"'{HASH}'", **values}
    raw.run(url, f"INSERT INTO vpopmail ({', '.join(given)}) VALUES ({', '.join(given.values())})")


def column(url: str, name: str) -> object:
    ((value,),) = raw.run(url, f"SELECT {name} FROM vpopmail WHERE pw_name = 'joe'")
    return value


@pytest.mark.parametrize("empty", ["NULL", "''"])
def test_columns_without_a_value_can_be_changed(database: tuple[str, str], empty: str) -> None:
    with opened(database) as site:
        insert(database[1], pw_gecos=empty, pw_dir=empty, pw_shell=empty, pw_clear_passwd=empty)
        site.users.update(JOE, gecos="Joe", set_flags=4)
        site.users.set_quota(JOE, "10M")
        site.users.set_password(JOE, "Wonderful-1")
        user = site.users.get(JOE)
        user.pw_uid, user.pw_dir = 2, f"{site.domains.get(DOMAIN).path}/joe"
        assert vpopmail.vauth_setpw(user, DOMAIN) == VA.SUCCESS
        user = site.users.get(JOE)
        assert (user.pw_gecos, user.pw_gid, user.pw_clear_passwd) == ("Joe", 4, "Wonderful-1")
        assert (user.pw_uid, user.pw_shell) == (2, "10485760S")


def test_a_clear_password_of_another_time_goes_with_the_password(database: tuple[str, str]) -> None:
    """CRAM-MD5 would believe it, which the site has given up to keep."""
    with opened(database, clear_passwd=False) as site:
        insert(database[1], pw_clear_passwd="'stale'")
        site.users.update(JOE, gecos="Joe")
        assert column(database[1], "pw_clear_passwd") == "stale"
        site.users.set_password(JOE, "Wonderful-1")
        assert column(database[1], "pw_clear_passwd") == ""


def test_a_column_that_is_added_meanwhile_does_no_harm(database: tuple[str, str]) -> None:
    """PostgreSQL refuses a prepared statement whose table was altered."""
    with opened(database) as site:
        for _ in range(8):
            site.users.find(JOE)
        raw.run(database[1], "ALTER TABLE vpopmail ADD COLUMN my_note varchar(20) DEFAULT 'note'")
        site.users.add(JOE, crypted=HASH)
        assert site.users.get(JOE).pw_gecos == "joe"
        assert column(database[1], "my_note") == "note"


@pytest.mark.parametrize("table", ["lastauth", "valias", "limits", "dir_control", "vlog", "ip_alias_map", "relay"])
def test_a_table_that_is_lost_meanwhile_is_made_anew(database: tuple[str, str], table: str) -> None:
    if table == "limits" and database[0] != "mysql":
        pytest.skip("its limits are files")
    with opened(database) as site:
        site.users.add(JOE, crypted=HASH)
        quoted = "`limits`" if table == "limits" else table
        raw.run(database[1], f"DROP TABLE {quoted}")
        change = {
            "lastauth": lambda: vpopmail.vset_lastauth("joe", DOMAIN, "192.0.2.7"),
            "valias": lambda: vpopmail.valias_insert("sales", DOMAIN, f"&{JOE}"),
            "limits": lambda: vpopmail.vset_limits(DOMAIN, VLimits(maxaliases=3)),
            "dir_control": lambda: vpopmail.vadduser("amy", DOMAIN, "Wonderful-1", "", 0),
            "vlog": lambda: vpopmail.logsql(2, "joe", DOMAIN, "", "joe", "192.0.2.7", "ok"),
            "ip_alias_map": lambda: vpopmail.vadd_ip_map("192.0.2.7", DOMAIN),
            "relay": lambda: vpopmail.open_smtp_relay(),
        }[table]
        if table in {"ip_alias_map", "relay"}:
            backend = site.installation.backend
            if table == "relay":
                assert backend.open_relay("192.0.2.7", 1)
            else:
                backend.write_ip_map("192.0.2.7", DOMAIN)
        else:
            assert change() == 0
        assert len(raw.run(database[1], f"SELECT * FROM {quoted}")) >= 1
        raw.run(database[1], f"DROP TABLE {quoted}")
        assert vpopmail.vdeluser("joe", DOMAIN) == VA.SUCCESS
        assert vpopmail.vdeldomain(DOMAIN) == VA.SUCCESS


def test_a_lost_table_of_users_is_no_empty_one(database: tuple[str, str]) -> None:
    with opened(database) as site:
        site.users.add(JOE, crypted=HASH)
        raw.run(database[1], "DROP TABLE vpopmail")
        assert vpopmail.vadduser("amy", DOMAIN, "Wonderful-1", "", 0) == VA.NO_AUTH_CONNECTION
        assert vpopmail.vdeluser("joe", DOMAIN) == VA.NO_AUTH_CONNECTION
        assert vpopmail.vauth_setquota("joe", DOMAIN, "1M") == VA.NO_AUTH_CONNECTION
        assert DOMAIN in site.domains


@pytest.mark.parametrize("kind", ["mysql", "pgsql"])
def test_vauth_open_tells_whether_there_is_a_connection(kind: str) -> None:
    from . import servers

    url = f"{kind}://nobody:secret@127.0.0.1:{servers.free_port()}/none"
    with sandbox(kind, database_url=url):
        assert vpopmail.vauth_open(1) == VA.NO_AUTH_CONNECTION
        assert vpopmail.last_error() == VA.NO_AUTH_CONNECTION


def test_vauth_open_connects(database: tuple[str, str]) -> None:
    with sandbox(database[0], database_url=database[1]):
        assert vpopmail.vauth_open(1) == VA.SUCCESS


def test_a_process_that_ends_with_its_connections_open_says_nothing(database: tuple[str, str]) -> None:
    kind, url = database
    text = (
        "import vpopmail, sys\n"
        "from vpopmail.testing import sandbox\n"
        f"context = sandbox({kind!r}, database_url={url!r})\n"
        "context.__enter__()\n"
        "assert vpopmail.vauth_open(1) == 0\n"
        "import atexit; atexit.register(lambda: None)\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("empty", ["NULL", "''"])
def test_a_row_whose_home_is_still_to_be_made_is_nothing_to_look_at(database: tuple[str, str], empty: str) -> None:
    with opened(database) as site:
        site.reconcile()
        insert(database[1], pw_dir=empty)
        assert [str(one) for one in site.reconcile().findings] == []
        with vpopmail.use(site):
            assert vpopmail.make_user_dir("joe", DOMAIN, 0, 0) is not None
        assert [str(one) for one in site.reconcile().findings] == []


@pytest.mark.parametrize(("stored", "number"), [("'abc'", 0), ("'4 apples'", 4), ("x'34'", 4), ("9e999", 0)])
def test_a_text_in_a_column_for_numbers_is_read_as_c_reads_it(tmp_path: Path, stored: str, number: int) -> None:
    """SQLite keeps any value in any column."""
    url = f"sqlite://{tmp_path}/accounts"
    with opened(("sqlite", url)) as site:
        site.users.add(JOE, crypted=HASH)
        site.limits.set(DOMAIN, VLimits(maxpopaccounts=9))
        site.users.note_login(JOE, "192.0.2.1")
        site.relay.note("192.0.2.1")
        columns = ("vpopmail", "pw_gid"), ("vpopmail", "pw_uid"), ("lastauth", "timestamp"), ("relay", "timestamp")
        for table, name in (*columns, ("dir_control", "cur_users")):
            raw.run(url, f"UPDATE {table} SET {name} = {stored}")
        raw.run(url, f"INSERT INTO vpopmail (pw_name, pw_domain, pw_uid, pw_gid) VALUES ('ann', '{DOMAIN}', {stored}, 0)")
        with vpopmail.use(site):
            assert site.users.get(JOE).pw_gid == number
            assert {user.pw_gid for user in site.users.iter(DOMAIN)} == {number, 0}
            assert vpopmail.vget_lastauth(site.users.get(JOE), DOMAIN) == number
            assert site.relay.addresses() == [("192.0.2.1", number)]
            assert vpopmail.vread_dir_control(DOMAIN, 0, 0)[1].cur_users == number
            assert vpopmail.vauth_user("joe", DOMAIN, "wrong") is None
