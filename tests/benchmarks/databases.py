"""Look-ups and bulk additions in a database, beside the bare driver, in one run.

Run: python -m tests.benchmarks.databases [--users N] [--drivers mysqlclient pymysql psycopg]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import tracemalloc
from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING, Any

import vpopmail
from tests.sql import servers
from vpopmail import Vpopmail
from vpopmail.records import VqPasswd
from vpopmail.testing import sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

DOMAIN = "example.com"
HASH = "$6$abcdefgh$" + "x" * 86
ROUNDS = 2000
BULK_ROUNDS = 4
MEASURED = 5000
SELECT = "SELECT * FROM vpopmail WHERE pw_name = %s AND pw_domain = %s"
COLUMNS = "pw_name, pw_domain, pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell, pw_clear_passwd"
INSERT = f"INSERT INTO vpopmail ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
DRIVERS = {"mysqlclient": "mysql", "pymysql": "mysql", "psycopg": "pgsql"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--drivers", nargs="*", choices=list(DRIVERS), default=list(DRIVERS))
    arguments = parser.parse_args()
    for driver in arguments.drivers:
        load = os.getloadavg()[0]
        with ExitStack() as stack:
            if driver == "mysqlclient":
                __import__("MySQLdb")  # pip install mysqlclient
            if driver == "pymysql":
                sys.modules["MySQLdb"] = None  # type: ignore[assignment]
            kind = DRIVERS[driver]
            server = stack.enter_context({"mysql": servers.mariadb, "pgsql": servers.postgresql}[kind]())
            url = database_url(kind, server)
            site = stack.enter_context(sandbox(kind, database_url=url, users_big_dir=False))
            site.domains.add(DOMAIN)
            print(f"{driver} (load of the machine: {load:.1f} on {os.cpu_count()} processors):")
            bulk(site, url, driver, arguments.users)
            memory(site)
            lookups(url, driver, arguments.users)


def database_url(kind: str, server: servers.Server) -> str:
    """The URL of a new database."""
    connection = server.connect()
    if kind == "pgsql":
        connection.autocommit = True
    connection.cursor().execute("CREATE DATABASE bench")
    connection.close()
    user = "root:" if kind == "mysql" else "postgres"
    return f"{kind}://{user}@127.0.0.1:{server.port}/bench"


def _bare(url: str, driver: str) -> Any:
    """A connection of the driver itself."""
    port = int(url.rpartition(":")[2].partition("/")[0])
    if driver == "psycopg":
        import psycopg

        return psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="bench", autocommit=True)
    place = {"host": "127.0.0.1", "port": port, "user": "root", "database": "bench", "charset": "utf8mb4"}
    if driver == "mysqlclient":
        import MySQLdb

        return MySQLdb.connect(**place, autocommit=True)
    import pymysql

    return pymysql.connect(**place, autocommit=True, ssl_disabled=True)


def add(site: Vpopmail, names: list[str]) -> None:
    """New users in one transaction: the store alone, since homes are the disk's."""
    domain = site.domains.get(DOMAIN)
    with site.installation.open_domain(domain) as directory:
        change = site.installation.backend.transaction(domain, directory)
        change.lock()
        for name in names:
            change.add(VqPasswd(name, HASH, pw_dir=f"{domain.path}/{name}"))
        change.stage()
        change.commit()
        change.close()


def bulk(site: Vpopmail, url: str, driver: str, users: int) -> None:
    """Both in turn, into the same empty table; of several rounds the fastest, which was least disturbed."""
    names = [f"u{number}" for number in range(users)]
    path = site.domains.get(DOMAIN).path
    connection = _bare(url, driver)
    cursor = connection.cursor()
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(BULK_ROUNDS):
        cursor.execute("TRUNCATE TABLE vpopmail")
        start = time.perf_counter()
        rows = [(name, DOMAIN, HASH, 0, 0, "", f"{path}/{name}", "NOQUOTA", "") for name in names]
        cursor.execute("BEGIN")
        cursor.executemany(INSERT, rows)
        connection.commit()
        times["bare"].append(time.perf_counter() - start)
        cursor.execute("TRUNCATE TABLE vpopmail")
        start = time.perf_counter()
        add(site, names)
        times["ours"].append(time.perf_counter() - start)
    connection.close()
    ours, bare = min(times["ours"]), min(times["bare"])
    print(f"  {users} users added: {ours:.2f} s, {ours / bare:.2f} x the driver's executemany (at most 2)")
    facet = site.installation.last_auth
    start = time.perf_counter()
    facet.note_new_users(DOMAIN, names)
    print(f"  noted as never logged in: {time.perf_counter() - start:.2f} s")


def memory(site: Vpopmail) -> None:
    """What a transaction takes beside the records themselves, at its highest."""
    peaks = []
    for size in (MEASURED, 2 * MEASURED):
        names = [f"m{size}x{number}" for number in range(size)]
        tracemalloc.start()
        add(site, names)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()
        records = [VqPasswd(name, HASH, pw_dir=f"{site.settings.domains_path}/{DOMAIN}/{name}") for name in names]
        del records
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    each = (peaks[2] - peaks[0]) / MEASURED
    record = (peaks[3] - peaks[1]) / MEASURED
    print(f"  memory: {each:.0f} bytes for each user more, {record:.0f} of them for the record")


def lookups(url: str, driver: str, users: int) -> None:
    connection = _bare(url, driver)
    random = Random(1)
    names = [f"u{random.randrange(users)}" for _ in range(ROUNDS)]

    def bare(name: str) -> Any:
        cursor = connection.cursor()
        cursor.execute(SELECT, (name, DOMAIN))
        return cursor.fetchall()

    def ours(name: str) -> Any:
        return vpopmail.vauth_getpw(name, DOMAIN)

    times: dict[str, list[float]] = {"bare": [], "ours": []}
    acts: dict[str, Callable[[str], Any]] = {"bare": bare, "ours": ours}
    for number, name in enumerate(names):
        # Each of them has the row in the server's cache as often as the other.
        for which, act in sorted(acts.items(), reverse=number % 2 == 1):
            start = time.perf_counter()
            assert act(name)
            times[which].append(time.perf_counter() - start)
    # Of the faster half the middle: what other programs take of the machine is in the rest.
    ours_us, bare_us = (statistics.quantiles(times[which], n=4)[0] * 1e6 for which in ("ours", "bare"))
    print(f"  vauth_getpw: {ours_us:.0f} us, {ours_us / bare_us:.2f} x the driver's own select (at most 2)")
    connection.close()


if __name__ == "__main__":
    main()
