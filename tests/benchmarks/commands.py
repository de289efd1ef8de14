"""Start of the programs that administrators type, and a listing, beside programs of the system.

A round runs each program once, one after the other, so that what else the machine does falls on
all alike; the medians are compared. Time of the processor is shown as well: it says the same on a
busy machine, where the clock does not. Measured are the launchers that ``site.install_programs()``
writes; ``-m`` beside them is the module as the package's console scripts run it.

Run: python -m tests.benchmarks.commands [program ...]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from tests.benchmarks.startup import settings
from vpopmail import Vpopmail
from vpopmail.settings import load

ROUNDS = 60
MOST = 3.0  # times ``pass``, and times ``cat vpasswd | wc`` besides the start
USERS = 1000
MANY = 50_000
LISTINGS = 9
DOMAIN = "example.com"
BIG = "example.org"
CRYPTED = "$1$aaaaaaaa$cHJi5PXp/ki/ktXzqlk6I1"
# The words of each program, with ``{round}`` where they must differ from round to round. The hash
# of a password is not measured.
PROGRAMS = {
    "vdominfo": (DOMAIN,),
    "vuserinfo": (f"user7@{DOMAIN}",),
    "vpasswd": (f"user8@{DOMAIN}", "secret"),
    "vadduser": ("-e", CRYPTED, f"new{{round}}@{DOMAIN}"),
}
# Options of vuserinfo -D, and options of the site.
SHOWN = {
    "names": (("-n",), {}),
    "all that vpasswd has": (("-npcdq",), {}),
    "whole, without logins": ((), {"VPOPMAIL_AUTH_LOGGING": "no"}),
    "whole, a file of each home read": ((), {}),
}


def main(chosen: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        given = settings(directory)
        with Vpopmail(load(given)) as site:
            site.prepare()
            _fill(site, DOMAIN, USERS)
            site.install_programs()
            bindir = site.settings.bindir
            environment = {f"VPOPMAIL_{name.upper()}": str(value) for name, value in given.items()}
            start(bindir, {**os.environ, **environment}, chosen or list(PROGRAMS))
            if not chosen or "vuserinfo" in chosen:
                _fill(site, BIG, MANY)
                text = f"{site.domains.get(BIG).path}/vpasswd"
                listing(f"{bindir}/vuserinfo", text, {**os.environ, **environment})


def _fill(site: Vpopmail, domain: str, users: int) -> None:
    site.domains.add(domain)
    with site.batch():
        for number in range(users):
            site.users.add(f"user{number}@{domain}", crypted=CRYPTED)


def start(bindir: str, environment: Mapping[str, str], chosen: Sequence[str]) -> None:
    commands = {"pass": [sys.executable, "-I", "-c", "pass"]}
    for name in chosen:
        words = PROGRAMS[name]
        commands[name] = [f"{bindir}/{name}", *words]
        commands[f"-m {name}"] = [sys.executable, "-m", f"vpopmail.commands.{name}", *words]
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for turn in range(-1, ROUNDS):
        for name, command in commands.items():
            line = [word.format(round=f"{turn}{'m' if name.startswith('-m') else ''}") for word in command]
            measured = spend(line, environment)
            if turn >= 0:  # the first round fills the caches
                times[name].append(measured)
    base = medians(times["pass"])
    for name, each in times.items():
        clock, processor = medians(each)
        ratios = clock / base[0], processor / base[1]
        verdict = "" if name.startswith("-m") or ratios[1] <= MOST else f"  more than {MOST}"
        print(
            f"{name:16} {clock * 1000:7.1f} ms {ratios[0]:5.2f} x pass,"
            f" of the processor {processor * 1000:7.1f} ms {ratios[1]:5.2f} x{verdict}"
        )


def listing(vuserinfo: str, text: str, environment: Mapping[str, str]) -> None:
    shell = ["/bin/sh", "-c", f"cat {text} | wc"]
    one = [vuserinfo, "-n", f"user7@{BIG}"]
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ("wc", "start", *SHOWN)}
    for _ in range(LISTINGS):
        times["wc"].append(spend(shell, environment))
        times["start"].append(spend(one, environment))
        for name, (options, more) in SHOWN.items():
            times[name].append(spend([vuserinfo, *options, "-D", BIG], {**environment, **more}))
    base, begin = medians(times["wc"]), medians(times["start"])
    print(f"cat vpasswd | wc: {base[0] * 1000:.1f} ms, of the processor {base[1] * 1000:.1f} ms")
    for name in SHOWN:
        clock, processor = medians(times[name])
        print(
            f"vuserinfo -D of {MANY} users, {name}: {clock * 1000:.1f} ms, besides the start "
            f"{(clock - begin[0]) / base[0]:.2f} x; of the processor {processor * 1000:.1f} ms, "
            f"{(processor - begin[1]) / base[1]:.2f} x (at most {MOST})"
        )


def spend(line: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds by the clock and of the processor that a program takes; it must end well."""
    begun = time.perf_counter()
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(line[0], line, environment, file_actions=silent)
    _, status, usage = os.wait4(process, 0)
    assert os.waitstatus_to_exitcode(status) == 0, line
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime


def medians(measured: Sequence[tuple[float, float]]) -> tuple[float, float]:
    clock, processor = zip(*measured, strict=True)
    return statistics.median(clock), statistics.median(processor)


if __name__ == "__main__":
    main(sys.argv[1:])
