"""vverifypw as scripts use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import needs_root
from vpopmail import Vpopmail

from .conftest import DOMAIN, JOE, NOBODY
from .programs import run, run_as, run_at_terminal

RIGHT = (0, "User authenticated.\n", "")
WRONG = (255, "Error: authentication failed!\n", "")


def test_right_password(site: Vpopmail, home: Path) -> None:
    assert run(site, "vverifypw", "Joe@Example.com", "s3cret") == RIGHT


@pytest.mark.parametrize(
    ("address", "password"),
    [(JOE, "S3cret"), (JOE, ""), (f"amy@{DOMAIN}", "s3cret"), ("joe@missing.org", "s3cret")],
)
def test_wrong_password_and_unknown_user_are_told_alike(
    site: Vpopmail, home: Path, address: str, password: str
) -> None:
    assert run(site, "vverifypw", address, password) == WRONG


def test_crypt_string_is_compared_as_it_is(site: Vpopmail, home: Path) -> None:
    crypted = site.users.get(JOE).pw_passwd
    assert run(site, "vverifypw", "-e", JOE, crypted) == RIGHT
    assert run(site, "vverifypw", "-e", JOE, "s3cret") == WRONG
    assert run(site, "vverifypw", "-e", f"amy@{DOMAIN}", crypted) == WRONG


def test_empty_crypt_string_is_no_password(site: Vpopmail, home: Path) -> None:
    site.users.set_password(JOE)
    assert run(site, "vverifypw", "-e", JOE, "") == WRONG
    assert run(site, "vverifypw", JOE, "") == WRONG


def test_address_and_password_are_asked_for(site: Vpopmail, home: Path) -> None:
    answers = [("email address: ", f"{JOE}\n"), ("Enter password: ", "s3cret\n")]
    code, shown = run_at_terminal(site, "vverifypw", answers=answers)
    assert code == 0
    assert shown == f"Please enter the email address: {JOE}\nEnter password: \nUser authenticated.\n"


def test_without_a_terminal_both_come_from_standard_input(site: Vpopmail, home: Path) -> None:
    ran = run(site, "vverifypw", text=f"{JOE}\ns3cret\n")
    assert ran == (0, "Please enter the email address: User authenticated.\n", "Enter password: ")


def test_without_an_address_the_usage_is_shown(site: Vpopmail, home: Path) -> None:
    ran = run(site, "vverifypw")
    assert ran.code == 255
    assert "vverifypw: usage: " in ran.out


def test_help_is_no_mistake(site: Vpopmail) -> None:
    assert run(site, "vverifypw", "-h").code == 0


@needs_root
def test_nobody_cannot_try(owned: Vpopmail) -> None:
    for words in ((JOE, "s3cret"), ("-e", JOE, owned.users.get(JOE).pw_passwd)):
        assert run_as(NOBODY, owned, "vverifypw", *words) == WRONG
