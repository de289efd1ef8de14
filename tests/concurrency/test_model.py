"""The search itself: it accepts what some order explains, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vpopmail.codes import VA
from vpopmail.testing import sandbox

from .explaining import Model, explain
from .traffic import ABSENT, HASHES, QUOTAS, Event, Operation, prepare

KEY = "user:u0@example.com"
ADD = Operation(KEY, "add")
FIND = Operation(KEY, "find")
THERE = (HASHES[0], QUOTAS[0], 0)


@pytest.fixture
def model() -> Iterator[Model]:
    with sandbox("memory") as site:
        prepare(site)
        yield Model(site)


def test_one_after_the_other(model: Model) -> None:
    events = [Event(ADD, 1, 2, "ok"), Event(FIND, 3, 4, THERE)]
    assert explain(model, ABSENT, events) == {THERE}


def test_overlapping_operations_may_have_either_order(model: Model) -> None:
    for seen in (ABSENT, THERE):
        assert explain(model, ABSENT, [Event(ADD, 1, 5, "ok"), Event(FIND, 2, 4, seen)])


def test_an_acknowledged_addition_that_is_not_seen_is_found_out(model: Model) -> None:
    assert not explain(model, ABSENT, [Event(ADD, 1, 2, "ok"), Event(FIND, 3, 4, ABSENT)])


def test_two_additions_that_both_succeed_are_found_out(model: Model) -> None:
    assert not explain(model, ABSENT, [Event(ADD, 1, 5, "ok"), Event(ADD, 2, 6, "ok")])
    exists = int(VA.USERNAME_EXISTS)
    assert explain(model, ABSENT, [Event(ADD, 1, 5, "ok"), Event(ADD, 2, 6, exists)])


def test_an_error_that_no_order_explains_is_found_out(model: Model) -> None:
    error = int(VA.NO_AUTH_CONNECTION)
    assert not explain(model, ABSENT, [Event(ADD, 1, 2, error)])
