"""Whether a password keeps the rules of a site, and what is said if not."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.passwords.policy import broken_rule, reason

NAMES = ("Length", "Alphabet", "Numeric", "Other", "UpperLower")
TESTS = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
}


@pytest.mark.parametrize(
    ("name", "password", "value"),
    [
        ("Length", "", 0),
        ("Length", "secret", 6),
        ("Length", "éé", 2),
        ("Alphabet", "ab12", 0.5),
        ("Alphabet", "ABCD", 1),
        ("Alphabet", "1234", 0),
        ("Numeric", "ab12", 0.5),
        ("Numeric", "0000", 1),
        ("Other", "a1.!", 0.5),
        ("Other", "a1é²", 0.5),
        ("Other", r"[\]^_`", 1),
        ("Alphabet", r"[\]^_`", 0),
        ("Alphabet", "@{|}~", 0),
        ("UpperLower", "aB", 0),
        ("UpperLower", "aaaB", 0.5),
        ("UpperLower", "abcd12", 1),
        ("UpperLower", "a[A", 0),
    ],
)
def test_what_is_measured(name: str, password: str, value: float) -> None:
    for test, holds in TESTS.items():
        for limit in (value - 0.25, value, value + 0.25):
            broken = None if holds(value, limit) else name
            assert broken_rule({name: (test, limit)}, password) == broken


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("limit", [0.0, 0.5, 1.0])
def test_a_share_of_nothing_keeps_no_rule(test: str, limit: float) -> None:
    for name in NAMES[1:]:
        assert broken_rule({name: (test, limit)}, "") == name
    assert broken_rule({"UpperLower": (test, limit)}, "12.34") == "UpperLower"


def test_without_rules_everything_is_good() -> None:
    assert broken_rule({}, "") is None


def test_rules_are_tried_in_the_order_of_c() -> None:
    rules = {name: ("<", -1.0) for name in reversed(NAMES)}
    for name in NAMES:
        assert broken_rule(rules, "secret") == name
        del rules[name]


@given(
    st.dictionaries(
        st.sampled_from(NAMES), st.tuples(st.sampled_from(sorted(TESTS)), st.floats(0, 20))
    ),
    st.text(),
)
def test_any_text_can_be_tried(rules: dict[str, tuple[str, float]], password: str) -> None:
    name = broken_rule(rules, password)
    assert name is None or name in rules
    if name is not None:
        assert broken_rule({k: v for k, v in rules.items() if k != name}, password) != name
        assert reason(name, *rules[name]).startswith("password ")


@pytest.mark.parametrize(
    ("name", "test", "limit", "text"),
    [
        ("Length", ">=", 6.0, "password requires more characters"),
        ("Length", ">", 6.0, "password requires more characters"),
        ("Length", "<", 6.0, "password should have less characters"),
        ("Length", "=", 8.0, "password must always be 8 characters long"),
        ("Alphabet", ">", 0.4, "password requires more alphabetical characters"),
        ("Numeric", "=", 0.4, "password can only be numbers"),
        ("Other", "<=", 0.4, "password should have less punctuation, symbols, or other characters"),
        ("UpperLower", "<", 0.9, "password requires more uppercase and lowercase character diversity"),
        ("UpperLower", "<=", 0.9, "password requires more uppercase and lowercase character diversity"),
        ("UpperLower", ">", 0.9, "password should have less uppercase and lowercase character diversity"),
        ("UpperLower", "=", 1.0, "password should have less uppercase and lowercase character diversity"),
    ],
)
def test_the_words_of_c(name: str, test: str, limit: float, text: str) -> None:
    assert reason(name, test, limit) == text
