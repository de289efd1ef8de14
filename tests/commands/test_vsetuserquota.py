"""vsetuserquota as administrators and scripts use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import needs_root, tree, without_locks
from vpopmail import Vpopmail

from .conftest import DOMAIN, JOE, NOBODY, VPOPMAIL
from .programs import run, run_as


@pytest.mark.parametrize(
    ("word", "stored"),
    [
        ("10m", "10485760S"),
        ("1024K", "1048576S"),
        ("20M,100c", "20971520S,100C"),
        ("10485760s,1000c", "10485760S,1000C"),
        ("noquota", "NOQUOTA"),
        ("0", ""),
    ],
)
def test_quota_of_a_user_is_stored_in_its_usual_form(
    site: Vpopmail, home: Path, word: str, stored: str
) -> None:
    assert run(site, "vsetuserquota", JOE, word) == (0, "", "")
    assert site.users.get(JOE).pw_shell == stored


def test_mail_that_is_there_is_counted(site: Vpopmail, home: Path) -> None:
    (home / "joe/Maildir/new/1.host").write_text("12345")
    run(site, "vsetuserquota", JOE, "10M")
    assert (home / "joe/Maildir/maildirsize").read_text() == "10485760S\n5 1\n"


def test_all_users_of_a_domain_get_it_in_one_change(site: Vpopmail, home: Path) -> None:
    site.users.add(f"amy@{DOMAIN}")
    site.domains.add_alias("alias.org", DOMAIN)
    assert run(site, "vsetuserquota", "Alias.ORG", "10M") == (0, "", "")
    assert {user.pw_shell for user in site.users.iter(DOMAIN)} == {"10485760S"}
    assert (home / "amy/Maildir/maildirsize").exists()


@pytest.mark.parametrize("whose", [JOE, DOMAIN])
@pytest.mark.parametrize("word", ["10G", "plenty", "-1", "1" * 30])
def test_what_is_no_quota_changes_nothing(site: Vpopmail, home: Path, whose: str, word: str) -> None:
    before = without_locks(tree(home))
    ran = run(site, "vsetuserquota", "--", whose, word)
    assert (ran.code, ran.out) == (227, "Error: quota too long\n")
    is_long = len(word) > 20  # then the text of the code says it all
    assert (f"{word.upper()}: invalid quota: " in ran.err) != is_long
    assert without_locks(tree(home)) == before


@pytest.mark.parametrize(
    ("whose", "code", "told"),
    [
        (f"amy@{DOMAIN}", 246, "User does not exist"),
        ("joe@missing.org", 245, "Domain does not exist"),
        ("missing.org", 245, "Domain does not exist"),
    ],
)
def test_who_is_not_there_is_told(site: Vpopmail, home: Path, whose: str, code: int, told: str) -> None:
    assert run(site, "vsetuserquota", whose, "10M") == (code, f"Error: {told}\n", "")


@needs_root
def test_owner_of_the_domain_may_and_nobody_may_not(owned: Vpopmail) -> None:
    for whose in (JOE, DOMAIN):
        assert run_as(NOBODY, owned, "vsetuserquota", whose, "5M").code == 234
        assert owned.users.get(JOE).pw_shell == "NOQUOTA"
    assert run_as(VPOPMAIL, owned, "vsetuserquota", DOMAIN, "5M") == (0, "", "")
    assert owned.users.get(JOE).pw_shell == "5242880S"
