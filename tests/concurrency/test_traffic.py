"""Many workers at once: every result, and what is there in the end, is that of some order."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import settings_for
from tests.crash.processes import in_child, in_children
from tests.figures import FIGURES
from vpopmail import Vpopmail
from vpopmail.settings import load
from vpopmail.testing import sandbox

from .explaining import Model, explain
from .traffic import (
    Event,
    change_pair,
    final_state,
    plan,
    prepare,
    read_pair,
    work,
)

WORKERS = 32
READERS = 4
PATIENCE = 600  # seconds to wait for a lock: what is tried is the order, not the haste


@pytest.fixture
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


def opened(top: Path, *, sync: bool) -> Vpopmail:
    return Vpopmail(load(settings_for(top, sync=sync, lock_timeout=PATIENCE)))


@pytest.fixture
def model() -> Iterator[Model]:
    with sandbox("memory") as site:
        prepare(site)
        yield Model(site)


def seeds(full: bool) -> range:
    return range(10) if full else range(1)


@pytest.mark.parametrize("sync", [False, True], ids=["without sync", "with sync"])
def test_processes(
    top: Path, model: Model, full: bool, sync: bool, record_property: Callable[[str, object], None]
) -> None:
    for seed in seeds(full):
        place = top / f"{seed}"
        place.mkdir()
        in_child(partial(_prepare, place))
        count = _count(full, sync=sync)
        works = [partial(_process, place, seed, worker, count, sync) for worker in range(WORKERS)]
        works += [partial(_pair, place, sync, count)] + [partial(_reader, place, count)] * READERS
        *histories, _, torn = _split(in_children(works))
        assert torn == 0
        _judge(model, place, histories)
        record_property(FIGURES, (f"{WORKERS} processes", {"operations": WORKERS * count, "seeds": 1}))


@pytest.mark.parametrize("shared", [True, False], ids=["one site", "a site for each"])
def test_threads(
    top: Path, model: Model, full: bool, shared: bool, record_property: Callable[[str, object], None]
) -> None:
    for seed in seeds(full):
        place = top / f"{seed}"
        place.mkdir()
        in_child(partial(_prepare, place))
        count = _count(full, sync=False)
        histories, torn, trouble = in_child(partial(_threads, place, seed, count, shared))
        assert trouble == []
        assert torn == 0
        _judge(model, place, histories)
        record_property(FIGURES, (f"{WORKERS} threads", {"operations": WORKERS * count, "seeds": 1}))


def _count(full: bool, *, sync: bool) -> int:
    return 1000 if full and not sync else 100


def _prepare(top: Path) -> None:
    with opened(top, sync=False) as site:
        prepare(site)


def _process(top: Path, seed: int, worker: int, count: int, sync: bool) -> list[Event]:
    with opened(top, sync=sync) as site:
        return work(site, plan(seed, worker, count))


def _pair(top: Path, sync: bool, count: int) -> None:
    with opened(top, sync=sync) as site:
        change_pair(site, max(count // 10, 2))


def _reader(top: Path, count: int) -> int:
    with opened(top, sync=False) as site:
        return read_pair(site, count)


def _split(answers: list[object]) -> list[object]:
    """The histories, then None, then how many listings were torn."""
    torn = sum(answers[-READERS:])  # type: ignore[arg-type]
    return [*answers[:WORKERS], None, torn]


def _threads(
    top: Path, seed: int, count: int, shared: bool
) -> tuple[list[list[Event]], int, list[str]]:
    one = opened(top, sync=False)
    sites = [one if shared else opened(top, sync=False) for _ in range(WORKERS)]
    histories: list[list[Event]] = []
    torn: list[int] = []
    trouble: list[str] = []

    def guarded(act: Callable[[], object]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001
            trouble.append(repr(error))

    def worker(site: Vpopmail, number: int) -> None:
        histories.append(work(site, plan(seed, number, count)))

    acts: list[Callable[[], object]] = [
        partial(worker, site, number) for number, site in enumerate(sites)
    ]
    acts.append(lambda: change_pair(one, max(count // 10, 2)))
    acts += [lambda: torn.append(read_pair(one, count))] * READERS
    threads = [threading.Thread(target=guarded, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return histories, sum(torn), trouble


def _judge(model: Model, top: Path, histories: list[list[Event]]) -> None:
    """Find the order for each key, and compare what is there in the end."""
    by_key: dict[str, list[Event]] = defaultdict(list)
    for history in histories:
        for event in history:
            by_key[event.operation.key].append(event)
    seen = in_child(partial(_final, top, sorted(by_key)))
    for key, events in sorted(by_key.items()):
        first = (False, False) if key.startswith("domain") else model_start(key)
        ends = explain(model, first, events)
        assert ends, f"no order explains {key}: {_told(events)}"
        states = {end[:2] if key.startswith("domain") else end for end in ends}  # type: ignore[index]
        assert seen[key] in states, f"{key} is {seen[key]} in the end, not one of {states}"


def model_start(key: str) -> object:
    """The state of a key before anything was done."""
    return ("absent",) if key.startswith("alias") else "absent"


def _final(top: Path, keys: list[str]) -> dict[str, object]:
    with opened(top, sync=False) as site:
        return {key: final_state(site, key) for key in keys}


def _told(events: list[Event]) -> str:
    ordered = sorted(events, key=lambda event: event.called)
    begin = ordered[0].called
    return "; ".join(
        f"{(e.called - begin) // 1000}-{(e.returned - begin) // 1000}us {e.operation.kind}"
        f"({e.operation.choice}) -> {e.result}"
        for e in ordered[:60]
    )
