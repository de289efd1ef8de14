"""The sweep: one scene, interrupted before each of its file-changing system calls in turn."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import pkgutil
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import vpopmail
from vpopmail.codes import VA
from vpopmail.safeio import seam

from .places import Tree, differences, open_site, renew, snapshot
from .processes import FailOnce, Killed, in_child, in_children, kill_before, open_descriptors
from .scenes import Scene
from .views import View, view

# Imported before the first fork: every child has them at once.
for _module in pkgutil.walk_packages(vpopmail.__path__, "vpopmail."):
    if not _module.name.startswith("vpopmail.testing"):
        importlib.import_module(_module.name)


# What a full disk refuses; the other calls fail as on a broken one.
ALLOCATING = {"create", "mkdir", "open_lock", "rename", "write"}


class Stand:
    """A scene made ready to be interrupted: the site before, and what an undisturbed run makes.

    Args:
        scene: which.
        top: an empty directory for it.

    Attributes:
        old, new: what a reader sees before and after.
        goal: the whole tree after an undisturbed run.
        calls: the file-changing calls of that run.
    """

    def __init__(self, scene: Scene, top: Path) -> None:
        self.scene = scene
        self.top = top
        self.site = top / "site"
        self.prepared = top / "prepared"
        self.site.mkdir(mode=0o755)
        in_child(self._prepare)
        renew(self.site, self.prepared)
        self.old = self.read()
        self.start = snapshot(self.site)
        self.calls: list[str] = in_child(self._undisturbed)
        self.new = self.read()
        self.goal: Tree = snapshot(self.site)

    def _prepare(self) -> None:
        with open_site(self.site) as site:
            site.prepare()
            self.scene.prepare(site)

    def _undisturbed(self) -> list[str]:
        calls: list[str] = []
        seam.watch = lambda call, _arguments: calls.append(call)
        assert self.scene.run(self.site) == VA.SUCCESS
        return calls

    def renew(self) -> None:
        """The site as it was before the call."""
        renew(self.prepared, self.site)

    def read(self) -> View:
        """What a fresh process sees."""
        seen: View = in_child(lambda: view(self.site, self.scene.domains, self.scene.addresses))
        return seen

    def state(self, seen: View) -> str:
        """``old``, ``new`` or ``mixed``."""
        return "old" if seen == self.old else "new" if seen == self.new else "mixed"

    def repeat_code(self, state: str) -> VA:
        """What the same call must return in a state."""
        return self.scene.done if state == "new" else VA.SUCCESS


class Figures:
    """What a sweep has counted, in the order of the summary, and what it found wrong."""

    def __init__(self) -> None:
        words = ("points", "old", "new", "mixed", "repeats succeeded")
        self.counts = dict.fromkeys(words, 0)
        self.wrong: list[tuple[int, str]] = []

    def judge(self, stand: Stand, number: int, seen: View, repeat: VA, said: str = "") -> None:
        """Count one interruption by what was seen after it and what the repeat returned."""
        state = stand.state(seen)
        found = [] if state != "mixed" else [f"mixed: {mixture(stand, seen)}"]
        if state != "mixed" and repeat != stand.repeat_code(state):
            found.append(f"repeat in the {state} state returned {repeat}")
        found += differences(stand.goal, snapshot(stand.site))
        self.counts["points"] += 1
        self.counts[state] += 1
        self.counts["repeats succeeded"] += not found
        if found:
            self.blame(stand, number, "; ".join([f"{state}{said}", *found]))

    def blame(self, stand: Stand, number: int, what: str) -> None:
        """Note what is wrong after an interruption at a call."""
        call = stand.calls[number - 1] if number <= len(stand.calls) else "?"
        self.wrong.append((number, f"call {number} ({call}): {what}"))

    def add(self, other: Figures) -> None:
        """Take over what another part of the sweep found."""
        for word, number in other.counts.items():
            self.counts[word] += number
        self.wrong = sorted(self.wrong + other.wrong)

    def report(self, scene: Scene) -> str:
        """The figures and the first things that are wrong, for people."""
        counts = ", ".join(f"{number} {word}" for word, number in self.counts.items())
        shown = "\n  ".join(text for _, text in self.wrong[:12])
        return f"{scene.operation}, {scene.name}: {counts}\n  {shown}"


def mixture(stand: Stand, seen: View) -> dict[str, Any]:
    """What a reader sees that is not as after the operation."""
    return {name: value for name, value in seen.items() if value != stand.new[name]}


Sweep = Callable[[Stand, int, int], Figures]
WORKERS = min(4, len(os.sched_getaffinity(0)))


def shared(sweep: Sweep, scene: Scene, top: Path) -> Figures:
    """A sweep whose points are shared out among processes, each with a site of its own.

    Args:
        sweep: ``kill_sweep`` or ``failure_sweep``.
        scene: which.
        top: an empty directory.
    """

    def share(first: int) -> Figures:
        own = top / str(first)
        own.mkdir(mode=0o755)
        return sweep(Stand(scene, own), first, WORKERS)

    figures = Figures()
    for part in in_children([partial(share, first) for first in range(1, WORKERS + 1)]):
        figures.add(part)
    return figures


def kill_sweep(stand: Stand, number: int, step: int) -> Figures:
    """Kill the operation before call ``number`` and each ``step``-th after it, read, repeat."""
    figures = Figures()
    while True:
        stand.renew()
        try:
            in_child(partial(_killed_run, stand, number))
        except Killed:
            pass
        else:
            break
        seen = stand.read()
        repeat = in_child(lambda: stand.scene.run(stand.site))
        figures.judge(stand, number, seen, repeat)
        number += step
    left = differences(stand.goal, snapshot(stand.site))
    if left:
        figures.blame(stand, number, f"not killed: {left}")
    return figures


def _killed_run(stand: Stand, number: int) -> VA:
    kill_before(number)
    return stand.scene.run(stand.site)


def failure_sweep(stand: Stand, number: int, step: int) -> Figures:
    """Let call ``number`` and each ``step``-th after it fail once, read, repeat."""
    figures = Figures()
    for point in range(number, len(stand.calls) + 1, step):
        stand.renew()
        code = errno.ENOSPC if stand.calls[point - 1] in ALLOCATING else errno.EIO
        result, seen, repeat, leaked = in_child(partial(_failed_run, stand, point, code))
        figures.judge(stand, point, seen, repeat, f", {result}")
        if leaked:
            figures.blame(stand, point, f"{result}, left open: {leaked}")
        if not str(result).startswith("VA."):
            figures.blame(stand, point, f"{result} has no name")
        if result == VA.SUCCESS and stand.state(seen) != "new":
            figures.blame(stand, point, f"success in the {stand.state(seen)} state")
    return figures


def _failed_run(stand: Stand, number: int, code: int) -> tuple[VA, View, VA, list[str]]:
    scene = stand.scene
    site = open_site(stand.site)
    before = open_descriptors()
    _warm(site, scene)
    seam.watch = FailOnce(number, code)
    try:
        result = scene.run_on(site)
    except OSError as error:
        # The object face hands on what the system says.
        assert not scene.c_face, f"call {number}: {error!r}"
        assert error.errno == code
        result = VA.BAD_DIR
    seam.watch = None
    seen = in_child(lambda: view(stand.site, scene.domains, scene.addresses))
    repeat = scene.run_on(site)
    _warm(site, scene)
    # What lookups keep open goes with the site, what an exception kept alive with it.
    site.close()
    gc.collect()
    leaked = list(Counter(open_descriptors()) - Counter(before))
    return result, seen, repeat, leaked


def _warm(site: vpopmail.Vpopmail, scene: Scene) -> None:
    """Look everything up: the files that lookups keep open are open from then on."""
    for address in (*scene.addresses, *(f"nobody@{domain}" for domain in scene.domains)):
        site.users.find(address)
