"""A delivery that is killed at any call: the message is there, or it is tried again; never half."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import settings_for
from tests.crash.processes import Killed, in_child, kill_before
from tests.figures import FIGURES
from vpopmail import Vpopmail
from vpopmail.delivery.deliver import deliver
from vpopmail.settings import load

from .conftest import DOMAIN, TEXT, Place

WHOLE = b"Delivered-To: joe@example.com\n" + TEXT
Record = Callable[[str, object], None]


def attempt(top: Path, queue: Path, number: int) -> int:
    """One run of vdelivermail, killed before a call."""
    kill_before(number)
    with Vpopmail(load(settings_for(top, qmail_inject=f"{top}/qmail-inject"))) as site:
        fd = os.open(queue, os.O_RDONLY)
        environment = {"EXT": "joe", "HOST": DOMAIN}
        return deliver(site.installation, environment, fd, "bounce-no-mailbox", lambda text: None)


LINES = {"mailbox": "", "two maildirs": "./Maildir/\n{amy}/Maildir/\n"}


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("quota", ["NOQUOTA", "100000S"])
def test_killed_anywhere_the_message_is_whole_or_comes_again(
    place: Place, kind: str, quota: str, record_property: Record
) -> None:
    queue = place.top / "queue"
    queue.write_bytes(TEXT)
    place.site.users.set_quota("joe@example.com", quota)
    place.lines(LINES[kind].format(amy=place.home("amy")))
    names = ("joe",) if kind == "mailbox" else ("joe", "amy")
    number = 0
    while True:
        number += 1
        try:
            code = in_child(partial(attempt, place.top, queue, number))
        except Killed:
            code = None
        for name in names:
            found = place.new(name)
            expected = WHOLE.replace(b"joe", name.encode())
            assert all(message == expected for message in found), f"call {number}"
            if code == 0:
                assert len(found) == 1
            for message in (place.home(name) / "Maildir/new").iterdir():
                message.unlink()
        if code is not None:
            break
    assert number > 5
    record_property(FIGURES, ("deliveries killed", {"points": number - 1}))


def test_a_killed_delivery_that_comes_again_is_delivered(place: Place) -> None:
    queue = place.top / "queue"
    queue.write_bytes(TEXT)
    with pytest.raises(Killed):
        in_child(partial(attempt, place.top, queue, 3))
    assert in_child(partial(attempt, place.top, queue, 10_000)) == 0
    assert place.new() == [WHOLE]


def test_a_bulletin_that_is_killed_is_whole_wherever_it_is(place: Place) -> None:
    path = place.top / "bulletin"
    path.write_bytes(b"Date: today\n" + TEXT)

    def send(number: int) -> None:
        kill_before(number)
        with Vpopmail(load(settings_for(place.top))) as site:
            site.bulletins.send(str(path))

    number, killed = 0, True
    while killed:
        number += 1
        try:
            in_child(partial(send, number))
            killed = False
        except Killed:
            pass
        for name in ("joe", "amy"):
            for message in place.new(name):
                assert message.endswith(TEXT)
    assert number > 8
