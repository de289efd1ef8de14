"""Start of the programs that administrators type, beside ``python3 -I -c pass``.

A round runs each program once, one after the other, so that what else the machine does falls on
all alike; the medians are compared. Measured are the launchers that ``site.install_programs()``
writes; ``-m`` beside them is the module as the package's console scripts run it.

Run: python -m tests.benchmarks.commands [program ...]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from vpopmail import Vpopmail
from vpopmail.settings import load

ROUNDS = 60
MOST = 3.0  # times ``pass``
USERS = 1000
DOMAIN = "example.com"
# The words of each program, with ``{round}`` where they must differ from round to round.
PROGRAMS = {
    "vdominfo": (DOMAIN,),
}


def settings(directory: str) -> dict[str, object]:
    return {
        "vpopmaildir": f"{directory}/vpopmail",
        "qmaildir": f"{directory}/qmail",
        "vpopuser": os.getuid(),
        "vpopgroup": os.getgid(),
        "sync": False,
    }


def main(chosen: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        given = settings(directory)
        with Vpopmail(load(given)) as site:
            site.prepare()
            site.domains.add(DOMAIN)
            with site.batch():
                for number in range(USERS):
                    site.users.add(f"user{number}@{DOMAIN}", crypted="$1$aaaaaaaa$x")
            site.install_programs()
            bindir = site.settings.bindir
        environment = {f"VPOPMAIL_{name.upper()}": str(value) for name, value in given.items()}
        compare(bindir, {**os.environ, **environment}, chosen or list(PROGRAMS))


def compare(bindir: str, environment: dict[str, str], chosen: Sequence[str]) -> None:
    commands = {"pass": [sys.executable, "-I", "-c", "pass"]}
    for name in chosen:
        words = PROGRAMS[name]
        commands[name] = [f"{bindir}/{name}", *words]
        commands[f"-m {name}"] = [sys.executable, "-m", f"vpopmail.commands.{name}", *words]
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(-1, ROUNDS):
        for name, command in commands.items():
            line = [word.format(round=f"{turn}{'m' if name.startswith('-m') else ''}") for word in command]
            start = time.perf_counter()
            subprocess.run(line, check=True, env=environment, stdout=subprocess.DEVNULL)
            if turn >= 0:  # the first round fills the caches
                times[name].append(time.perf_counter() - start)
    base = statistics.median(times["pass"])
    for name, measured in times.items():
        median = statistics.median(measured)
        verdict = "" if name.startswith("-m") or median <= MOST * base else f"  more than {MOST}"
        print(f"{name:16} {median * 1000:7.1f} ms  {median / base:5.2f} x pass{verdict}")


if __name__ == "__main__":
    main(sys.argv[1:])
