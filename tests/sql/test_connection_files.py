"""etc/vpopmail.mysql and etc/vpopmail.pgsql are read as C reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail import Vpopmail
from vpopmail.backends.sql import mysql
from vpopmail.backends.sql.server import parse_lines
from vpopmail.errors import ConfigError
from vpopmail.testing import sandbox

from . import raw, servers

DOMAIN = "example.com"
JOE = f"joe@{DOMAIN}"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
FIELDS = st.text(st.characters(codec="utf-8", exclude_characters="|\n\r\0"), min_size=1, max_size=30)


@contextmanager
def opened(kind: str, text: str) -> Iterator[Vpopmail]:
    with sandbox(kind, lock_timeout=2) as site:
        with open(site.settings.etc_path(f"vpopmail.{kind}"), "w", encoding="utf-8") as file:
            file.write(text)
        yield site


def use(site: Vpopmail, url: str) -> None:
    """Put a user into the database, and see the row there."""
    site.domains.add(DOMAIN)
    site.users.add(JOE, crypted=HASH)
    assert JOE in site.users
    assert [list(row) for row in raw.run(url, "SELECT pw_name FROM vpopmail")] == [["joe"]]


def test_one_line_of_mysql_serves_reading_and_changing(mysql_url: str) -> None:
    parts = urlsplit(mysql_url)
    raw.run(mysql_url, "CREATE OR REPLACE USER vpop@'127.0.0.1' IDENTIFIED BY 's3 cr\"et'")
    raw.run(mysql_url, f"GRANT ALL ON {parts.path[1:]}.* TO vpop@'127.0.0.1'")
    line = f"127.0.0.1|{parts.port}|vpop|s3 cr\"et|{parts.path[1:]}"
    with opened("mysql", f"# read server\n\n  {line}\n") as site:
        use(site, mysql_url)


def test_the_second_line_of_mysql_is_that_for_all_without_replication(mysql_url: str) -> None:
    """The first one is asked with the option mysql_replication only."""
    parts = urlsplit(mysql_url)
    raw.run(mysql_url, "CREATE OR REPLACE USER vpop@'127.0.0.1' IDENTIFIED BY 'secret'")
    raw.run(mysql_url, f"GRANT ALL ON {parts.path[1:]}.* TO vpop@'127.0.0.1'")
    dead = f"127.0.0.1|{servers.free_port()}|vpop|secret|{parts.path[1:]}"
    live = f"127.0.0.1|{parts.port}|vpop|secret|{parts.path[1:]}"
    with opened("mysql", f"{dead}\n# update server\n{live}\nlocalhost|0|a|b|c\n") as site:
        use(site, mysql_url)


def test_a_port_field_of_mysql_may_be_a_socket(mysql_url: str) -> None:
    ((socket,),) = raw.run(mysql_url, "SELECT @@socket")
    raw.run(mysql_url, "CREATE OR REPLACE USER vpop@localhost IDENTIFIED BY 'secret'")
    raw.run(mysql_url, f"GRANT ALL ON {urlsplit(mysql_url).path[1:]}.* TO vpop@localhost")
    with opened("mysql", f"localhost|{socket}|vpop|secret|{urlsplit(mysql_url).path[1:]}\n") as site:
        use(site, mysql_url)


def test_localhost_without_a_port_is_the_socket(mysql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As C's client library has it: accounts of localhost may be let in there only."""
    ((socket,),) = raw.run(mysql_url, "SELECT @@socket")
    if mysql._driver().__name__ != "pymysql":
        pytest.skip("mysqlclient asks the client library, which knows the system's own socket only")
    monkeypatch.setattr(mysql, "_SOCKETS", ("/nowhere", socket))
    raw.run(mysql_url, "CREATE OR REPLACE USER vpop@localhost IDENTIFIED BY 'secret'")
    raw.run(mysql_url, f"GRANT ALL ON {urlsplit(mysql_url).path[1:]}.* TO vpop@localhost")
    with opened("mysql", f"localhost|0|vpop|secret|{urlsplit(mysql_url).path[1:]}\n") as site:
        use(site, mysql_url)


def test_the_first_line_of_pgsql_counts_and_fields_may_be_empty(pgsql_url: str) -> None:
    parts = urlsplit(pgsql_url)
    with opened("pgsql", f"# x\n|{parts.port}|||{parts.path[1:]}\n127.0.0.1|1|no|no|no\n") as site:
        use(site, pgsql_url)


def test_empty_fields_are_what_c_takes_for_them() -> None:
    (server,) = parse_lines("||||\n", "file", empty_fields=True)
    assert (server.host, server.port, server.user, server.database) == ("localhost", 0, "", "vpopmail")


@pytest.mark.parametrize(
    "text", ["", "# nothing\n\n", "localhost|0|root|sesame\n", "localhost|0|root||vpopmail\n", "h|x1|u|sesame|d\n",
             "localhost|0|root|sesame|vpopmail|more\n"],
)  # fmt: skip
def test_a_line_that_c_could_not_read_is_told_without_its_fields(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_lines(text, "etc/vpopmail.mysql", empty_fields=False)
    assert "sesame" not in str(caught.value)
    assert "etc/vpopmail.mysql" in str(caught.value)


def test_a_missing_file_says_what_to_do() -> None:
    for kind in ("mysql", "pgsql"):
        with sandbox(kind) as site, pytest.raises(ConfigError, match="database_url"):
            site.domains.add(DOMAIN)


@given(FIELDS, st.integers(0, 65535), FIELDS, FIELDS, FIELDS)
def test_fields_are_taken_word_for_word(host: str, port: int, user: str, password: str, database: str) -> None:
    host, database = f"h{host}".rstrip(), f"{database}x".lstrip()
    line = f"{host}|{port}|{user}|{password}|{database}"
    (server,) = parse_lines(f"#{line}\n{line}\n", "file", empty_fields=False)
    assert (server.host, server.port) == (host, port)
    assert (server.user, server.password, server.database) == (user, password, database)
    assert repr(server).count(password) <= f"{host}{port}{database}<Server :/default>".count(password)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for empty_fields in (True, False):
        try:
            found = parse_lines(text, "file", empty_fields=empty_fields)
        except ConfigError:
            continue
        assert 1 <= len(found) <= 2
