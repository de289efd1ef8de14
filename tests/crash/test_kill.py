"""Whatever the moment at which an operation is killed: all of it counts or nothing does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.figures import FIGURES

from .scenes import SCENES, Scene
from .scenes_of_files import SCENES_OF_FILES
from .sweep import kill_sweep, shared

ALL = [*SCENES, *SCENES_OF_FILES]


@pytest.mark.parametrize("scene", ALL, ids=lambda scene: f"{scene.operation}: {scene.name}")
def test_killed_at_any_point_it_is_all_or_nothing_and_the_same_call_again_completes_it(
    scene: Scene, top: Path, record_property: Callable[[str, object], None]
) -> None:
    figures = shared(kill_sweep, scene, top)
    record_property(FIGURES, (f"{scene.operation}, killed before each call", figures.counts))
    assert figures.counts["mixed"] == 0, figures.report(scene)
    assert figures.wrong == [], figures.report(scene)
    assert figures.counts["old"] > 0, figures.report(scene)
    # The last change of all need not be followed by any call.
    assert figures.counts["new"] > 0 or scene.commits_last, figures.report(scene)
