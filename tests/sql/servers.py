"""Private servers of databases, started from the installed binaries and stopped after the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

IN_CI = os.environ.get("CI", "") not in {"", "0", "false"}
_START_SECONDS = 60


def missing(what: str) -> None:
    """Skip with a reason; in CI every server has to be there."""
    if IN_CI:
        pytest.fail(f"{what}: CI must have it")
    pytest.skip(what)


def find_program(name: str, *places: str) -> str:
    """The path of a program, or skip."""
    found = shutil.which(name, path=os.pathsep.join([*places, os.environ.get("PATH", "")]))
    if found is None:
        missing(f"{name} is not installed")
    assert found is not None
    return found


def free_port() -> int:
    """A port of the loopback address that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def directory_for(user: str) -> Iterator[Path]:
    """A short directory, in memory where there is some, that belongs to a user."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    path = Path(tempfile.mkdtemp(prefix="vpopmail-db-", dir=memory))
    try:
        if os.geteuid() == 0:
            entry = pwd.getpwnam(user)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def server_user(name: str) -> str | None:
    """Whom a server runs as: root must give that up, anybody else stays what he is."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(name)
    except KeyError:
        missing(f"there is no user {name}")
    return name


class Server:
    """A server on a port of the loopback address.

    Args:
        arguments: the program and its arguments.
        port: at which it listens.
        log: the file that it writes its messages to.
        connect: a connection of the driver to it.
        ending: the signal that ends it at once.
        options: whom it runs as, and where.
    """

    def __init__(
        self,
        arguments: list[Any],
        port: int,
        log: Path,
        connect: Any,
        ending: signal.Signals,
        **options: Any,
    ) -> None:
        self.arguments = arguments
        self.port = port
        self.log = log
        self.connect = connect
        self.ending = ending
        self.options = options
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(self.arguments, stdout=output, stderr=output, **self.options)
        self._wait()

    def stop(self) -> None:
        """End it at once: what it keeps goes anyway."""
        self.process.send_signal(self.ending)
        self.process.wait()

    def _wait(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.connect().close()
            except Exception as error:  # noqa: BLE001
                if self.process.poll() is not None or time.monotonic() > end:
                    text = self.log.read_text(errors="replace")[-2000:]
                    pytest.fail(f"the server does not start: {error!r}\n{text}")
                # It tells nobody when it is ready: asking again is all that can be done.
                time.sleep(0.05)
            else:
                return


def run(arguments: list[Any], **options: Any) -> None:
    """Run a program to its end; what it said, if it failed."""
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, **options)
    if done.returncode != 0:
        pytest.fail(f"{arguments[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


@contextmanager
def mariadb(*more: str) -> Iterator[Server]:
    """A private MariaDB; root has no password.

    Args:
        more: arguments of the program; by default it keeps no binary log.
    """
    pymysql = pytest.importorskip("pymysql")
    program = find_program("mariadbd", "/usr/sbin")
    install = find_program("mariadb-install-db")
    user = server_user("mysql")
    with directory_for("mysql") as top:
        data, log = top / "data", top / "log"
        who = [f"--user={user}"] if user else []
        run(
            [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
             "--skip-test-db", "--innodb-use-native-aio=0", f"--tmpdir={top}", *who],
            # Two at the same time get in each other's way in /tmp.
            env={**os.environ, "TMPDIR": str(top)},
        )
        port = free_port()
        arguments = [
            program, "--no-defaults", f"--datadir={data}", f"--socket={top}/s", f"--port={port}",
            "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=32M", "--innodb-use-native-aio=0", f"--pid-file={top}/pid", f"--tmpdir={top}", *who,
            *(more or ("--skip-log-bin",)),
        ]  # fmt: skip
        place = {"host": "127.0.0.1", "port": port, "user": "root", "password": ""}
        server = Server(arguments, port, log, lambda: pymysql.connect(**place), signal.SIGKILL)
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def postgresql(*, standby_of: Server | None = None) -> Iterator[Server]:
    """A private PostgreSQL; everybody on loopback is trusted.

    Args:
        standby_of: the server that it follows; None: it is one by itself.
    """
    psycopg = pytest.importorskip("psycopg")
    places = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    program, install = find_program("postgres", *places), find_program("initdb", *places)
    user = server_user("postgres")
    with directory_for("postgres") as top:
        data, log = top / "data", top / "log"
        if standby_of is None:
            run(
                [install, "-D", data, "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"],
                user=user, cwd=top,
            )  # fmt: skip
        else:
            copy = find_program("pg_basebackup", *places)
            source = f"host=127.0.0.1 port={standby_of.port} user=postgres"
            run([copy, "-D", data, "-d", source, "-R", "-c", "fast", "--no-sync"], user=user, cwd=top)
        port = free_port()
        arguments = [
            program, "-D", data, "-p", str(port), "-k", top, "-c", "fsync=off",
            "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200",
        ]  # fmt: skip
        place = {"host": "127.0.0.1", "port": port, "user": "postgres", "dbname": "postgres"}
        # Killed, it would leave its shared memory behind.
        ending = signal.SIGQUIT
        connect = lambda: psycopg.connect(**place)  # noqa: E731
        server = Server(arguments, port, log, connect, ending, user=user, cwd=top)
        try:
            yield server
        finally:
            server.stop()
