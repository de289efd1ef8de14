"""Checking a password against what an account store holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.passwords.vectors import HOSTILE, LOCKED, OF_LIBXCRYPT, PORTABLE
from vpopmail.passwords import hash_password, libcrypt, verify, verify_unknown
from vpopmail.passwords.checking import is_acceptable


def known_to_this_host(stored: str) -> bool:
    return not (libcrypt.crypt(b"any", stored.encode()) or b"*").startswith(b"*")


@pytest.mark.parametrize(("password", "stored"), PORTABLE)
def test_the_right_password_matches(password: str | bytes, stored: str) -> None:
    assert verify(password, stored)
    assert verify(password, stored.encode())


@pytest.mark.parametrize(("password", "stored"), PORTABLE)
def test_another_password_does_not_match(password: str | bytes, stored: str) -> None:
    other = b"x" + (password.encode() if isinstance(password, str) else password)
    assert not verify(other, stored)


@pytest.mark.parametrize(("password", "stored"), OF_LIBXCRYPT)
def test_whatever_the_host_knows_matches(password: str, stored: str) -> None:
    if not known_to_this_host(stored):
        pytest.skip("this host's crypt(3) has no such scheme")
    assert verify(password, stored)
    assert not verify(password + "x", stored)


@pytest.mark.parametrize("stored", LOCKED)
@pytest.mark.parametrize("password", ["", "secret", "rasmuslerdorf", "!", "*", "*0", "x"])
def test_nothing_matches_a_locked_or_malformed_string(password: str, stored: str) -> None:
    assert not verify(password, stored)


@pytest.mark.parametrize("password", ["", "secret", "$1$", "rl"])
@pytest.mark.parametrize("stored", LOCKED)
def test_a_stored_string_never_matches_itself(password: str, stored: str) -> None:
    assert not verify(stored, stored)
    assert not verify(stored + password, stored)


@pytest.mark.parametrize("stored", HOSTILE)
def test_a_string_that_would_take_hours_is_refused_before_hashing(stored: str) -> None:
    assert not is_acceptable(stored.encode())
    assert not verify("secret", stored)


@pytest.mark.parametrize(
    "stored",
    [
        "$6$rounds=1000000$salt$",
        "$5$rounds=1000000$salt$",
        "$2y$15$",
        "$y$jCT$salt$",
        "$gy$jC5$salt$",
        "$7$CU..../....salt",
        "$sha1$1000000$salt$",
        "$argon2id$v=19$m=262144,t=4,p=64$c2FsdHNhbHQ$AAAAAAAA",
        "$argon2d$m=65536,t=16,p=1$c2FsdHNhbHQ$AAAAAAAA",
    ],
)
def test_the_dearest_string_allowed_is_accepted(stored: str) -> None:
    assert is_acceptable(stored.encode())


@pytest.mark.parametrize("prefix", ["{CRYPT}", "{crypt}", "{MD5}", "{MD5-CRYPT}", "{X.y_1-z}"])
def test_a_leading_scheme_is_passed_over(prefix: str) -> None:
    for password, stored in PORTABLE[:4]:
        assert verify(password, prefix + stored)
        assert not verify("wrong", prefix + stored)


def test_only_one_leading_scheme_is_passed_over() -> None:
    assert not verify("rasmuslerdorf", "{CRYPT}{CRYPT}rl.3StKT.4T8M")


def test_des_looks_at_eight_characters_as_in_c() -> None:
    assert verify("rasmusleXXXXX", "rl.3StKT.4T8M")


@pytest.mark.parametrize("scheme", ["des", "md5", "sha256", "sha512"])
def test_a_password_with_nul_matches_nothing(scheme: str) -> None:
    stored = hash_password("secret", scheme)
    assert verify("secret", stored)
    assert not verify("secret\0", stored)
    assert not verify("secret\0more", stored)
    assert not verify(b"\0secret", stored)


def test_the_longest_password_is_512_bytes() -> None:
    stored = hash_password("p" * 512, "md5")
    assert verify("p" * 512, stored)
    assert not verify("p" * 513, stored)
    assert not verify("é" * 257, stored)


def test_undecodable_bytes_in_text_are_the_bytes_as_they_came() -> None:
    raw = b"\xe9t\xe9"
    assert verify(raw.decode("utf-8", "surrogateescape"), hash_password(raw, "md5"))


def test_a_lone_surrogate_matches_nothing_and_raises_nothing() -> None:
    assert not verify("\ud800", hash_password("?", "md5"))


@pytest.mark.parametrize("scheme", ["des", "md5", "sha256", "sha512"])
def test_an_unknown_user_costs_one_hash_of_the_scheme(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = hash_password("secret", scheme)
    seen: list[bytes] = []

    def recorded(_password: bytes, setting: bytes) -> bytes:
        seen.append(setting)
        return setting  # the worst case: the decoy itself would match

    monkeypatch.setattr("vpopmail.passwords.checking.crypt", recorded)
    assert verify_unknown("secret", scheme) is False
    assert [len(setting) for setting in seen] == [len(own)]
    assert seen[0].startswith(own[:3].encode()) or scheme == "des"


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_password_and_no_stored_text_raises(password: str, stored: str) -> None:
    assert verify(password, stored) is False


@given(
    st.binary(max_size=60), st.sampled_from(["$1$", "$5$", "$6$", "$2b$", "$y$j75$", "_", "$3$"])
)
def test_no_stored_bytes_behind_a_known_prefix_raise(rest: bytes, prefix: str) -> None:
    assert verify("secret", prefix.encode() + rest) is False


@given(st.binary(max_size=72).filter(lambda text: b"\0" not in text))
def test_md5_gives_back_the_same_answer_for_any_bytes(password: bytes) -> None:
    stored = hash_password(password, "md5")
    assert verify(password, stored)
    assert not verify(password + b"x", stored)


@given(st.text(max_size=72).filter(lambda text: "\0" not in text))
def test_md5_gives_back_the_same_answer_for_any_text(password: str) -> None:
    assert verify(password, hash_password(password, "md5"))
