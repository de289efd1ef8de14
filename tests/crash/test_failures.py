"""Whatever system call fails, once: a code, no exception, no mixture, nothing left held or open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.figures import FIGURES

from .scenes import SCENES, Scene
from .sweep import failure_sweep, shared


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.operation}: {scene.name}")
def test_a_failing_call_leaves_old_or_new_and_the_same_call_again_completes_it(
    scene: Scene, top: Path, record_property: Callable[[str, object], None]
) -> None:
    figures = shared(failure_sweep, scene, top)
    record_property(FIGURES, (f"{scene.operation}, each call failing once", figures.counts))
    assert figures.counts["mixed"] == 0, figures.report(scene)
    assert figures.wrong == [], figures.report(scene)
