"""A login: vchkpw from exec to exec beside ``python3 -I -c pass``, and logins in one process.

Run: python -m tests.benchmarks.logins
"""

from __future__ import annotations

import os
import random
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
ROUNDS = 60
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
    spent: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            with credentials.open("rb") as given:
                start = time.perf_counter()
                code, processor = spawn(program, environment, given.fileno())
                times[name].append(time.perf_counter() - start)
                spent[name].append(processor)
                assert code == 0
    hashing = time_of(lambda: verify(PASSWORD, CRYPTED)) * 1000
    print(f"the hash itself: {hashing:.2f} ms")
    # The processor's time as well: it says the same on a busy machine, where the clock does not.
    for what, measured in (("by the clock", times), ("of the processor", spent)):
        medians = {name: statistics.median(each) * 1000 for name, each in measured.items()}
        base, true, ours = medians.values()
        ratio = (ours - true - hashing) / base
        print(", ".join(f"{name} {median:.2f} ms" for name, median in medians.items()), what)
        print(f"  vchkpw from exec to exec, less the hash: {ratio:.2f} x python3 -I -c pass (at most 1.5)")
    print(f"it takes {memory_of(vchkpw, credentials, environment):.1f} MiB at the end (under 30)")


def memory_of(vchkpw: Path, credentials: Path, environment: dict[str, str]) -> float:
    """The most that vchkpw has taken when it is about to become the next program, in MiB."""
    text = vchkpw.read_text().partition("\n")[2]
    spy = "import os, sys\ndef tell(*_):\n    print(open('/proc/self/status').read())\n    sys.exit()\n"
    code = spy + text.replace("main(**", "os.execve = tell\nmain(**")
    with credentials.open("rb") as given:
        told = subprocess.run(
            ["/bin/sh", "-c", 'exec "$0" -IS -c "$1" "$2" 3<&0', sys.executable, code, TRUE],
            stdin=given, stdout=subprocess.PIPE, check=True, env=environment, text=True,
        ).stdout  # fmt: skip
    [peak] = [line for line in told.splitlines() if line.startswith("VmHWM")]
    return int(peak.split()[1]) / 1024


def spawn(program: list[str], environment: dict[str, str], given: int) -> tuple[int, float]:
    actions = [(os.POSIX_SPAWN_DUP2, given, 3)]
    process = os.posix_spawn(program[0], program, environment, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


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
            rates, spent = [], []
            for _ in range(5):
                start, begun = time.perf_counter(), time.process_time()
                for name in names:
                    assert logins.authenticate(name, PASSWORD, "imap", remote_ip="192.0.2.1")
                rates.append(LOGINS / (time.perf_counter() - start))
                spent.append(LOGINS / (time.process_time() - begun))
            what = "with" if noted else "without"
            limit = "" if noted else " (at least 20,000)"
            print(
                f"logins in one process, {what} the note of the last: "
                f"{statistics.median(rates):,.0f} a second, "
                f"{statistics.median(spent):,.0f} in a second of the processor{limit}"
            )


if __name__ == "__main__":
    main()
