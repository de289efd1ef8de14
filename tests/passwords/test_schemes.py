"""Making crypt strings."""

from __future__ import annotations

import pytest

from vpopmail.codes import VA
from vpopmail.errors import CryptFailed
from vpopmail.passwords import SCHEMES, hash_password, make_salt, verify
from vpopmail.passwords.schemes import ALPHABET

LENGTHS = {"des": 13, "md5": 34, "sha256": 55, "sha512": 98}
PREFIXES = {"des": "", "md5": "$1$", "sha256": "$5$", "sha512": "$6$"}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("password", ["secret", "", "é", "p" * 128, b"\xe9t\xe9", "with:colon"])
def test_a_crypt_string_has_the_form_that_c_makes(scheme: str, password: str | bytes) -> None:
    stored = hash_password(password, scheme)
    assert stored.startswith(PREFIXES[scheme])
    assert len(stored) == LENGTHS[scheme]
    assert ":" not in stored
    assert verify(password, stored)


@pytest.mark.parametrize(
    ("scheme", "salt", "stored"),
    [
        ("des", "rl", "rl.3StKT.4T8M"),
        ("md5", "rasmusle", "$1$rasmusle$rISCgZzpwk3UhDidwXvin0"),
    ],
)
def test_a_given_salt_is_used(scheme: str, salt: str, stored: str) -> None:
    assert hash_password("rasmuslerdorf", scheme, salt) == stored


def test_two_hashes_of_one_password_differ() -> None:
    assert hash_password("secret", "md5") != hash_password("secret", "md5")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "salt", ["", "a", "abc", "a:", "$a", "a$b", "é.", "abcdefghi", "abcdefghabcdefghi", "a\nb"]
)
def test_a_salt_is_used_whole_or_refused(scheme: str, salt: str) -> None:
    rules = SCHEMES[scheme]
    fits = len(salt) == 2 if scheme == "des" else 0 < len(salt) <= rules.longest_salt
    if fits and set(salt) <= set(ALPHABET):
        assert hash_password("secret", scheme, salt).startswith(rules.setting(salt))
    else:
        with pytest.raises(CryptFailed):
            hash_password("secret", scheme, salt)


@pytest.mark.parametrize("scheme", ["", "MD5", "2b", "argon2id", "clear"])
def test_an_unknown_scheme_is_refused(scheme: str) -> None:
    with pytest.raises(CryptFailed, match="des, md5, sha256, sha512, bcrypt, argon2"):
        hash_password("secret", scheme)


@pytest.mark.parametrize("password", ["hidden\0one", "h" * 513, "é" * 257])
def test_a_password_that_crypt_would_cut_is_refused_and_not_shown(password: str) -> None:
    with pytest.raises(CryptFailed) as caught:
        hash_password(password, "sha512")
    assert caught.value.code == VA.CRYPT_FAILED
    assert password[:6] not in str(caught.value)


@pytest.mark.parametrize(
    "result",
    [None, b"", b"*0", b"rl.3StKT.4T8M", b"$6$abcdefgh$short", b"$1$abcdefgh$" + b"." * 22],
)
def test_there_is_no_falling_back_to_another_scheme(
    result: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vpopmail.passwords.schemes.crypt", lambda _password, _setting: result)
    with pytest.raises(CryptFailed):
        hash_password("secret", "sha512", "abcdefgh")


def test_salts_use_all_64_characters_and_no_others() -> None:
    assert set(make_salt(20000)) == set(ALPHABET)
    assert [len(make_salt(length)) for length in (0, 2, 8)] == [0, 2, 8]
