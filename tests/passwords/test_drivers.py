"""bcrypt and Argon2, by the packages of the extras."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bcrypt
import pytest
from argon2 import PasswordHasher, Type
from argon2.low_level import hash_secret
from hypothesis import given, settings
from hypothesis import strategies as st

import vpopmail.passwords
from tests.passwords.vectors import LOCKED, OF_DRIVERS
from vpopmail.codes import VA
from vpopmail.errors import CryptFailed, PasswordTooLong
from vpopmail.passwords import DRIVEN, hash_password, libcrypt, verify, verify_unknown
from vpopmail.passwords.drivers import argon2_matches, bcrypt_crypt
from vpopmail.passwords.schemes import decoy

ROOT = Path(vpopmail.passwords.__file__).parents[2]
LONGEST_STORED = 128  # MAX_PW_PASS
PACKAGES = {"bcrypt": "bcrypt", "argon2": "argon2"}
CHEAP_BCRYPT = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"  # secret
CHEAP_ARGON2 = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"  # password


@pytest.fixture
def without_libcrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(libcrypt._found, "host", libcrypt.first_of(()))


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """As if the package were not installed."""
    monkeypatch.setitem(sys.modules, package, None)


@pytest.mark.parametrize(("password", "stored"), OF_DRIVERS)
def test_strings_of_other_programs_match(password: str | bytes, stored: str) -> None:
    other = b"x" + (password if isinstance(password, bytes) else password.encode())
    assert verify(password, stored)
    assert verify(password, "{ANY}" + stored)
    assert not verify(other, stored)
    assert not verify("", stored)


@pytest.mark.usefixtures("without_libcrypt")
@pytest.mark.parametrize(("password", "stored"), OF_DRIVERS)
def test_the_package_checks_where_the_host_knows_no_bcrypt(
    password: str | bytes, stored: str
) -> None:
    assert verify(password, stored)
    assert not verify("other", stored)


@pytest.mark.parametrize("scheme", DRIVEN)
@pytest.mark.parametrize("password", ["secret", "é" * 36, b"\xe9t\xe9"])
def test_a_new_string_has_the_form_and_cost_of_the_scheme(
    scheme: str, password: str | bytes
) -> None:
    stored = hash_password(password, scheme)
    assert stored.startswith(DRIVEN[scheme])
    assert len(stored) == len(decoy(scheme)) <= LONGEST_STORED
    assert ":" not in stored
    assert stored.isascii()
    assert stored.isprintable()
    assert verify(password, stored)
    assert not verify("Secret", stored)


def test_the_packages_themselves_accept_what_we_make() -> None:
    assert bcrypt.checkpw(b"secret", hash_password("secret", "bcrypt").encode())
    stored = hash_password("secret", "argon2")
    assert PasswordHasher().verify(stored, "secret")
    assert not PasswordHasher().check_needs_rehash(stored)


@pytest.mark.parametrize("scheme", DRIVEN)
def test_two_hashes_of_one_password_differ(scheme: str) -> None:
    assert hash_password("secret", scheme) != hash_password("secret", scheme)


@given(st.binary(max_size=80).filter(lambda password: b"\0" not in password))
@settings(max_examples=20, deadline=None)
def test_package_and_host_agree_on_bcrypt(password: bytes) -> None:
    by_host = libcrypt.crypt(password, CHEAP_BCRYPT.encode())
    assert bcrypt_crypt(password, CHEAP_BCRYPT.encode()) == by_host


@pytest.mark.parametrize("kind", [Type.D, Type.I, Type.ID])
@given(st.text(max_size=60), st.integers(1, 3))
@settings(max_examples=10, deadline=None)
def test_argon2_of_each_type_matches(kind: Type, password: str, passes: int) -> None:
    secret = password.encode("utf-8", "surrogatepass")
    stored = hash_secret(secret, b"saltsalt", passes, 16, 2, 16, kind)
    assert argon2_matches(secret, stored)
    assert not argon2_matches(secret + b"x", stored)


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_no_stored_bytes_raise(rest: bytes) -> None:
    assert not verify("secret", b"$argon2id$v=19$m=8,t=1,p=1$" + rest)
    assert not verify("secret", b"$argon2" + rest)
    assert not argon2_matches(b"secret", b"$argon2i$" + rest)
    assert bcrypt_crypt(b"secret", b"$2b$04$" + rest) in (None, b"$2b$04$" + rest) or len(rest) == 53


@pytest.mark.parametrize("stored", LOCKED)
def test_what_is_no_such_string_is_left_alone(stored: str) -> None:
    assert not argon2_matches(b"secret", stored.encode())
    assert bcrypt_crypt(b"secret", stored.encode()) is None


@pytest.mark.parametrize("stored", ["$2b$03$" + "." * 53, "$2b$04$" + "C" * 21 + "z" + "." * 31])
def test_a_bcrypt_string_that_the_package_refuses_matches_nothing(stored: str) -> None:
    assert bcrypt_crypt(b"secret", stored.encode()) is None


@pytest.mark.usefixtures("without_libcrypt")
def test_the_buggy_variant_of_bcrypt_is_not_taken_for_the_right_one() -> None:
    assert not verify("secret", CHEAP_BCRYPT.replace("$2b$", "$2x$"))


# the 72 bytes of bcrypt


def test_bcrypt_refuses_what_it_would_cut() -> None:
    assert hash_password("p" * 72, "bcrypt")
    for password in ("p" * 73, "é" * 37):
        with pytest.raises(PasswordTooLong, match="72 bytes") as caught:
            hash_password(password, "bcrypt")
        assert caught.value.code == VA.PASSWD_TOO_LONG
        assert password[:5] not in str(caught.value)


@pytest.mark.parametrize("with_host", [True, False])
def test_a_longer_password_matches_what_other_programs_made_by_cutting(
    with_host: bool, request: pytest.FixtureRequest
) -> None:
    if not with_host:
        request.getfixturevalue("without_libcrypt")
    stored = bcrypt.hashpw(b"p" * 72, bcrypt.gensalt(4))
    assert verify("p" * 100, stored)
    assert not verify("p" * 71 + "q" * 29, stored)


def test_argon2_looks_at_the_whole_password() -> None:
    stored = hash_password("p" * 512, "argon2")
    assert verify("p" * 512, stored)
    assert not verify("p" * 511, stored)


@pytest.mark.parametrize("scheme", DRIVEN)
@pytest.mark.parametrize("password", ["a\0b", "p" * 513])
def test_what_no_scheme_takes_is_refused(scheme: str, password: str) -> None:
    with pytest.raises(CryptFailed):
        hash_password(password, scheme)


@pytest.mark.parametrize("scheme", DRIVEN)
def test_a_salt_cannot_be_given(scheme: str) -> None:
    with pytest.raises(CryptFailed, match="own salt"):
        hash_password("secret", scheme, "abcdefgh")


# without the packages


@pytest.mark.parametrize("scheme", DRIVEN)
def test_a_missing_package_is_an_error_that_names_the_extra_and_nothing_weaker_is_made(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, PACKAGES[scheme])
    with pytest.raises(CryptFailed) as caught:
        hash_password("hidden", scheme)
    assert f"pip install 'vpopmail[{scheme}]'" in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert caught.value.code == VA.CRYPT_FAILED


@pytest.mark.usefixtures("without_libcrypt")
@pytest.mark.parametrize(
    ("scheme", "password", "stored"),
    [("bcrypt", "secret", CHEAP_BCRYPT), ("argon2", "password", CHEAP_ARGON2)],
)
def test_a_missing_package_is_told_when_a_password_cannot_be_checked(
    scheme: str,
    password: str,
    stored: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert verify(password, stored)
    assert not caplog.records
    without(monkeypatch, PACKAGES[scheme])
    assert not verify(password, stored)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"vpopmail[{scheme}]" in caplog.text
    assert password not in caplog.text.replace("passwords", "")
    assert stored not in caplog.text


def test_the_host_checks_bcrypt_without_the_package(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if (libcrypt._host()(b"x", CHEAP_BCRYPT.encode()) or b"*").startswith(b"*"):
        pytest.skip("this host's crypt(3) has no bcrypt")
    without(monkeypatch, "bcrypt")
    assert verify("secret", CHEAP_BCRYPT)
    assert not caplog.records


@pytest.mark.usefixtures("without_libcrypt")
def test_a_malformed_string_blames_no_package(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    without(monkeypatch, "bcrypt")
    assert not verify("secret", "$2b$04$short")
    assert not verify("secret", "$2b$04$" + ":" * 53)
    assert not caplog.records


@pytest.mark.parametrize("scheme", DRIVEN)
def test_an_unknown_user_costs_what_a_new_password_would(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def recorded(_password: object, stored: object) -> bool:
        seen.append(str(stored))
        return True

    monkeypatch.setattr("vpopmail.passwords.checking.verify", recorded)
    assert verify_unknown("secret", scheme) is False
    assert seen == [decoy(scheme)]
    assert seen[0].startswith(DRIVEN[scheme])


@pytest.mark.parametrize("scheme", DRIVEN)
def test_a_decoy_is_hashed_to_its_end(scheme: str) -> None:
    if scheme == "argon2":
        with pytest.raises(Exception, match="does not match"):
            PasswordHasher().verify(decoy(scheme), "secret")
    else:
        hashed = bcrypt.hashpw(b"secret", decoy(scheme).encode())
        assert hashed[:29] == decoy(scheme)[:29].encode()


def test_packages_are_imported_only_when_such_a_password_is_at_hand() -> None:
    code = (
        "import sys\n"
        "from vpopmail.passwords import hash_password, verify\n"
        "verify('rasmuslerdorf', '$1$rasmusle$rISCgZzpwk3UhDidwXvin0')\n"
        "hash_password('secret', 'sha512')\n"
        "print(*{'bcrypt', 'argon2', 'vpopmail.passwords.drivers'} & set(sys.modules))\n"
        f"verify('password', {CHEAP_ARGON2!r})\n"
        "print(*{'bcrypt', 'argon2'} & set(sys.modules))\n"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.split("\n") == ["", "argon2", ""]


def test_a_hash_that_the_package_cannot_make_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpopmail.passwords.drivers.ARGON2_COSTS", (1, 1, 1))  # KiB: too few
    with pytest.raises(CryptFailed, match="argon2.*[Mm]emory"):
        hash_password("hidden", "argon2")
