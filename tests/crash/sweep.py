"""The sweep: one scene, interrupted before each of its file-changing system calls in turn."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import pkgutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import vpopmail
from vpopmail.codes import VA
from vpopmail.errors import VpopmailError
from vpopmail.safeio import seam

from .places import Tree, differences, entry_of, open_site, renew, snapshot
from .processes import (
    CTRL_C,
    FailOnce,
    FewDescriptors,
    Killed,
    Memory,
    in_child,
    in_children,
    kill_before,
    open_descriptors,
)
from .scenes import Scene
from .statements import watch_changes
from .views import View, view

# Imported before the first fork: every child has them at once.
for _module in pkgutil.walk_packages(vpopmail.__path__, "vpopmail."):
    if not _module.name.startswith("vpopmail.testing"):
        importlib.import_module(_module.name)


# How a file may be whose reader doubts it.
ADVICE = ("missing", "left over")
# A full disk, a broken one, too many open files, no right, no quota left, a signal, Control-C.
ERRORS = (
    errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EACCES, errno.EDQUOT, errno.EINTR, CTRL_C,
)  # fmt: skip


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
        watch_changes(calls.append)
        assert self.scene.run(self.site) == VA.SUCCESS
        return calls

    def renew(self) -> None:
        """The site as it was before the call."""
        renew(self.prepared, self.site)

    def check(self) -> None:
        """Refuse a scene whose name is not true."""
        assert self.old != self.new
        assert [path for path in self.scene.before if path not in self.start] == []
        assert [path for path in self.scene.absent if path in self.start] == []
        assert [path for path in self.scene.after if path not in self.goal] == []
        assert not [path for path in self.goal if path.endswith((".new.vpopmail", "/.vpopmail"))]

    def read(self) -> View:
        """What a fresh process sees."""
        seen: View = in_child(self.look)
        return seen

    def look(self) -> View:
        """What this process sees, which has not looked before."""
        seen = view(self.site, self.scene.domains, self.scene.addresses)
        seen.update((path, entry_of(self.site / path)) for path in self.scene.files)
        return seen

    def state(self, seen: View) -> str:
        """``old``, ``new`` or ``mixed``; of several changes ``between`` if each is old or new."""
        if seen == self.old:
            return "old"
        if seen == self.new:
            return "new"
        each = all(seen[what] in (self.old[what], self.new[what]) for what in seen)
        return "between" if self.scene.in_steps and each else "mixed"

    def repeats(self, state: str) -> bool:
        """Whether the same call is to be made again in a state."""
        return state == "old" or not self.scene.counts

    def is_settled(self, state: str, repeat: VA | None) -> bool:
        """Whether nothing may be left of an operation, by the state that was seen after it."""
        if state == "new" and self.scene.waits:
            return False
        return state == "new" or repeat is not None

    def repeat_code(self, state: str) -> VA:
        """What the same call must return in a state."""
        return self.scene.done if state == "new" else VA.SUCCESS


class Figures:
    """What a sweep has counted, in the order of the summary, and what it found wrong."""

    def __init__(self) -> None:
        words = ("points", "old", "new", "mixed", "repeats succeeded")
        self.counts = dict.fromkeys(words, 0)
        self.wrong: list[tuple[int, str]] = []

    def judge(
        self, stand: Stand, number: int, seen: View, repeat: VA | None, said: str = "",
        forgives: Callable[[str], bool] = lambda what: False,
    ) -> None:
        """Count one interruption by what was seen after it and what the repeat returned.

        ``forgives`` says which differences of the tree that is left in the end do not matter.
        """
        state = stand.state(seen)
        found = [] if state != "mixed" else [f"mixed: {mixture(stand, seen)}"]
        if state != "mixed" and repeat not in (None, stand.repeat_code(state)):
            found.append(f"repeat in the {state} state returned {repeat}")
        if stand.is_settled(state, repeat):
            told = [f"{what}: {path}" for path in stand.scene.advice for what in ADVICE]
            left = differences(stand.goal, snapshot(stand.site))
            found += [what for what in left if what not in told and not forgives(what)]
        self.counts["points"] += 1
        self.counts[state] = self.counts.get(state, 0) + 1
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
            self.counts[word] = self.counts.get(word, 0) + number
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
# Beside other tests one process is enough.
WORKERS = 1 if "PYTEST_XDIST_WORKER" in os.environ else min(4, len(os.sched_getaffinity(0)))


def shared(sweep: Sweep, scene: Scene, top: Path) -> Figures:
    """A sweep whose points are shared out among processes, each with a site of its own.

    Args:
        sweep: such as ``kill_sweep``.
        scene: which.
        top: an empty directory.
    """

    def share(first: int) -> Figures:
        own = top / str(first)
        own.mkdir(mode=0o755)
        stand = Stand(scene, own)
        stand.check()
        return sweep(stand, first, WORKERS)

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
        figures.judge(stand, number, *in_child(partial(_look_and_repeat, stand)))
        number += step
    left = differences(stand.goal, snapshot(stand.site))
    if left:
        figures.blame(stand, number, f"not killed: {left}")
    return figures


def _killed_run(stand: Stand, number: int) -> VA:
    kill_before(number)
    return stand.scene.run(stand.site)


def _look_and_repeat(stand: Stand) -> tuple[View, VA | None]:
    seen = stand.look()
    repeats = stand.repeats(stand.state(seen))
    return seen, stand.scene.run(stand.site) if repeats else None


@dataclass
class Fault:
    """How the calls of an operation fail.

    Args:
        all_of_them: whether each call meets every error, or just one of them.
        turn: which error the first call of each kind meets in the latter case; the next ones
            meet the next errors, so that over many scenes each kind of call meets every error.
    """

    all_of_them: bool
    turn: int

    def at(self, stand: Stand, point: int) -> Sequence[int]:
        """The errors that a call is to meet, each in a run of its own."""
        if self.all_of_them:
            return ERRORS
        before = stand.calls[: point - 1].count(stand.calls[point - 1])
        return [ERRORS[(self.turn + before) % len(ERRORS)]]


def failure_sweep(fault: Fault, stand: Stand, number: int, step: int) -> Figures:
    """Let call ``number`` and each ``step``-th after it fail once, read, repeat."""
    figures = Figures()
    for point in range(number, len(stand.calls) + 1, step):
        for code in fault.at(stand, point):
            stand.renew()
            outcome = in_child(partial(failed_run, stand, FailOnce(point, code)))
            _judge_failure(figures, stand, point, outcome, errno.errorcode.get(code, "^C"))
    return figures


def scarcity_sweep(stand: Stand, fault: FewDescriptors | Memory, name: str) -> Figures:
    """Let the operation have one more of something each time, from none until it is enough."""
    figures = Figures()
    finished = False
    while not finished:
        stand.renew()
        outcome = in_child(partial(failed_run, stand, fault))
        finished = outcome[-1]
        _judge_failure(figures, stand, len(stand.calls) + 1, outcome, f"{fault.number} {name}")
        fault.number += 1
        assert fault.number < 1000, figures.report(stand.scene)
    return figures


# The code, what a reader sees, the code of the repeat, what is left open, and whether the fault
# was none: of a scarcity only.
Outcome = tuple[VA, View, VA | None, list[str], bool]
Failing = FailOnce | FewDescriptors | Memory


def _judge_failure(
    figures: Figures, stand: Stand, point: int, outcome: Outcome, error: str
) -> None:
    result, seen, repeat, leaked, _finished = outcome
    figures.judge(stand, point, seen, repeat, f", {error}, {result}")
    if leaked:
        figures.blame(stand, point, f"{error}, {result}, left open: {leaked}")
    if not str(result).startswith("VA."):
        figures.blame(stand, point, f"{error}, {result} has no name")
    if result == VA.SUCCESS and stand.state(seen) != "new" and not stand.scene.best_effort:
        figures.blame(stand, point, f"{error}, success in the {stand.state(seen)} state")


def failed_run(stand: Stand, fault: Failing) -> Outcome:
    """Make the call with a fault, see what is there, and make it again without."""
    scene = stand.scene
    site = open_site(stand.site, **scene.settings)
    before = open_descriptors()
    _warm(site, scene)
    try:
        with fault:
            result = scene.run_on(site)
    except OSError as error:
        # The object face hands on what the system says.
        assert not scene.c_face, f"call {fault.number}: {error!r}"
        assert error.errno == fault.code
        result = VA.BAD_DIR
    except KeyboardInterrupt:
        result = VA.BAD_DIR
    finished = not (isinstance(fault, FailOnce) or differences(stand.goal, snapshot(stand.site)))
    seen = stand.look()
    repeat = scene.run_on(site) if stand.repeats(stand.state(seen)) else None
    _warm(site, scene)
    # What lookups keep open goes with the site, what an exception kept alive with it.
    site.close()
    gc.collect()
    leaked = list(Counter(open_descriptors()) - Counter(before))
    return result, seen, repeat, leaked, finished


def _warm(site: vpopmail.Vpopmail, scene: Scene) -> None:
    """Look everything up: the files that lookups keep open are open from then on."""
    for address in (*scene.addresses, *(f"nobody@{domain}" for domain in scene.domains)):
        with suppress(VpopmailError):  # where users/cdb is lost
            site.users.find(address)
