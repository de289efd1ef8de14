"""Reconcile, whose machine loses power: what was told is repaired, the next one does the rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.crash.conftest import top as top  # noqa: PLC0414 - the fixture
from tests.crash.places import open_site
from tests.crash.power_disk import Disk, State
from tests.crash.processes import in_child
from tests.crash.scenes import Scene
from tests.crash.sweep import Stand
from tests.crash.test_power import SEED, SOME_STATES, disk_of
from tests.figures import FIGURES
from vpopmail.upkeep.findings import LEFTOVER

from .test_reconcile_killed import RECONCILE_SCENES, trouble_after, without_locks


@pytest.mark.parametrize("scene", RECONCILE_SCENES, ids=lambda scene: scene.name)
def test_after_a_power_failure_the_next_reconcile_does_the_rest(
    scene: Scene, top: Path, full: bool, record_property: Callable[[str, object], None]
) -> None:
    stand = Stand(scene, top)
    disk = disk_of(stand)
    states = disk.every_state(Random(SEED), None if full else SOME_STATES)
    wrong = [text for state in states if (text := _trouble(stand, disk, state))]
    record_property(FIGURES, ("power failures of reconciles", {"points": len(states), "wrong": len(wrong)}))
    assert wrong == [], "\n".join(wrong[:12])


def _trouble(stand: Stand, disk: Disk, state: State) -> str:
    end, kept, _zeros = state
    disk.renew(stand.site, state)
    found = in_child(partial(_lost, stand)) if end == len(disk.log) else []
    found += filter(None, [trouble_after(stand, [without_locks(stand.goal)])])
    return f"call {end}, without {sorted(set(range(end)) - kept)}: {found}" if found else ""


def _lost(stand: Stand) -> list[str]:
    """What was told to be repaired and is not; but an empty stage may be there again."""
    with open_site(stand.site) as site:
        found = [one for one in site.reconcile(dry_run=True).findings if one.repairable]
        return [f"told, but {finding}" for finding in found if finding.kind != LEFTOVER]
