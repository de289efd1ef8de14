"""Recorded scenarios replayed through the public face."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from .calls import public_face
from .databases import Database
from .model import Places
from .qmail_send import StandIn
from .replay import replay
from .scenario import Scenario


def test_scenario(
    scenario: Scenario,
    places: Places,
    qmail_send: StandIn,
    database: Database | None,
    record_property: Callable[[str, object], None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    record_property("golden", scenario.topic)
    _skip_what_cannot_be_compared(scenario)
    face = public_face()
    # Each recording is of a process of its own: no listing that another test began goes on.
    face.vauth_end_getall()
    if database is not None:
        places = replace(places, database=database.replaced)
    verdict = replay(scenario, places, face, qmail_send, database)
    record_property("golden_steps", (verdict.steps, len(scenario.steps)))
    record_property("golden_rules", verdict.applied)
    if verdict.missing is not None:
        record_property("golden_missing", verdict.missing)
        told = f"not implemented: {verdict.missing}; {verdict.steps} steps before it are compared"
        if verdict.missing_program:
            pytest.skip(told)
        pytest.fail(told, pytrace=False)
    printed = capfd.readouterr()
    if printed.out or printed.err:
        verdict.problems.append(f"the library printed: {printed.out!r} {printed.err!r}")
    if verdict.problems:
        pytest.fail("\n".join(verdict.problems), pytrace=False)


def _skip_what_cannot_be_compared(scenario: Scenario) -> None:
    if scenario.undefined:
        pytest.skip("undefined: what C did there is an accident")
    if os.getuid() != 0 and any(step.kind == "chkpw" for step in scenario.steps):
        pytest.skip("needs root: vchkpw becomes the owner of the domain")
    strange = scenario.owners() - {"89:89", "0:0"}
    if os.getuid() != 0 and strange:
        pytest.skip(f"needs root: owner {', '.join(sorted(strange))}")
