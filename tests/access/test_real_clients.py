"""Logins of real clients: poplib and imaplib through Dovecot, poplib through tcpserver."""

from __future__ import annotations

import os
import poplib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import settings_for
from vpopmail import Vpopmail
from vpopmail.records import NO_IMAP, NO_POP, NO_SMTP, NO_WEBMAIL, VLimits
from vpopmail.settings import load

from . import dovecot
from .dovecot import PATIENCE, Dovecot, needed
from .programs import Programs

SECRET = "s3 cret"
FLAGS = {"nopop": NO_POP, "noimap": NO_IMAP, "noweb": NO_WEBMAIL, "nosmtp": NO_SMTP}
# What qmail-popup does, as far as a login needs it.
POPUP = """#!{python} -I
import os, sys
def say(text):
    os.write(1, text.encode() + b"\\r\\n")
def line():
    return sys.stdin.buffer.readline().rstrip(b"\\r\\n")
say("+OK <1.2@mail.test>")
name = line().partition(b" ")[2]
say("+OK")
password = line().partition(b" ")[2]
reading, writing = os.pipe()
os.write(writing, name + b"\\0" + password + b"\\0<1.2@mail.test>\\0")
os.close(writing)
child = os.fork()
if child == 0:
    os.dup2(reading, 3)
    os.set_inheritable(3, True)
    os.execv(sys.argv[1], sys.argv[1:])
if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
    say("-ERR authorization failed")
"""
# What qmail-pop3d does, as far as a test asks.
POP3D = """#!/bin/sh
printf '+OK \\r\\n'
while read -r line; do
    case "$line" in
    STAT*) printf '+OK %s 0\\r\\n' "$(id -u)" ;;
    QUIT*) printf '+OK \\r\\n'; exit 0 ;;
    *) printf -- '-ERR \\r\\n' ;;
    esac
done
"""


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="logins-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def site(root: Path) -> Iterator[Vpopmail]:
    """A site with two domains, an alias domain, a default domain and an address that is mapped."""
    if os.geteuid() != 0:
        pytest.skip("needs root: the mailboxes have an owner of their own")
    options = {"vpopuser": 8900, "vpopgroup": 8901, "roaming_users": True, "ip_alias_domains": True}
    with Vpopmail(load(settings_for(root, lock_timeout=60, **options))) as site:
        site.prepare()
        for domain in ("example.com", "example.net", "closed.example"):
            site.domains.add(domain)
            site.users.add(f"joe@{domain}", SECRET)
        site.domains.add_alias("alias.org", "example.com")
        for name, flag in FLAGS.items():
            site.users.add(f"{name}@example.com", SECRET)
            site.users.update(f"{name}@example.com", flags=flag)
        site.users.add("mapped@example.net", SECRET)
        site.users.add("first@example.com", SECRET)
        site.limits.set("closed.example", VLimits(disable_imap=1))
        Path(site.settings.etc_path("defaultdomain")).write_text("example.com\n")
        site.ip_maps.set("127.0.0.3", "example.net")
        yield site


@pytest.fixture(scope="module")
def programs(site: Vpopmail, root: Path) -> Programs:
    return Programs(
        site, root / "bin", roaming_users=True, ip_alias_domains=True, lock_timeout=60, webmail_servers="127.0.0.1 ::1"
    )


@pytest.fixture(scope="module")
def server(programs: Programs) -> Iterator[Dovecot]:
    with dovecot.running(programs.path("vchkpw-dovecot")) as server:
        yield server


@pytest.mark.parametrize("name", ["joe@example.com", "JOE@Example.COM", "joe@alias.org", "joe", "joe@example.net"])
def test_dovecot_lets_in_with_the_right_password_by_pop3_and_imap(server: Dovecot, name: str) -> None:
    assert server.imap(name, SECRET), server.log()
    assert server.pop3(name, SECRET), server.log()
    assert not server.imap(name, "wrong")
    assert not server.pop3(name, "wrong")


def test_dovecot_lets_nobody_in_who_is_not_there(server: Dovecot) -> None:
    for name in ("nobody@example.com", "joe@missing.example", "nobody"):
        assert not server.imap(name, SECRET)
        assert not server.pop3(name, SECRET)


@pytest.mark.parametrize(
    ("user", "imap", "pop3", "webmail"),
    [("nopop", True, False, True), ("noimap", False, True, True), ("noweb", True, True, False), ("nosmtp", True, True, True)],
)
def test_dovecot_keeps_to_each_flag(server: Dovecot, user: str, imap: bool, pop3: bool, webmail: bool) -> None:
    address = f"{user}@example.com"
    assert server.imap(address, SECRET) is imap
    assert server.pop3(address, SECRET) is pop3
    assert server.imap(address, SECRET, from_="127.0.0.1") is webmail
    assert server.pop3(address, SECRET, from_="127.0.0.1") is webmail


def test_dovecot_keeps_to_the_limits_of_the_domain(server: Dovecot) -> None:
    assert not server.imap("joe@closed.example", SECRET)
    assert server.pop3("joe@closed.example", SECRET)


def test_dovecot_knows_the_domain_by_the_address_of_the_server(server: Dovecot) -> None:
    assert server.imap("mapped", SECRET, to="127.0.0.3")
    assert server.pop3("mapped", SECRET, to="127.0.0.3")
    assert not server.imap("mapped", SECRET)


def test_dovecot_finds_a_home_that_the_first_login_makes(server: Dovecot, site: Vpopmail) -> None:
    home = Path(site.users.get("first@example.com").pw_dir)
    shutil.rmtree(home)
    assert server.imap("first@example.com", SECRET)
    assert (home / "Maildir" / "new").stat().st_uid == 8900


def test_login_through_dovecot_is_noted_and_opens_the_relay(server: Dovecot, site: Vpopmail) -> None:
    assert server.pop3("joe@example.com", SECRET, from_="127.0.0.7")
    assert site.users.last_auth("joe@example.com")[0] == "127.0.0.7"  # type: ignore[index]
    assert "127.0.0.7" in site.relay
    rules = f"{site.settings.tcpserver_file}.cdb"
    told = subprocess.run(
        [needed("tcprulescheck", "ucspi-tcp"), rules], env={"TCPREMOTEIP": "127.0.0.7"}, capture_output=True, check=True
    ).stdout
    assert b"RELAYCLIENT" in told


# tcpserver


@pytest.fixture(scope="module")
def pop3_port(programs: Programs) -> Iterator[int]:
    """tcpserver on a free port, which starts a popup, which starts vchkpw."""
    tcpserver = needed("tcpserver", "ucspi-tcp")
    for name, text in (("popup", POPUP.format(python=sys.executable)), ("pop3d", POP3D)):
        path = programs.directory / name
        path.write_text(text)
        path.chmod(0o755)
    words = [programs.path(name) for name in ("popup", "vchkpw", "pop3d")]
    process = subprocess.Popen(
        [tcpserver, "-1", "-H", "-R", "-l", "0", "0", "0", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()


class Client(poplib.POP3):
    def __init__(self, host: str, port: int, source: str) -> None:
        self._source = (source, 0)
        super().__init__(host, port, PATIENCE)

    def _create_socket(self, timeout: float) -> object:  # type: ignore[override]
        import socket

        return socket.create_connection((self.host, self.port), timeout, self._source)


def uid_after(port: int, name: str, password: str, to: str = "127.0.0.1", from_: str = "127.0.0.2") -> int | None:
    """As whom the next program runs; None if the login was refused."""
    client = Client(to, port, from_)
    try:
        client.user(name)
        client.pass_(password)
        return client.stat()[0]
    except poplib.error_proto as error:
        assert b"authorization failed" in error.args[0]
        return None
    finally:
        client.close()


@pytest.mark.parametrize("name", ["joe@example.com", "joe%example.com", "joe@alias.org", "joe", "noimap@example.com"])
def test_tcpserver_lets_in_with_the_right_password(pop3_port: int, name: str) -> None:
    assert uid_after(pop3_port, name, SECRET) == 8900
    assert uid_after(pop3_port, name, "wrong") is None


def test_tcpserver_keeps_to_flags_and_addresses(pop3_port: int) -> None:
    assert uid_after(pop3_port, "nopop@example.com", SECRET) is None
    assert uid_after(pop3_port, "nopop@example.com", SECRET, from_="127.0.0.1") == 8900
    assert uid_after(pop3_port, "noweb@example.com", SECRET, from_="127.0.0.1") is None
    assert uid_after(pop3_port, "mapped", SECRET, to="127.0.0.3") == 8900
    assert uid_after(pop3_port, "mapped", SECRET) is None


def test_login_through_tcpserver_opens_the_relay(pop3_port: int, site: Vpopmail) -> None:
    assert uid_after(pop3_port, "joe@example.com", SECRET, from_="127.0.0.9") == 8900
    assert "127.0.0.9" in site.relay
    assert uid_after(pop3_port, "joe@example.com", "wrong", from_="127.0.0.10") is None
    assert "127.0.0.10" not in site.relay
