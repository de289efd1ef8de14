"""Mail whose machine loses power: what was told is whole in ``new``; anything else comes again."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.conftest import settings_for
from tests.crash.power_disk import Disk
from tests.crash.power_log import Change, inodes_below, record
from tests.crash.processes import in_child
from tests.figures import FIGURES
from vpopmail import Vpopmail
from vpopmail.delivery.deliver import deliver
from vpopmail.safeio import seam
from vpopmail.settings import load

from .conftest import DOMAIN, TEXT, Place
from .test_killed import LINES, WHOLE

SEED = 20261127
# In CI's size: how many states, chosen by chance among all of them.
SOME_STATES = 12
Record = Callable[[str, object], None]
Work = Callable[[], object]


def synced(top: Path) -> Vpopmail:
    """The site, which brings everything to the disk."""
    return Vpopmail(load(settings_for(top, sync=True, qmail_inject=f"{top}/qmail-inject")))


def _deliver(top: Path) -> None:
    with synced(top) as site:
        fd = os.open(top / "queue", os.O_RDONLY)
        environment = {"EXT": "joe", "HOST": DOMAIN}
        code = deliver(site.installation, environment, fd, "bounce-no-mailbox", lambda text: None)
        assert code == 0


def _send(top: Path, way: str) -> None:
    with synced(top) as site:
        site.bulletins.send(str(top / "queue"), way=way)


def _recorded(work: Work) -> list[Change]:
    return record(work)


def replay(top: Path, work: Work, look: Callable[[bool], object], some: int | None) -> int:
    """Let the power fail during some work, and look each time; how often.

    Args:
        top: the directory in which it works.
        work: is done in a child.
        look: gets whether the work was told to be done.
        some: how many states; None is all.
    """
    root, before = inodes_below(top)
    disk = Disk(root, before, in_child(partial(_recorded, work)))
    states = disk.every_state(Random(SEED), some)
    for state in states:
        disk.renew(top, state)
        look(state[0] == len(disk.log))
    return len(states)


def messages(home: Path) -> list[bytes]:
    return [path.read_bytes() for path in (home / "Maildir/new").iterdir()]


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("quota", ["NOQUOTA", "100000S"])
def test_what_was_told_is_delivered_and_anything_else_comes_again(
    place: Place, kind: str, quota: str, full: bool, record_property: Record
) -> None:
    (place.top / "queue").write_bytes(TEXT)
    place.site.users.set_quota("joe@example.com", quota)
    place.lines(LINES[kind].format(amy=place.home("amy")))
    names = ("joe",) if kind == "mailbox" else ("joe", "amy")
    expected = {place.home(name): WHOLE.replace(b"joe", name.encode()) for name in names}

    def look(told: bool) -> None:
        assert all(set(messages(home)) <= {whole} for home, whole in expected.items())
        if not told:
            in_child(partial(_deliver, place.top))
        # One that was not told may be there twice.
        assert all(set(messages(home)) == {whole} for home, whole in expected.items())

    points = replay(place.top, partial(_deliver, place.top), look, None if full else SOME_STATES)
    record_property(FIGURES, ("power failures of deliveries", {"points": points}))


@pytest.mark.parametrize("way", ["copy", "hard link", "symbolic link"])
def test_a_bulletin_that_was_told_is_with_everybody_and_is_nowhere_half(
    place: Place, way: str, full: bool, record_property: Record
) -> None:
    (place.top / "queue").write_bytes(b"Date: today\n" + TEXT)
    homes = [place.home(name) for name in ("joe", "amy")]

    def look(told: bool) -> None:
        for home in homes:
            assert len(messages(home)) == 1 or not told
            assert all(message.endswith(TEXT) for message in messages(home))

    points = replay(place.top, partial(_send, place.top, way), look, None if full else SOME_STATES)
    record_property(FIGURES, ("power failures of bulletins", {"points": points}))


def test_a_message_that_is_not_synced_is_found_out(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replay sees what it is there for."""
    (place.top / "queue").write_bytes(TEXT)
    home = place.home()
    monkeypatch.setattr(seam, "fsync", lambda _fd: None)
    lost = []

    def look(told: bool) -> None:
        lost.append(told and messages(home) != [WHOLE])

    replay(place.top, partial(_deliver, place.top), look, None)
    assert any(lost)


def test_a_message_that_is_synced_after_it_has_its_name_could_be_half(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why it is synced before, which has the journal of the disk written twice."""
    (place.top / "queue").write_bytes(TEXT)
    home = place.home()
    fsync, later = seam.fsync, []

    def late(fd: int) -> None:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            later.append(os.dup(fd))
        else:
            for one in (*later, fd):
                fsync(one)

    monkeypatch.setattr(seam, "fsync", late)
    found = []
    look = lambda told: found.append((told, messages(home)))  # noqa: E731
    replay(place.top, partial(_deliver, place.top), look, None)
    assert all(there == [WHOLE] for told, there in found if told)
    assert any(there not in ([], [WHOLE]) for _, there in found)
