"""A primary and a replica that follows it, of each kind; the following can be paused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from . import raw, servers


@dataclass
class Pair:
    """Two servers with the same database.

    Attributes:
        kind: of the backend.
        primary, replica: the servers.
        name: of the database.
    """

    kind: str
    primary: servers.Server
    replica: servers.Server
    name: str = ""

    def place(self, server: servers.Server, database: str = "") -> str:
        user = "root:" if self.kind == "mysql" else "postgres"
        return f"{self.kind}://{user}@127.0.0.1:{server.port}/{database or self.name}"

    @property
    def url(self) -> str:
        """What the settings of a site name."""
        return f"{self.place(self.primary)}?replica=127.0.0.1:{self.replica.port}"

    def on_primary(self, *texts: str) -> list[object]:
        return [row[0] for row in raw.run(self.place(self.primary), *texts)]

    def on_replica(self, *texts: str) -> list[object]:
        return [row[0] for row in raw.run(self.place(self.replica), *texts)]

    def make(self, name: str) -> None:
        """A fresh database on both."""
        self.resume()
        there = "mysql" if self.kind == "mysql" else "postgres"
        raw.run(self.place(self.primary, there), f"CREATE DATABASE {name}")
        self.name = there  # the new one is not on the replica yet
        self.catch_up()
        self.name = name

    def pause(self) -> None:
        """From now on the replica gets nothing new."""
        self.on_replica("STOP SLAVE" if self.kind == "mysql" else "SELECT pg_wal_replay_pause()")
        if self.kind == "pgsql":
            # It pauses between two records: until it says so it may still play some.
            self._until("SELECT pg_get_wal_replay_pause_state()", "paused")

    def resume(self) -> None:
        text = "START SLAVE" if self.kind == "mysql" else "SELECT pg_wal_replay_resume()"
        there = "mysql" if self.kind == "mysql" else "postgres"
        raw.run(self.place(self.replica, there), text)

    def catch_up(self) -> None:
        """Wait, on the replica, until it has all that the primary has."""
        if self.kind == "mysql":
            (position,) = self.on_primary("SELECT @@GLOBAL.gtid_current_pos")
            assert self.on_replica(f"SELECT MASTER_GTID_WAIT('{position}', 60)") == [0]
            return
        (position,) = self.on_primary("SELECT CAST(pg_current_wal_lsn() AS text)")
        # PostgreSQL 15 has no function that waits for it.
        self._until(f"SELECT pg_last_wal_replay_lsn() >= CAST('{position}' AS pg_lsn)", True)

    def _until(self, text: str, answer: object) -> None:
        end = monotonic() + 60
        while self.on_replica(text) != [answer]:
            assert monotonic() < end, text


@contextmanager
def mariadb_pair() -> Iterator[Pair]:
    log = ("--log-bin=log", "--server-id=1")
    follow = ("--server-id=2", "--skip-log-bin", "--read-only=0")
    with servers.mariadb(*log) as primary, servers.mariadb(*follow) as replica:
        pair = Pair("mysql", primary, replica)
        raw.run(
            pair.place(replica, "mysql"),
            f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='root',"
            " MASTER_PASSWORD='', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1",
            "START SLAVE",
        )
        yield pair


@contextmanager
def postgresql_pair() -> Iterator[Pair]:
    with servers.postgresql() as primary, servers.postgresql(standby_of=primary) as replica:
        yield Pair("pgsql", primary, replica)
