"""Looking up users of a domain of 10,000, and listing them, beside bare loops of the same run.

Run: python -m tests.benchmarks.lookups
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from typing import TYPE_CHECKING

import cdblib

import vpopmail
from tests.benchmarks.accounts import CRYPTED
from tests.benchmarks.startup import settings
from vpopmail import Vpopmail, use
from vpopmail.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable

DOMAIN = "example.com"
USERS = 10_000
LOOKUPS = 20_000
ROUNDS = 7
# What a stamp must have as its age before it is trusted, and a little more.
SETTLED = 0.2


def main() -> None:
    # Both: a missing file, which is usual for limits, costs more on tmpfs.
    for place in (tempfile.gettempdir(), "/dev/shm"):  # noqa: S108 - the file system
        with tempfile.TemporaryDirectory(dir=place) as directory:
            print(f"in {place}:")
            measure(directory)


def measure(directory: str) -> None:
    with Vpopmail(load(settings(directory))) as site:
        site.prepare()
        site.domains.add(DOMAIN)
        with site.batch():
            for number in range(USERS):
                site.users.add(f"user{number}@{DOMAIN}", crypted=CRYPTED)
        time.sleep(SETTLED)
        home = site.domains.get(DOMAIN).path
        names = [f"user{random.randrange(USERS)}" for _ in range(LOOKUPS)]
        with use(site):
            once(site, names)
            repeatedly(home, names)
            listing(site, home)


def once(site: Vpopmail, names: list[str]) -> None:
    """From a fresh start: each user is read from the index when it is first asked for."""
    site.close()
    start = time.perf_counter()
    look_up(names)
    report("vauth_getpw, from a cold start", [len(names) / (time.perf_counter() - start)])


def repeatedly(home: str, names: list[str]) -> None:
    with open(f"{home}/vpasswd.cdb", "rb") as file:
        reader = cdblib.Reader(file.read())
    path = f"{home}/vpasswd.cdb"
    keys = [name.encode() for name in names]
    programs: dict[str, Callable[[], object]] = {
        f"vauth_getpw, any of {USERS:,}": lambda: look_up(names),
        "os.stat of vpasswd.cdb": lambda: [os.stat(path) for _ in keys],
        "cdblib get, never looking at the file": lambda: [reader.get(key) for key in keys],
    }
    rates: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            start = time.perf_counter()
            program()
            rates[name].append(len(names) / (time.perf_counter() - start))
    ours, *others = rates.values()
    for name, measured in rates.items():
        report(name, measured, 80_000 if measured is ours else 0)
    for name, other in zip(list(rates)[1:], others, strict=True):
        ratio = statistics.median(other) / statistics.median(ours)
        print(f"    a vauth_getpw takes as long as {ratio:.1f} x {name}")


def look_up(names: list[str]) -> None:
    find = vpopmail.vauth_getpw
    for name in names:
        user = find(name, DOMAIN)
        assert user is not None
        assert user.pw_name == name


def listing(site: Vpopmail, home: str) -> None:
    ours, theirs = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        count = sum(1 for _ in site.users.iter(DOMAIN))
        ours.append(count / (time.perf_counter() - start))
        start = time.perf_counter()
        with open(f"{home}/vpasswd", encoding="utf-8") as file:
            count = sum(1 for line in file if line.split(":"))
        theirs.append(count / (time.perf_counter() - start))
    report("users.iter, records", ours, 200_000)
    report("lines read and split", theirs)
    print(f"    a record takes {statistics.median(theirs) / statistics.median(ours):.1f} x a line")


def report(what: str, rates: list[float], least: int = 0) -> None:
    limit = f" (at least {least:,})" if least else ""
    print(f"  {what}: {statistics.median(rates):,.0f} a second{limit}")


if __name__ == "__main__":
    main()
