"""Every text comes back as it was stored, or is refused with its code, whatever it means to SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import vpopmail
from vpopmail import VA, Vpopmail
from vpopmail.errors import VpopmailError
from vpopmail.records import LoginRecord
from vpopmail.testing import sandbox

from . import raw

DOMAIN = "example.com"
JOE = f"joe@{DOMAIN}"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
TEXTS = [
    "'", '"', "\\", "\\'", "it's", "a''b", "\\\\'", "'; DROP TABLE vpopmail; --", "' OR '1'='1", "`", "--", "/*", "#",
    "%", "%s", "%(pw_name)s", "%%", "?", ":x", "::text", ":pw_name", "[x]", "[vpopmail.x]", "$1", "\\0", "\\n", "||", "_",
    "\u00e9", "\u0141", "\u00bf'", "\u00a5", "\u7e17", "\u7e17'", "\u30bd", "\u8868'", "\u4e2d\u6587", "\U0001f600", "\U0010ffff",
    "\uffff", "e\u0301", "\ufeff", "\udcff", "\udcbf\udc5c", "a\udcbf'", "nul\0byte", "\0", " blank ", "tab\there",
    "x" * 300, "'" * 64, "\u00e9" * 64,
]  # fmt: skip
SPECIAL = [text for text in TEXTS if len(text) < 30 and set(text) & set("'\"\\%?:[`-#$|")]
MYSQL_MODES = [
    "", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "PIPES_AS_CONCAT", "ANSI,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES",
]  # fmt: skip
CHARSETS = ["latin1", "gbk", "sjis", "big5", "cp932", "koi8r", "utf8mb3", "ucs2", "armscii8"]
OPTIONS = {
    "valias": True, "sql_logging": True, "ip_alias_domains": True, "roaming_users": True, "profile": "5.6",
    "clear_passwd": True, "lock_timeout": 5,
}  # fmt: skip


@contextmanager
def opened(kind: str, url: str) -> Iterator[Vpopmail]:
    with sandbox(kind, database_url=url, **OPTIONS) as site:
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        yield site


class Field:
    """One text of a record: how it is stored, and read again in another way than it was stored."""

    def __init__(self, store: Callable[[Vpopmail, str], object], read: Callable[[Vpopmail], object]) -> None:
        self.store = store
        self.read = read


def _set(name: str) -> Callable[[Vpopmail, str], object]:
    def store(site: Vpopmail, text: str) -> object:
        user = site.users.get(JOE)
        setattr(user, name, text)
        code = vpopmail.vauth_setpw(user, DOMAIN)
        if code != VA.SUCCESS:
            raise _Refused(code)
        return code

    return store


class _Refused(Exception):
    """A C function gave a code."""


def _kept(name: str) -> Field:
    return Field(_set(name), lambda site: getattr(site.users.get(JOE), name))


FIELDS = {
    "gecos": _kept("pw_gecos"),
    "crypted": _kept("pw_passwd"),
    "clear": _kept("pw_clear_passwd"),
    "directory": _kept("pw_dir"),
    "quota": _kept("pw_shell"),
    "alias": Field(
        lambda site, text: site.aliases.add_to(text, DOMAIN, "&joe@example.net"),
        lambda site: sorted(site.aliases.names(DOMAIN)),
    ),
    "line": Field(
        lambda site, text: site.aliases.set(f"sales@{DOMAIN}", [text]),
        lambda site: site.aliases.get(f"sales@{DOMAIN}"),
    ),
    "login from": Field(
        lambda site, text: site.users.note_login(JOE, text), lambda site: site.users.last_auth(JOE)[0]
    ),
    "mapped domain": Field(
        lambda site, text: site.installation.backend.write_ip_map("192.0.2.1", text),
        lambda site: site.installation.backend.read_ip_map("192.0.2.1"),
    ),
    "mapped address": Field(
        lambda site, text: site.installation.backend.write_ip_map(text, DOMAIN),
        lambda site: [address for address, _ in site.installation.backend.iterate_ip_map()],
    ),
    "relay": Field(
        lambda site, text: site.installation.backend.open_relay(text, 7),
        lambda site: [address for address, _ in site.installation.backend.relay_addresses()],
    ),
}  # fmt: skip
USER = "user"


def check_field(site: Vpopmail, field: Field, text: str) -> bool:
    """Whether a text was kept; else it must have been refused and have changed nothing."""
    before = _read(site, field)
    try:
        field.store(site, text)
    except (VpopmailError, _Refused):
        assert _read(site, field) == before
        return False
    found = _read(site, field)
    if isinstance(found, list):
        # Names are folded; C's columns are padded with blanks, so those at the end tell nothing.
        assert {text.rstrip(), text.rstrip().lower(), text} & set(found), (text, found)
    else:
        assert found == text or (found or "").rstrip() == text.rstrip(), (text, found)
    return True


def _read(site: Vpopmail, field: Field) -> object:
    try:
        return field.read(site)
    except VpopmailError as error:
        return type(error)
    except TypeError:
        return None  # no last login


def check_user(site: Vpopmail, text: str) -> None:
    """A user of this name is as good as any, or is refused."""
    name = text.lower()
    assert vpopmail.vauth_getpw(name, DOMAIN) is None
    if vpopmail.vauth_adduser(name, DOMAIN, "Wonderful-1", "x") == VA.SUCCESS:
        user = vpopmail.vauth_getpw(name, DOMAIN)
        assert user is not None and user.pw_name == name
        assert vpopmail.vauth_user(name, DOMAIN, "Wonderful-1") is not None
        assert name in [one.pw_name for one in site.users.iter(DOMAIN)]
        assert vpopmail.vauth_deluser(name, DOMAIN) == VA.SUCCESS
    assert [one.pw_name for one in site.users.iter(DOMAIN)] == ["joe"]


def check_log(site: Vpopmail, text: str) -> None:
    """The log takes any text, and shows it as it is or with escapes."""
    backend = site.installation.backend
    record = LoginRecord(text, text, logon=text, password=text, remote_ip=text, message=text, time=7, status=1)
    count = len(list(backend.iterate_log()))
    backend.write_log(record)
    shown = list(backend.iterate_log())[count:]
    assert len(shown) == 1
    if text.isprintable() and len(text) < 30 and text == text.rstrip() and text.isascii():
        assert (shown[0].logon, shown[0].message, shown[0].user) == (text, text, text)


def check_all(site: Vpopmail, texts: list[str] = TEXTS) -> set[str]:
    """Every field with every text; the names of fields that kept any."""
    kept = set()
    for text in texts:
        for name, field in FIELDS.items():
            if check_field(site, field, text):
                kept.add(name)
        check_user(site, text)
        check_log(site, text)
    assert DOMAIN in site.domains
    return kept


def test_texts_on_every_backend(database: tuple[str, str]) -> None:
    with opened(*database) as site:
        assert check_all(site) == set(FIELDS)


@pytest.mark.parametrize("mode", MYSQL_MODES)
def test_texts_under_every_sql_mode(mysql_url: str, mode: str) -> None:
    ((before,),) = raw.run(mysql_url, "SELECT @@GLOBAL.sql_mode")
    raw.run(mysql_url, f"SET GLOBAL sql_mode = '{mode}'")
    try:
        with opened("mysql", mysql_url) as site:
            check_all(site, SPECIAL)
    finally:
        raw.run(mysql_url, f"SET GLOBAL sql_mode = '{before}'")


@pytest.mark.parametrize("mode", ["", "STRICT_ALL_TABLES"])
def test_number_beyond_its_column_is_refused_and_never_another_one(mysql_url: str, mode: str) -> None:
    ((before,),) = raw.run(mysql_url, "SELECT @@GLOBAL.sql_mode")
    raw.run(mysql_url, f"SET GLOBAL sql_mode = '{mode}'")
    try:
        with opened("mysql", mysql_url) as site:
            for member in ("pw_gid", "pw_uid"):
                user = site.users.get(JOE)
                setattr(user, member, 2**31)
                assert vpopmail.vauth_setpw(user, DOMAIN) == VA.NO_AUTH_CONNECTION
            assert (site.users.get(JOE).pw_gid, site.users.get(JOE).pw_uid) == (0, 1)
    finally:
        raw.run(mysql_url, f"SET GLOBAL sql_mode = '{before}'")


def test_texts_without_standard_conforming_strings(pgsql_url: str) -> None:
    name = pgsql_url.rpartition("/")[2]
    raw.run(pgsql_url, f"ALTER DATABASE {name} SET standard_conforming_strings = off")
    raw.run(pgsql_url, f"ALTER DATABASE {name} SET escape_string_warning = off")
    with opened("pgsql", pgsql_url) as site:
        check_all(site, SPECIAL)


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("mode", ["", "STRICT_ALL_TABLES"])
def test_texts_in_tables_of_old_character_sets(mysql_url: str, charset: str, mode: str) -> None:
    """Nothing becomes a question mark, whatever the server would let pass."""
    ((before,),) = raw.run(mysql_url, "SELECT @@GLOBAL.sql_mode")
    raw.run(mysql_url, f"SET GLOBAL sql_mode = '{mode}'")
    tables = (
        "CREATE TABLE vpopmail (pw_name char(32) NOT NULL, pw_domain char(96) NOT NULL, pw_passwd char(40), pw_uid int,"
        " pw_gid int, pw_gecos char(48), pw_dir char(160), pw_shell char(20), pw_clear_passwd char(16),"
        f" PRIMARY KEY (pw_name, pw_domain)) CHARACTER SET {charset}",
        "CREATE TABLE valias (alias char(32) NOT NULL, domain char(96) NOT NULL, valias_line text NOT NULL,"
        f" KEY (alias, domain)) CHARACTER SET {charset}",
    )
    try:
        raw.run(mysql_url, *tables)
        with opened("mysql", mysql_url) as site:
            check_all(site, [text for text in TEXTS if not text.isascii()])
    finally:
        raw.run(mysql_url, f"SET GLOBAL sql_mode = '{before}'")
