"""Lines of vpasswd compared without their random salts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache


@cache
def verifies(clear: str, crypted: str) -> bool:
    """Whether the clear password belongs to the crypt string."""
    from vpopmail import passwords

    return bool(passwords.verify(clear, crypted))


def same_hash(expected: str, actual: str, clear: Iterable[str]) -> bool:
    """Whether two crypt strings are of one scheme and hold the same password.

    Args:
        clear: the passwords that the scenario mentions. When none of them is the password of
            the recorded string, only the same string will do.
    """
    if expected == actual:
        return True
    if scheme(expected) != scheme(actual) or len(expected) != len(actual):
        return False
    fitting = [word for word in clear if verifies(word, expected)]
    return bool(fitting) and all(verifies(word, actual) for word in fitting)


def scheme(crypted: str) -> str:
    """The scheme of a crypt string: ``$1$`` and the like, or ``""``."""
    parts = crypted.split("$")
    return f"${parts[1]}$" if len(parts) > 2 else ""


def same_lines(expected: str, actual: str, clear: tuple[str, ...]) -> bool:
    """Whether two texts of a vpasswd file show the same users with the same passwords."""
    left, right = expected.split("\n"), actual.split("\n")
    return len(left) == len(right) and all(
        _same_line(a, b, clear) for a, b in zip(left, right, strict=True)
    )


def _same_line(expected: str, actual: str, clear: tuple[str, ...]) -> bool:
    if expected == actual:
        return True
    left, right = expected.split(":"), actual.split(":")
    if len(left) != len(right) or len(left) < 3:
        return False
    own = tuple(left[7:8])  # the clear password that the line itself holds
    rest = left[:1] + left[2:] == right[:1] + right[2:]
    return rest and same_hash(left[1], right[1], own + clear)
