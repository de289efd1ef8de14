from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.errors import InvalidCharacter
from vpopmail.formats.password_strength import NAMES, TESTS, format_strength, parse

EXAMPLE = b"""# etc/password_strength.conf
Policy = Passwords must be alphanumeric, six characters or more
Alphabet > 0.4
Numeric > 0.01
Length > 5
"""

policies = st.none() | st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="#"), min_size=1
).filter(lambda text: text == text.strip())
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 200).map(float)
all_rules = st.dictionaries(
    st.sampled_from(NAMES), st.tuples(st.sampled_from(TESTS), numbers), max_size=5
)


def test_the_example_of_the_formats() -> None:
    file = parse(EXAMPLE)
    assert file.policy == "Passwords must be alphanumeric, six characters or more"
    assert file.rules == {"Alphabet": (">", 0.4), "Numeric": (">", 0.01), "Length": (">", 5)}
    assert file.idle == ()
    assert format_strength(file.policy, file.rules) == EXAMPLE.partition(b"\n")[2]


@given(policies, all_rules)
def test_print_and_parse_are_inverse(
    policy: str | None, rules: dict[str, tuple[str, float]]
) -> None:
    file = parse(format_strength(policy, rules))
    assert (file.policy, file.rules, file.idle) == (policy, rules, ())


@given(st.binary() | st.lists(st.sampled_from([*NAMES, *TESTS, "Policy", "#", "\n", " ", "\t", "8", "x"])).map(" ".join).map(str.encode))  # fmt: skip
def test_any_bytes_can_be_parsed(data: bytes) -> None:
    file = parse(data)
    assert set(file.rules) <= set(NAMES)
    assert all(0 < number <= data.count(b"\n") + 1 for number in file.idle)
    again = parse(format_strength(None, file.rules))
    assert again.rules == file.rules


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        (b"length >= 6", {"Length": (">=", 6)}),
        (b"LENGTH\t>=\t6\r", {"Length": (">=", 6)}),
        (b"  upperlower < .9  # not one case only", {"UpperLower": ("<", 0.9)}),
        (b"Length = 8 characters", {"Length": ("=", 8)}),
        (b"Length > 5\nLength < 9", {"Length": ("<", 9)}),
        (b"Other <= 1e-1", {"Other": ("<=", 0.1)}),
        (b"Numeric > +0.5", {"Numeric": (">", 0.5)}),
        (b"", {}),
        (b"# Length > 5", {}),
        (b"\n\t\n \r\n", {}),
    ],
)
def test_a_line_may_be_written_in_many_ways(
    line: bytes, rules: dict[str, tuple[str, float]]
) -> None:
    file = parse(line)
    assert file.rules == rules
    assert file.policy is None
    assert file.idle == ()


@pytest.mark.parametrize("line", [b"Length >=6", b"Length", b"Policy =", b"Length >= # 6"])
def test_a_line_of_too_few_words_is_passed_over(line: bytes) -> None:
    file = parse(b"# a comment\n" + line + b"\nNumeric > 0\n")
    assert file.rules == {"Numeric": (">", 0)}
    assert file.idle == (2,)


@pytest.mark.parametrize(
    "line",
    [
        *(b"Letters > 1", b"Length => 1", b"Length == 1", b"Policy < text more", b"Length > six"),
        *(b"Length > nan", b"Length > inf", b"Length > 1e999", b"Length > 1_0", b"Length > -"),
    ],
)
def test_an_unknown_line_ends_the_reading(line: bytes) -> None:
    file = parse(b"Length > 5\n" + line + b"\n\n# comment\nNumeric > 0\n")
    assert file.rules == {"Length": (">", 5)}
    assert file.idle == (2, 5)


def test_the_policy_is_kept_as_it_is_written() -> None:
    assert parse(b"policy = six = enough,  a \xe9 too # really").policy == "six = enough,  a \udce9 too"
    assert parse(b"Policy = one text\nPolicy = another text").policy == "another text"


@pytest.mark.parametrize("policy", ["", " six", "six ", "a # b", "a\nb", "a\tb", "a\0b"])
def test_a_policy_that_would_not_come_back_is_refused(policy: str) -> None:
    with pytest.raises(InvalidCharacter):
        format_strength(policy, {})
