"""The C-named functions on passwords."""

from __future__ import annotations

import os
import pty
import string
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN
from vpopmail import Vpopmail, VqPasswd, use
from vpopmail.codes import VA
from vpopmail.passwords import DRIVEN

ALPHABET = set(string.ascii_letters + string.digits + ".@!#%*")
PREFIXES = {"md5": "$1$", "sha512": "$6$", "bcrypt": "$2b$", "argon2": "$argon2id$", "des": ""}


@pytest.fixture
def policy(site: Vpopmail) -> Path:
    """Where the policy goes; it is not there yet."""
    return Path(site.settings.etc_path("password_strength.conf"))


# hashing and checking


@pytest.mark.parametrize("scheme", PREFIXES)
def test_a_password_is_hashed_with_the_scheme_of_the_site(
    make_site: Callable[..., Vpopmail], scheme: str
) -> None:
    with use(make_site(password_scheme=scheme)):
        code, crypted = vpopmail.mkpasswd3("sécret")
    assert (code, vpopmail.last_error()) == (VA.SUCCESS, VA.SUCCESS)
    assert crypted.startswith(PREFIXES[scheme])
    assert ":" not in crypted
    assert len(crypted) <= 128
    user = VqPasswd("joe", crypted)
    assert vpopmail.vauth_crypt("joe", DOMAIN, "sécret", user) == 0
    assert vpopmail.vauth_crypt("joe", DOMAIN, "wrong", user) == 1


@pytest.mark.parametrize(
    ("scheme", "password", "code"),
    [
        ("md5", "a\0b", VA.CRYPT_FAILED),
        ("md5", "p" * 513, VA.CRYPT_FAILED),
        ("bcrypt", "p" * 73, VA.PASSWD_TOO_LONG),
        ("bcrypt", "é" * 37, VA.PASSWD_TOO_LONG),
    ],
)
def test_a_password_that_cannot_be_hashed_is_a_code(
    make_site: Callable[..., Vpopmail], scheme: str, password: str, code: VA
) -> None:
    with use(make_site(password_scheme=scheme)):
        assert vpopmail.mkpasswd3(password) == (code, "")
        assert vpopmail.last_error() == code


@pytest.mark.parametrize("scheme", DRIVEN)
def test_a_missing_package_is_a_code_and_told_to_the_log(
    make_site: Callable[..., Vpopmail],
    scheme: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setitem(sys.modules, scheme, None)
    with use(make_site(password_scheme=scheme)):
        assert vpopmail.mkpasswd3("hidden") == (VA.CRYPT_FAILED, "")
    assert f"pip install 'vpopmail[{scheme}]'" in caplog.text
    assert "hidden" not in caplog.text


@pytest.mark.parametrize("scheme", DRIVEN)
@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_a_life_of_a_user_with_a_costly_password(
    make_site: Callable[..., Vpopmail], scheme: str, backend: str
) -> None:
    with use(make_site(password_scheme=scheme, backend=backend)):
        assert vpopmail.vadddomain(DOMAIN) == VA.SUCCESS
        assert vpopmail.vadduser("joe", DOMAIN, "secret", "Joe") == VA.SUCCESS
        user = vpopmail.vauth_getpw("joe", DOMAIN)
        assert user is not None
        assert user.pw_passwd.startswith(DRIVEN[scheme])
        assert vpopmail.vauth_user("joe", DOMAIN, "secret") == user
        assert vpopmail.vauth_user("joe", DOMAIN, "Secret") is None
        assert vpopmail.vauth_user("amy", DOMAIN, "secret") is None


def test_bcrypt_refuses_a_long_password_before_anything_is_made(
    make_site: Callable[..., Vpopmail],
) -> None:
    with use(make_site(password_scheme="bcrypt")):
        assert vpopmail.vadddomain(DOMAIN) == VA.SUCCESS
        for password in ("p" * 73, "é" * 37):
            assert vpopmail.vadduser("joe", DOMAIN, password, "") == VA.PASSWD_TOO_LONG
            assert vpopmail.vauth_getpw("joe", DOMAIN) is None
        assert vpopmail.vadduser("joe", DOMAIN, "é" * 36, "") == VA.SUCCESS


@pytest.mark.parametrize("stored", ["", "!", "*", "*0", "$1$", "x"])
def test_an_empty_or_locked_password_matches_nothing(stored: str) -> None:
    for password in ("", stored, "x"):
        assert vpopmail.vauth_crypt("joe", DOMAIN, password, VqPasswd("joe", stored)) == 1


def test_without_a_record_nothing_can_be_checked() -> None:
    assert vpopmail.vauth_crypt("joe", DOMAIN, "secret", None) == -1


# random passwords


@pytest.mark.parametrize("function", [vpopmail.vrandom_pass, vpopmail.vgen_pass])
def test_random_passwords_have_length_and_alphabet_of_c(function: Callable[[int], str]) -> None:
    assert [len(function(length)) for length in (-1, 0, 1, 8, 100)] == [0, 0, 1, 8, 100]
    assert set(function(20000)) == ALPHABET
    assert function(30) != function(30)


def test_a_random_letter_is_one_of_the_64_of_salts() -> None:
    letters = [vpopmail.randltr() for _ in range(5000)]
    assert set(letters) == set(string.ascii_letters + string.digits + "./")


# the policy


def test_the_reason_is_in_the_words_of_c(site: Vpopmail, policy: Path) -> None:
    assert vpopmail.pw_strength("") == 1
    assert vpopmail.pw_strength_policy() is None
    policy.write_text("Policy = six, with a digit\nLength > 5\nNumeric > 0.01\n")
    assert vpopmail.pw_strength("short") == VA.PWSTR_LENGTH == vpopmail.last_error()
    assert vpopmail.pw_strength_error() == "password requires more characters "
    assert vpopmail.pw_strength("longer") == VA.PWSTR_NUMERIC
    assert vpopmail.pw_strength_error() == "password requires more numbers "
    assert vpopmail.pw_strength(None) == VA.PWSTR_EMPTY
    assert vpopmail.pw_strength_error() == "unknown password failure"
    assert vpopmail.pw_strength("longer1") == 1
    assert vpopmail.last_error() == VA.SUCCESS
    assert vpopmail.pw_strength_error() == "password suitable"
    assert vpopmail.pw_strength_policy() == "six, with a digit"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("Length = 3", -70),
        ("Alphabet < 1", -71),
        ("Numeric > 0", -72),
        ("Other > 0", -73),
        ("UpperLower < 1", -74),
    ],
)
def test_each_rule_has_the_code_of_c(site: Vpopmail, policy: Path, rule: str, code: int) -> None:
    policy.write_text(rule + "\n")
    assert vpopmail.pw_strength("secret") == code
    assert vpopmail.pw_strength_error().endswith(" ")


def test_the_reason_is_of_each_thread(site: Vpopmail, policy: Path) -> None:
    policy.write_text("Length > 5\n")
    seen: list[str] = []
    assert vpopmail.pw_strength("short") == VA.PWSTR_LENGTH
    thread = threading.Thread(target=lambda: seen.append(vpopmail.pw_strength_error()))
    thread.start()
    thread.join()
    assert seen == ["password suitable"]
    assert vpopmail.pw_strength_error() == "password requires more characters "


def test_a_refused_vadduser_leaves_the_reason(site: Vpopmail, domain: Path, policy: Path) -> None:
    policy.write_text("Length = 8\n")
    assert vpopmail.vadduser("joe", DOMAIN, "short", "") == VA.PWSTR_LENGTH
    assert vpopmail.pw_strength_error() == "password must always be 8 characters long "
    assert vpopmail.vauth_getpw("joe", DOMAIN) is None


def test_a_policy_that_cannot_be_read_is_a_code(site: Vpopmail, policy: Path) -> None:
    policy.mkdir()
    assert vpopmail.pw_strength("secret") == VA.NO_AUTH_CONNECTION
    assert vpopmail.pw_strength_error() == "unknown password failure"
    assert vpopmail.pw_strength_policy() is None
    assert vpopmail.last_error() == VA.NO_AUTH_CONNECTION


# types


@pytest.mark.parametrize("wrong", [b"bytes", 7])
@pytest.mark.parametrize(
    "call",
    [
        lambda x: vpopmail.mkpasswd3(x),
        lambda x: vpopmail.pw_strength(x),
        lambda x: vpopmail.vgetpasswd(x),
        lambda x: vpopmail.vauth_crypt("joe", DOMAIN, x, None),
        lambda x: vpopmail.vrandom_pass(str(x)),
        lambda x: vpopmail.vgen_pass(None),
    ],
)
def test_a_wrong_type_is_a_type_error(call: Callable[[object], object], wrong: object) -> None:
    with pytest.raises(TypeError):
        call(wrong)


# asking at the terminal


def ask_on_a_terminal(answers: list[str]) -> tuple[str, str]:
    """What vgetpasswd gives to whom answers each prompt, and what stood on the terminal."""
    report, result = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        code = f"import os, vpopmail; os.write({result}, vpopmail.vgetpasswd('joe').encode())"
        os.set_inheritable(result, True)
        os.execv(sys.executable, [sys.executable, "-c", code])
    os.close(result)
    shown = b""
    for answer in answers:
        while not shown.rstrip(b" ").endswith((b"for joe:", b"again:")):
            shown += os.read(terminal, 1024)
        os.write(terminal, answer.encode() + b"\n")
        shown += b"|"
    with open(report, "rb") as pipe:
        given = pipe.read().decode()
    try:
        while more := os.read(terminal, 1024):
            shown += more
    except OSError:
        pass  # Linux says so when the other side is gone
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, shown
    return given, shown.decode()


def test_a_password_is_asked_for_twice_and_not_shown() -> None:
    given, shown = ask_on_a_terminal(["hidden", "hidden"])
    assert given == "hidden"
    assert "Please enter password for joe: " in shown
    assert "enter password again: " in shown
    assert "hidden" not in shown
    assert "do not match" not in shown


def test_it_is_asked_until_both_agree() -> None:
    given, shown = ask_on_a_terminal(["one", "two", "", ""])
    assert given == ""
    assert shown.count("Please enter password for joe: ") == 2
    assert "Passwords do not match, try again" in shown


@pytest.mark.parametrize("given", [b"", b"secret\n"], ids=["nothing", "half"])
def test_without_anybody_to_answer_there_is_no_password(given: bytes) -> None:
    program = "import vpopmail; print([vpopmail.vgetpasswd('joe'), vpopmail.last_error()])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        input=given,
        capture_output=True,
        check=False,
        start_new_session=True,
    )
    assert done.stdout.splitlines()[-1:] == [b"['', VA.PWSTR_EMPTY]"], done.stderr
