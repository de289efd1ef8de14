"""vmoduser as administrators and scripts use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import needs_root, tree, without_locks
from vpopmail import Vpopmail

from .conftest import DOMAIN, JOE, NOBODY, VPOPMAIL
from .programs import run, run_as

AMY = f"amy@{DOMAIN}"
CRYPTED = "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1"
FLAGS = {
    "d": "NO_PASSWD_CHNG", "p": "NO_POP", "s": "NO_SMTP", "w": "NO_WEBMAIL", "i": "NO_IMAP",
    "b": "BOUNCE_MAIL", "o": "V_OVERRIDE", "r": "NO_RELAY", "u": "NO_DIALUP", "0": "V_USER0",
    "1": "V_USER1", "2": "V_USER2", "3": "V_USER3", "a": "QA_ADMIN", "f": "NO_SPAMASSASSIN",
    "F": "DELETE_SPAM", "m": "NO_MAILDROP",
}  # fmt: skip


@pytest.mark.parametrize(("letter", "flag"), FLAGS.items())
def test_flag_is_set_besides_the_others(site: Vpopmail, home: Path, letter: str, flag: str) -> None:
    site.users.update(JOE, flags=vpopmail.SA_EXPERT)
    assert run(site, "vmoduser", f"-{letter}", JOE) == (0, "", "")
    assert site.users.get(JOE).pw_gid == vpopmail.SA_EXPERT | getattr(vpopmail, flag)


def test_all_flags_are_taken_away_before_others_are_set_wherever_x_stands(site: Vpopmail, home: Path) -> None:
    site.users.update(JOE, flags=vpopmail.NO_POP)
    run(site, "vmoduser", "-ix", JOE)
    assert site.users.get(JOE).pw_gid == vpopmail.NO_IMAP
    run(site, "vmoduser", "-x", JOE)
    assert site.users.get(JOE).pw_gid == 0


@needs_root
def test_rights_over_the_system_are_roots_to_give(owned: Vpopmail) -> None:
    assert run_as(VPOPMAIL, owned, "vmoduser", "-SEa", JOE) == (0, "", "")
    assert owned.users.get(JOE).pw_gid == vpopmail.QA_ADMIN
    assert run(owned, "vmoduser", "-SE", JOE).code == 0
    rights = vpopmail.QA_ADMIN | vpopmail.SA_ADMIN | vpopmail.SA_EXPERT
    assert owned.users.get(JOE).pw_gid == rights


def test_comment_quota_and_home(site: Vpopmail, home: Path) -> None:
    (home / "joe/Maildir/new/1.host").write_text("12345")
    new = str(home / "2/joe")
    assert run(site, "vmoduser", "-c", "J. J.", "-q", "5m", JOE) == (0, "", "")
    assert (home / "joe/Maildir/maildirsize").read_text() == "5242880S\n5 1\n"
    assert run(site, "vmoduser", "-D", new, JOE) == (0, "", "")
    user = site.users.get(JOE)
    assert (user.pw_gecos, user.pw_shell, user.pw_dir) == ("J. J.", "5242880S", new)
    assert (home / "joe").is_dir()


def test_password_is_stored_clear_and_crypted(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(clear_passwd=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE, "s3cret")
    assert run(site, "vmoduser", "-C", "geheim", "-e", CRYPTED, JOE, CLEAR_PASSWD="yes").code == 0
    assert site.users.check_password(JOE, "geheim")
    assert site.users.get(JOE).pw_clear_passwd == "geheim"


def test_crypt_string_takes_the_clear_password_away(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(clear_passwd=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE, "s3cret")
    assert run(site, "vmoduser", "-e", CRYPTED, JOE, CLEAR_PASSWD="yes").code == 0
    user = site.users.get(JOE)
    assert (user.pw_passwd, user.pw_clear_passwd) == (CRYPTED, "")


def test_without_an_option_the_user_stays_as_he_is(site: Vpopmail, home: Path) -> None:
    before = (home / "vpasswd").read_bytes()
    assert run(site, "vmoduser", JOE) == (0, "", "")
    assert (home / "vpasswd").read_bytes() == before


def test_index_goes_with_the_text_even_if_it_is_to_be_left(site: Vpopmail, home: Path) -> None:
    assert run(site, "vmoduser", "-np", JOE) == (0, "", "")
    assert not site.reconcile(dry_run=True).findings
    assert site.users.get(JOE).pw_gid == vpopmail.NO_POP


# a whole domain


def test_all_users_of_a_domain_are_changed_at_once(site: Vpopmail, home: Path) -> None:
    site.users.add(AMY, gecos="Amy")
    assert run(site, "vmoduser", "-p", "-q", "1M", DOMAIN.upper()) == (0, "", "")
    assert [(user.pw_gid, user.pw_shell) for user in site.users.iter(DOMAIN)] == [(2, "1048576S")] * 2
    assert site.users.get(AMY).pw_gecos == "Amy"
    assert (home / "amy/Maildir/maildirsize").read_text() == "1048576S\n0 0\n"


def test_name_with_capitals_that_somebody_wrote_by_hand_keeps_nobody_from_being_changed(
    site: Vpopmail, home: Path
) -> None:
    text = home / "vpasswd"
    text.write_text(f"Zoe::1:0:Zoe:{home}/zoe:NOQUOTA\n{text.read_text()}")
    assert run(site, "vmoduser", "-p", DOMAIN) == (0, "", "")
    assert [(user.pw_name, user.pw_gid) for user in site.users.iter(DOMAIN)] == [("Zoe", 2), ("joe", 2)]


def test_domain_without_users_is_no_trouble(site: Vpopmail) -> None:
    site.domains.add(DOMAIN)
    assert run(site, "vmoduser", "-p", DOMAIN) == (0, "", "")


def test_unknown_domain_is_told(site: Vpopmail) -> None:
    assert run(site, "vmoduser", "-p", "missing.org") == (245, "Error: Domain does not exist\n", "")


# what cannot be


@pytest.mark.parametrize("whose", [JOE, DOMAIN])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("-c", "a:b"), 236),
        (("-c", "a\nb"), 236),
        (("-e", "a:b"), 236),
        (("-D", "/a:b"), 236),
        (("-D", "a/b"), 255),
        (("-D", "/a" * 90), 226),
        (("-q", "a:b"), 227),
        (("-q", "10G"), 227),
        (("-C", "geheim" * 100), 229),
        (("-e", "x" * 200), 229),
    ],
)
def test_field_that_would_break_the_line_changes_nothing(
    site: Vpopmail, home: Path, whose: str, words: tuple[str, ...], code: int
) -> None:
    before = without_locks(tree(home))
    ran = run(site, "vmoduser", "-p", *words, whose)
    assert ran.code == code
    # The text of the code is that of a quota that is too long.
    assert ("invalid quota" in ran.err) if code == 227 else (ran.err == "")
    assert ran.out.startswith("Error: ")
    assert without_locks(tree(home)) == before


@pytest.mark.parametrize("address", [AMY, "amy@missing.org"])
def test_who_is_not_there_is_told(site: Vpopmail, home: Path, address: str) -> None:
    assert run(site, "vmoduser", "-p", address.upper()) == (255, f"no such user {address}\n", "")


def test_help_is_no_mistake(site: Vpopmail) -> None:
    ran = run(site, "vmoduser", "-h")
    assert (ran.code, ran.err) == (0, "")
    assert all(f"-{letter}" in ran.out for letter in (*FLAGS, *"vhcqCeDnxSE"))


@needs_root
def test_nobody_may_not(owned: Vpopmail) -> None:
    for whose in (JOE, DOMAIN):
        ran = run_as(NOBODY, owned, "vmoduser", "-p", whose)
        assert (ran.code, ran.out) == (234, "Error: running as invalid uid\n")
    assert owned.users.get(JOE).pw_gid == 0
