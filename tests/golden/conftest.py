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

from .model import Places
from .qmail_send import StandIn
from .scenario import read_scenarios

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
    total = sum(topics.values(), Counter[str]())
    terminalreporter.line(f"golden: {_counted(total)}")


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
