"""Whether a password is good enough for the rules of a site.

Source: C functions, pw_strength.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
_DIGITS = frozenset("0123456789")

_SUBJECTS = {
    "Length": "characters",
    "Alphabet": "alphabetical characters",
    "Numeric": "numbers",
    "Other": "punctuation, symbols, or other characters",
    "UpperLower": "uppercase and lowercase character diversity",
}
_MORE = "requires more"
_LESS = "should have less"
_CONDITIONS = {"<": _LESS, "<=": _LESS, "=": "can only be", ">": _MORE, ">=": _MORE}


def broken_rule(rules: Mapping[str, tuple[str, float]], password: str) -> str | None:
    """The first rule that a password does not keep.

    Args:
        rules: test (``<``, ``<=``, ``=``, ``>``, ``>=``) and number by name. ``Length`` counts
            characters. The others are shares: ``Alphabet``, ``Numeric`` and ``Other`` of letters,
            digits and the rest in the password; ``UpperLower`` of the difference of upper and
            lower case in the letters, so 0 is half and half and 1 is one case only. Letters and
            digits are those of ASCII.
        password: any text.

    Returns:
        The name of the rule, tried in the order above; None if all are kept. A share of nothing
        is no number: an empty password, or one without letters, keeps no rule about it.
    """
    for name, measure in _MEASURES.items():
        if name in rules:
            test, limit = rules[name]
            found = measure(password)
            if found is None or not _TESTS[test](found, limit):
                return name
    return None


def reason(name: str, test: str, limit: float) -> str:
    """What a rule wants, in the words of the C library.

    Args:
        name, test, limit: of the rule that was not kept.
    """
    if (name, test) == ("Length", "="):
        return f"password must always be {limit:g} characters long"
    condition = _CONDITIONS[test]
    if name == "UpperLower":
        # The number grows as the diversity shrinks.
        condition = _MORE if condition == _LESS else _LESS
    return f"password {condition} {_SUBJECTS[name]}"


def _count(password: str, characters: frozenset[str]) -> int:
    return sum(character in characters for character in password)


def _letters(password: str) -> int:
    return _count(password, _UPPER | _LOWER)


def _others(password: str) -> int:
    return len(password) - _letters(password) - _count(password, _DIGITS)


def _difference(password: str) -> int:
    return abs(_count(password, _UPPER) - _count(password, _LOWER))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


_MEASURES: dict[str, Callable[[str], float | None]] = {
    "Length": len,
    "Alphabet": lambda password: _share(_letters(password), len(password)),
    "Numeric": lambda password: _share(_count(password, _DIGITS), len(password)),
    "Other": lambda password: _share(_others(password), len(password)),
    "UpperLower": lambda password: _share(_difference(password), _letters(password)),
}
_TESTS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda found, limit: found < limit,
    "<=": lambda found, limit: found <= limit,
    "=": lambda found, limit: found == limit,
    ">": lambda found, limit: found > limit,
    ">=": lambda found, limit: found >= limit,
}
