"""Whatever the moment at which an operation is killed: all of it counts or nothing does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.figures import FIGURES

from .scenes import SCENES, Scene
from .sweep import Stand, kill_sweep, shared


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.operation}: {scene.name}")
def test_killed_at_any_point_it_is_all_or_nothing_and_the_same_call_again_completes_it(
    scene: Scene, top: Path, record_property: Callable[[str, object], None]
) -> None:
    figures = shared(kill_sweep, scene, top)
    record_property(FIGURES, (f"{scene.operation}, killed before each call", figures.counts))
    assert figures.counts["mixed"] == 0, figures.report(scene)
    assert figures.wrong == [], figures.report(scene)
    assert figures.counts["old"] > 0 and figures.counts["new"] > 0, figures.report(scene)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.operation}: {scene.name}")
def test_the_situation_of_a_scene_is_as_its_name_says(scene: Scene, top: Path) -> None:
    stand = Stand(scene, top)
    assert stand.old != stand.new
    assert [path for path in scene.before if path not in stand.start] == []
    assert [path for path in scene.absent if path in stand.start] == []
    assert [path for path in scene.after if path not in stand.goal] == []
    assert not [path for path in stand.goal if path.endswith((".new.vpopmail", "/.vpopmail"))]
