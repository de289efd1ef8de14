"""Which stored passwords are to be hashed anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.passwords.vectors import HOSTILE, LOCKED, OF_LIBXCRYPT
from vpopmail.passwords import DRIVEN, SCHEMES, hash_password
from vpopmail.passwords.rehash import needs_rehash
from vpopmail.passwords.schemes import decoy

ALL = (*SCHEMES, *DRIVEN)
ORDER = {"des": 0, "md5": 1, "sha256": 2, "sha512": 2, "bcrypt": 3, "argon2": 3}
ENDS = {"bcrypt": "." * 53, "argon2": "c2FsdHNhbHQ$AAAAAAAA"}


@pytest.mark.parametrize("scheme", ALL)
def test_what_the_site_makes_now_is_kept(scheme: str) -> None:
    stored = hash_password("secret", scheme)
    assert not needs_rehash(stored, scheme)
    assert not needs_rehash(stored.encode(), scheme)
    assert not needs_rehash("{CRYPT}" + stored, scheme)


@pytest.mark.parametrize("found", ALL)
@pytest.mark.parametrize("wanted", ALL)
def test_another_scheme_is_replaced_unless_it_is_stronger(found: str, wanted: str) -> None:
    expected = found != wanted and ORDER[found] <= ORDER[wanted]
    assert needs_rehash(decoy(found), wanted) is expected
    assert needs_rehash("{X}" + decoy(found), wanted) is expected


@pytest.mark.parametrize(
    ("stored", "scheme", "expected"),
    [
        ("$6$rounds=4999$salt$" + "." * 86, "sha512", True),
        ("$6$rounds=5000$salt$" + "." * 86, "sha512", False),
        ("$6$rounds=99999$salt$" + "." * 86, "sha512", False),
        ("$5$rounds=1000$salt$" + "." * 43, "sha256", True),
        ("$2b$11$" + ENDS["bcrypt"], "bcrypt", True),
        ("$2a$12$" + ENDS["bcrypt"], "bcrypt", False),
        ("$2y$13$" + ENDS["bcrypt"], "bcrypt", False),
        ("$2b$5$" + ENDS["bcrypt"], "bcrypt", True),
        ("$2x$12$" + ENDS["bcrypt"], "bcrypt", True),
        ("$2x$12$" + ENDS["bcrypt"], "sha512", False),
        ("$argon2id$v=19$m=65536,t=3,p=1$" + ENDS["argon2"], "argon2", False),
        ("$argon2id$v=19$m=102400,t=2,p=8$" + ENDS["argon2"], "argon2", False),
        ("$argon2id$v=19$m=65536,t=2,p=4$" + ENDS["argon2"], "argon2", True),
        ("$argon2id$v=19$m=65535,t=4,p=4$" + ENDS["argon2"], "argon2", True),
        ("$argon2id$m=65536,t=3,p=4$" + ENDS["argon2"], "argon2", True),
        ("$argon2i$v=19$m=65536,t=3,p=4$" + ENDS["argon2"], "argon2", True),
        ("$argon2d$v=19$m=65536,t=3,p=4$" + ENDS["argon2"], "sha512", False),
        ("_J9..abcd/H6HLCcf7nw", "des", True),
        ("$3$$878d8014606cda29677a44efa1353fc7", "md5", True),
    ],
)
def test_cost_and_variant_count(stored: str, scheme: str, expected: bool) -> None:
    assert needs_rehash(stored, scheme) is expected


@pytest.mark.parametrize("stored", [stored for _, stored in OF_LIBXCRYPT if stored[1] in "yg7"])
def test_what_is_costly_to_guess_is_not_weakened(stored: str) -> None:
    assert not needs_rehash(stored, "sha512")
    assert not needs_rehash(stored, "md5")
    assert needs_rehash(stored, "argon2")


@pytest.mark.parametrize("scheme", ALL)
@pytest.mark.parametrize("stored", [*(s for s in LOCKED if not s.startswith("$")), *HOSTILE])
def test_what_is_no_password_is_left_alone(stored: str, scheme: str) -> None:
    assert not needs_rehash(stored, scheme)


@given(st.binary(max_size=60), st.sampled_from(ALL))
def test_no_stored_bytes_raise(stored: bytes, scheme: str) -> None:
    assert needs_rehash(stored, scheme) in (True, False)
    for name in (b"$2b$", b"$6$rounds=", b"$argon2id$", b"$argon2id$v=19$m=8,t=1,p=1$"):
        assert needs_rehash(name + stored, scheme) in (True, False)
