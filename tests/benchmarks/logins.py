"""A login: vchkpw from exec to exec beside ``python3 -I -c pass``, and logins in one process.

Run: python -m tests.benchmarks.logins
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.startup import settings
from vpopmail import Vpopmail
from vpopmail.access import proof
from vpopmail.passwords import hash_password, verify
from vpopmail.settings import load
from vpopmail.upkeep.programs import BUNDLE, bundle, launcher

DOMAIN = "example.com"
USERS = 10_000
LOGINS = 20_000
ROUNDS = 80
PASSWORD = "secret"
CRYPTED = hash_password(PASSWORD, "md5")
TRUE = "/bin/true"


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        given = settings(directory)
        with Vpopmail(load(given)) as site:
            site.prepare()
            site.domains.add(DOMAIN)
            with site.batch():
                for number in range(USERS):
                    site.users.add(f"user{number}@{DOMAIN}", crypted=CRYPTED)
        vchkpw = Path(directory) / "vchkpw"
        vchkpw.write_text(launcher("vchkpw", given, directory))
        (Path(directory) / BUNDLE).write_bytes(bundle())
        vchkpw.chmod(0o755)
        credentials = Path(directory) / "credentials"
        credentials.write_bytes(f"user7@{DOMAIN}\0{PASSWORD}\0\0".encode())
        start_up(vchkpw, credentials)
        in_process(given)


def start_up(vchkpw: Path, credentials: Path) -> None:
    environment = {"TCPLOCALPORT": "110", "TCPREMOTEIP": "192.0.2.1"}
    programs = {
        "python3 -I -c pass": [sys.executable, "-I", "-c", "pass"],
        "true": [TRUE],
        "vchkpw true": [str(vchkpw), TRUE],
    }
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            with credentials.open("rb") as given:
                start = time.perf_counter()
                code = spawn(program, environment, given.fileno())
                times[name].append(time.perf_counter() - start)
                assert code == 0
    base, true, ours = (statistics.median(measured) * 1000 for measured in times.values())
    hashing = time_of(lambda: verify(PASSWORD, CRYPTED)) * 1000
    for name, measured in times.items():
        print(f"{name:20} {statistics.median(measured) * 1000:7.2f} ms")
    print(f"{'the hash itself':20} {hashing:7.2f} ms")
    ratio = (ours - true - hashing) / base
    print(f"vchkpw from exec to exec, less the hash: {ratio:.2f} x python3 -I -c pass (at most 1.5)")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"the largest of them all took {memory:.1f} MiB (under 30)")


def spawn(program: list[str], environment: dict[str, str], given: int) -> int:
    actions = [(os.POSIX_SPAWN_DUP2, given, 3)]
    process = os.posix_spawn(program[0], program, environment, file_actions=actions)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def time_of(act: object, count: int = 200) -> float:
    start = time.perf_counter()
    for _ in range(count):
        act()  # type: ignore[operator]
    return (time.perf_counter() - start) / count


def in_process(given: dict[str, object]) -> None:
    """Without the hash: any password is right."""
    proof.is_right = lambda *_: True
    names = [f"user{random.randrange(USERS)}@{DOMAIN}" for _ in range(LOGINS)]
    for noted in (False, True):
        with Vpopmail(load({**given, "auth_logging": noted})) as site:
            logins = site.logins
            rates = []
            for _ in range(5):
                start = time.perf_counter()
                for name in names:
                    assert logins.authenticate(name, PASSWORD, "imap", remote_ip="192.0.2.1")
                rates.append(LOGINS / (time.perf_counter() - start))
            what = "with" if noted else "without"
            limit = "" if noted else " (at least 20,000)"
            rate = statistics.median(rates)
            print(f"logins in one process, {what} the note of the last: {rate:,.0f} a second{limit}")


if __name__ == "__main__":
    main()
