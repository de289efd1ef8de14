"""Asking a usage daemon: real sockets, and daemons that do not behave."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import pytest

from tests.conftest import needs_root
from vpopmail import Vpopmail
from vpopmail.mailstore.usage_daemon import Connection, ask_daemon, connect

from .daemons import known, tcp_daemon, unix_daemon, write_conf

JOE = "joe@example.com"
TABLE = {JOE: (1577, 3), "@example.com": (2**63, 5), " ": (0, 0)}


@pytest.fixture
def home(site: Vpopmail) -> Path:
    """The directory of vpopmail."""
    return Path(site.settings.vpopmaildir)


def test_several_questions_on_a_unix_socket(site: Vpopmail, home: Path) -> None:
    write_conf(home, f"Filename = {home}/sock;")
    with unix_daemon(home / "sock", known(TABLE)) as asked:
        connection = connect(site.settings)
        assert connection is not None
        with connection:
            answers = [connection.ask(entry) for entry in (*TABLE, "nobody@example.com", JOE)]
    assert answers == [*TABLE.values(), None, (1577, 3)]
    assert asked == [*TABLE, "nobody@example.com", JOE]


def test_the_network_wins_over_the_socket(site: Vpopmail, home: Path) -> None:
    with tcp_daemon(known(TABLE)) as (port, asked):
        write_conf(home, f"Filename = {home}/none; Remote = 127.0.0.1:{port}; Timeout = 5;")
        assert ask_daemon(site.settings, JOE) == (1577, 3)
    assert asked == [JOE]


def test_an_address_is_a_number_as_a_name_could_take_long_to_look_up(
    site: Vpopmail, home: Path
) -> None:
    with tcp_daemon(known(TABLE)) as (port, asked):
        write_conf(home, f"Remote = localhost:{port};")
        assert ask_daemon(site.settings, JOE) is None
    assert asked == []


def test_nobody_is_asked_unless_the_file_says_so(site: Vpopmail, home: Path) -> None:
    with tcp_daemon(known(TABLE)) as (port, asked):
        assert ask_daemon(site.settings, JOE) is None
        conf = f"Server:\n Remote = 127.0.0.1:{port};\n"
        (home / "etc/vusagec.conf").write_text(conf)
        assert ask_daemon(site.settings, JOE) is None
        (home / "etc/vusagec.conf").write_text(conf + " Disable = True;\n")
        assert ask_daemon(site.settings, JOE) is None
    assert asked == []


@pytest.mark.parametrize("entry", ["", "a" * 1025, "\ud800"])
def test_what_cannot_be_asked_is_not_sent_and_the_next_question_is_answered(
    site: Vpopmail, home: Path, entry: str
) -> None:
    write_conf(home, f"Filename = {home}/sock;")
    with unix_daemon(home / "sock", known(TABLE)) as asked:
        connection = connect(site.settings)
        assert connection is not None
        with connection:
            assert connection.ask(entry) is None
            assert connection.ask(JOE) == (1577, 3)
    assert asked == [JOE]


@pytest.mark.parametrize(
    "text",
    [
        "Filename = {home}/none;",
        "Filename = {home}/etc;",
        "Filename = {home}/etc/vusagec.conf;",
        "Filename = {long};",
        "Filename = a\\\0b;",
        "Remote = 127.0.0.1;",
        "Remote = 127.0.0.1:0;",
        "Remote = 127.0.0.1:99999;",
        "Remote = 127.0.0.1:port;",
        "Remote = :189;",
    ],
)
def test_a_daemon_that_cannot_be_there_is_not_available(
    site: Vpopmail, home: Path, text: str
) -> None:
    write_conf(home, text.format(home=home, long="/" + "x" * 300))
    assert ask_daemon(site.settings, JOE) is None


def test_the_log_tells_once_that_a_daemon_is_not_there_until_it_has_answered(
    site: Vpopmail, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_conf(home, f"Filename = {home}/sock;")

    def asked() -> tuple[object, int]:
        return ask_daemon(site.settings, JOE), len(caplog.records)

    assert [asked(), asked()] == [(None, 1), (None, 1)]
    assert str(home / "sock") in caplog.text
    with unix_daemon(home / "sock", known(TABLE)):
        assert asked() == ((1577, 3), 1)
    assert [asked(), asked()] == [(None, 2), (None, 2)]
    (home / "sock").unlink()
    with unix_daemon(home / "sock", lambda _: b""):
        assert asked() == (None, 2)
    (home / "sock").unlink()
    with unix_daemon(home / "sock", known({})):
        assert asked() == (None, 2)
    assert asked() == (None, 3)


def test_a_daemon_that_is_off_is_not_told_of(
    site: Vpopmail, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask_daemon(site.settings, JOE) is None
    assert not caplog.records


def test_a_socket_that_nobody_serves(site: Vpopmail, home: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home / "sock"))
    write_conf(home, f"Filename = {home}/sock;")
    assert ask_daemon(site.settings, JOE) is None


def test_a_conf_that_is_no_file(site: Vpopmail, home: Path) -> None:
    os.mkfifo(home / "etc/vusagec.conf")
    assert ask_daemon(site.settings, JOE) is None


@pytest.mark.parametrize("reply", [b"", b"\0" * 7])
def test_a_daemon_that_hangs_up(site: Vpopmail, home: Path, reply: bytes) -> None:
    write_conf(home, f"Filename = {home}/sock;")
    replies = iter([reply, b""])
    with unix_daemon(home / "sock", lambda _: next(replies)):
        connection = connect(site.settings)
        assert connection is not None
        connection._timeout = 0.05
        with connection:
            assert connection.ask(JOE) is None
            # The rest of a late answer must not be taken for the next one.
            assert connection.ask(JOE) is None


def test_an_answer_in_pieces_is_one_answer(site: Vpopmail, home: Path) -> None:
    packet = struct.pack(">QQ", 1577, 3)
    ours, theirs = socket.socketpair()
    with theirs, Connection(ours, 5) as connection:
        theirs.sendall(packet[:5])
        theirs.sendall(packet[5:])
        assert connection.ask(JOE) == (1577, 3)


def test_an_answer_that_trickles_in_does_not_take_longer_than_the_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter([0.0, 0.5, 0.9, 1.1])
    monkeypatch.setattr("vpopmail.mailstore.usage_daemon.time.monotonic", lambda: next(clock))
    ours, theirs = socket.socketpair()

    class Slow(socket.socket):
        def recv(self, size: int, flags: int = 0) -> bytes:
            return super().recv(1, flags)

    with theirs, Connection(Slow(fileno=ours.detach()), 1) as connection:
        theirs.sendall(b"\0" * 16)
        assert connection.ask(JOE) is None
        assert len(theirs.recv(100)) == 2 + len(JOE)
    assert next(clock, None) is None


@needs_root
def test_a_socket_of_somebody_else_is_not_asked(site: Vpopmail, home: Path) -> None:
    write_conf(home, f"Filename = {home}/sock;")
    with unix_daemon(home / "sock", known(TABLE)) as asked:
        os.chown(home / "sock", 1234, 1234)
        assert ask_daemon(site.settings, JOE) is None
        (home / "link").symlink_to(home / "sock")
        write_conf(home, f"Filename = {home}/link;")
        assert ask_daemon(site.settings, JOE) is None
        os.chown(home / "sock", os.geteuid(), 1234)
        write_conf(home, f"Filename = {home}/sock;")
        assert ask_daemon(site.settings, JOE) == (1577, 3)
    assert asked == [JOE]
