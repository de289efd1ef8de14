"""What is fuzzed of databases: where they are, how their tables look, what their rows hold."""

from __future__ import annotations

import json
from typing import Any

from vpopmail.backends.sql import auth_log, dir_control, last_auth, limits, relay
from vpopmail.backends.sql.ddl.shapes import NUMBER, OTHER, TEXT, Column
from vpopmail.backends.sql.server import Server, parse_lines, parse_url
from vpopmail.backends.sql.servers import Rows
from vpopmail.backends.sql.sqlite import SqliteDialect
from vpopmail.backends.sql.users import Reader
from vpopmail.errors import ConfigError
from vpopmail.formats.text import to_text
from vpopmail.records import DomainEntry, VLimits, VqPasswd
from vpopmail.settings import resolve

from .target import Target, allowed, of_text

PORTS = range(2**16)


def connection_files(data: bytes) -> None:
    """etc/vpopmail.mysql and etc/vpopmail.pgsql: one or two servers; no error shows a field."""
    text = to_text(data)
    for empty_fields in (True, False):
        found = connection_file(text, empty_fields=empty_fields)
        assert found is None or 1 <= len(found) <= 2
        for one in found or []:
            assert one.port in PORTS and one.host and one.database


def connection_file(text: str, *, empty_fields: bool = True) -> list[Server] | None:
    return allowed(lambda: parse_lines(text, "file", empty_fields=empty_fields), ConfigError)


def urls(data: bytes) -> None:
    """The option database_url, of each kind of database."""
    text = to_text(data)
    for kind in ("mysql", "pgsql", "sqlite", "oracle"):
        for url in (text, f"{kind}://{text}"):
            for one in allowed(lambda url=url, kind=kind: parse_url(url, kind), ConfigError) or []:
                assert one.port in PORTS
                assert all(not port or int(port) in PORTS for port in one.ports.split(","))


def column_types(data: bytes) -> None:
    """The type of a column, as a database tells it."""
    text = to_text(data)
    for blocks in (True, False):
        for widest in (True, False):
            column = Column("name", text, blocks=blocks, widest=widest)
            assert column.family in {TEXT, NUMBER, OTHER}
            assert column.size >= 0


SETTINGS = resolve({"vpopmaildir": "/v", "vpopuser": 89, "vpopgroup": 89})
DIALECT = SqliteDialect(SETTINGS)
ENTRY = DomainEntry("example.com", "example.com", 89, 89, "/d")
USER = ("pw_name", "pw_passwd", "pw_uid", "pw_gid", "pw_gecos", "pw_dir", "pw_shell", "pw_clear_passwd")


class Answers:
    """Stands for the connections to a database that has the one row in each table."""

    def __init__(self, row: tuple[Any, ...], names: tuple[str, ...]) -> None:
        self.row = row
        self.names = names

    def select(self, _statement: str, **_values: object) -> Rows:
        return Rows(self.names, [(self.row * len(self.names))[: len(self.names)]])

    select_latest = select


def rows(data: bytes) -> None:
    """Values of a row in JSON, as SQLite takes any into any column: numbers, texts, NULL, blobs."""
    try:
        found = json.loads(data.decode("latin-1"), parse_int=lambda text: int(text[:15]))
    except (ValueError, RecursionError):
        return
    values = found if isinstance(found, list) else [found]
    read_rows(tuple(stored(value) for value in values) or (None,))


def stored(value: object) -> object:
    """A value as SQLite gives it back."""
    if isinstance(value, (dict, list)):
        return str(value).encode("utf-8", "surrogatepass")
    if isinstance(value, str):
        return to_text(value.encode("utf-8", "surrogatepass"))
    if value != value:  # SQLite keeps NULL for what is no number
        return None
    return int(value) if isinstance(value, bool) else value


def read_rows(row: tuple[Any, ...]) -> None:
    """Each reader of a table takes any row."""
    user = Reader(DIALECT, USER, clear_passwd=True).record((row * len(USER))[: len(USER)])
    assert type(user) is VqPasswd
    assert all(type(number) is int for number in (user.pw_uid, user.pw_gid, user.pw_flags))
    texts = (user.pw_name, user.pw_passwd, user.pw_gecos, user.pw_dir, user.pw_shell)
    assert all(type(text) is str for text in texts)
    found = answering(limits.SqlLimits, row, limits._COLUMNS)._find(ENTRY)
    assert type(found) is VLimits
    found.flag_mask()
    seconds = answering(last_auth.SqlLastAuth, row, ("remote_ip", "timestamp")).read_last_auth(ENTRY, user)
    assert seconds is None or type(seconds[1]) is int
    for address, noted in answering(relay.SqlRelay, row, ("ip_addr", "timestamp")).relay_addresses():
        assert type(address) is str and type(noted) is int
    counter = answering(dir_control.SqlDirControl, row, dir_control._COLUMNS)
    state = counter.read_dir_control("a.b", None)
    assert all(type(number) is int and number >= 0 for number in (state.cur_users, state.level_cur))
    record = answering(auth_log.SqlAuthLog, row, ())._record((row * 8)[:8])
    assert type(record.time) is int and type(record.status) is int


def answering(facet: type[Any], row: tuple[Any, ...], names: tuple[str, ...]) -> Any:
    """A facet whose database has the row."""
    made = facet.__new__(facet)
    made.dialect, made.connections, made.settings = DIALECT, Answers(row, names), SETTINGS
    return made


def texts(data: bytes) -> None:
    read_rows((data,))
    read_rows((to_text(data),))


TARGETS = {
    "connection-file": Target(
        connection_files,
        (b"localhost|", b"3306|", b"|", b"user", b"\n", b"#", b" ", b"9" * 20, b"/run/x", b"a|0|b|c|d\n", b"\xff", b"\r"),
        of_text(connection_file),
    ),
    "database-url": Target(
        urls,
        (b"mysql://", b"root:x@", b"127.0.0.1", b":3306", b"/db", b"?", b"replica=", b"&", b"socket=/a", b"[::1]", b",", b"%"),
        of_text(lambda text: allowed(lambda: parse_url("pgsql://" + text, "pgsql"), ConfigError)),
        of_text(lambda text: allowed(lambda: parse_url("mysql://h/d?" + text, "mysql"), ConfigError)),
    ),
    "column-types": Target(
        column_types,
        (b"varchar", b"(", b"32", b")", b" ", b"unsigned", b" zerofill", b"int", b"9" * 20, b"\xff", b"double precision", b"!"),
        of_text(lambda text: Column("name", text)),
        of_text(lambda text: Column("name", f"int{text}!")),
        of_text(lambda text: Column("name", f"int({text})")),
    ),
    "rows": Target(
        rows,
        (b"[", b"]", b",", b'"abc"', b"1", b"null", b"1e999", b"-1.5", b'"1"', b"9" * 15, b'{"a": 1}', b'"\\ud800"', b"true"),
        texts,
    ),
}
