"""tcpserver itself, with the rules that a login has compiled: who gets RELAYCLIENT, and who not."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vpopmail import Vpopmail

TCPSERVER = shutil.which("tcpserver")
CHECK = shutil.which("tcprulescheck")
pytestmark = pytest.mark.skipif(
    not (TCPSERVER and CHECK) and not os.environ.get("CI"), reason="ucspi-tcp is not installed"
)
# The rules deny what they do not name, and give 127.0.0.7 what a login does not get.
RULES = '127.0.0.7:allow,RELAYCLIENT="@fixed",WHO="administrator"\n127.0.0.8:deny\n127.:allow\n:deny\n'
ANSWER = 'echo "${RELAYCLIENT-none} ${RBLSMTPD-none} ${WHO-none} $TCPREMOTEIP"'


@pytest.fixture
def site(make_site: Callable[..., Vpopmail]) -> Vpopmail:
    site = make_site()
    Path(site.settings.tcpserver_file).write_text(RULES)
    site.relay.rebuild()
    return site


@contextmanager
def served(site: Vpopmail) -> Iterator[int]:
    """A server that tells each client what the rules have set; its port."""
    assert TCPSERVER is not None, "install ucspi-tcp"
    rules = f"{site.settings.tcpserver_file}.cdb"
    command = [TCPSERVER, "-1", "-R", "-H", "-l0", "-x", rules, "127.0.0.1", "0", "sh", "-c", ANSWER]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def asked(port: int, address: str) -> str:
    """What the server says to a client of an address; nothing if it is turned away."""
    with socket.create_connection(("127.0.0.1", port), 30, (address, 0)) as connection:
        with connection.makefile() as file:
            try:
                return file.read().strip()
            except ConnectionResetError:
                return ""


def test_who_has_logged_in_may_relay_and_nobody_else(site: Vpopmail) -> None:
    with served(site) as port:
        assert asked(port, "127.0.0.5") == "none none none 127.0.0.5"
        site.relay.open("127.0.0.5")
        # The server takes the new rules at once; an empty text is what qmail-smtpd asks for.
        assert asked(port, "127.0.0.5") == "none 127.0.0.5"
        assert asked(port, "127.0.0.6") == "none none none 127.0.0.6"
        site.relay.clear(older_than=-60)
        assert asked(port, "127.0.0.5") == "none none none 127.0.0.5"


def test_the_rules_of_the_administrator_come_first(site: Vpopmail) -> None:
    site.relay.open("127.0.0.7")
    site.relay.open("127.0.0.8")
    with served(site) as port:
        assert asked(port, "127.0.0.7") == "@fixed none administrator 127.0.0.7"
        assert asked(port, "127.0.0.8") == ""


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "::1", "fe80::1:2"])
def test_tcprulescheck_finds_the_rule_of_an_address(site: Vpopmail, address: str) -> None:
    assert CHECK is not None, "install ucspi-tcp"
    site.relay.open(address)
    rules = f"{site.settings.tcpserver_file}.cdb"
    told = subprocess.run(
        [CHECK, rules], env={"TCPREMOTEIP": address}, capture_output=True, text=True, check=True
    ).stdout
    assert told.splitlines() == [
        f"rule {address}:", "set environment variable RELAYCLIENT=",
        "set environment variable RBLSMTPD=", "allow connection",
    ]  # fmt: skip
    other = subprocess.run(
        [CHECK, rules], env={"TCPREMOTEIP": "198.51.100.1"}, capture_output=True, text=True, check=True
    ).stdout
    assert other.splitlines() == ["rule :", "deny connection"]
