"""Random passwords. Source: C functions, vrandom_pass."""

from __future__ import annotations

import os

PASSWORD_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.@!#%*"  # noqa: S105
_FAIR = 256 - 256 % len(PASSWORD_ALPHABET)


def random_password(length: int = 8) -> str:
    """A password of random characters, each equally likely.

    Args:
        length: characters; 0 or less gives ``""``.

    Returns:
        Characters of ``a-zA-Z0-9.@!#%*``.
    """
    chosen: list[str] = []
    while len(chosen) < length:
        # A byte above the last multiple of 68 would favour the first letters.
        fair = [byte for byte in os.urandom(length - len(chosen)) if byte < _FAIR]
        chosen += [PASSWORD_ALPHABET[byte % len(PASSWORD_ALPHABET)] for byte in fair]
    return "".join(chosen)
