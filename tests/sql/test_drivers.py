"""The drivers of Oracle and Sybase as far as they go without a server: what they are given, what
they say, and how long it takes."""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

import vpopmail
from vpopmail import VA
from vpopmail.backends.sql import connecting, oracle
from vpopmail.backends.sql.dialect import DUPLICATE, LOST, NO_TABLE, OTHER, REPEAT
from vpopmail.backends.sql.server import Server, configured
from vpopmail.backends.sql.sybase import connection_string
from vpopmail.errors import BackendUnavailable, ConfigError, InvalidCharacter, VpopmailError
from vpopmail.settings import load
from vpopmail.testing import sandbox

from . import servers
from .all_statements import dialect as dialect_of

# oracledb leaves its socket to the garbage collector when the server hangs up.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
DOMAIN = "example.com"
SECRET = "s3cr}et;word"


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """What drivers leave to the garbage collector is collected while nobody minds."""
    yield
    gc.collect()


@pytest.fixture(params=["oracle", "sybase"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "oracle":
        pytest.importorskip("oracledb")
    elif "FreeTDS" not in pytest.importorskip("pyodbc").drivers():
        servers.missing("the ODBC driver of FreeTDS (tdsodbc) is not installed")
    name: str = request.param
    return name


class Listener:
    """Takes connections, keeps all that is sent, and answers with what it was told to, or never."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.sent = b""
        self.more = threading.Condition()
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen()
        self.port: int = self.socket.getsockname()[1]
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Hang up; the drivers that still wait for an answer end."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # else it is open until the next one is taken
        self.socket.close()
        for connection in self.taken:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def has_got(self, text: bytes) -> bool:
        """Whether this is sent, in a while."""
        with self.more:
            return self.more.wait_for(lambda: text in self.sent, 30)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.taken.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(ConnectionError):
            while data := connection.recv(65536):
                with self.more:
                    self.sent += data
                    self.more.notify_all()
                if self.answer is not None:
                    connection.sendall(self.answer)
                    return


def listening(answer: bytes | None) -> Iterator[Listener]:
    listener = Listener(answer)
    yield listener
    listener.close()


@pytest.fixture
def silent() -> Iterator[Listener]:
    yield from listening(None)


@pytest.fixture
def babbling() -> Iterator[Listener]:
    yield from listening(b"\0\x0b\0\0\4\0\0\0\x22\0\0HTTP/1.0 400 what?\r\n\r\n")


def refused(kind: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site with its database at this port says so, soon, and no password."""
    monkeypatch.setattr(connecting, "TIMEOUT", 1)
    url = f"{kind}://joe:{SECRET.replace('}', '%7D').replace(';', '%3B')}@127.0.0.1:{port}/accounts"
    with sandbox(kind, database_url=url, lock_timeout=1) as site:
        start = time.monotonic()
        with pytest.raises(BackendUnavailable) as caught:
            site.domains.add(DOMAIN)
        assert "cannot connect" in str(caught.value)
        assert SECRET not in str(caught.value)
        assert vpopmail.vadddomain(DOMAIN) == VA.NO_AUTH_CONNECTION
        # Bounded is what counts here, and this machine may be busy.
        assert time.monotonic() - start < 60
        assert DOMAIN not in site.domains


def test_a_closed_port(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(kind, servers.free_port(), monkeypatch)


def test_a_port_that_is_silent(kind: str, silent: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drivers themselves would wait for ever."""
    refused(kind, silent.port, monkeypatch)
    assert silent.has_got(b"")


def test_a_port_of_something_else(kind: str, babbling: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(kind, babbling.port, monkeypatch)


def test_freetds_sends_the_login_as_it_was_given(silent: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    if "FreeTDS" not in pytest.importorskip("pyodbc").drivers():
        servers.missing("the ODBC driver of FreeTDS (tdsodbc) is not installed")
    refused("sybase", silent.port, monkeypatch)
    assert silent.has_got(SECRET.encode())
    assert silent.sent[:2] == b"\2\0", "a login of TDS 5"
    assert b"joe\0" in silent.sent


def test_oracledb_asks_for_the_service(silent: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("oracledb")
    refused("oracle", silent.port, monkeypatch)
    assert silent.has_got(b"SERVICE_NAME=accounts")
    assert SECRET.encode() not in silent.sent


def test_no_value_adds_a_word_to_the_connection() -> None:
    words = connection_string({"UID": "a;PWD=x", "PWD": "b}c", "DATABASE": ""})
    assert words == "UID={a;PWD=x};PWD={b}c};"
    with pytest.raises(ConfigError) as caught:
        connection_string({"PWD": "hush};DATABASE=other"})
    assert "hush" not in str(caught.value)


def test_a_driver_that_is_late_is_left_alone_and_its_connection_closed() -> None:
    go, closed = threading.Event(), threading.Event()

    def connect() -> Any:
        go.wait()
        return SimpleNamespace(close=closed.set)

    with pytest.raises(TimeoutError):
        connecting.within(0.01, connect, TimeoutError)
    go.set()
    assert closed.wait(30)


def test_a_driver_that_fails_says_why() -> None:
    def connect() -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        connecting.within(30, connect, TimeoutError)


# what errors mean


def oracle_error(code: int | None, full_code: str, kind: str = "DatabaseError") -> Exception:
    error = type(kind, (type("Error", (Exception,), {}),), {})
    return error("no answer") if code is None else error(SimpleNamespace(code=code, full_code=full_code))


@pytest.mark.parametrize(
    ("code", "full_code", "meaning"),
    [
        (1, "ORA-00001", DUPLICATE),
        (942, "ORA-00942", NO_TABLE),
        (60, "ORA-00060", REPEAT),
        (8177, "ORA-08177", REPEAT),
        (30006, "ORA-30006", REPEAT),
        (3113, "ORA-03113", LOST),
        (12541, "ORA-12541", LOST),
        (1033, "ORA-01033", LOST),
        (0, "DPY-4011", LOST),
        (0, "DPY-6005", LOST),
        (0, "DPY-1001", LOST),
        (0, "DPY-4008", OTHER),
        (1017, "ORA-01017", OTHER),
        (12899, "ORA-12899", OTHER),
        (1400, "ORA-01400", OTHER),
    ],
)
def test_errors_of_oracle(code: int, full_code: str, meaning: str) -> None:
    found = dialect_of("oracle")
    error = oracle_error(code, full_code)
    assert found.is_error(error)
    assert (found.trouble(error), found.number(error)) == (meaning, full_code)


def test_an_oracle_that_does_not_answer_is_lost() -> None:
    found = dialect_of("oracle")
    assert found.trouble(oracle_error(None, "", "OperationalError")) == LOST
    assert found.trouble(oracle_error(None, "", "InterfaceError")) == OTHER


@pytest.mark.parametrize(
    ("state", "number", "meaning"),
    [
        ("23000", 2601, DUPLICATE),
        ("23000", 233, OTHER),
        ("40001", 1205, REPEAT),
        ("HY000", 12205, REPEAT),
        ("42S02", 208, NO_TABLE),
        ("08S01", 20006, LOST),
        ("08001", 0, LOST),
        ("HYT00", 0, LOST),
        ("42000", 102, OTHER),
    ],
)
def test_errors_of_sybase(state: str, number: int, meaning: str) -> None:
    pyodbc = pytest.importorskip("pyodbc")
    found = dialect_of("sybase")
    text = f"[{state}] [FreeTDS][SQL Server]Something (7) about 'a secret' ({number}) (SQLExecDirectW)"
    error = pyodbc.Error(state, text)
    assert found.is_error(error)
    assert found.trouble(error) == meaning
    assert "secret" not in found.number(error)
    assert found.number(error).startswith(f"SQLSTATE {state}")


# what the catalogue says


def test_the_layout_of_oracle() -> None:
    rows = [
        ("VPOPMAIL", "PW_NAME", "CHAR", 32, 32, "B", None),
        ("VPOPMAIL", "PW_PASSWD", "VARCHAR2", 1020, 255, "C", None),
        ("VPOPMAIL", "PW_UID", "NUMBER", 22, 0, None, 10),
        ("RELAY", "TIMESTAMP", "CHAR", 12, 12, "B", None),
    ]
    found = dialect_of("oracle").layout(lambda _text: rows)
    name, password, uid = (found["vpopmail"][one] for one in ("pw_name", "pw_passwd", "pw_uid"))
    assert (name.length, name.in_bytes, name.holds("\u00e9" * 16), name.holds("\u00e9" * 17)) == (32, True, True, False)
    assert (password.length, password.in_bytes, password.width) == (255, False, "255 characters")
    assert (uid.is_text, uid.high) == (False, 9999999999)
    assert found["relay"]["timestamp"].is_text


def test_the_layout_of_sybase() -> None:
    rows = [
        ("vpopmail", "pw_name", "char", 32),
        ("vpopmail", "pw_uid", "int", 4),
        ("valias", "valias_line", "text", 16),
    ]
    found = dialect_of("sybase").layout(lambda _text: rows)
    assert found["vpopmail"]["pw_name"].width == "32 bytes"
    assert found["vpopmail"]["pw_uid"].high == 2**31 - 1
    assert found["valias"]["valias_line"].length == 0


def test_blanks_at_the_end() -> None:
    """Sybase would take them off: a password must not become another one."""
    sybase = dialect_of("sybase")
    with pytest.raises(InvalidCharacter):
        sybase.put("secret ")
    assert sybase.take("joe      ") == "joe"
    assert sybase.take(7) == 7
    assert dialect_of("oracle").put("secret ") == "secret "


def test_oracle_compares_and_reads_chars_without_the_blanks() -> None:
    oracledb = pytest.importorskip("oracledb")

    def var(kind: object, **more: object) -> dict[str, object]:
        return {"kind": kind, **more}

    cursor: Any = SimpleNamespace(var=var, arraysize=100)
    assert oracle._bind(cursor, "joe", 1) == {"kind": oracledb.DB_TYPE_CHAR, "size": 500, "arraysize": 1}
    assert oracle._bind(cursor, "j" * 501, 1) is None
    assert oracle._bind(cursor, 7, 1) is None
    padded = SimpleNamespace(type_code=oracledb.DB_TYPE_CHAR, internal_size=32)
    assert oracle._fetch(cursor, padded)["outconverter"]("Bob Builder   ") == "Bob Builder"
    assert oracle._fetch(cursor, SimpleNamespace(type_code=oracledb.DB_TYPE_VARCHAR, internal_size=32)) is None


# where the database is


def test_the_server_is_that_of_the_url_or_of_a_file(kind: str, tmp_path: Any) -> None:
    given: dict[str, Any] = {"vpopmaildir": str(tmp_path), "qmaildir": "/none", "vpopuser": 1, "vpopgroup": 1}
    url = f"{kind}://joe:hush%7D@db.example:99/accounts"
    (found,) = configured(load({**given, "database_url": url}), kind)
    assert (found.host, found.port, found.user, found.password, found.database) == (
        "db.example", 99, "joe", "hush}", "accounts",
    )  # fmt: skip
    (tmp_path / "etc").mkdir()
    (tmp_path / f"etc/vpopmail.{kind}").write_text("# server|port|user|password|database\ndb|99|joe|hush|accounts\n")
    (found,) = configured(load(given), kind)
    assert (found.host, found.port, found.user, found.password, found.database) == ("db", 99, "joe", "hush", "accounts")
    (tmp_path / f"etc/vpopmail.{kind}").unlink()
    with pytest.raises(ConfigError, match="missing"):
        configured(load(given), kind)


@pytest.mark.parametrize("name", ["oracle", "sybase"])
def test_a_driver_that_is_missing_is_told_with_the_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, {"oracle": "oracledb", "sybase": "pyodbc"}[name], None)
    with pytest.raises(VpopmailError, match=rf"vpopmail\[{name}\]"):
        dialect_of(name).connect(Server(database="x"))
