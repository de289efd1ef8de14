"""Mailboxes with little room: none is overrun by deliveries at once, and no retry bounces in vain."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import settings_for
from tests.crash.processes import Killed, in_child, in_children, kill_before
from vpopmail import Vpopmail
from vpopmail.delivery.deliver import deliver
from vpopmail.settings import load

from .conftest import DOMAIN, JOE, TEXT, Place

WHOLE = b"Delivered-To: joe@example.com\n" + TEXT


def attempt(top: Path, queue: Path, number: int = 0) -> int:
    """One run of vdelivermail; killed before the ``number``-th call that changes something."""
    kill_before(number)
    with Vpopmail(load(settings_for(top, lock_timeout=60, file_sync=True))) as site:
        fd = os.open(queue, os.O_RDONLY)
        told: list[str] = []
        return deliver(site.installation, {"EXT": "joe", "HOST": DOMAIN}, fd, "delete", told.append)


def queued(place: Place, text: bytes = TEXT, name: str = "queue") -> Path:
    """A message in the queue."""
    path = place.top / name
    path.write_bytes(text)
    return path


@pytest.mark.parametrize("folder", ["", ".Work/"])
def test_of_many_deliveries_at_once_as_many_come_in_as_there_is_room_for(
    place: Place, folder: str
) -> None:
    place.site.users.set_quota(JOE, f"{(len(WHOLE) + 2) * 10 + 5}S")
    if folder:
        home = place.home()
        for part in ("cur", "new", "tmp"):
            (home / "Maildir/.Work" / part).mkdir(parents=True)
        (home / "Maildir/.Work/maildirfolder").touch()
        place.lines("./Maildir/.Work/\n")
    queues = [queued(place, TEXT + b"%02d" % number, f"queue{number}") for number in range(40)]
    codes = in_children([partial(attempt, place.top, queue) for queue in queues])
    assert sorted(codes) == [0] * 10 + [100] * 30
    assert len(list((place.home() / "Maildir" / folder / "new").iterdir())) == 10


def test_a_message_that_came_in_before_its_delivery_was_killed_does_not_bounce(place: Place) -> None:
    place.site.users.set_quota(JOE, f"{len(WHOLE) + 5}S")
    queue = queued(place)
    number, was_there = 1, 0
    while True:
        try:
            code = in_child(partial(attempt, place.top, queue, number))
        except Killed:
            was_there += len(place.new())
            code = in_child(partial(attempt, place.top, queue))
            number += 1
        else:
            break
        assert (code, set(place.new())) == (0, {WHOLE}), number
        for path in (place.home() / "Maildir/new").iterdir():
            path.unlink()
        (place.home() / "Maildir/maildirsize").unlink(missing_ok=True)
    assert code == 0 and was_there > 1


def test_a_message_that_was_read_before_the_retry_does_not_bounce(place: Place) -> None:
    place.site.users.set_quota(JOE, f"{len(WHOLE) * 2 - 5}S")
    queue = queued(place)
    assert in_child(partial(attempt, place.top, queue)) == 0
    maildir = place.home() / "Maildir"
    [path] = (maildir / "new").iterdir()
    path.rename(maildir / "cur" / f"{path.name}:2,S")
    assert in_child(partial(attempt, place.top, queue)) == 0
    assert place.new() == []


@pytest.mark.parametrize("other", [TEXT.replace(b"body", b"mail"), TEXT + b"more\n"])
def test_another_message_of_the_queue_bounces(place: Place, other: bytes) -> None:
    place.site.users.set_quota(JOE, f"{len(WHOLE) + 5}S")
    assert in_child(partial(attempt, place.top, queued(place))) == 0
    assert in_child(partial(attempt, place.top, queued(place, other))) == 100
    assert place.new() == [WHOLE]


def test_the_same_text_sent_again_bounces(place: Place) -> None:
    place.site.users.set_quota(JOE, f"{len(WHOLE) + 5}S")
    assert in_child(partial(attempt, place.top, queued(place))) == 0
    [path] = (place.home() / "Maildir/new").iterdir()
    os.utime(path, (1, 1))  # it was there before the queue had the next one
    assert in_child(partial(attempt, place.top, queued(place))) == 100


def test_a_mailbox_that_is_locked_for_long_waits(place: Place) -> None:
    import fcntl

    place.site.users.set_quota(JOE, "100000S")
    fd = os.open(place.home() / "Maildir", os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    code, text = place.deliver()
    assert (code, place.new()) == (111, [])
    assert "Maildir" in text and "another delivery" in text
    os.close(fd)
    assert place.deliver()[0] == 0
