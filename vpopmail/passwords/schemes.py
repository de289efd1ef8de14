"""The schemes that new passwords are made with.

Source: manual, "Configure options" (md5-passwords); C functions, mkpasswd3.
"""

from __future__ import annotations

import os

from vpopmail import errors
from vpopmail.passwords.libcrypt import crypt

ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LONGEST_PASSWORD = 512  # bytes; crypt(3) takes no more


class Scheme:
    """One scheme.

    Attributes:
        prefix: how its crypt strings begin.
        salt_length: characters in a new salt.
        longest_salt: characters that it uses of a salt.
        hash_length: characters behind the setting.
    """

    __slots__ = ("hash_length", "longest_salt", "prefix", "salt_length")

    def __init__(self, prefix: str, salt_length: int, longest_salt: int, hash_length: int) -> None:
        self.prefix = prefix
        self.salt_length = salt_length
        self.longest_salt = longest_salt
        self.hash_length = hash_length

    def setting(self, salt: str) -> str:
        """What crypt(3) wants for a salt."""
        return f"{self.prefix}{salt}$" if self.prefix else salt


SCHEMES = {
    "des": Scheme("", 2, 2, 11),
    "md5": Scheme("$1$", 8, 8, 22),
    "sha256": Scheme("$5$", 8, 16, 43),
    "sha512": Scheme("$6$", 8, 16, 86),
}

BCRYPT_COST = 12  # log2 of its rounds
ARGON2_COSTS = (65536, 3, 4)  # KiB, passes over them, lanes: RFC 9106, where memory is scarce

# Schemes of the extras, and how the strings begin that are made now.
DRIVEN = {
    "bcrypt": f"$2b${BCRYPT_COST}$",
    "argon2": "$argon2id$v=19$m={},t={},p={}$".format(*ARGON2_COSTS),
}
_ENDS = {"bcrypt": "." * 53, "argon2": "A" * 22 + "$" + "A" * 43}


def hash_password(password: str | bytes, scheme: str, salt: str | None = None) -> str:
    """Hash a password; there is no falling back to another scheme.

    Args:
        password: text (hashed as UTF-8) or bytes; no NUL, at most 512 bytes. DES looks at the
            first 8 bytes only.
        scheme: ``des``, ``md5``, ``sha256`` or ``sha512``; with the extra of the same name also
            ``bcrypt`` and ``argon2``.
        salt: characters of ``./0-9A-Za-z``: 2 for DES, 1 to 8 for MD5, 1 to 16 for SHA; None: a
            random one, which is all that bcrypt and Argon2 take.

    Returns:
        The crypt string.

    Raises:
        PasswordTooLong: over 72 bytes for bcrypt, which looks at no more.
        CryptFailed: the password or the salt is not allowed, neither the host nor passlib has the
            scheme, or the package of the extra is missing.
    """
    rules = SCHEMES.get(scheme)
    if rules is None and scheme not in DRIVEN:
        raise errors.CryptFailed(scheme, "the schemes are " + ", ".join((*SCHEMES, *DRIVEN)))
    secret = as_bytes(password)
    if b"\0" in secret or len(secret) > LONGEST_PASSWORD:
        raise errors.CryptFailed(
            scheme, f"a password has no NUL and {LONGEST_PASSWORD} bytes at most"
        )
    if rules is None:
        return _hash_by_driver(secret, scheme, salt)
    setting = rules.setting(_allowed(salt, rules, scheme))
    result = (crypt(secret, setting.encode("ascii")) or b"").decode("ascii")
    if not result.startswith(setting) or len(result) != len(setting) + rules.hash_length:
        raise errors.CryptFailed(scheme, "the host cannot make such passwords")
    return result


def decoy(scheme: str) -> str:
    """A string of a scheme that costs what a new password would, and that nobody's matches.

    Args:
        scheme: as for ``hash_password``.
    """
    if scheme in DRIVEN:
        return DRIVEN[scheme] + _ENDS[scheme]
    rules = SCHEMES[scheme]
    return rules.setting("." * rules.salt_length) + "." * rules.hash_length


def make_salt(length: int) -> str:
    """Random characters of ``./0-9A-Za-z``.

    Args:
        length: how many, >= 0.
    """
    return "".join([ALPHABET[byte & 63] for byte in os.urandom(length)])


def as_bytes(text: str | bytes) -> bytes:
    """The bytes that crypt(3) gets: UTF-8, with undecodable bytes as they came."""
    # surrogatepass: no text of a client may raise, and a lone surrogate matches nothing.
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _hash_by_driver(secret: bytes, scheme: str, salt: str | None) -> str:
    if salt is not None:
        raise errors.CryptFailed(scheme, "it makes its own salt")
    from vpopmail.passwords.drivers import hash_by_driver

    return hash_by_driver(secret, scheme)


def _allowed(salt: str | None, rules: Scheme, scheme: str) -> str:
    if salt is None:
        return make_salt(rules.salt_length)
    shortest = 1 if rules.prefix else rules.longest_salt
    if not shortest <= len(salt) <= rules.longest_salt or salt.strip(ALPHABET):
        raise errors.CryptFailed(
            scheme, f"a salt has {shortest} to {rules.longest_salt} of ./0-9A-Za-z"
        )
    return salt
