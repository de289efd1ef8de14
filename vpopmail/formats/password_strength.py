"""etc/password_strength.conf: what a password must be like.

Source: formats, files below vpopmail's etc.
"""

from __future__ import annotations

from math import isfinite

from vpopmail.errors import InvalidCharacter
from vpopmail.formats.text import has_control, split_lines, to_bytes, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeAlias

    Rules: TypeAlias = Mapping[str, tuple[str, float]]

NAMES = ("Length", "Alphabet", "Numeric", "Other", "UpperLower")
TESTS = ("<", "<=", "=", ">", ">=")
_POLICY = "policy"
_NAMES = {name.lower(): name for name in NAMES}
_NUMBER = "0123456789.+-eE"
_SHORTEST = 3  # words of a line: name, test, value


class StrengthFile:
    """What a file says.

    Args:
        policy: the text for users, or None.
        rules: test and number by name: ``{"Length": (">=", 6.0)}``. The number is of characters
            for Length, and a share from 0 to 1 for the others.
        idle: numbers, from 1, of the lines that say something and are not in force.
    """

    __slots__ = ("idle", "policy", "rules")

    def __init__(self, policy: str | None, rules: Rules, idle: tuple[int, ...] = ()) -> None:
        self.policy = policy
        self.rules = rules
        self.idle = idle


def parse(data: bytes) -> StrengthFile:
    """The rules of a file.

    Args:
        data: the whole file. A line is ``Policy = text`` or ``Name TEST number``, in words parted
            by blanks or tabs, names in any case; ``#`` and the rest of a line is a comment; lines
            of fewer words are passed over.

    Returns:
        The rules up to the first line with an unknown name, an unknown test or no number, as in
        C. The last rule of a name counts.

    Source: formats, files below vpopmail's etc.
    """
    policy: str | None = None
    rules: dict[str, tuple[str, float]] = {}
    idle: list[int] = []
    lines = [(number, text) for number, line in _numbered(data) if (text := _cleaned(line))]
    for at, (number, text) in enumerate(lines):
        words = [word for word in text.split(" ") if word]
        if len(words) < _SHORTEST:
            idle.append(number)
        elif words[0].lower() == _POLICY and words[1] == "=":
            policy = text[text.index("=") + 1 :].strip(" ")
        elif (rule := _rule(*words[:_SHORTEST])) is not None:
            rules[rule[0]] = rule[1:]
        else:
            idle += [number for number, _text in lines[at:]]
            break
    return StrengthFile(policy, rules, tuple(idle))


def format_strength(policy: str | None, rules: Rules) -> bytes:
    """The file of some rules.

    Args:
        policy: a line of text without ``#``, or None.
        rules: as in ``StrengthFile``.

    Raises:
        InvalidCharacter: the text cannot be stored.

    Source: formats, files below vpopmail's etc.
    """
    lines = [] if policy is None else [f"Policy = {_checked(policy)}"]
    lines += [f"{name} {test} {_shown(number)}" for name, (test, number) in rules.items()]
    return to_bytes("".join([line + "\n" for line in lines]))


def _checked(policy: str) -> str:
    if not policy or policy != policy.strip() or "#" in policy or has_control(to_bytes(policy)):
        raise InvalidCharacter("policy", "give one line of text without #")
    return policy


def _numbered(data: bytes) -> Iterator[tuple[int, bytes]]:
    return enumerate(split_lines(data), 1)


def _cleaned(line: bytes) -> str:
    """A line without comment, tabs, and the CR of foreign editors."""
    return to_text(line.partition(b"#")[0].rstrip(b"\r")).replace("\t", " ").strip(" ")


def _rule(name: str, test: str, value: str) -> tuple[str, str, float] | None:
    limit = _number(value)
    if name.lower() not in _NAMES or test not in TESTS or limit is None:
        return None
    return _NAMES[name.lower()], test, limit


def _number(text: str) -> float | None:
    try:
        number = float(text) if not text.strip(_NUMBER) else None
    except ValueError:
        return None
    return number if number is None or isfinite(number) else None


def _shown(number: float) -> str:
    return repr(number).removesuffix(".0")
