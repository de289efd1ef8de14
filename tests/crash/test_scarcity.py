"""For real: too few descriptors, a full disk, writes that take a part, signals in every call."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.figures import FIGURES
from vpopmail.codes import VA
from vpopmail.safeio import seam

from .places import differences, snapshot
from .processes import FewDescriptors, Memory, in_child
from .scenes import SCENES, Scene
from .scenes_of_files import SCENES_OF_FILES
from .sweep import Figures, Stand, scarcity_sweep

ALL = [*SCENES, *SCENES_OF_FILES]
# One of each way of working; in full size all.
IN_CI = {
    ("vadduser", "another user"), ("vdeluser", "user in hash directory 0"),
    ("domains.add", "domain with postmaster"), ("vsetuserquota", "quota of a user with mail"),
    ("batch", "changes of all kinds"), ("rebuild", "all files lost"), 
    ("vmkpasswd", "index that is older than its text"),
    ("maildir_addquota", "mail that came"), ("vmake_maildir", "lost Maildir"),
    ("update_file", "line of a list"), ("vdelfiles", "tree"), ("r_mkdir", "directories"),
    ("prepare", "missing layout"), ("batch", "domain with two users in a directory that was there"),
}  # fmt: skip
ON_A_FULL_DISK = {
    ("vadduser", "another user"), ("batch", "changes of all kinds"),
    ("batch", "domain with two users in a directory that was there"),
}  # fmt: skip
# An append that took a part is no line: the file goes, and the next reader counts.
ONE_WRITE = {"maildir_addquota", "add_warningsize_to_quota"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """In full size each test has all scenes."""
    chosen = ON_A_FULL_DISK if "memory" in metafunc.fixturenames else IN_CI
    everything = metafunc.config.getoption("--full")
    scenes = [one for one in ALL if everything or (one.operation, one.name) in chosen]
    metafunc.parametrize("scene", scenes, ids=lambda one: f"{one.operation}: {one.name}")


def judge(figures: Figures, scene: Scene) -> None:
    """Nothing is mixed, and nothing else is wrong."""
    assert figures.counts["mixed"] == 0, figures.report(scene)
    assert figures.wrong == [], figures.report(scene)


def test_with_too_few_descriptors_all_of_it_counts_or_nothing_does(
    scene: Scene, top: Path, record_property: Callable[[str, object], None]
) -> None:
    figures = scarcity_sweep(Stand(scene, top), FewDescriptors(0), "descriptors")
    record_property(FIGURES, ("too few descriptors", figures.counts))
    judge(figures, scene)


@pytest.fixture(params=["size", "nr_inodes"])
def memory(request: pytest.FixtureRequest, top: Path) -> Iterator[Memory]:
    """A file system that can be made too small."""
    try:
        made = Memory(top, request.param)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing may be mounted here")
    top.chmod(0o755)
    yield made
    made.close()


def test_on_a_disk_that_gets_full_all_of_it_counts_or_nothing_does(
    scene: Scene, memory: Memory, record_property: Callable[[str, object], None]
) -> None:
    figures = scarcity_sweep(Stand(scene, memory.path), memory, f"left of {memory.option}")
    record_property(FIGURES, ("full disk", figures.counts))
    judge(figures, scene)


def test_writes_that_take_a_part_and_signals_change_nothing(scene: Scene, top: Path) -> None:
    stand = Stand(scene, top)
    for disturb in (_write_little, _signal_often):
        if disturb is _write_little and scene.operation in ONE_WRITE:
            continue
        stand.renew()
        assert in_child(partial(_disturbed, stand, disturb)) == VA.SUCCESS
        assert differences(stand.goal, snapshot(stand.site)) == []


def _disturbed(stand: Stand, disturb: Callable[[], None]) -> VA:
    disturb()
    code = stand.scene.run(stand.site)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return code


def _write_little() -> None:
    seam.write = lambda fd, data: os.write(fd, data[:13])


def _signal_often() -> None:
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
