"""Accounts in SQLite: killed at any system call, statement or commit, all counts or nothing does.

The scenes are those of files; what a reader sees and what is left is compared in the same way, the
database by its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.figures import FIGURES
from tests.upkeep.test_reconcile_killed import killed_changes, told

from .scenes import SCENES, Scene
from .sweep import Stand, kill_sweep, shared

# Files that only a site has that keeps accounts in files.
_ACCOUNT_FILES = ("vpasswd", "vpasswd.cdb")
# In CI one scene of each way to change accounts and domains; in the full run all.
IN_CI = {
    ("vadduser", "first user"),
    ("vadduser", "another user"),
    ("users.add", "user with hash and quota"),
    ("vdeluser", "user with mail"),
    ("vadddomain", "first domain"),
    ("domains.add", "domain with postmaster"),
    ("vaddaliasdomain", "alias domain"),
    ("vdeldomain", "domain with users and alias domains"),
    ("batch", "three users"),
    ("batch", "user added and user deleted"),
    ("batch", "three users deleted"),
    ("batch", "domain with two users"),
    ("vpasswd", "password"),
    ("vsetuserquota", "quota of a user with mail"),
    ("vauth_adduser", "record without home"),
    ("vauth_deluser", "record of a user with home"),
}
IN_TABLES = {"valias": True, "sql_logging": True}


def on_sqlite(scene: Scene) -> Scene:
    """The scene without the files that its site does not have."""
    parts = {
        name: tuple(path for path in getattr(scene, name) if not path.endswith(_ACCOUNT_FILES))
        for name in ("before", "after")
    }
    return replace(scene, **parts)


ALL = [on_sqlite(scene) for scene in SCENES]
CHOSEN = [scene for scene in ALL if (scene.operation, scene.name) in IN_CI]


@pytest.fixture(autouse=True)
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every site of these tests, and of their children, is on SQLite."""
    monkeypatch.setenv("VPOPMAIL_BACKEND", "sqlite")
    yield


def swept(scene: Scene, top: Path, record: Callable[[str, object], None]) -> None:
    """Kill a scene at each point, read, repeat; nothing may be wrong."""
    figures = shared(kill_sweep, scene, top)
    record(FIGURES, (f"{scene.operation} on sqlite, killed before each change", figures.counts))
    assert figures.counts["mixed"] == 0, figures.report(scene)
    assert figures.wrong == [], figures.report(scene)
    assert figures.counts["old"] > 0, figures.report(scene)


def _name(scene: Scene) -> str:
    return f"{scene.operation}: {scene.name}"


@pytest.mark.parametrize("scene", CHOSEN, ids=_name)
def test_killed_at_any_point_it_is_all_or_nothing_and_the_same_call_again_completes_it(
    scene: Scene, top: Path, record_property: Callable[[str, object], None]
) -> None:
    swept(scene, top, record_property)


def test_statements_and_commits_are_among_the_points(top: Path) -> None:
    scene = next(one for one in CHOSEN if one.name == "another user")
    calls = Stand(scene, top).calls
    assert {"BEGIN", "INSERT", "COMMIT", "COMMITTED", "rename"} <= set(calls), calls


@pytest.mark.parametrize("scene", [one for one in CHOSEN if one.name in {
    "another user", "user with mail", "domain with users and alias domains", "user added and user deleted",
}], ids=_name)  # fmt: skip
def test_after_a_killed_change_one_reconcile_leaves_the_site_as_before_or_after_it(
    scene: Scene, top: Path, full: bool, record_property: Callable[[str, object], None]
) -> None:
    figures = killed_changes(scene, top, 1 if full else 3)
    record_property(FIGURES, ("killed changes on sqlite, then reconcile", told(figures)))
    assert figures.wrong == [], figures.report(scene)


@pytest.mark.parametrize("scene", [one for one in ALL if one not in CHOSEN], ids=_name)
def test_any_other_scene_killed_at_any_point(
    scene: Scene, top: Path, full: bool, record_property: Callable[[str, object], None]
) -> None:
    if not full:
        pytest.skip("all scenes: in the full run")
    swept(scene, top, record_property)
