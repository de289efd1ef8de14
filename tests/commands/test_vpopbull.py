"""vpopbull as an administrator runs it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from vpopmail import Vpopmail

from .programs import command, environment, run

TEXT = "From: a@b.c\nSubject: hello\n\nbody\n"


@pytest.fixture
def message(tmp_path: Path, three_users: None) -> Path:
    """A message, and a site with users."""
    path = tmp_path / "message"
    path.write_text(TEXT)
    return path


def mail(site: Vpopmail, address: str) -> list[str]:
    """What is new in a mailbox."""
    new = Path(site.users.get(address).pw_dir, "Maildir/new")
    return [path.read_text() for path in sorted(new.iterdir())]


def test_without_domains_all_users_get_a_copy_with_their_address(site: Vpopmail, message: Path) -> None:
    assert run(site, "vpopbull", "-f", str(message)) == (0, "", "")
    for address in ("joe@example.com", "amy@example.com", "bob@example.org"):
        (copy,) = mail(site, address)
        to, date, rest = copy.split("\n", 2)
        assert (to, rest) == (f"To: {address}", TEXT)
        assert date.startswith("Date: ")


def test_recipients_are_listed_by_name_and_alias_domains_told(site: Vpopmail, message: Path) -> None:
    listed = "amy@example.com\njoe@example.com\nbob@example.org\n"
    skipped = "skipping alias.example (alias of example.com)\n"
    assert run(site, "vpopbull", "-V", "-f", str(message)) == (0, listed, skipped)
    assert run(site, "vpopbull", "-Vn") == (0, listed, skipped)
    assert run(site, "vpopbull", "-n") == (0, listed, skipped)
    assert len(mail(site, "joe@example.com")) == 1


def test_named_domains_only_and_an_alias_domain_is_the_real_one(site: Vpopmail, message: Path) -> None:
    ran = run(site, "vpopbull", "-V", "-f", str(message), "ALIAS.example", "example.com")
    assert ran == (0, "amy@example.com\njoe@example.com\n", "")
    assert [len(mail(site, one)) for one in ("joe@example.com", "bob@example.org")] == [1, 0]


def test_missing_domain_is_told_and_the_others_get_it(site: Vpopmail, message: Path) -> None:
    ran = run(site, "vpopbull", "-Vf", str(message), "missing.example", "example.org")
    assert ran == (245, "bob@example.org\n", "Error: domain missing.example does not exist\n")
    assert len(mail(site, "bob@example.org")) == 1


def test_only_a_missing_domain_sends_to_nobody(site: Vpopmail, message: Path) -> None:
    assert run(site, "vpopbull", "-f", str(message), "missing.example").code == 245
    assert mail(site, "joe@example.com") == []


def test_excluded_addresses_get_none(site: Vpopmail, message: Path, tmp_path: Path) -> None:
    excluded = tmp_path / "excluded"
    excluded.write_text("joe@example.com\n\nBOB@example.org  \n")
    ran = run(site, "vpopbull", "-V", "-e", str(excluded), "-f", str(message), "example.com", "example.org")
    assert ran == (0, "amy@example.com\n", "")


@pytest.mark.parametrize(("option", "linked"), [("-h", False), ("-s", True)])
def test_links_share_the_file_and_leave_its_owner_and_mode(
    site: Vpopmail, message: Path, option: str, linked: bool
) -> None:
    message.chmod(0o640)
    before = os.stat(message)
    assert run(site, "vpopbull", option, "-f", str(message), "example.org").code == 0
    (path,) = Path(site.users.get("bob@example.org").pw_dir, "Maildir/new").iterdir()
    assert path.is_symlink() is linked
    assert path.stat().st_ino == before.st_ino
    after = os.stat(message)
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)


def test_of_several_ways_the_last_counts(site: Vpopmail, message: Path) -> None:
    assert run(site, "vpopbull", "-sc", "-f", str(message), "example.org").code == 0
    (path,) = Path(site.users.get("bob@example.org").pw_dir, "Maildir/new").iterdir()
    assert not path.is_symlink() and path.stat().st_nlink == 1


def test_user_who_cannot_get_it_keeps_nobody_from_it(site: Vpopmail, message: Path) -> None:
    home = Path(site.users.get("amy@example.com").pw_dir)
    (home / "Maildir/new").rmdir()
    (home / "Maildir/new").write_text("")
    ran = run(site, "vpopbull", "-V", "-f", str(message), "example.com")
    assert (ran.code, ran.out) == (255, "joe@example.com\n")
    told, reason = ran.err.splitlines()
    assert told == f"amy@example.com: ERROR COPYING TO {home}"
    assert reason.startswith("vpopbull: ")
    assert len(mail(site, "joe@example.com")) == 1


def test_link_of_a_mailbox_owner_leads_nothing_elsewhere(
    site: Vpopmail, message: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    new = Path(site.users.get("amy@example.com").pw_dir, "Maildir/new")
    new.rmdir()
    new.symlink_to(elsewhere)
    assert run(site, "vpopbull", "-f", str(message), "example.com").code == 255
    assert list(elsewhere.iterdir()) == []


def test_missing_home_is_made(site: Vpopmail, message: Path) -> None:
    home = Path(site.users.get("bob@example.org").pw_dir)
    home.rename(home.with_name("away"))
    assert run(site, "vpopbull", "-f", str(message), "example.org") == (0, "", "")
    assert len(mail(site, "bob@example.org")) == 1


@pytest.mark.parametrize("words", [(), ("-Z",), ("-f",)])
def test_words_that_do_not_fit_get_the_usage_even_without_a_site(site: Vpopmail, words: tuple[str]) -> None:
    options = {} if words else {"BACKEND": "no-such-backend"}
    ran = run(site, "vpopbull", *words, **options)
    assert ran.code == 255
    assert ran.out.startswith("usage: vpopbull ")


def test_without_a_file_there_is_nothing_to_send(site: Vpopmail, message: Path) -> None:
    ran = run(site, "vpopbull", "-v", "example.com")
    assert (ran.code, ran.err) == (255, "Error: email_file not specified\n")
    version, usage = ran.out.split("\n", 1)
    assert version.startswith("version: ") and usage.startswith("usage: vpopbull ")


def test_empty_missing_and_strange_files_are_told_before_anybody_gets_it(
    site: Vpopmail, message: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    assert run(site, "vpopbull", "-f", str(empty)) == (255, "", f"Error: {empty} is empty\n")
    for path in (tmp_path / "missing", tmp_path):
        for words in (("-f", str(path)), ("-f", str(message), "-e", str(path))):
            ran = run(site, "vpopbull", *words)
            assert (ran.code, ran.out) == (255, "")
            assert ran.err.splitlines()[0] == f"Could not open file {path}"
    assert mail(site, "joe@example.com") == []


def test_site_without_domains_says_what_c_says(site: Vpopmail, tmp_path: Path) -> None:
    path = tmp_path / "message"
    path.write_text(TEXT)
    assert run(site, "vpopbull", "-f", str(path)) == (0, "What now - Success\n", "")


def test_a_reader_who_has_enough_ends_a_list(site: Vpopmail, message: Path) -> None:
    with site.batch():
        for number in range(4000):
            site.users.add(f"user{number:04d}@example.org")
    first = subprocess.run(
        ["/bin/sh", "-c", '"$@" | head -n 1', "sh", *command("vpopbull", "-n", "example.org")],
        env=environment(site), capture_output=True, text=True,
    )  # fmt: skip
    assert (first.stdout, first.stderr) == ("bob@example.org\n", "")
