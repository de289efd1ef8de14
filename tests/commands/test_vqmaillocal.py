"""vqmaillocal, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpopmail import Vpopmail

from .programs import Ran, run

MESSAGE = "Subject: hello\n\nbody\n"


@pytest.fixture
def directory(site: Vpopmail) -> Path:
    """Of a domain with joe."""
    site.domains.add("example.com")
    site.users.add("joe@example.com", "s3cret")
    return Path(site.domains.get("example.com").path)


def deliver(site: Vpopmail, home: Path | str, user: str, sender: str = "amy@example.org") -> Ran:
    """Deliver to a user of example.com."""
    local = f"example.com-{user}"
    words = ("--", "example.com", str(home), local, "-", user, "example.com", sender, "./Maildir/")
    return run(site, "vqmaillocal", *words, text=MESSAGE)


def test_message_goes_to_the_maildir_of_the_user(site: Vpopmail, directory: Path) -> None:
    assert deliver(site, directory, "joe") == (0, f"{directory},example.com,example.com\n", "")
    (message,) = (directory / "joe/Maildir/new").iterdir()
    assert message.read_text() == (
        "Return-Path: <amy@example.org>\nDelivered-To: joe@example.com\n" + MESSAGE
    )


def test_unknown_user_gets_what_the_domain_wants(site: Vpopmail, directory: Path) -> None:
    site.default_delivery.set("example.com", "bounce-no-mailbox")
    ran = deliver(site, directory, "zoe")
    assert ran.code == 100
    assert "no mailbox here by that name" in ran.out
    site.default_delivery.set("example.com", "delete")
    assert deliver(site, directory, "zoe").code == 0


def test_relative_maildir_of_the_domain_lies_in_its_directory(site: Vpopmail, directory: Path) -> None:
    (directory / "all").mkdir()
    for name in ("cur", "new", "tmp"):
        (directory / "all" / name).mkdir()
    (directory / ".qmail-default").write_text(f"| {site.settings.bindir}/vdelivermail '' ./all/\n")
    assert deliver(site, directory, "zoe").code == 0
    assert len(list((directory / "all/new").iterdir())) == 1


def test_sender_with_a_line_break_makes_no_line_of_the_header(site: Vpopmail, directory: Path) -> None:
    assert deliver(site, directory, "joe", "a\nBcc: b@example.org").code == 0
    (message,) = (directory / "joe/Maildir/new").iterdir()
    assert message.read_text().startswith("Return-Path: <a_Bcc: b@example.org>\nDelivered-To: ")


@pytest.mark.parametrize("words", [(), ("--", "a", "b"), tuple("abcdefghi")])
def test_words_that_do_not_fit_lose_no_message(site: Vpopmail, words: tuple[str, ...]) -> None:
    ran = run(site, "vqmaillocal", *words, text=MESSAGE)
    assert ran == (111, "vqmaillocal: wrong number of parameters\n", "")


def test_home_that_is_not_there_is_tried_again(site: Vpopmail, tmp_path: Path) -> None:
    ran = deliver(site, tmp_path / "gone", "joe")
    assert ran.code == 111
    assert ran.out.splitlines()[1].startswith("vqmaillocal: ")
