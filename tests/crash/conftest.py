"""Prepared sites, and the figures of the sweeps at the end of a test run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

FIGURES = "crash figures"


@pytest.fixture
def top() -> Iterator[Path]:
    """A short path in memory where there is some: every test brings much to the disk."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    path = Path(tempfile.mkdtemp(prefix="crash", dir=memory))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each operation."""
    totals: dict[str, Counter[str]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == FIGURES and getattr(report, "when", "") == "call":
                    operation, counts = value
                    totals.setdefault(operation, Counter()).update(counts)
    if totals:
        terminalreporter.section("interrupted operations")
    for operation, counts in totals.items():
        line = ", ".join(f"{number} {word}" for word, number in counts.items())
        terminalreporter.line(f"crash: {operation}: {line}")
