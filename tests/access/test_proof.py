"""The ways to prove who somebody is."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.access.login import LoginRequest
from vpopmail.access.proof import apop_digest, cram_md5_digest, method_of
from vpopmail.access.service import IMAP, POP, SMTP, WEBMAIL, Service
from vpopmail.passwords import hash_password
from vpopmail.records import VqPasswd
from vpopmail.settings import Settings, resolve

CHALLENGE = b"<1896.697170952@mail.test>"
SETTINGS: Settings = resolve({"vpopuser": 0, "vpopgroup": 0, "vpopmaildir": "/v"})
STORED = hash_password("tanstaaf", "md5")


def user(clear: str = "tanstaaf", crypted: str = STORED) -> VqPasswd:
    return VqPasswd("joe", crypted, pw_clear_passwd=clear)


def method(
    password: bytes, service: Service, challenge: bytes = CHALLENGE, of: VqPasswd | None = None
) -> str:
    request = LoginRequest("joe@example.com", password, service, challenge=challenge)
    return method_of(SETTINGS, request, user() if of is None else of)


def test_digests_are_those_of_the_examples_in_the_rfcs() -> None:
    challenge = b"<1896.697170952@dbc.mtview.ca.us>"
    assert apop_digest(b"tanstaaf", challenge) == b"c4c9334bac560ecc979e58001b3e22fb"
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    digest = b"b913a602c7eda7a495b4e6e7334d3890"
    assert cram_md5_digest(b"tanstaaftanstaaf", challenge) == digest


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_cram_md5_is_hmac_for_keys_of_any_length(clear: bytes, challenge: bytes) -> None:
    expected = hmac.new(clear, challenge, "md5").hexdigest().encode()
    assert cram_md5_digest(clear, challenge) == expected
    assert apop_digest(clear, challenge) == hashlib.md5(challenge + clear).hexdigest().encode()


def test_clear_password_is_right_for_each_service_with_and_without_a_challenge() -> None:
    for service in (POP, IMAP, WEBMAIL, SMTP):
        assert method(b"tanstaaf", service) == "PLAIN"
        assert method(b"tanstaaf", service, b"") == "PLAIN"
        assert method(b"wrong", service) == ""


def test_apop_is_for_pop_and_cram_md5_for_smtp_alone() -> None:
    apop, cram = apop_digest(b"tanstaaf", CHALLENGE), cram_md5_digest(b"tanstaaf", CHALLENGE)
    assert [method(apop, service) for service in (POP, IMAP, WEBMAIL, SMTP)] == ["APOP", "", "", ""]
    assert [method(cram, service) for service in (POP, IMAP, WEBMAIL, SMTP)] == [
        "", "", "", "CRAM-MD5",
    ]  # fmt: skip


def test_digest_in_upper_case_or_of_another_challenge_is_wrong() -> None:
    digest = apop_digest(b"tanstaaf", CHALLENGE)
    assert method(digest.upper(), POP) == ""
    assert method(digest, POP, CHALLENGE + b"x") == ""
    assert method(apop_digest(b"tanstaaf", b""), POP, b"") == ""
    assert method(cram_md5_digest(b"tanstaaf", b""), SMTP, b"") == ""


def test_digest_needs_a_clear_password_and_one_that_is_not_locked() -> None:
    digest = apop_digest(b"tanstaaf", CHALLENGE)
    assert method(digest, POP, of=user(clear="")) == ""
    for locked in ("", "!", "*", "!" + STORED):
        assert method(digest, POP, of=user(crypted=locked)) == ""


def test_password_that_looks_like_a_digest_is_a_password_all_the_same() -> None:
    word = "0123456789abcdef0123456789abcdef"
    of = user(word, hash_password(word, "md5"))
    for service in (POP, IMAP, SMTP):
        assert method(word.encode(), service, of=of) == "PLAIN"


def test_password_that_is_no_utf_8_is_compared_as_its_bytes() -> None:
    raw = b"caf\xe9"
    of = user("", hash_password(raw, "md5"))
    assert method(raw, IMAP, of=of) == "PLAIN"
    assert method("caf\u00e9".encode(), IMAP, of=of) == ""


@pytest.mark.parametrize("service", [POP, IMAP, SMTP])
def test_nobody_is_never_proved(service: Service) -> None:
    request = LoginRequest("x@example.com", b"tanstaaf", service, challenge=CHALLENGE)
    assert method_of(SETTINGS, request, None) == ""


@pytest.mark.parametrize(
    "stored",
    ["", "!", "*", "!" + STORED, "{CRYPT}!", "secret", "$9$x$y"],
    ids=["none", "mark", "star", "marked hash", "marked after a scheme", "clear", "unknown scheme"],
)
def test_account_that_is_locked_costs_a_hash_as_one_that_is_not_there(
    stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[bytes] = []
    monkeypatch.setattr(
        "vpopmail.passwords.checking.crypt", lambda _password, setting: hashed.append(setting)
    )
    assert method(b"tanstaaf", IMAP, of=user(crypted=stored)) == ""
    locked, hashed[:] = len(hashed), []
    request = LoginRequest("x@example.com", b"tanstaaf", IMAP, challenge=CHALLENGE)
    assert method_of(SETTINGS, request, None) == ""
    assert locked == len(hashed) == 1
