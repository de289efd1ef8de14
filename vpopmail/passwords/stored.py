"""What kind of a string is stored as a password: for people, without the string."""

from __future__ import annotations

from importlib.util import find_spec

from vpopmail.passwords.checking import is_acceptable, without_scheme
from vpopmail.passwords.libcrypt import crypt
from vpopmail.passwords.schemes import as_bytes

_NAMES = (
    (b"$1$", "MD5"),
    (b"$2", "bcrypt"),
    (b"$5$", "SHA-256"),
    (b"$6$", "SHA-512"),
    (b"$7$", "scrypt"),
    (b"$y$", "yescrypt"),
    (b"$gy$", "yescrypt"),
    (b"$argon2", "Argon2"),
    (b"$", "another of crypt(3)"),
    (b"_", "DES of BSD"),
    (b"", "DES"),
)


def scheme_of(stored: str | bytes) -> str | None:
    """The name of the scheme of a stored password.

    Args:
        stored: as kept in the account store, with or without a leading ``{SCHEME}``.

    Returns:
        None if ``verify`` could not match anything against it on this host: it is malformed,
        locked, too costly, or its scheme is missing here.
    """
    text = without_scheme(as_bytes(stored))
    if not is_acceptable(text):
        return None
    if text.startswith(b"$argon2"):
        there = find_spec("argon2") is not None
    else:
        there = crypt(b"", text) is not None
    return next(name for start, name in _NAMES if text.startswith(start)) if there else None
