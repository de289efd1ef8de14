"""Tell whether a stored password should be hashed anew."""

from __future__ import annotations

from vpopmail.passwords.checking import argon2_costs, is_acceptable, without_scheme
from vpopmail.passwords.schemes import ARGON2_COSTS, BCRYPT_COST, as_bytes

_SHA_ROUNDS = 5000  # where a string names none

# What a stored string begins with: the scheme, if it is one of ours, and a class of strength.
# Classes: 0 broken, 1 aged, 2 sound, 3 costly to guess.
_KINDS = {
    "1": ("md5", 1),
    "3": ("", 0),
    "5": ("sha256", 2),
    "6": ("sha512", 2),
    "sha1": ("", 1),
    "2a": ("bcrypt", 3),
    "2b": ("bcrypt", 3),
    "2y": ("bcrypt", 3),
    "2x": ("", 3),
    "argon2d": ("", 3),
    "argon2i": ("", 3),
    "argon2id": ("argon2", 3),
    "y": ("", 3),
    "gy": ("", 3),
    "7": ("", 3),
}
_STRENGTH = {name: strength for name, strength in _KINDS.values() if name} | {"des": 0}


def needs_rehash(stored: str | bytes, scheme: str) -> bool:
    """Whether a password should be hashed anew with the scheme of the site.

    Args:
        stored: as kept in the account store, with or without a leading ``{SCHEME}``.
        scheme: as for ``hash_password``.

    Returns:
        True if the stored string is of another scheme that is no stronger, or of the same with
        less cost than ``hash_password`` spends. A stronger one is kept: a site that makes SHA-512
        does not weaken an Argon2 string that came from elsewhere. False for an empty or locked
        string.
    """
    text = without_scheme(as_bytes(stored))
    if not is_acceptable(text):
        return False
    name, rest = _parts(text.decode("ascii"))
    found, strength = _KINDS[name] if name else _of_des(text)
    if found != scheme:
        return strength <= _STRENGTH[scheme]
    cheaper = _CHEAPER.get(found)
    return cheaper is not None and cheaper(rest)


def _parts(text: str) -> tuple[str, str]:
    if not text.startswith("$"):
        return "", text
    name, _dollar, rest = text[1:].partition("$")
    return name, rest


def _of_des(text: bytes) -> tuple[str, int]:
    return ("" if text.startswith(b"_") else "des"), 0


def _fewer_rounds(rest: str) -> bool:
    if not rest.startswith("rounds="):
        return False
    return int(rest[7:].partition("$")[0]) < _SHA_ROUNDS


def _cheaper_bcrypt(rest: str) -> bool:
    return int(rest.partition("$")[0]) < BCRYPT_COST


def _cheaper_argon2(rest: str) -> bool:
    own_memory, own_passes, _lanes = ARGON2_COSTS
    memory, passes, _lanes = argon2_costs(rest.encode("ascii")) or (0, 0, 0)
    # A string that names no version is of the one before, which has a known weakness.
    older = not rest.startswith("v=19$")
    return older or memory < own_memory or memory * passes < own_memory * own_passes


_CHEAPER = {
    "sha256": _fewer_rounds,
    "sha512": _fewer_rounds,
    "bcrypt": _cheaper_bcrypt,
    "argon2": _cheaper_argon2,
}
