"""vpasswd as administrators and scripts use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_root, tree
from vpopmail import NO_PASSWD_CHNG, Vpopmail

from .conftest import DOMAIN, JOE, NOBODY, VPOPMAIL
from .programs import run, run_as, run_at_terminal


def test_given_password_is_stored(site: Vpopmail, home: Path) -> None:
    assert run(site, "vpasswd", JOE, "geheim") == (0, "", "")
    assert site.users.check_password(JOE, "geheim")


def test_password_is_asked_for_at_the_terminal(site: Vpopmail, home: Path) -> None:
    answers = [("Please enter password for joe@example.com: ", "geheim\n"), ("again: ", "geheim\n")]
    code, shown = run_at_terminal(site, "vpasswd", JOE, answers=answers)
    assert (code, shown) == (0, f"Please enter password for {JOE}: \nenter password again: \n")
    assert site.users.check_password(JOE, "geheim")


def test_interrupt_at_the_question_changes_nothing_and_shows_what_is_typed_again(
    site: Vpopmail, home: Path
) -> None:
    before = tree(home)
    code, shown = run_at_terminal(site, "vpasswd", JOE, answers=[("joe@example.com: ", "\x03")])
    assert code == -2
    assert "Traceback" not in shown
    assert tree(home) == before


def test_two_lines_of_standard_input_do_as_well(site: Vpopmail, home: Path) -> None:
    ran = run(site, "vpasswd", JOE, text="a b:\u00e9\na b:\u00e9\n")
    assert ran == (0, "", f"Please enter password for {JOE}: enter password again: ")
    assert site.users.check_password(JOE, "a b:\u00e9")


@pytest.mark.parametrize("words", [(), ("",)])
def test_end_of_input_takes_no_password_away(site: Vpopmail, home: Path, words: tuple[str, ...]) -> None:
    ran = run(site, "vpasswd", JOE, *words)
    assert ran.code == 255
    assert ran.out.startswith("Error: No password entered\nvpasswd: usage: ")
    assert site.users.check_password(JOE, "s3cret")


@pytest.mark.parametrize(("profile", "option", "length"), [("5.4", "-r", 8), ("5.6", "-r", 12), ("5.6", "-r15", 15)])
def test_random_password_is_printed_when_it_is_stored(
    make_site: Callable[..., Vpopmail], profile: str, option: str, length: int
) -> None:
    site = make_site(profile=profile)
    site.domains.add(DOMAIN)
    site.users.add(JOE, "s3cret")
    ran = run(site, "vpasswd", option, JOE)
    password = ran.out.removeprefix("Random password: ").removesuffix("\n")
    assert (ran.code, len(password)) == (0, length)
    assert site.users.check_password(JOE, password)


def test_random_password_that_is_not_stored_is_not_printed(site: Vpopmail, home: Path) -> None:
    assert run(site, "vpasswd", "-r", f"amy@{DOMAIN}") == (255, "Error: Illegal username\n", "")


def test_who_may_not_change_his_password_keeps_it(site: Vpopmail, home: Path) -> None:
    site.users.update(JOE, set_flags=NO_PASSWD_CHNG)
    ran = run(site, "vpasswd", JOE, "geheim")
    assert (ran.code, ran.out) == (255, "Error: Illegal username\n")
    assert site.users.check_password(JOE, "s3cret")


def test_refused_password_keeps_the_old_one(site: Vpopmail, home: Path) -> None:
    Path(site.settings.etc_path("password_strength.conf")).write_text("Length >= 9\n")
    assert run(site, "vpasswd", JOE, "geheim") == (186, "Error: password requires more characters \n", "")
    assert site.users.check_password(JOE, "s3cret")


def test_password_is_never_told(site: Vpopmail, home: Path) -> None:
    ran = run(site, "vpasswd", JOE, "geheim" * 100)
    assert (ran.code, ran.out, ran.err) == (229, "Error: password too long\n", "")


@needs_root
def test_owner_of_the_domain_may_and_nobody_may_not(owned: Vpopmail) -> None:
    ran = run_as(NOBODY, owned, "vpasswd", JOE, "geheim")
    assert (ran.code, ran.out) == (255, "Error: Illegal username\n"), ran.err
    assert owned.users.check_password(JOE, "s3cret")
    assert run_as(VPOPMAIL, owned, "vpasswd", JOE, "geheim") == (0, "", "")
    assert owned.users.check_password(JOE, "geheim")
