"""Look-ups and bulk additions in a database, beside the bare driver, in one run.

Run: python -m tests.benchmarks.databases [--users N]
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING, Any

import vpopmail
from tests.sql import raw, servers
from vpopmail import Vpopmail
from vpopmail.testing import sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

DOMAIN = "example.com"
HASH = "$6$abcdefgh$" + "x" * 86
ROUNDS = 2000
SELECT = "SELECT * FROM vpopmail WHERE pw_name = %s AND pw_domain = %s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=50_000)
    users: int = parser.parse_args().users
    for kind, start in (("mysql", servers.mariadb), ("pgsql", servers.postgresql)):
        with ExitStack() as stack:
            server = stack.enter_context(start())
            url = _database(kind, server)
            site = stack.enter_context(sandbox(kind, database_url=url, users_big_dir=False))
            site.domains.add(DOMAIN)
            print(f"{kind}:")
            bulk(site, url, users)
            lookups(url, users)


def _database(kind: str, server: servers.Server) -> str:
    connection = server.connect()
    if kind == "pgsql":
        connection.autocommit = True
    connection.cursor().execute("CREATE DATABASE bench")
    connection.close()
    user = "root:" if kind == "mysql" else "postgres"
    return f"{kind}://{user}@127.0.0.1:{server.port}/bench"


def bulk(site: Vpopmail, url: str, users: int) -> None:
    """Rows of many new users in one transaction: the store alone, since homes are the disk's."""
    from vpopmail.records import VqPasswd

    domain = site.domains.get(DOMAIN)
    with site.installation.open_domain(domain) as directory:
        change = site.installation.backend.transaction(domain, directory)
        change.lock()
        start = time.perf_counter()
        for number in range(users):
            name = f"u{number}"
            change.seen[name] = None  # as users.add has looked
            change.add(VqPasswd(name, HASH, pw_dir=f"{domain.path}/{name}"))
        change.stage()
        change.commit()
        ours = time.perf_counter() - start
        change.close()
    columns = "pw_name, pw_domain, pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell, pw_clear_passwd"
    text = f"INSERT INTO vpopmail ({columns}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
    rows = [(f"u{n}", "bare", HASH, 0, 0, "", f"{domain.path}/u{n}", "NOQUOTA", "") for n in range(users)]
    connection = raw.connect(url)
    start = time.perf_counter()
    cursor = connection.cursor()
    cursor.execute("BEGIN")
    cursor.executemany(text, rows)
    connection.commit()
    bare = time.perf_counter() - start
    connection.close()
    print(f"  {users} users added: {ours:.2f} s, {ours / bare:.2f} x the driver's executemany (at most 2)")


def lookups(url: str, users: int) -> None:
    connection = raw.connect(url)
    names = [f"u{Random(1).randrange(users)}" for _ in range(ROUNDS)]

    def bare(name: str) -> Any:
        cursor = connection.cursor()
        cursor.execute(SELECT, (name, DOMAIN))
        return cursor.fetchall()

    def ours(name: str) -> Any:
        return vpopmail.vauth_getpw(name, DOMAIN)

    times: dict[str, list[float]] = {"bare": [], "ours": []}
    acts: dict[str, Callable[[str], Any]] = {"bare": bare, "ours": ours}
    for name in names:
        for which, act in acts.items():
            start = time.perf_counter()
            assert act(name)
            times[which].append(time.perf_counter() - start)
    ratio = statistics.median(times["ours"]) / statistics.median(times["bare"])
    middle = statistics.median(times["ours"]) * 1e6
    print(f"  vauth_getpw: {middle:.0f} us, {ratio:.2f} x the driver's own select (at most 2)")


if __name__ == "__main__":
    main()
