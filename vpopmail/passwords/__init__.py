"""Passwords: hashing, checking, making random ones."""

from __future__ import annotations

from vpopmail.passwords.checking import verify, verify_unknown
from vpopmail.passwords.random import random_password
from vpopmail.passwords.schemes import DRIVEN, SCHEMES, hash_password, make_salt

__all__ = [
    "DRIVEN",
    "SCHEMES",
    "hash_password",
    "make_salt",
    "random_password",
    "verify",
    "verify_unknown",
]
