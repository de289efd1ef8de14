"""Whenever the power fails: all of the operation counts or nothing does; if it was told, all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.figures import FIGURES
from vpopmail.codes import VA
from vpopmail.safeio import seam

from .places import snapshot
from .power_disk import Disk, Kept
from .power_log import Change, inodes_below, record
from .processes import in_child, in_children
from .scenes import SCENES, Scene
from .sweep import WORKERS, Figures, Stand

SEED = 20261123
# In CI's size: how many states of each scene, chosen by chance among all of them.
SOME_STATES = 8
RANDOM_STATES = 3  # of each prefix, besides those that are tried in any case





@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.operation}: {scene.name}")
def test_after_a_power_failure_all_or_nothing_is_there_and_what_was_told_is(
    scene: Scene, top: Path, full: bool, record_property: Callable[[str, object], None]
) -> None:
    figures = _shared(scene, top, None if full else SOME_STATES)
    record_property(FIGURES, ("power failures", figures.counts))
    assert figures.wrong == [], figures.report(scene)


def test_a_sync_that_is_left_out_is_found_out(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The replay sees what it is there for: without syncing, a change that was told is lost."""
    monkeypatch.setattr(seam, "fsync", lambda _fd: None)
    monkeypatch.setattr(seam, "sync_filesystem", lambda _fd: None)
    scene = next(scene for scene in SCENES if scene.name == "another user")
    figures = _replay(scene, top, 0, 1, 60)
    assert any("told, but" in text for _, text in figures.wrong)
    assert figures.counts["mixed"] > 0


def _shared(scene: Scene, top: Path, some: int | None) -> Figures:
    def share(first: int) -> Figures:
        own = top / str(first)
        own.mkdir(mode=0o755)
        return _replay(scene, own, first, WORKERS, some)

    figures = Figures()
    for part in in_children([partial(share, first) for first in range(WORKERS)]):
        figures.add(part)
    return figures


def _replay(scene: Scene, top: Path, first: int, step: int, some: int | None) -> Figures:
    """Every ``step``-th state from ``first`` on, or some of them."""
    stand = Stand(scene, top)
    stand.renew()
    root, before = inodes_below(stand.site)
    log: list[Change] = in_child(partial(_recorded, stand))
    stand.calls = [change.kind for change in log]
    disk = Disk(root, before, log)
    states = _states(disk)
    if some is not None:
        # The end first: what was told must be there.
        chosen = Random(SEED).sample(states[1:], min(some - 1, len(states) - 1))
        states = [states[0], *chosen]
    figures = Figures()
    for end, kept, zeros in states[first::step]:
        _judge(figures, stand, disk, end, kept, zeros=zeros)
    return figures


def _recorded(stand: Stand) -> list[Change]:
    def work() -> None:
        assert stand.scene.run(stand.site) == VA.SUCCESS

    return record(work)


def _states(disk: Disk) -> list[tuple[int, Kept, bool]]:
    """All states that differ: the number of changes that were told, which of them are there."""
    random = Random(SEED)
    found: dict[tuple[bool, Kept, bool], tuple[int, Kept, bool]] = {}
    whole = len(disk.log)
    for end in range(whole, -1, -1):
        for kept in disk.states(end, random, RANDOM_STATES):
            for zeros in (False, True):
                found.setdefault((end == whole, kept, zeros), (end, kept, zeros))
    return list(found.values())


def _judge(
    figures: Figures, stand: Stand, disk: Disk, end: int, kept: Kept, *, zeros: bool
) -> None:
    shutil.rmtree(stand.site)
    stand.site.mkdir(mode=0o755)
    disk.build(stand.site, kept, zeros=zeros)
    seen = stand.read()
    told = end == len(disk.log)
    if told and stand.state(seen) != "new":
        lost = sorted(set(range(end)) - kept)
        figures.blame(stand, end, f"told, but {stand.state(seen)}, without {_shown(disk, lost)}")
    repeat = in_child(lambda: stand.scene.run(stand.site))
    without = _shown(disk, sorted(set(range(end)) - kept))
    figures.judge(stand, end, seen, repeat, f", without {without}", _is_lost_lock)


def _is_lost_lock(what: str) -> bool:
    """A lock file is empty, and nobody brings its name to the disk: who locks next makes it."""
    return what.startswith("missing: ") and what.endswith(".lock")


def _shown(disk: Disk, places: list[int]) -> str:
    changes = [(place, disk.log[place]) for place in places if "sync" not in disk.log[place].kind]
    parts = [
        f"{place} {change.kind} {[entry.name for entry in change.entries] or change.inode}"
        for place, change in changes[:12]
    ]
    return "; ".join(parts) or "nothing"


def test_the_site_is_put_back_as_it_was(top: Path) -> None:
    """The disk itself: with all changes the tree is that of the undisturbed run."""
    scene = next(scene for scene in SCENES if scene.name == "another user")
    stand = Stand(scene, top)
    stand.renew()
    root, before = inodes_below(stand.site)
    log: list[Change] = in_child(partial(_recorded, stand))
    goal = snapshot(stand.site)
    disk = Disk(root, before, log)
    shutil.rmtree(stand.site)
    stand.site.mkdir(mode=0o755)
    disk.build(stand.site, frozenset(range(len(log))), zeros=False)
    assert snapshot(stand.site) == goal
