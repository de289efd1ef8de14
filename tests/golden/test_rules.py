"""The table of rules and docs/differences.md belong together; each rule does what its line says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .rules import RULES

DIFFERENCES = Path(__file__).parents[2] / "docs" / "differences.md"


def bound_headings() -> list[str]:
    """The headings whose paragraph names a rule, and the rules named."""
    return re.findall(
        r"^Rule: `([a-z-]+)`", DIFFERENCES.read_text("utf-8"), re.MULTILINE
    )


def headings() -> dict[str, str]:
    """Each third-level heading with its text."""
    text = DIFFERENCES.read_text("utf-8")
    parts = re.split(r"^### +(.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_has_its_paragraph_of_reasons(rule: object) -> None:
    paragraph = headings()[rule.why]  # type: ignore[attr-defined]
    assert f"Rule: `{rule.name}`" in paragraph  # type: ignore[attr-defined]
    assert len(paragraph.split()) > 15


def test_no_paragraph_names_a_rule_that_is_not_there() -> None:
    assert sorted(bound_headings()) == sorted(rule.name for rule in RULES)


def test_rule_names_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_no_rule_knows_a_scenario() -> None:
    names = {p.name for p in Path(__file__).parent.glob("rules*.py")}
    assert names
    for name in names:
        assert "scenario.name" not in (Path(__file__).parent / name).read_text("utf-8")
