"""Options, fixtures and the summary of the golden tests."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from .databases import KINDS, Database
from .model import Places
from .qmail_send import StandIn
from .replay import DATABASE_BUILDS
from .scenario import Scenario, read_scenarios

RECORDINGS = Path(__file__).parent / "recordings"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--golden DIR``: other recordings of the same format."""
    parser.addoption(
        "--golden",
        metavar="DIR",
        default=None,
        help="replay the recordings in DIR instead",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each scenario."""
    if "scenario" in metafunc.fixturenames:
        directory = Path(
            metafunc.config.getoption("--golden", default=None) or RECORDINGS
        )
        scenarios = list(read_scenarios(directory))
        metafunc.parametrize("scenario", scenarios, ids=[s.id for s in scenarios])


@pytest.fixture
def places() -> Iterator[Places]:
    """Directories whose paths are as long as the traditional ones, since length limits count."""
    while True:
        top = Path(tempfile.gettempdir()) / f"g{secrets.token_hex(3)}"
        try:
            top.mkdir(mode=0o755)
            break
        except FileExistsError:
            continue
    os.chmod(top, 0o755)
    yield Places(top / "v", top / "q", top / "t")
    shutil.rmtree(top, ignore_errors=True)


@pytest.fixture
def database(scenario: Scenario, request: pytest.FixtureRequest) -> Database | None:
    """The database of the scenario, on the private server of this run; None if it needs none."""
    kind = DATABASE_BUILDS.get(scenario.build, {}).get("backend")
    if kind is None:
        return None
    server = request.getfixturevalue({"mysql": "mariadb", "pgsql": "postgresql"}[kind])
    return KINDS[kind](server)


@pytest.fixture
def qmail_send(places: Places) -> Iterator[StandIn]:
    """The stand-in for qmail-send; not started yet."""
    with StandIn(places.qmaildir) as stand_in:
        yield stand_in


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What passed, failed and is not there yet, by topic."""
    topics: dict[str, Counter[str]] = {}
    rules: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            properties = dict(getattr(report, "user_properties", ()))
            if "golden" in properties and getattr(report, "when", "") == "call":
                count = topics.setdefault(properties["golden"], Counter())
                count[_outcome(report.outcome, properties)] += 1
                rules.update(properties.get("golden_rules", {}))
    if not topics:
        return
    terminalreporter.section("golden scenarios")
    for topic, count in sorted(topics.items()):
        terminalreporter.line(f"golden {topic}: {_counted(count)}")
    terminalreporter.line("differences by rule: " + _listed(rules))
    compared, steps = _steps(terminalreporter)
    terminalreporter.line(f"golden steps: {compared} of {steps} compared")
    total = sum(topics.values(), Counter[str]())
    terminalreporter.line(f"golden: {_counted(total)}")


def _steps(reporter: pytest.TerminalReporter) -> tuple[int, int]:
    """How many steps were compared, and how many there are."""
    reports = [report for reports in reporter.stats.values() for report in reports]
    pairs = [dict(getattr(report, "user_properties", ())).get("golden_steps") for report in reports]
    found = [pair for report, pair in zip(reports, pairs, strict=True) if pair and report.when == "call"]
    return sum(pair[0] for pair in found), sum(pair[1] for pair in found)


def _outcome(outcome: str, properties: dict[str, object]) -> str:
    return "not implemented" if "golden_missing" in properties else outcome


def _counted(count: Counter[str]) -> str:
    shown = f"{count['passed']} scenarios passed, {count['failed']} failed"
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    return f"{shown}, {count['not implemented']} not implemented{skipped}"


def _listed(rules: Counter[str]) -> str:
    return (
        ", ".join(f"{name} {count}" for name, count in sorted(rules.items())) or "none"
    )
