"""Tables are looked at, made and upgraded; what is in them stays, and C goes on using them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.register_assert_rewrite("vpopmail.testing.compliance")

from vpopmail import Vpopmail
from vpopmail.backends.sql.ddl.shapes import Column
from vpopmail.errors import ConfigError, SchemaRefused
from vpopmail.testing import sandbox
from vpopmail.testing.compliance import BackendCompliance

from . import raw
from .c_statements import c_statements
from .recorded import DOMAIN, SCHEMAS, kind_of, options_for, statements

JOE = f"joe@{DOMAIN}"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
LONG_HASH = "$6$rounds=656000$" + "s" * 16 + "$" + "h" * 86
OLD_MYSQL = "5.4.33 mysql"


@pytest.fixture(params=list(SCHEMAS))
def layout(request: pytest.FixtureRequest) -> str:
    """The name of a recorded layout."""
    name: str = request.param
    return name


@pytest.fixture
def url(layout: str, request: pytest.FixtureRequest) -> str:
    """A database with the tables of the layout, and a row in each."""
    found: str = request.getfixturevalue(f"{kind_of(layout)}_url")
    raw.run(found, *statements(layout), *rows_of(layout))
    return found


@contextmanager
def opened(layout: str, url: str, **more: object) -> Iterator[Vpopmail]:
    options = {**options_for(layout), "database_url": url, **more}
    with sandbox(kind_of(layout), **options) as site:
        yield site


def quoted(url: str, name: str) -> str:
    return f"`{name}`" if url.startswith("mysql") else f'"{name}"'


def rows_of(layout: str) -> list[str]:
    """Statements that put two rows into each table of a layout, as wide as they can be."""
    kind = kind_of(layout)
    texts = []
    for table, what in SCHEMAS[layout]["tables"].items():
        for letter in "ab":
            values = {
                column["name"]: value(column, letter)
                for column in what["columns"]
                if column.get("extra") != "auto_increment"
            }
            names = ", ".join(quoted(kind, name) for name in values)
            texts.append(f"INSERT INTO {quoted(kind, table)} ({names}) VALUES ({', '.join(values.values())})")
    return texts


def value(column: dict[str, Any], letter: str) -> str:
    """The widest text of a column, or a number."""
    if "char" not in column["type"].lower() and "text" not in column["type"].lower():
        return "1"
    if column["name"] == "timestamp":
        return "'1700000000'"
    if column["name"] == "pw_domain":
        return f"'{DOMAIN}'"
    length = min(column.get("length") or 200, 200)
    looked_up = column["name"] in {"pw_name", "user", "userid", "alias", "domain", "ip_addr"}
    filling = letter if looked_up else "\u00fc" if letter == "a" else "'"
    return "'" + (letter + filling * (length - 1)).replace("'", "''") + "'"


def contents(url: str, tables: dict[str, list[str]]) -> dict[str, list[list[str]]]:
    """The rows of tables, in these columns, as texts."""
    found = {}
    for table, names in tables.items():
        columns = ", ".join(quoted(url, name) for name in names)
        found[table] = sorted(
            [str(one) for one in row] for row in raw.run(url, f"SELECT {columns} FROM {quoted(url, table)}")
        )
    return found


def columns_of(url: str) -> dict[str, list[str]]:
    """The columns of all tables in their order."""
    found: dict[str, list[str]] = {}
    if url.startswith("sqlite"):
        text = (
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
            " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid"
        )
    else:
        where = "DATABASE()" if url.startswith("mysql") else "current_schema()"
        text = (
            "SELECT table_name, column_name FROM information_schema.columns"
            f" WHERE table_schema = {where} ORDER BY table_name, ordinal_position"
        )
    for table, column in raw.run(url, text):
        found.setdefault(table, []).append(column)
    return found


def test_an_old_layout_is_upgraded_with_all_that_is_in_it(layout: str, url: str) -> None:
    with opened(layout, url, profile="5.6") as site:
        site.domains.add(DOMAIN)
        rows = contents(url, before := columns_of(url))
        plan = site.schema.upgrade()
        assert plan.differences and plan.carried_out and not plan.obstacles
        again = site.schema.upgrade()
        assert (again.differences, again.statements) == ((), ())
        after = columns_of(url)
        for table, names in before.items():
            assert after[table][: len(names)] == names
        assert contents(url, before) == rows
        # What did not fit before fits now.
        long = f"{'n' * 64}@{DOMAIN}"
        site.users.add(long, crypted=LONG_HASH, gecos="g" * 60)
        assert site.users.get(long).pw_passwd == LONG_HASH
        assert [one.pw_name[0] for one in site.users.iter(DOMAIN)] == ["a", "b", "n"]
        site.users.delete(long)


def test_c_goes_on_using_upgraded_tables(layout: str, url: str) -> None:
    with opened(layout, url) as site:
        site.domains.add(DOMAIN)
        site.schema.upgrade()
        for text in c_statements(layout):
            raw.run(url, text)
        user = site.users.get(f"cuser@{DOMAIN}")
        assert (user.pw_gecos, user.pw_shell, user.pw_gid, user.pw_uid) == ("C's", "NOQUOTA", 8, 1)
        if "valias" in SCHEMAS[layout]["tables"]:
            assert site.aliases.get(f"calias@{DOMAIN}") == ["&one@example.net", "&two@example.net"]
        if "limits" in SCHEMAS[layout]["tables"]:
            assert site.limits.get(DOMAIN).maxaliases == 5
        assert not site.schema.check()


def test_a_dba_can_run_the_statements_himself(layout: str, url: str) -> None:
    with opened(layout, url) as site:
        site.domains.add(DOMAIN)
        before = columns_of(url)
        plan = site.schema.upgrade(dry_run=True)
        assert plan.statements and not plan.carried_out
        assert columns_of(url) == before
        for text in plan.statements:
            assert f"{text};" in str(plan)
        raw.run(url, *filter(None, [plan.frame[0], *plan.statements, plan.frame[1]]))
        assert not site.schema.check()


def test_an_upgrade_that_was_cut_off_is_done_by_the_next(mysql_url: str) -> None:
    """A statement about tables commits at once there; elsewhere all is one transaction."""
    raw.run(mysql_url, *statements(OLD_MYSQL), *rows_of(OLD_MYSQL))
    with opened(OLD_MYSQL, mysql_url) as site:
        site.domains.add(DOMAIN)
        rows = contents(mysql_url, before := columns_of(mysql_url))
        while (plan := site.schema.check()).statements:
            raw.run(mysql_url, plan.statements[0])
            rest = site.schema.check()
            assert len(rest.statements) == len(plan.statements) - 1
            assert contents(mysql_url, before) == rows
        assert not site.schema.upgrade().statements


def test_an_upgrade_fails_as_a_whole_where_a_transaction_holds_it(pgsql_url: str) -> None:
    layout = "5.6.13 pgsql"
    raw.run(pgsql_url, *statements(layout), *rows_of(layout))
    # PostgreSQL refuses to change the type of a column that a view shows.
    raw.run(pgsql_url, "CREATE VIEW billing AS SELECT valias_line FROM valias")
    before = columns_of(pgsql_url)
    with opened(layout, pgsql_url) as site:
        found = site.schema.check()
        with pytest.raises(Exception, match="SQLSTATE 0A000"):
            site.schema.upgrade()
        assert columns_of(pgsql_url) == before
        assert site.schema.check() == found


@pytest.mark.parametrize("many_domains", [True, False])
def test_new_tables_are_as_they_should_be(database: tuple[str, str], many_domains: bool) -> None:
    kind, url = database
    options = {
        "valias": True, "mysql_limits": True, "sql_logging": True, "ip_alias_domains": True,
        "roaming_users": True, "sql_aliasdomains": True, "many_domains": many_domains, "database_url": url,
    }  # fmt: skip
    with sandbox(kind, **options) as site:
        plan = site.schema.create(dry_run=True)
        assert {difference.found for difference in plan.differences} == {"missing"}
        assert columns_of(url) == {}
        assert site.schema.create().carried_out
        assert not site.schema.check()
        site.domains.add(DOMAIN, "Wonderful-1")
        assert not site.schema.check()
        raw.run(url, f"DROP TABLE {quoted(url, 'lastauth')}")
        assert [str(one) for one in site.schema.check().differences] == ["lastauth: missing, should be a table"]
        site.schema.create()
        assert not site.schema.create()
        assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["postmaster"]


def test_a_check_says_at_its_top_whether_all_is_well(sqlite_url: str) -> None:
    with sandbox("sqlite", database_url=sqlite_url) as site:
        check, nothing = site.schema.check, "-- all tables are as they should be"
        assert str(check()).startswith("-- tables that are missing or not as they should be\n-- ")
        assert str(site.schema.create()).startswith("-- missing tables\n-- ")
        assert str(check()).splitlines()[0] == nothing
        assert str(site.schema.create(dry_run=True)).splitlines()[0] == "-- no tables are missing"
        assert str(site.schema.upgrade(dry_run=True)).splitlines()[0] == nothing


def test_what_is_in_the_way_is_told_and_nothing_changes(mysql_url: str) -> None:
    raw.run(
        mysql_url,
        *statements(OLD_MYSQL),
        f"INSERT INTO vpopmail (pw_name, pw_domain) VALUES ('Joe', '{DOMAIN}'), ('amy', '{DOMAIN}')",
        f"INSERT INTO valias VALUES ('sales', '{DOMAIN}', REPEAT('\u00fc', 40000))",
    )
    before = columns_of(mysql_url)
    with opened(OLD_MYSQL, mysql_url) as site:
        told = [str(obstacle) for obstacle in site.schema.check().obstacles]
        assert told == [
            "vpopmail.pw_name: capitals: nobody would find them afterwards (1 rows)",
            "valias.valias_line: longer than 65535 bytes (1 rows)",
        ]
        with pytest.raises(SchemaRefused, match="capitals"):
            site.schema.upgrade()
        assert columns_of(mysql_url) == before
        raw.run(
            mysql_url,
            "UPDATE vpopmail SET pw_name = LOWER(pw_name)",
            "UPDATE valias SET valias_line = '&joe@example.com'",
        )
        assert site.schema.upgrade().carried_out
        assert not site.schema.check()


@pytest.mark.parametrize("text", ["yesterday", "17x", "", "-1"])
def test_a_time_that_is_no_number_is_in_the_way(mysql_url: str, text: str) -> None:
    """In releases 5.4 it is a text."""
    raw.run(
        mysql_url,
        *statements(OLD_MYSQL),
        f"INSERT INTO relay VALUES ('192.0.2.1', '{text}'), ('192.0.2.2', '1700000000'), ('192.0.2.3', NULL)",
    )
    with opened(OLD_MYSQL, mysql_url) as site:
        with pytest.raises(SchemaRefused, match=r"relay\.timestamp: texts that are no numbers"):
            site.schema.upgrade()
        raw.run(mysql_url, "DELETE FROM relay WHERE ip_addr = '192.0.2.1'")
        site.schema.upgrade()
        rows = raw.run(mysql_url, "SELECT ip_addr, timestamp FROM relay ORDER BY ip_addr")
        assert [list(row) for row in rows] == [["192.0.2.2", 1700000000], ["192.0.2.3", None]]


def test_two_upgrades_at_the_same_time_do_no_harm(mysql_url: str) -> None:
    """The second waits for the first, table by table, and finds its work done."""
    raw.run(mysql_url, *statements(OLD_MYSQL), *rows_of(OLD_MYSQL))
    trouble: list[BaseException] = []
    with opened(OLD_MYSQL, mysql_url, lock_timeout=60) as site:
        site.domains.add(DOMAIN)

        def upgrade() -> None:
            try:
                site.schema.upgrade()
            except BaseException as error:  # noqa: BLE001
                trouble.append(error)

        threads = [threading.Thread(target=upgrade) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert trouble == []
        assert not site.schema.check()


def test_rows_that_no_key_could_tell_apart_are_in_the_way(database: tuple[str, str]) -> None:
    kind, url = database
    raw.run(
        url,
        "CREATE TABLE vpopmail (pw_name varchar(64), pw_domain varchar(96), pw_passwd varchar(255), pw_uid integer,"
        " pw_gid integer, pw_gecos varchar(64), pw_dir varchar(160), pw_shell varchar(20))",
        f"INSERT INTO vpopmail (pw_name, pw_domain) VALUES ('joe', '{DOMAIN}'), ('joe', '{DOMAIN}'), (NULL, 'x')",
    )
    with sandbox(kind, database_url=url, clear_passwd=False) as site:
        told = {str(obstacle) for obstacle in site.schema.check().obstacles}
        assert told == {
            "vpopmail.pw_name, pw_domain: rows without a key (1 rows)",
            "vpopmail.pw_name, pw_domain: keys that several rows have (1 rows)",
        }
        with pytest.raises(SchemaRefused):
            site.schema.upgrade()


def test_columns_and_keys_of_others_stay_and_wide_columns_are_not_narrowed(mysql_url: str) -> None:
    """The fork's sql/vpopmail.sql, a MyISAM table, and the key of its release 5.6.1."""
    raw.run(
        mysql_url,
        "CREATE TABLE vpopmail (id INT NOT NULL AUTO_INCREMENT, pw_name VARCHAR(64) NOT NULL,"
        " pw_domain VARCHAR(96) NOT NULL, pw_passwd VARCHAR(300), pw_uid INT, pw_gid INT,"
        " pw_gecos VARCHAR(64) DEFAULT 'it''s: [x], %s' COMMENT 'name, full', pw_dir VARCHAR(160),"
        " pw_shell VARCHAR(20), my_uid TINYINT NOT NULL DEFAULT 89, PRIMARY KEY (pw_name, pw_domain),"
        " UNIQUE KEY (id), KEY (pw_domain)) ENGINE=MyISAM CHARSET=latin1",
        "CREATE TABLE valias (valias_type TINYINT(1) NOT NULL DEFAULT 1, alias VARCHAR(32) NOT NULL,"
        " domain VARCHAR(96) NOT NULL, valias_line TEXT NOT NULL, copy TINYINT(1) NOT NULL DEFAULT 0,"
        " PRIMARY KEY (alias, domain, valias_type)) CHARSET=latin1",
        f"INSERT INTO vpopmail (pw_name, pw_domain) VALUES ('joe', '{DOMAIN}')",
        f"INSERT INTO valias (alias, domain, valias_line) VALUES ('sales', '{DOMAIN}', '&{JOE}')",
    )
    options = {"valias": True, "clear_passwd": False, "database_url": mysql_url}
    with sandbox("mysql", **options) as site:
        site.domains.add(DOMAIN)
        site.schema.upgrade()
        assert not site.schema.check()
        ((_, create),) = raw.run(mysql_url, "SHOW CREATE TABLE vpopmail")
        assert "ENGINE=InnoDB" in create
        assert "`my_uid` tinyint(4) NOT NULL DEFAULT 89" in create
        assert "DEFAULT 'it''s: [x], %s' COMMENT 'name, full'" in create
        assert "`pw_passwd` varchar(300)" in create
        assert "pw_clear_passwd" not in create
        site.aliases.add(f"sales@{DOMAIN}", "&amy@example.net")
        assert site.aliases.get(f"sales@{DOMAIN}") == [f"&{JOE}", "&amy@example.net"]
        assert site.users.get(JOE).pw_gecos == "it's: [x], %s"


def test_a_clear_password_column_is_added_where_they_are_kept(mysql_url: str) -> None:
    layout = "5.4.33 mysql without clear passwords"
    raw.run(mysql_url, *statements(layout))
    with opened(layout, mysql_url, clear_passwd=True) as site:
        site.domains.add(DOMAIN)
        site.schema.upgrade()
        site.users.add(JOE, "Wonderful-1")
        assert site.users.get(JOE).pw_clear_passwd == "Wonderful-1"


def test_triggers_and_constraints_of_sqlite_are_not_lost(sqlite_url: str) -> None:
    layout = "5.6.13 sqlite"
    raw.run(
        sqlite_url,
        *statements(layout),
        "CREATE TRIGGER billing AFTER INSERT ON valias BEGIN SELECT 1; END",
    )
    with opened(layout, sqlite_url) as site:
        with pytest.raises(SchemaRefused, match="triggers"):
            site.schema.upgrade()
        raw.run(sqlite_url, "DROP TRIGGER billing", "CREATE UNIQUE INDEX mine ON valias (alias, valias_line)")
        site.schema.upgrade()
        assert not site.schema.check()
        assert raw.run(sqlite_url, "SELECT name FROM sqlite_master WHERE name = 'mine'") == [("mine",)]


@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_a_store_without_tables_says_so(backend: str) -> None:
    with sandbox(backend) as site:
        for ask in (site.schema.check, site.schema.create, site.schema.upgrade):
            with pytest.raises(ConfigError, match="has no tables"):
                ask()


class Upgraded(BackendCompliance):
    """The shipped suite on the upgraded tables of an old release."""

    layout = ""
    url = ""

    @contextmanager
    def opened(self, name: str, **more: object) -> Iterator[Vpopmail]:
        with super().opened(name, database_url=self.url, **more) as site:
            if not columns_of(self.url):
                raw.run(self.url, *statements(self.layout))
            site.schema.upgrade()
            yield site


class TestUpgradedMysql(Upgraded):
    backend = "mysql"
    layout = OLD_MYSQL
    settings = {"valias": True, "mysql_limits": True}

    @pytest.fixture(autouse=True)
    def fresh(self, mysql_url: str) -> None:
        self.url = mysql_url


class TestUpgradedPgsql(Upgraded):
    backend = "pgsql"
    layout = "5.6.13 pgsql"
    settings = {"valias": True}

    @pytest.fixture(autouse=True)
    def fresh(self, pgsql_url: str) -> None:
        self.url = pgsql_url


class TestUpgradedSqlite(Upgraded):
    backend = "sqlite"
    layout = "5.6.13 sqlite"
    settings = {"valias": True}

    @pytest.fixture(autouse=True)
    def fresh(self, sqlite_url: str) -> None:
        self.url = sqlite_url


@given(st.text(max_size=30) | st.from_regex(r"[a-z ]{1,20}(\(\d{1,4}\))?( unsigned)?", fullmatch=True))
def test_any_type_of_a_column_is_read(kind: str) -> None:
    for blocks in (True, False):
        column = Column("name", kind, blocks=blocks)
        assert column.family in {"text", "number", "other"}
        assert column.size >= 0


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [("char(32)", "varchar(64)"), ("tinyint(1)", "integer"), ("int(11)", "bigint"), ("varchar(160)", "text"),
     ("bigint", "bigint unsigned"), ("text", "mediumtext")],
)  # fmt: skip
def test_wider_types_are_known(narrow: str, wide: str) -> None:
    assert Column("a", narrow, blocks=True).size < Column("a", wide, blocks=True).size
