"""Start-up: importing vpopmail, and one lookup from a fresh process, beside ``python3 -I -c pass``.

Run: python -m tests.benchmarks.startup
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from vpopmail import Vpopmail
from vpopmail.settings import load

ROUNDS = 40


def settings(directory: str) -> dict[str, object]:
    return {
        "vpopmaildir": f"{directory}/vpopmail",
        "qmaildir": f"{directory}/qmail",
        "vpopuser": os.getuid(),
        "vpopgroup": os.getgid(),
        "sync": False,
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        given = settings(directory)
        with Vpopmail(load(given)) as site:
            site.prepare()
            site.domains.add("example.com")
            with site.batch():
                for number in range(1000):
                    site.users.add(f"user{number}@example.com", crypted="$1$aaaaaaaa$x")
        lookup = (
            f"import vpopmail; vpopmail.configure(**{given!r});"
            "assert vpopmail.vauth_getpw('user7', 'example.com').pw_name == 'user7'"
        )
        compare({"pass": "pass", "import vpopmail": "import vpopmail", "vauth_getpw": lookup})


def compare(programs: dict[str, str]) -> None:
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-I", "-c", program], check=True)
            times[name].append(time.perf_counter() - start)
    base = statistics.median(times["pass"])
    for name, measured in times.items():
        median = statistics.median(measured)
        print(f"{name:16} {median * 1000:7.1f} ms  {median / base:5.2f} x pass")


if __name__ == "__main__":
    main()
