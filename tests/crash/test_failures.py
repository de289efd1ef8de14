"""Whatever system call fails, however: a code, no exception, no mixture, nothing held or open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.figures import FIGURES

from .scenes import SCENES, Scene
from .scenes_of_files import SCENES_OF_FILES
from .sweep import Fault, failure_sweep, shared

ALL = [*SCENES, *SCENES_OF_FILES]


@pytest.mark.parametrize(
    ("turn", "scene"), list(enumerate(ALL)), ids=[f"{one.operation}: {one.name}" for one in ALL]
)
def test_a_failing_call_leaves_old_or_new_and_the_same_call_again_completes_it(
    turn: int, scene: Scene, top: Path, full: bool, record_property: Callable[[str, object], None]
) -> None:
    figures = shared(partial(failure_sweep, Fault(full, turn)), scene, top)
    record_property(FIGURES, (f"{scene.operation}, each call failing once", figures.counts))
    assert figures.counts.get("mixed", 0) == 0, figures.report(scene)
    assert figures.wrong == [], figures.report(scene)
