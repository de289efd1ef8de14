"""A bulk addition through the front door, as a process, beside the library's batch.

In memory where there is /dev/shm: what is compared is the work of the two, and a disk needs longer
to remove their trees than they to make them. Measured is the launcher that
``site.install_programs()`` writes.

Run: python -m tests.benchmarks.front
"""

from __future__ import annotations

import json
import os
import subprocess
import time

from tests.benchmarks.accounts import BATCH, CRYPTED, durable_site, report

ENOUGH = 40.0  # seconds after which no other round begins
ROUNDS = 3
MEMORY = "/dev/shm"  # noqa: S108 - it is removed again
PLACE = MEMORY if os.path.isdir(MEMORY) else None

Times = tuple[float, float]  # on the clock, and of the processor, in seconds


def bulk(program: str, form: str, text: str) -> Times:
    with durable_site(PLACE) as site:
        names = ("vpopmaildir", "qmaildir", "vpopuser", "vpopgroup")
        given = {f"VPOPMAIL_{name.upper()}": str(getattr(site.settings, name)) for name in names}
        begun, start = os.times(), time.perf_counter()
        command = [program, "user", "add", "--bulk", form]
        subprocess.run(command, input=text.encode(), env={**os.environ, **given}, check=True)
        now = os.times()
        used = now.children_user + now.children_system - begun.children_user - begun.children_system
        return time.perf_counter() - start, used


def batch() -> Times:
    with durable_site(PLACE) as site:
        begun, start = time.process_time(), time.perf_counter()
        with site.batch():
            for number in range(BATCH):
                site.users.add(f"user{number}@example.com", crypted=CRYPTED)
        return time.perf_counter() - start, time.process_time() - begun


def main() -> None:
    addresses = [f"user{number}@example.com" for number in range(BATCH)]
    rows = "".join(f"{address},{CRYPTED}\n" for address in addresses)
    lines = (json.dumps({"address": address, "crypted": CRYPTED}) for address in addresses)
    texts = {"csv": f"address,crypted\n{rows}", "jsonl": "".join(f"{line}\n" for line in lines)}
    theirs: list[Times] = []
    ours: dict[str, list[Times]] = {form: [] for form in texts}
    end = time.monotonic() + ENOUGH
    with durable_site(PLACE) as installed:
        installed.install_programs()
        program = f"{installed.settings.bindir}/vpopmail"
        while len(theirs) < ROUNDS and (not theirs or time.monotonic() < end):
            theirs.append(batch())
            for form, text in texts.items():
                ours[form].append(bulk(program, form, text))
    for form, times in ours.items():
        for place, kind in enumerate(("on the clock", "of the processor")):
            report(
                f"user add --bulk {form}, {BATCH} users, {kind}",
                [one[place] for one in times],
                "the library's batch",
                [one[place] for one in theirs],
                1.2,
            )


if __name__ == "__main__":
    main()
