"""A Dovecot of the tests' own: its configuration, directories and ports, and clients for it."""

from __future__ import annotations

import imaplib
import os
import poplib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 60  # seconds
LISTENS = ("127.0.0.1", "127.0.0.3")
_CONFIGURATION = """
base_dir = {top}/run
state_dir = {top}/state
log_path = {top}/log
listen = {listen}
protocols = imap pop3
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
auth_verbose = yes
mail_location = maildir:~/Maildir
first_valid_uid = 1
default_vsz_limit = 0
passdb {{
  driver = checkpassword
  args = {program}
}}
userdb {{
  driver = prefetch
}}
service auth {{
  user = root
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


def needed(program: str, what: str) -> str:
    """The path of a program; without it the test fails in CI and is skipped elsewhere."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/bin")
    if path is None or os.geteuid() != 0:
        reason = f"needs {what} and root"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


class Dovecot:
    """Where it listens, and logins to it; a client comes from 127.0.0.2 if nothing else is said."""

    def __init__(self, top: Path, imap: int, pop3: int) -> None:
        self.top = top
        self.imap_port = imap
        self.pop3_port = pop3

    def imap(self, name: str, password: str, *, to: str = LISTENS[0], from_: str = "127.0.0.2") -> bool:
        """Log in by IMAP and open the mailbox; whether that was allowed."""
        client = _Imap(to, self.imap_port, from_)
        try:
            client.login(name, password)
            assert client.select("INBOX")[0] == "OK"
        except imaplib.IMAP4.error as error:
            assert b"AUTHENTICATIONFAILED" in error.args[0], self.log()
            return False
        finally:
            client.logout()
        return True

    def pop3(self, name: str, password: str, *, to: str = LISTENS[0], from_: str = "127.0.0.2") -> bool:
        """Log in by POP3 and count the mail; whether that was allowed."""
        client = _Pop3(to, self.pop3_port, from_)
        try:
            client.user(name)
            client.pass_(password)
            client.stat()
        except poplib.error_proto as error:
            assert b"[AUTH]" in error.args[0], self.log()
            return False
        finally:
            client.close()
        return True

    def log(self) -> str:
        return (self.top / "log").read_text("utf-8", "replace")


class _Imap(imaplib.IMAP4):
    def __init__(self, host: str, port: int, source: str) -> None:
        self._source = source
        super().__init__(host, port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self.host, self.port), PATIENCE, (self._source, 0))


class _Pop3(poplib.POP3):
    def __init__(self, host: str, port: int, source: str) -> None:
        self._source = source
        super().__init__(host, port, PATIENCE)

    def _create_socket(self, timeout: float) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout, (self._source, 0))


@contextmanager
def running(program: str) -> Iterator[Dovecot]:
    """Dovecot with vchkpw as its passdb.

    Args:
        program: path of the launcher.
    """
    binary = needed("dovecot", "dovecot-imapd and dovecot-pop3d")
    top = Path(tempfile.mkdtemp(prefix="dovecot-"))  # short: sockets have short names
    top.chmod(0o755)
    imap, pop3 = _free_port(), _free_port()
    configuration = top / "dovecot.conf"
    text = _CONFIGURATION.format(top=top, program=program, imap=imap, pop3=pop3, listen=", ".join(LISTENS))
    configuration.write_text(text)
    process = subprocess.Popen([binary, "-F", "-c", str(configuration)], stdin=subprocess.DEVNULL)
    try:
        for port in (imap, pop3):
            _wait_for(port, process)
        yield Dovecot(top, imap, pop3)
    finally:
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(top, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("", 0))
        return int(free.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as client:
            if client.connect_ex((LISTENS[0], port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("Dovecot does not listen")
