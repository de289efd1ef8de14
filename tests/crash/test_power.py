"""Whenever the power fails: all of the operation counts or nothing does; if it was told, all."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.figures import FIGURES
from vpopmail.codes import VA
from vpopmail.safeio import seam

from .places import open_site, snapshot
from .power_disk import Disk, State
from .power_log import Change, Recorder, inodes_below, record
from .processes import in_child, in_children
from .scenes import JOE, SCENES, Scene
from .scenes_of_files import SCENES_OF_FILES
from .sweep import WORKERS, Figures, Stand

SEED = 20261123
# In CI's size: how many states of each scene, chosen by chance among all of them.
SOME_STATES = 8
# A count of mail is advice, of which nothing is synced: whoever doubts it counts anew.
COUNTS = ("maildir_addquota", "add_warningsize_to_quota", "remove_maildirsize")
EVERY_SCENE = [*SCENES, *SCENES_OF_FILES]
SIZE = "v/domains/example.com/joe/Maildir/maildirsize"
SYNCED = [scene for scene in EVERY_SCENE if scene.operation not in COUNTS]


def named(scene: Scene) -> str:
    return f"{scene.operation}: {scene.name}"


@pytest.mark.parametrize("scene", SYNCED, ids=named)
def test_after_a_power_failure_all_or_nothing_is_there_and_what_was_told_is(
    scene: Scene, top: Path, full: bool, record_property: Callable[[str, object], None]
) -> None:
    figures = _shared(scene, top, None if full else SOME_STATES)
    record_property(FIGURES, ("power failures", figures.counts))
    assert figures.wrong == [], figures.report(scene)


@pytest.mark.parametrize(
    ("name", "file", "number"),
    [
        ("users/cdb and the control files lost", "assign", 0),  # the old text, on the stage
        ("directory that was there", ".vpopmail", -2),  # in the directory, when it is a domain
        ("lost home", "=joe", 0),  # the home, on the stage
        ("domain with two users in a directory that was there", "vpasswd", 0),  # not the index
    ],
)
def test_a_name_that_alone_did_not_come_to_the_disk_misleads_nobody(
    name: str, file: str, number: int, top: Path
) -> None:
    """What the full size has found, which looks at each such name, with others and alone."""
    stand = Stand(next(scene for scene in EVERY_SCENE if scene.name == name), top)
    disk = disk_of(stand)
    stand.calls = [change.kind for change in disk.log]
    places = [at for at, change in enumerate(disk.log) if file in (e.name for e in change.entries)]
    place = places[number]
    states = [one for one in disk.every_state(Random(SEED)) if one[0] > place not in one[1]]
    figures = Figures()
    for state in sorted(states, key=lambda one: (-one[0], -len(one[1])))[:12]:
        _judge(figures, stand, disk, state)
    assert figures.wrong == [], figures.report(stand.scene)


@pytest.mark.parametrize(
    "scene", [one for one in EVERY_SCENE if one.operation in COUNTS], ids=named
)
def test_a_count_that_was_not_synced_is_the_old_or_the_new_one_or_made_anew(
    scene: Scene, top: Path
) -> None:
    stand = Stand(scene, top)
    disk = disk_of(stand)
    new = in_child(partial(_usage, stand.site))
    (stand.site / SIZE).unlink(missing_ok=True)
    counted = in_child(partial(_usage, stand.site))
    stand.renew()
    old = in_child(partial(_usage, stand.site))
    states = disk.every_state(Random(SEED))
    assert len(states) > 3
    for state in states:
        disk.renew(stand.site, state)
        assert in_child(partial(_usage, stand.site)) in (old, new, counted)


def _usage(site: Path) -> tuple[int, int]:
    with open_site(site) as opened:
        used = opened.quotas.usage(JOE)
        return used.size, used.count


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
    disk = disk_of(stand)
    stand.calls = [change.kind for change in disk.log]
    states = disk.every_state(Random(SEED), some)
    figures = Figures()
    for state in states[first::step]:
        _judge(figures, stand, disk, state)
    return figures


def disk_of(stand: Stand) -> Disk:
    """A disk that was told of the operation, which is done then."""
    stand.renew()
    root, before = inodes_below(stand.site)
    log: list[Change] = in_child(partial(_recorded, stand))
    return Disk(root, before, log)


def _recorded(stand: Stand) -> list[Change]:
    def work() -> None:
        assert stand.scene.run(stand.site) == VA.SUCCESS

    return record(work)


def _judge(figures: Figures, stand: Stand, disk: Disk, state: State) -> None:
    end, kept, _zeros = state
    disk.renew(stand.site, state)
    seen = stand.read()
    told = end == len(disk.log)
    if told and stand.state(seen) != "new":
        lost = sorted(set(range(end)) - kept)
        figures.blame(stand, end, f"told, but {stand.state(seen)}, without {_shown(disk, lost)}")
    again = stand.repeats(stand.state(seen))
    repeat = in_child(lambda: stand.scene.run(stand.site)) if again else None
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


def test_the_recorder_knows_every_call_of_the_seam() -> None:
    """One that it did not know would end an operation that is not swept yet with its own error."""
    source = ast.parse(Path(seam.__file__).read_text())
    told = [node.args[0] for node in ast.walk(source) if isinstance(node, ast.Call) and _is_watch(node)]
    calls = {ast.literal_eval(name) for name in told}
    assert {"rename", "symlink", "fsync"} <= calls
    assert [name for name in sorted(calls) if not hasattr(Recorder, f"_{name}")] == []


def _is_watch(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "watch"


def test_the_site_is_put_back_as_it_was(top: Path) -> None:
    """The disk itself: with all changes the tree is that of the undisturbed run."""
    scene = next(scene for scene in SCENES if scene.name == "another user")
    stand = Stand(scene, top)
    disk = disk_of(stand)
    goal = snapshot(stand.site)
    whole = len(disk.log)
    disk.renew(stand.site, (whole, frozenset(range(whole)), False))
    assert snapshot(stand.site) == goal
