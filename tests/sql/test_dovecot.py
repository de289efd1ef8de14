"""Dovecot reads what we write: Debian's 2.3 with the settings of docs/dovecot.md, on real servers."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import vpopmail
from vpopmail import Vpopmail
from vpopmail.records import NO_IMAP, NO_POP, NO_SMTP, V_OVERRIDE, VLimits
from vpopmail.testing import sandbox

from . import raw
from .dovecot import Dovecot, block, dovecot, sql_settings
from .recorded import kind_of, options_for, statements

DOMAIN = "example.com"
ALIAS = "alias.example"
CLOSED = "closed.example"
JOE = f"joe@{DOMAIN}"
PASSWORD = "Wonderful-1"
NOBODY = 65534
SERVICES = ("imap", "pop3", "smtp")
OPTIONS = {"valias": True, "mysql_limits": True, "sql_aliasdomains": True, "profile": "5.6"}


@pytest.fixture
def top() -> Iterator[Path]:
    """A short path: sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@contextmanager
def both(top: Path, database: tuple[str, str], sql: str = "", **more: object) -> Iterator[tuple[Vpopmail, Dovecot]]:
    """A site whose mail belongs to nobody, and a Dovecot that reads its accounts."""
    kind, url = database
    options = {**OPTIONS, "database_url": url, "vpopuser": NOBODY, "vpopgroup": NOBODY, **more}
    with sandbox(kind, **options) as site:
        Path(site.settings.vpopmaildir).parent.chmod(0o755)
        site.domains.add(DOMAIN)
        with dovecot(top, url, uid=NOBODY, gid=NOBODY, sql=sql) as server:
            yield site, server


def test_logins_homes_and_quotas(top: Path, database: tuple[str, str]) -> None:
    with both(top, database) as (site, server):
        site.users.add(JOE, PASSWORD, quota="10485760S,1000C")
        site.domains.add_alias(ALIAS, DOMAIN)
        assert server.lets_in(JOE, PASSWORD)
        assert server.lets_in("JOE@Example.COM", PASSWORD)
        assert server.lets_in(f"joe@{ALIAS}", PASSWORD)
        assert not server.lets_in(JOE, "wrong")
        assert not server.lets_in(f"nobody@{DOMAIN}", PASSWORD)
        assert not server.lets_in("joe@nowhere.example", PASSWORD)
        assert not server.lets_in("joe", PASSWORD)
        home = site.users.get(JOE).pw_dir
        for address in (JOE, f"joe@{ALIAS}"):
            found = server.user(address)
            assert (found["home"], found["quota_rule"]) == (home, "*:bytes=10485760:messages=1000")
        assert server.user(f"joe@{ALIAS}")["user"] == JOE
        assert server.user(f"nobody@{DOMAIN}") == {}
        assert server.doveadm("user", "*")[1].split() == [JOE]
        # A change counts at once, a deleted domain is gone.
        site.users.set_password(JOE, "Other-word-2")
        assert server.lets_in(JOE, "Other-word-2") and not server.lets_in(JOE, PASSWORD)
        site.domains.delete(ALIAS)
        assert not server.lets_in(f"joe@{ALIAS}", "Other-word-2")


@pytest.mark.parametrize("service", SERVICES)
def test_flags_and_limits_close_services(top: Path, database: tuple[str, str], service: str) -> None:
    flag = {"imap": NO_IMAP, "pop3": NO_POP, "smtp": NO_SMTP}[service]
    limit = {"imap": "disable_imap", "pop3": "disable_pop", "smtp": "disable_smtp"}[service]
    with both(top, database) as (site, server):
        site.users.add(JOE, PASSWORD)
        site.users.update(JOE, set_flags=flag)
        site.domains.add(CLOSED)
        site.limits.set(CLOSED, VLimits(**{limit: 1}))
        site.users.add(f"amy@{CLOSED}", PASSWORD)
        site.users.add(f"bob@{CLOSED}", PASSWORD)
        site.users.update(f"bob@{CLOSED}", set_flags=V_OVERRIDE)
        for other in SERVICES:
            assert server.lets_in(JOE, PASSWORD, other) == (other != service)
            assert server.lets_in(f"amy@{CLOSED}", PASSWORD, other) == (other != service)
            assert server.lets_in(f"bob@{CLOSED}", PASSWORD, other)
        # Mail is delivered all the same.
        assert server.user(JOE)


def test_quotas_are_those_of_vpopmail(top: Path, database: tuple[str, str]) -> None:
    wanted = {
        "NOQUOTA": ("0", "0", "-", "-"),
        "10485760S": ("10485760", "0", "10240", "-"),
        "10485760S,1000C": ("10485760", "1000", "10240", "1000"),
        "1000C": ("0", "1000", "-", "1000"),
        "2048": ("2048", "0", "2", "-"),
    }
    with both(top, database) as (site, server):
        for number, (quota, (size, count, kilobytes, messages)) in enumerate(wanted.items()):
            address = f"user{number}@{DOMAIN}"
            site.users.add(address, PASSWORD)
            name = "pw_shell"
            raw.run(database[1], f"UPDATE vpopmail SET {name} = '{quota}' WHERE pw_name = 'user{number}'")
            assert server.user(address)["quota_rule"] == f"*:bytes={size}:messages={count}"
            code, text = server.doveadm("-f", "tab", "quota", "get", "-u", address)
            assert code == 0, text + server.log()
            rows = [line.split("\t") for line in text.splitlines()[1:]]
            assert {row[1]: row[3] for row in rows} == {"STORAGE": kilobytes, "MESSAGE": messages}
        site.limits.set(DOMAIN, VLimits(defaultquota=5_242_880, defaultmaxmsgcount=50))
        site.users.add(JOE, PASSWORD)
        assert server.user(JOE)["quota_rule"] == "*:bytes=5242880:messages=50"


def test_every_scheme_of_passwords(top: Path, database: tuple[str, str]) -> None:
    """Those that vpopmail makes, and those that both know."""
    schemes = ("DES-CRYPT", "MD5-CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "BLF-CRYPT", "ARGON2I", "ARGON2ID")
    with both(top, database) as (site, server):
        for scheme in schemes:
            address = f"{scheme.lower()}@{DOMAIN}"
            site.users.add(address, crypted=server.hashed(scheme, PASSWORD[:8]))
            assert site.users.check_password(address, PASSWORD[:8]), scheme
            assert server.lets_in(address, PASSWORD[:8]), scheme
            assert not server.lets_in(address, "Wondrous"), scheme
        site.users.add(f"none@{DOMAIN}")
        site.users.add(f"locked@{DOMAIN}", crypted="*")
        for name in ("none", "locked"):
            for password in ("*", PASSWORD):
                assert not server.lets_in(f"{name}@{DOMAIN}", password)


@pytest.mark.parametrize("scheme", ["md5", "sha512", "bcrypt", "argon2"])
def test_passwords_that_vpopmail_crypts(top: Path, sqlite_url: str, scheme: str) -> None:
    options = {"password_scheme": scheme}
    with both(top, ("sqlite", sqlite_url), **options) as (site, server):
        site.users.add(JOE, PASSWORD)
        assert server.lets_in(JOE, PASSWORD)


def test_names_that_mean_something_to_sql(top: Path, database: tuple[str, str]) -> None:
    with both(top, database) as (site, server):
        site.users.add(JOE, PASSWORD)
        for name in ("joe'--", "' OR '1'='1", "joe\\", "%n", "joe%", "_oe", "pw_name", "o'hara"):
            assert not server.lets_in(f"{name}@{DOMAIN}", PASSWORD), name
        assert server.lets_in(JOE, PASSWORD)


def without_tables(url: str) -> str:
    """The settings as the document tells them for sites without limits and aliasdomains."""
    lines = [line for line in sql_settings(url).split("\n") if "l." not in line]
    return "\n".join(
        "    AND u.pw_domain = '%d'" + (" \\" if line.endswith("\\") else "") if "aliasdomains" in line else line
        for line in lines
    )


def test_without_tables_of_limits_and_alias_domains(top: Path, database: tuple[str, str]) -> None:
    sql = without_tables(database[1])
    with both(top, database, sql, mysql_limits=False, sql_aliasdomains=False) as (site, server):
        site.users.add(JOE, PASSWORD, quota="10M")
        assert server.lets_in(JOE, PASSWORD)
        assert server.user(JOE)["quota_rule"] == "*:bytes=10485760:messages=0"


@pytest.mark.parametrize("layout", ["5.4.33 mysql", "5.4.33 pgsql", "5.6.13 sqlite"])
def test_tables_that_c_made(top: Path, layout: str, request: pytest.FixtureRequest) -> None:
    kind = kind_of(layout)
    url: str = request.getfixturevalue(f"{kind}_url")
    raw.run(url, *statements(layout))
    options = {"mysql_limits": False, "sql_aliasdomains": False, **options_for(layout)}
    with both(top, (kind, url), without_tables(url), **options) as (site, server):
        site.users.add(JOE, PASSWORD, quota="10M")
        assert server.lets_in(JOE, PASSWORD)
        assert server.user(JOE)["quota_rule"] == "*:bytes=10485760:messages=0"
        site.users.update(JOE, set_flags=NO_IMAP)
        assert not server.lets_in(JOE, PASSWORD) and server.lets_in(JOE, PASSWORD, "pop3")


def test_a_row_by_hand_with_nothing_but_a_password(top: Path, database: tuple[str, str]) -> None:
    with both(top, database) as (_site, server):
        crypted = server.hashed("MD5-CRYPT", PASSWORD)
        raw.run(
            database[1],
            f"INSERT INTO vpopmail (pw_name, pw_domain, pw_passwd) VALUES ('joe', '{DOMAIN}', '{crypted}')",
        )
        assert server.lets_in(JOE, PASSWORD)
        assert server.user(JOE)["quota_rule"] == "*:bytes=0:messages=0"


def test_a_table_for_each_domain_by_a_view(top: Path, database: tuple[str, str]) -> None:
    sql = sql_settings(database[1]).replace("FROM vpopmail", "FROM vpopmail_users")
    with both(top, database, sql, many_domains=False) as (site, server):
        site.domains.add("second-one.example")
        site.users.add(JOE, PASSWORD)
        site.users.add("amy@second-one.example", PASSWORD)
        program = block("prints the statement that makes the view vpopmail_users")
        with contextlib.redirect_stdout(io.StringIO()) as said, pytest.MonkeyPatch.context() as patch:
            patch.setattr(vpopmail, "Vpopmail", lambda: site)
            exec(program, {})  # noqa: S102 - what the document tells to run
        raw.run(database[1], said.getvalue().strip().removesuffix(";"))
        assert server.lets_in(JOE, PASSWORD)
        assert server.lets_in("amy@second-one.example", PASSWORD)
        assert not server.lets_in(f"amy@{DOMAIN}", PASSWORD)
        assert server.user(JOE)["home"] == site.users.get(JOE).pw_dir
