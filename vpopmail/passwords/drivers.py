"""bcrypt and Argon2, by the packages of the extras ``bcrypt`` and ``argon2``.

The packages are used directly: passlib's bcrypt fails with bcrypt 5, and passlib's Argon2 adds
nothing. This module is imported only when such a password is at hand. Where a package is missing,
a warning names the extra, and making a password is an error that does so, too.
"""

from __future__ import annotations

import os

from vpopmail.errors import CryptFailed, PasswordTooLong
from vpopmail.log import warn
from vpopmail.passwords.schemes import ALPHABET, ARGON2_COSTS, DRIVEN, make_salt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_BCRYPT = 72  # bytes; bcrypt does not look at more
_BCRYPT_LENGTH = 60
_TYPES = {b"$argon2d$": "D", b"$argon2i$": "I", b"$argon2id$": "ID"}
_SALT_SIZE = 16  # bytes, as RFC 9106 says
_HASH_SIZE = 32


def hash_by_driver(password: bytes, scheme: str) -> str:
    """Hash a password.

    Args:
        password: no NUL in it.
        scheme: ``bcrypt`` or ``argon2``.

    Returns:
        A string that begins as ``DRIVEN`` says.

    Raises:
        PasswordTooLong: bcrypt would not look at the bytes behind the 72nd.
        CryptFailed: the package is not installed, or fails.
    """
    return _HASHES[scheme](password)


def bcrypt_crypt(password: bytes, setting: bytes) -> bytes | None:
    """As ``libcrypt.crypt`` for ``$2a$``, ``$2b$`` and ``$2y$``, where the host knows none.

    As with every crypt(3), only 72 bytes of the password count.

    Returns:
        The crypt string; None if it is malformed, or the package is missing, which is logged.
    """
    if len(setting) != _BCRYPT_LENGTH or setting[7:].strip(ALPHABET.encode("ascii")):
        return None
    try:
        result: bytes = _driver("bcrypt").hashpw(password[:LONGEST_BCRYPT], setting)
    except (CryptFailed, ValueError):
        return None
    return result


def argon2_matches(password: bytes, stored: bytes) -> bool:
    """Whether a password matches a string of Argon2 d, i or id.

    Returns:
        False, too, if it is malformed, or the package is missing, which is logged.
    """
    kind = _TYPES.get(stored[: stored.find(b"$", 1) + 1])
    if kind is None:
        return False
    try:
        argon2 = _driver("argon2")
    except CryptFailed:
        return False
    try:
        return bool(argon2.low_level.verify_secret(stored, password, argon2.Type[kind]))
    except argon2.exceptions.Argon2Error:
        return False


def _bcrypt_hash(password: bytes) -> str:
    if len(password) > LONGEST_BCRYPT:
        raise PasswordTooLong("", f"bcrypt takes at most {LONGEST_BCRYPT} bytes")
    # 21 characters of salt are free, the 22nd has two bits: a dot is one of its four values.
    salt = DRIVEN["bcrypt"] + make_salt(21) + "."
    result: bytes = _driver("bcrypt").hashpw(password, salt.encode("ascii"))
    return result.decode("ascii")


def _argon2_hash(password: bytes) -> str:
    argon2 = _driver("argon2")
    memory, passes, lanes = ARGON2_COSTS
    costs = passes, memory, lanes, _HASH_SIZE, argon2.Type.ID
    try:
        result: bytes = argon2.low_level.hash_secret(password, os.urandom(_SALT_SIZE), *costs)
    except argon2.exceptions.Argon2Error as error:
        raise CryptFailed("argon2", str(error)) from None
    return result.decode("ascii")


_HASHES = {"bcrypt": _bcrypt_hash, "argon2": _argon2_hash}


def _driver(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError:
        # The C face gives a code only, so this is told to the log as well.
        advice = f"its package is missing: pip install 'vpopmail[{name}]'"
        warn("%s passwords can neither be made nor checked: %s", name, advice)
        raise CryptFailed(name, advice) from None
