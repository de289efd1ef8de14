"""Tell whether a password belongs to a stored string.

A stored string is data: a hostile one must not cost hours, and nothing that is not a crypt string
ever matches. Source: C functions, vauth_crypt.
"""

from __future__ import annotations

from _operator import _compare_digest as same_bytes

from vpopmail.passwords.libcrypt import crypt
from vpopmail.passwords.schemes import ALPHABET, LONGEST_PASSWORD, as_bytes, decoy

_LONGEST_STORED = 384  # bytes; crypt(3) makes no longer ones
_MOST_ROUNDS = 1_000_000
_MOST_BCRYPT = 15  # log2 of its rounds: about 2 s
_MOST_MEMORY = 14  # yescrypt, scrypt: 2**15 blocks, 128 MiB
_MOST_ARGON2 = 262144  # KiB
_MOST_PASSES = 4  # of Argon2 over that memory, or as many more over less
_MOST_LANES = 64
_ARGON2_V13 = b"v=19"  # the version that is named; one without a name is the one before
_CHARACTERS = ALPHABET.encode("ascii")
_DES_LENGTH = 13
_BSDI_LENGTH = 20
_PRINTABLE = bytes(range(33, 127))


def verify(password: str | bytes, stored: str | bytes) -> bool:
    """Whether a password matches a stored crypt string, in any scheme that the host knows.

    A leading ``{SCHEME}``, as LDAP keeps it, is passed over. Nothing matches an empty, locked or
    malformed string, or one that would take unreasonably long: over 1,000,000 rounds of SHA,
    bcrypt cost over 15, or over 128 MiB (Argon2: 256 MiB, four passes over them). The comparison
    takes the same time for any difference.

    bcrypt looks at 72 bytes of a password. For Argon2, and for bcrypt where the host has none,
    the package of the extra is needed; without it nothing matches, and a warning is logged.

    Args:
        password: text (taken as UTF-8) or bytes; one with NUL or over 512 bytes matches nothing.
        stored: as kept in the account store.

    Returns:
        True if it matches.
    """
    secret = as_bytes(password)
    expected = without_scheme(as_bytes(stored))
    if b"\0" in secret or len(secret) > LONGEST_PASSWORD or not is_acceptable(expected):
        return False
    if expected.startswith(b"$argon2"):
        from vpopmail.passwords.drivers import argon2_matches

        return argon2_matches(secret, expected)
    result = crypt(secret, expected)
    return result is not None and same_bytes(result, expected)


def verify_unknown(password: str | bytes, scheme: str) -> bool:
    """Spend what ``verify`` would, for a user who does not exist or has no password.

    So the time of an answer does not tell which users there are.

    Args:
        password: as for ``verify``.
        scheme: that of the site, as for ``hash_password``.

    Returns:
        False, always.
    """
    verify(password, decoy(scheme))
    return False


def argon2_costs(rest: bytes) -> tuple[int, int, int] | None:
    """Memory in KiB, passes and lanes of an Argon2 string; None if it is malformed.

    Args:
        rest: of the string, behind ``$argon2id$``.
    """
    parts = rest.split(b"$")
    if parts[0] == _ARGON2_V13:
        del parts[0]
    if len(parts) != 3:  # costs, salt, hash
        return None
    words = parts[0].split(b",")
    keys = [word[:2] for word in words]
    numbers = [word[2:] for word in words]
    if keys != [b"m=", b"t=", b"p="]:
        return None
    if not all(_at_most(number, 2**31) for number in numbers):
        return None
    memory, passes, lanes = map(int, numbers)
    return memory, passes, lanes


def without_scheme(stored: bytes) -> bytes:
    """A stored string without its leading ``{SCHEME}``."""
    if stored.startswith(b"{"):
        name, end, rest = stored[1:].partition(b"}")
        if end and name:
            return rest
    return stored


def is_acceptable(stored: bytes) -> bool:
    """Whether it is a crypt string of a known form that can be checked at a reasonable cost."""
    if not stored or len(stored) > _LONGEST_STORED or stored.strip(_PRINTABLE):
        return False
    if not stored.startswith(b"$"):
        return _is_des(stored)
    name, _dollar, rest = stored[1:].partition(b"$")
    bounded = _BOUNDS.get(name)
    return bounded is not None and bounded(rest)


def _is_des(stored: bytes) -> bool:
    # BSDi's form is "_", 4 of rounds (the last two dots: under 4096), 4 of salt, 11 of hash.
    if stored.startswith(b"_"):
        return _is_made_of(stored[1:], _BSDI_LENGTH - 1) and stored[3:5] == b".."
    return _is_made_of(stored, _DES_LENGTH)


def _is_made_of(characters: bytes, length: int) -> bool:
    return len(characters) == length and not characters.strip(_CHARACTERS)


def _cheap(_rest: bytes) -> bool:
    return True


def _rounds(rest: bytes) -> bool:
    if not rest.startswith(b"rounds="):
        return True
    # C reads "-1" as a huge number, so only plain digits will do.
    number, dollar, _ = rest[7:].partition(b"$")
    return bool(dollar) and _at_most(number, _MOST_ROUNDS)


def _leading_rounds(rest: bytes) -> bool:
    return _at_most(rest.partition(b"$")[0], _MOST_ROUNDS)


def _bcrypt(rest: bytes) -> bool:
    return _at_most(rest.partition(b"$")[0], _MOST_BCRYPT)


def _yescrypt(rest: bytes) -> bool:
    # Only what libcrypt makes by itself: flavour j, memory, block size of 8 (5) or 32 (T).
    parameters = rest.partition(b"$")[0]
    return parameters[:1] + parameters[2:] in (b"j5", b"jT") and _affordable(parameters[1:2])


def _scrypt(rest: bytes) -> bool:
    # Block size of 8 or 32, one thread.
    return rest[1:11] in (b"6..../....", b"U..../....") and _affordable(rest[:1])


def _argon2(rest: bytes) -> bool:
    costs = argon2_costs(rest)
    if costs is None:
        return False
    memory, passes, lanes = costs
    work = memory * passes
    return memory <= _MOST_ARGON2 and work <= _MOST_ARGON2 * _MOST_PASSES and lanes <= _MOST_LANES


def _affordable(memory: bytes) -> bool:
    return 0 <= _CHARACTERS.find(memory) <= _MOST_MEMORY


def _at_most(number: bytes, most: int) -> bool:
    return number.isdigit() and len(number) <= len(str(most)) and int(number) <= most


_BOUNDS = {
    b"1": _cheap,
    b"3": _cheap,
    b"5": _rounds,
    b"6": _rounds,
    b"2a": _bcrypt,
    b"2b": _bcrypt,
    b"2x": _bcrypt,
    b"2y": _bcrypt,
    b"y": _yescrypt,
    b"gy": _yescrypt,
    b"7": _scrypt,
    b"sha1": _leading_rounds,
    b"argon2d": _argon2,
    b"argon2i": _argon2,
    b"argon2id": _argon2,
}
