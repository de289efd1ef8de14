"""Options as getopt(3) of the C library takes them: grouped letters, attached values.

Not argparse, which knows no ``-vq 10M`` and no ``-r12``; the module getopt knows no optional
values before Python 3.14.

Source: commands, start, exit, streams.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGITS = 99  # Python refuses texts of many more; what is too large is for whoever takes it


class Misuse(Exception):
    """A program was called with words that it cannot take.

    Args:
        complaint: a line for standard error, without the name of the program; ``""``: the usage
            text says it all.
        code: the exit status.
    """

    def __init__(self, complaint: str = "", code: int = 255) -> None:
        super().__init__(complaint)
        self.complaint = complaint
        self.code = code


def parse(words: Iterable[str], letters: str) -> tuple[list[tuple[str, str | None]], list[str]]:
    """Tell options from arguments; options may follow arguments, ``--`` ends them.

    Args:
        words: of the command line, without the name of the program.
        letters: the options: a letter followed by ``:`` wants a value, which may be attached; one
            followed by ``::`` takes a value only if that is attached.

    Returns:
        The options in order, each with its value (None without one), and the arguments.

    Raises:
        Misuse: an unknown letter, or a value that is missing.
    """
    options: list[tuple[str, str | None]] = []
    arguments: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            arguments.extend(rest)
        elif word.startswith("-") and len(word) > 1:
            _take_group(word[1:], letters, rest, options)
        else:
            arguments.append(word)
    return options, arguments


def whole_number(text: str) -> int | None:
    """The number that a text is: at most 99 decimal digits and nothing else; else None."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(text) if is_number else None


def _take_group(
    group: str, letters: str, rest: Iterable[str], options: list[tuple[str, str | None]]
) -> None:
    """Take the letters of one word, and the next word if the last of them wants one."""
    for place, letter in enumerate(group, 1):
        wants = _wants(letter, letters)
        if wants == 0:
            options.append((letter, None))
            continue
        value: str | None = group[place:] or None
        if value is None and wants == 1:
            value = next(iter(rest), None)
            if value is None:
                raise Misuse(f"option requires an argument -- '{letter}'")
        options.append((letter, value))
        return


def _wants(letter: str, letters: str) -> int:
    """0: no value, 1: a value, 2: only an attached one."""
    place = letters.find(letter)
    if place < 0 or letter == ":":
        raise Misuse(f"invalid option -- '{letter}'")
    after = letters[place + 1 : place + 3]
    return 0 if not after.startswith(":") else 2 if after == "::" else 1
