"""Deliveries: the whole process beside ``python3 -I -c pass``, and many in one process.

In one process small messages are delivered with fsync, beside two bare loops in the same run: of
write, fsync and link, and of these and fsync of ``new``, which promises what a delivery does.
Run: python -m tests.benchmarks.deliveries [--directory DIR] [--messages N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vpopmail import Vpopmail
from vpopmail.delivery.deliver import deliver
from vpopmail.settings import OPTIONS, load

TEXT = b"From: a@remote.test\nSubject: test\n\n" + b"x" * 2000 + b"\n"
ROUNDS = 40
TURNS = 10
DOMAIN = "example.com"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", help="where the site is; its disk counts")
    parser.add_argument("--messages", type=int, default=500, help="of each kind, in one process")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.directory) as directory:
        given = {
            "vpopmaildir": f"{directory}/vpopmail",
            "qmaildir": f"{directory}/qmail",
            "vpopuser": os.getuid(),
            "vpopgroup": os.getgid(),
        }
        with Vpopmail(load(given)) as site:
            site.prepare()
            site.domains.add(DOMAIN)
            site.users.add(f"joe@{DOMAIN}", crypted="*")
            site.install_programs()
            rates(site, Path(directory), chosen.messages)
        processes(given, directory)


def processes(given: dict[str, object], directory: str) -> None:
    """Medians of whole processes, in turn; less what the fsyncs of the message take."""
    message = f"{directory}/message"
    Path(message).write_bytes(TEXT)
    told = {OPTIONS[name].variable: str(value) for name, value in given.items()}
    environment = {**os.environ, **told, "EXT": "joe", "HOST": DOMAIN}
    launch = [f"{given['vpopmaildir']}/bin/vdelivermail", "", "delete"]
    times: dict[str, list[float]] = {"pass": [], "vdelivermail": [], "without fsync": []}
    for _ in range(ROUNDS):
        times["pass"].append(timed([sys.executable, "-I", "-c", "pass"], message, environment))
        times["vdelivermail"].append(timed(launch, message, environment))
        quick = {**environment, "VPOPMAIL_FILE_SYNC": "no"}
        times["without fsync"].append(timed(launch, message, quick))
    base = statistics.median(times["pass"])
    for name, measured in times.items():
        median = statistics.median(measured)
        print(f"{name:16} {median * 1000:7.1f} ms  {median / base:5.2f} x pass")


def timed(command: list[str], message: str, environment: dict[str, str]) -> float:
    with open(message, "rb") as file:
        start = time.perf_counter()
        subprocess.run(command, stdin=file, env=environment, check=True)
        return time.perf_counter() - start


def rates(site: Vpopmail, top: Path, messages: int) -> None:
    """Messages a second, in turns: bare loops, without and with the directory synced, and ours."""
    bare, queue = top / "bare", top / "queue"
    for part in ("tmp", "new"):
        (bare / part).mkdir(parents=True)
    queue.write_bytes(TEXT)
    environment = {"EXT": "joe", "HOST": DOMAIN, "RPLINE": "Return-Path: <a@remote.test>\n"}
    fd, new = os.open(queue, os.O_RDONLY), os.open(bare / "new", os.O_RDONLY)

    def ours() -> None:
        assert deliver(site.installation, environment, fd, "delete", print) == 0

    acts = {
        "write, fsync, link": lambda: write_bare(bare, None),
        "and fsync of new": lambda: write_bare(bare, new),
        "ours": ours,
    }
    took: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(messages // TURNS):
        for name, act in acts.items():
            start = time.perf_counter()
            for _ in range(TURNS):
                act()
            took[name].append(time.perf_counter() - start)
    # Medians: others may be at work.
    medians = {name: statistics.median(turns) for name, turns in took.items()}
    for name, seconds in medians.items():
        parts = (f"{medians[other] / seconds:5.2f} of {other!r}" for other in list(acts)[:2])
        print(f"{name:20} {TURNS / seconds:6.0f} messages/s  {' '.join(parts)}")


def write_bare(bare: Path, new: int | None) -> None:
    name = f"{time.time_ns()}"
    fd = os.open(f"{bare}/tmp/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(fd, TEXT)
    os.fsync(fd)
    os.close(fd)
    os.link(f"{bare}/tmp/{name}", f"{bare}/new/{name}")
    os.unlink(f"{bare}/tmp/{name}")
    if new is not None:
        os.fsync(new)


if __name__ == "__main__":
    main()
