"""A private Dovecot, with the settings that docs/dovecot.md tells."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from . import servers

DOCUMENT = Path(__file__).parents[2] / "docs/dovecot.md"
_START_SECONDS = 30


def block(title: str) -> str:
    """The block of the document whose first line is this comment."""
    for text in re.findall(r"^```\w+\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE):
        if text.startswith(f"# {title}\n"):
            found: str = text
            return found
    raise LookupError(title)


def sql_settings(url: str) -> str:
    """The document's settings for a kind of database, with the place of ours."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        place = parts.path
    else:
        place = f"host=127.0.0.1 port={parts.port} dbname={parts.path[1:]} user={parts.username} password="
    text = block(f"Dovecot 2.3: dovecot-sql.conf.ext for {parts.scheme}")
    return re.sub(r"(?m)^connect = .*$", f"connect = {place}", text)


class Dovecot:
    """What is asked of a running Dovecot.

    Args:
        settings: its main file.
    """

    def __init__(self, settings: Path) -> None:
        self.settings = settings

    def doveadm(self, *arguments: str) -> tuple[int, str]:
        """What a call of doveadm exits with and says."""
        done = subprocess.run(
            [servers.find_program("doveadm"), "-c", self.settings, *arguments],
            check=False, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def lets_in(self, address: str, password: str, service: str = "imap") -> bool:
        """Whether a login succeeds."""
        code, text = self.doveadm("auth", "test", "-x", f"service={service}", address, password)
        assert ("auth succeeded" in text) == (code == 0), text
        assert "temp" not in text.lower(), text + self.log()
        return code == 0

    def hashed(self, scheme: str, password: str) -> str:
        """A password as Dovecot crypts it, in vpopmail's form."""
        code, text = self.doveadm("pw", "-s", scheme, "-p", password)
        assert code == 0, text
        return text.strip().partition("}")[2]

    def user(self, address: str) -> dict[str, str]:
        """What the user database tells; empty: there is no such user."""
        code, text = self.doveadm("user", address)
        if code:
            assert "doesn't exist" in text, text + self.log()
            return {}
        lines = [line.split(None, 1) for line in text.splitlines()[1:]]
        return {line[0]: line[1] if len(line) > 1 else "" for line in lines}

    def log(self) -> str:
        """What it wrote into its log."""
        return (self.settings.parent / "log").read_text(errors="replace")


@contextmanager
def dovecot(top: Path, url: str, *, uid: int, gid: int, sql: str = "") -> Iterator[Dovecot]:
    """A Dovecot for the accounts of a database.

    Args:
        top: an empty directory.
        url: of the database.
        uid, gid: whom the mail belongs to.
        sql: its settings for the database, if not those of the document.
    """
    program = servers.find_program("dovecot", "/usr/sbin")
    if os.geteuid() != 0:
        pytest.skip("Dovecot has to be started by root")
    settings, file = top / "dovecot.conf", top / "sql.conf"
    file.write_text(sql or sql_settings(url))
    text = block("Dovecot 2.3: conf.d/auth-vpopmail.conf.ext")
    text = text.replace("/etc/dovecot/dovecot-sql.conf.ext", str(file))
    text = text.replace("mail_uid = vpopmail", f"mail_uid = {uid}").replace("= vchkpw", f"= {gid}")
    settings.write_text(
        f"base_dir = {top}/run\nstate_dir = {top}/state\nlog_path = {top}/log\nprotocols =\nssl = no\n"
        # Else each wrong password makes the next answer wait longer.
        "auth_failure_delay = 0\nservice anvil {\n unix_listener anvil-auth-penalty {\n  mode = 0\n }\n}\n"
        f"stats_writer_socket_path =\n{text}"
    )
    (top / "log").touch()
    process = subprocess.Popen([program, "-F", "-c", settings], stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + _START_SECONDS
        while not (top / "run/auth-client").exists() or not (top / "run/auth-userdb").exists():
            if process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"Dovecot does not start: {(top / 'log').read_text()}")
            time.sleep(0.05)  # it tells nobody when it is ready
        yield Dovecot(settings)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
        shutil.rmtree(top / "run", ignore_errors=True)
