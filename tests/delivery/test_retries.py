"""A message that comes again: what was done of it is not done twice, and what was not is done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vpopmail.delivery.deliver import deliver

from .conftest import DOMAIN, SENDER, TEXT, Place


def injected(place: Place) -> str:
    path = place.top / "injected"
    return path.read_text() if path.exists() else ""



@pytest.fixture
def queued(tmp_path: Path) -> Path:
    path = tmp_path / "queue"
    path.write_bytes(TEXT)
    return path


def retry(place: Place, queued: Path) -> int:
    """Deliver as qmail-local does, from a file of the queue."""
    environment = {"EXT": "joe", "HOST": DOMAIN, "RPLINE": f"Return-Path: <{SENDER}>\n"}
    fd = os.open(queued, os.O_RDONLY)
    try:
        return deliver(place.site.installation, environment, fd, "delete", lambda text: None)
    finally:
        os.close(fd)


def test_a_retry_does_not_repeat_what_was_done(place: Place, queued: Path) -> None:
    place.lines("./Maildir/\n&fwd@other.org\n|exit 111\n")
    assert retry(place, queued) == 111
    assert retry(place, queued) == 111
    assert len(place.new()) == 1
    assert injected(place).count("-- fwd@other.org") == 1
    place.lines("./Maildir/\n&fwd@other.org\n|exit 0\n")
    assert retry(place, queued) == 0
    assert len(place.new()) == 1
    assert list((place.domain / ".vpopmail.delivered").iterdir()) == []


def test_another_message_is_done_whole(place: Place, queued: Path) -> None:
    place.lines("./Maildir/\n|exit 111\n")
    retry(place, queued)
    other = queued.with_name("other")
    other.write_bytes(TEXT)
    retry(place, other)
    assert len(place.new()) == 2


def test_a_line_that_is_new_since_then_is_done(place: Place, queued: Path) -> None:
    place.lines("./Maildir/\n|exit 111\n")
    retry(place, queued)
    place.lines("./Maildir/\n&fwd@other.org\n")
    assert retry(place, queued) == 0
    assert len(place.new()) == 1
    assert injected(place).startswith("-- fwd@other.org")


def test_notes_that_nobody_can_need_any_more_are_removed(place: Place, queued: Path) -> None:
    place.lines("./Maildir/\n|exit 111\n")
    retry(place, queued)
    directory = place.domain / ".vpopmail.delivered"
    old = directory / "1.2.3.4.00000000"
    old.write_bytes(b"")
    os.utime(old, (1, 1))
    (directory / "not-ours").mkdir()
    os.utime(directory / "not-ours", (1, 1))
    other = queued.with_name("other")
    other.write_bytes(TEXT)
    retry(place, other)
    assert not old.exists()
    assert len(list(directory.iterdir())) == 3


def test_two_lines_that_are_alike_are_two(place: Place, queued: Path) -> None:
    runs = place.top / "runs"
    command = f"|echo >>{runs}; [ $(wc -l <{runs}) != 2 ]"  # the second run fails
    place.lines(f"{command}\n{command}\n")
    assert [retry(place, queued), retry(place, queued)] == [111, 0]
    assert runs.read_text() == "\n" * 3


def test_a_code_of_qmail_inject_that_lets_it_come_again_is_no_end(
    place: Place, queued: Path
) -> None:
    place.lines("./Maildir/\n&fwd@other.org\n")
    (place.top / "status").write_text("1")
    assert retry(place, queued) == 1
    (place.top / "status").write_text("0")
    assert retry(place, queued) == 0
    assert len(place.new()) == 1
