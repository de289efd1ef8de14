"""Adding users: one to 50,000, a batch of 10,000, and a sandbox with 100, beside bare loops.

Run: python -m tests.benchmarks.accounts
"""

from __future__ import annotations

import ctypes
import os
import shutil
import statistics
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import cdblib

from tests.benchmarks.startup import settings
from vpopmail import Vpopmail
from vpopmail.settings import load
from vpopmail.testing import sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

CRYPTED = "$6$abcdefgh$" + "x" * 86
MANY = 50_000
BATCH = 10_000


@contextmanager
def durable_site(place: str | None = None) -> Iterator[Vpopmail]:
    """A cdb site that brings its changes to the disk.

    Args:
        place: in which directory; else that for temporary files.
    """
    directory = tempfile.mkdtemp(dir=place)
    try:
        with Vpopmail(load({**settings(directory), "sync": True})) as site:
            site.prepare()
            site.domains.add("example.com")
            yield site
    finally:
        shutil.rmtree(directory)


def one_to_many() -> None:
    with durable_site() as site:
        home = f"{site.settings.domains_path}/example.com"
        lines = sorted(
            f"user{number}:{CRYPTED}:1:0:user{number}:{home}/user{number}:NOQUOTA\n"
            for number in range(MANY)
        )
        with open(f"{home}/vpasswd", "w") as file:
            file.writelines(lines)
        site.users.add("zz@example.com", crypted=CRYPTED)  # builds the index
        ours, theirs = [], []
        for number in range(9):
            start = time.perf_counter()
            site.users.add(f"user3000{number}x@example.com", crypted=CRYPTED)
            ours.append(time.perf_counter() - start)
            start = time.perf_counter()
            rebuild(home)
            theirs.append(time.perf_counter() - start)
    report("one user to 50,000", ours, "full rebuild with cdblib", theirs, 0.3)


def rebuild(home: str) -> None:
    """vpasswd.cdb made anew from vpasswd by cdblib, synced and renamed (as another name)."""
    with open(f"{home}/vpasswd", "rb") as source, open(f"{home}/other.tmp", "wb") as target:
        writer = cdblib.Writer(target)
        for line in source:
            name, _, rest = line.rstrip(b"\n").partition(b":")
            writer.put(name, rest)
        writer.finalize()
        target.flush()
        os.fsync(target.fileno())
    os.rename(f"{home}/other.tmp", f"{home}/other.cdb")
    fd = os.open(home, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def batch() -> None:
    ours, theirs = [], []
    for _ in range(3):
        with durable_site() as site:
            start = time.perf_counter()
            with site.batch():
                for number in range(BATCH):
                    site.users.add(f"user{number}@example.com", crypted=CRYPTED)
            ours.append(time.perf_counter() - start)
        theirs.append(bare_homes(BATCH, sync=True))
    report("batch of 10,000", ours, "bare mkdirs, same sync", theirs, 1.5)


def bare_homes(count: int, *, sync: bool) -> float:
    """The directories of so many homes, hashed as vpopmail does, in a bare loop."""
    directory = tempfile.mkdtemp()
    try:
        start = time.perf_counter()
        fd = os.open(directory, os.O_RDONLY)
        for number in range(count):
            place = f"p{number // 100}/" if number >= 100 else ""
            if place and number % 100 == 0:
                os.mkdir(place, 0o700, dir_fd=fd)
            home = f"{place}user{number}"
            for part in ("", "/Maildir", "/Maildir/cur", "/Maildir/new", "/Maildir/tmp"):
                os.mkdir(home + part, 0o700, dir_fd=fd)
                os.chown(home + part, os.getuid(), os.getgid(), dir_fd=fd, follow_symlinks=False)
        if sync:
            ctypes.CDLL(None).syncfs(fd)
        os.close(fd)
        return time.perf_counter() - start
    finally:
        shutil.rmtree(directory)


def trial() -> None:
    ours, theirs = [], []
    for _ in range(9):
        start = time.perf_counter()
        with sandbox() as site:
            site.domains.add("example.com")
            for number in range(100):
                site.users.add(f"user{number}@example.com", crypted=CRYPTED)
            ours.append(time.perf_counter() - start)
        theirs.append(bare_homes(100, sync=False))
    over = statistics.median(ours) - 1.5 * statistics.median(theirs)
    report("sandbox with 100", ours, "bare mkdirs", theirs, 1.5)
    print(f"    over 1.5 x the mkdirs: {over * 1000:.1f} ms (at most 50)")


def report(what: str, ours: list[float], beside: str, theirs: list[float], limit: float) -> None:
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(
        f"{what}: {mine * 1000:.1f} ms; {beside}: {other * 1000:.1f} ms;"
        f" {mine / other:.2f} x (at most {limit})"
    )


if __name__ == "__main__":
    one_to_many()
    batch()
    trial()
