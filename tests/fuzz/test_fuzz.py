"""Nothing that a file can hold raises what is not documented, or costs more than it may."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.figures import FIGURES

from . import cost, fuzz_atheris
from .targets import TARGETS, Target

HERE = Path(__file__).parent
KEPT = sorted(path for kind in ("corpus", "findings") for path in (HERE / kind).glob("*/*"))
EXAMPLES = 150
MORE_EXAMPLES = 20_000
LONGEST = 1 << 12  # bytes: small files, for which the limit is that of the issue
SECONDS = 120  # for each target of the full run: an hour and a half for all
MEGABYTE = 1 << 20

Record = Callable[[str, object], None]
each_target = pytest.mark.parametrize("name", TARGETS)


def repeated(word: bytes, size: int) -> bytes:
    return (word * (size // len(word) + 1))[:size]


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    pieces = st.sampled_from(target.words) | st.binary(max_size=8)
    built = st.lists(pieces, max_size=40).map(b"".join)
    return (built | st.binary(max_size=200)).map(lambda data: data[:LONGEST])


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_kept_does_no_harm(path: Path) -> None:
    cost.check(TARGETS[path.parent.name].run, path.read_bytes())


def test_each_target_has_a_corpus() -> None:
    assert {path.parent.name for path in KEPT} == TARGETS.keys()


@each_target
def test_no_bytes_do_harm(name: str, full: bool, record_property: Record) -> None:
    target = TARGETS[name]
    costs: list[float] = []

    @settings(
        max_examples=MORE_EXAMPLES if full else EXAMPLES,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(inputs(target))
    def one(data: bytes) -> None:
        costs.append(cost.check(target.run, data))

    one()
    record_property(FIGURES, ("fuzz, hypothesis", {"examples": len(costs)}))


@each_target
def test_cost_grows_with_the_file_only(name: str, full: bool, record_property: Record) -> None:
    target = TARGETS[name]
    tried = 0
    for read in target.reads:
        for data in attacks(target.words, full=full):
            cost.check(read, data)
            tried += 1
    record_property(FIGURES, ("fuzz, attacks on the cost", {"inputs": tried}))


def attacks(words: tuple[bytes, ...], *, full: bool) -> list[bytes]:
    """Long inputs: each word repeated; in the full run after each other word too, and to 1 MiB."""
    found = [repeated(word, cost.SIZE) for word in words]
    if full:
        found += [start + repeated(word, cost.SIZE) for start in words for word in words]
        found += [repeated(word, MEGABYTE) for word in words]
    return found


@each_target
def test_a_guided_fuzzer_finds_nothing(
    name: str, full: bool, record_property: Record, tmp_path: Path
) -> None:
    if not full:
        pytest.skip("part of the full run")
    pytest.importorskip("atheris")
    found = fuzz_atheris.fuzz(name, SECONDS, tmp_path)
    assert not found.findings, found.findings
    record_property(FIGURES, ("fuzz, atheris", {"seconds": SECONDS, "inputs": found.inputs}))


def test_an_input_that_costs_too_much_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "LIMIT", 1e-6)
    with pytest.raises(cost.TooSlow):
        cost.check(lambda data: sum(range(100_000)), b"x")
