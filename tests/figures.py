"""What a test counted, told at the end of a run: for CI's log and docs/reliability.md."""

from __future__ import annotations

from collections import Counter

import pytest

FIGURES = "figures"


def tell(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each title, with the sums of what tests recorded under it.

    A test records with ``record_property(FIGURES, (title, {word: number, ...}))``.
    """
    totals: dict[str, Counter[str]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == FIGURES and getattr(report, "when", "") == "call":
                    title, counts = value
                    totals.setdefault(title, Counter()).update(counts)
    if totals:
        terminalreporter.section("figures")
    for title, counts in totals.items():
        line = ", ".join(f"{number} {word}" for word, number in counts.items())
        terminalreporter.line(f"{title}: {line}")
