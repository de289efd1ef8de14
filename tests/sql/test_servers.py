"""What the settings say of servers, what the servers' codes mean, and statements for servers that are not here."""

from __future__ import annotations

from typing import Any

import pytest

from vpopmail.backends.sql import dialect as kinds
from vpopmail.backends.sql.mysql import MysqlDialect
from vpopmail.backends.sql.pgsql import PgsqlDialect
from vpopmail.backends.sql.server import parse_url
from vpopmail.errors import BackendUnavailable, ConfigError
from vpopmail.settings import resolve
from vpopmail.testing import sandbox

from . import raw
from .drivers import LOST, REPEAT, error_of

DOMAIN = "example.com"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"


def dialect_of(kind: str) -> Any:
    settings = resolve({"vpopmaildir": "/nowhere", "vpopuser": 0, "vpopgroup": 0})
    return {"mysql": MysqlDialect, "pgsql": PgsqlDialect}[kind](settings)


@pytest.mark.parametrize("kind", ["mysql", "pgsql"])
@pytest.mark.parametrize("odd_class", [False, True])
def test_errors_are_told_apart_by_their_codes_not_by_their_classes(kind: str, odd_class: bool) -> None:
    pytest.importorskip({"mysql": "pymysql", "pgsql": "psycopg"}[kind])
    dialect = dialect_of(kind)
    for meaning, codes in ((kinds.LOST, LOST[kind]), (kinds.REPEAT, REPEAT[kind])):
        for code in codes:
            error = error_of(kind, code, odd_class=odd_class)
            assert dialect.is_error(error)
            assert dialect.trouble(error) == meaning, code
    others = {"mysql": [1045, 1064, 1366, 1406], "pgsql": ["28P01", "42601", "22001", "23502"]}
    for code in others[kind]:
        assert dialect.trouble(error_of(kind, code, odd_class=odd_class)) == kinds.OTHER, code


class Recorded:
    """Answers statements as a server would, and keeps them."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, object]]] = []

    def __call__(self, text: str, **values: object) -> list[list[object]]:
        self.asked.append((text, values))
        return [[self.answers.pop(0)]]


def test_mysql_is_asked_for_its_own_gtids() -> None:
    """No server of MySQL is tried: these are the statements of its manual."""
    dialect = dialect_of("mysql")
    position = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5"
    primary = Recorded("8.0.36", position)
    assert dialect.position(primary) == position
    assert primary.asked[1][0] == "SELECT @@GLOBAL.gtid_executed"
    for answer, reached in ((1, True), (0, False), (None, False)):
        replica = Recorded(answer)
        assert dialect.has_reached(replica, position) is reached
        assert replica.asked == [("SELECT GTID_SUBSET(:position, @@GLOBAL.gtid_executed)", {"position": position})]


def test_mysql_without_gtids_tells_no_position() -> None:
    assert dialect_of("mysql").position(Recorded("8.0.36", "")) == ""
    assert dialect_of("mysql").position(Recorded("10.11.6-MariaDB", None)) == ""


def test_where_nobody_knows_how_far_the_replica_is_reads_stay_at_the_primary(mysql_url: str) -> None:
    """The primary keeps no log; the replica is another database, in which nothing is found."""
    raw.run(mysql_url, "CREATE DATABASE elsewhere")
    host = mysql_url.split("@")[1].split("/")[0]
    with sandbox("mysql", database_url=f"{mysql_url}?replica={host}", mysql_replication=True) as site:
        site.domains.add(DOMAIN)
        site.users.add(f"joe@{DOMAIN}", crypted=HASH)
        reads = site.installation.backend.connections._reads  # type: ignore[attr-defined]
        for _ in range(3):
            assert f"joe@{DOMAIN}" in site.users
            assert reads._replication.has_all(Recorded()) is False


def test_a_url_names_a_replica_and_postgresql_several_hosts() -> None:
    replica, primary = parse_url("mysql://me:p%40ss@db1:3307/mail?replica=db2:3308", "mysql")
    assert (primary.host, primary.port, primary.user, primary.password) == ("db1", 3307, "me", "p@ss")
    assert (replica.host, replica.port, replica.user, replica.database) == ("db2", 3308, "me", "mail")
    assert "p@ss" not in repr([replica, primary]) + str(replica)
    (several,) = parse_url("pgsql://me@db1:5433,[::1],db3:5434/mail", "pgsql")
    assert (several.host, several.port, several.ports) == ("db1,::1,db3", 0, "5433,,5434")
    (one,) = parse_url("pgsql://me@db1/mail", "pgsql")
    assert (one.host, one.port, one.ports) == ("db1", 0, "")
    (socket,) = parse_url("mysql://me@/mail?socket=/run/s", "mysql")
    assert (socket.host, socket.socket) == ("", "/run/s")


@pytest.mark.parametrize("url", ["mysql://me:secret@db1:x/mail", "mysql://me:secret@[db1/mail", "http://me:secret@h/m"])
def test_a_url_that_is_none_is_not_shown(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_url(url, "mysql")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", ["mysql", "pgsql"])
def test_a_counter_that_somebody_keeps_locked_keeps_nobody_from_adding(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """The row of dir_control is shared by all who add to a domain; the user counts without it."""
    url: str = request.getfixturevalue(f"{kind}_url")
    with sandbox(kind, database_url=url, lock_timeout=1) as site:
        site.domains.add(DOMAIN)
        site.users.add(f"joe@{DOMAIN}", crypted=HASH)
        holder = raw.connect(url)
        cursor = holder.cursor()
        cursor.execute("BEGIN")
        cursor.execute("UPDATE dir_control SET level_max = level_max + 0, the_dir = 'x'")
        plan = site.users.add(f"amy@{DOMAIN}", crypted=HASH)
        assert plan.carried_out
        assert plan.unfinished
        holder.rollback()
        holder.close()
        assert sorted(row[0] for row in raw.run(url, "SELECT pw_name FROM vpopmail")) == ["amy", "joe"]
        site.users.add(f"ben@{DOMAIN}", crypted=HASH)
        counts = raw.run(url, f"SELECT cur_users FROM dir_control WHERE domain = '{DOMAIN}'")
        assert [row[0] for row in counts] == [3], "the next change counts what was not counted"
        assert not site.reconcile()


@pytest.mark.parametrize("kind", ["mysql", "pgsql"])
def test_every_table_of_a_new_database_has_a_primary_key(kind: str, request: pytest.FixtureRequest) -> None:
    """Galera cannot delete from one without; a cluster copies rows by it."""
    url: str = request.getfixturevalue(f"{kind}_url")
    options = {
        "valias": True, "mysql_limits": True, "sql_logging": True, "sql_aliasdomains": True,
        "ip_alias_domains": True, "roaming_users": True,
    }  # fmt: skip
    with sandbox(kind, database_url=url, **options) as site:
        site.schema.create()
    mine = "table_schema = database()" if kind == "mysql" else "table_schema = current_schema()"
    tables = {row[0] for row in raw.run(url, f"SELECT table_name FROM information_schema.tables WHERE {mine}")}
    keys = f"SELECT table_name FROM information_schema.table_constraints WHERE {mine} AND constraint_type = 'PRIMARY KEY'"
    assert {row[0] for row in raw.run(url, keys)} == tables
    assert len(tables) == 9


@pytest.mark.parametrize("kind", ["mysql", "pgsql"])
def test_a_transaction_in_doubt_says_so(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from vpopmail.backends.sql.doubt import Doubt

    def unreachable() -> bool:
        raise BackendUnavailable("db", "away")

    doubt = Doubt(unreachable)
    failed = BackendUnavailable("db", "lost")
    assert doubt.judged(failed, kinds.LOST) is failed, "no commit was sent"
    doubt.committing = True
    assert not doubt.is_settled(kinds.LOST)
    assert getattr(doubt.judged(failed, kinds.LOST), "in_doubt", False)
