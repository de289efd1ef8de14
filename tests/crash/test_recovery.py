"""What a killed process leaves is settled by the next change, whatever that is."""

from __future__ import annotations

import errno
from functools import partial
from pathlib import Path

import pytest

import vpopmail
from vpopmail.codes import VA
from vpopmail.safeio import seam

from .places import differences, open_site, snapshot
from .processes import Killed, in_child, in_children, kill_before
from .scenes import JOE, SCENES
from .sweep import WORKERS, Stand


def _another_user() -> VA:
    return vpopmail.vadduser("max", "example.com", "", "Max", 0)


def _another_domain() -> VA:
    return vpopmail.vadddomain("third.example")


def _run(stand: Stand, second: object) -> None:
    with open_site(stand.site):
        assert second() == VA.SUCCESS  # type: ignore[operator]


def _killed(stand: Stand, number: int) -> None:
    kill_before(number)
    stand.scene.run(stand.site)


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("another user", _another_user),
        ("user in a freed place", _another_user),
        ("user with mail", _another_user),
        ("user in hash directory 0", _another_user),
        ("three users", _another_user),
        ("another domain", _another_domain),
        ("51st domain", _another_domain),
        ("domain with users and alias domains", _another_domain),
        ("only domain in morercpthosts", _another_domain),
    ],
)
def test_another_change_settles_what_a_killed_process_left(
    name: str, second: object, top: Path
) -> None:
    scene = next(scene for scene in SCENES if scene.name == name)

    def share(first: int) -> list[str]:
        own = top / str(first)
        own.mkdir(mode=0o755)
        return _settled(Stand(scene, own), second, first)

    works = [partial(share, first) for first in range(1, WORKERS + 1)]
    wrong = [text for part in in_children(works) for text in part]
    assert wrong == [], "\n".join(wrong[:12])


def _settled(stand: Stand, second: object, number: int) -> list[str]:
    run = partial(_run, stand, second)
    in_child(run)
    both = snapshot(stand.site)
    stand.renew()
    in_child(run)
    only = snapshot(stand.site)
    wrong = []
    for point in range(number, len(stand.calls) + 1, WORKERS):
        stand.renew()
        with pytest.raises(Killed):
            in_child(partial(_killed, stand, point))
        counts = stand.state(stand.read()) == "new"
        in_child(run)
        found = differences(both if counts else only, snapshot(stand.site))
        # A lock file that was made stays: removing one would let two processes hold the lock.
        found = [text for text in found if not text.endswith(".lock")]
        if found:
            call = stand.calls[point - 1]
            wrong.append(f"call {point} ({call}), {counts=}: {'; '.join(found)}")
    return wrong


def test_a_deletion_that_waits_in_a_batch_is_not_taken_for_one_that_was_done(top: Path) -> None:
    """A home must not go while the account stays: the mail would be lost."""
    stand = Stand(next(scene for scene in SCENES if scene.name == "user with mail"), top)
    stand.renew()
    commit = stand.calls.index("rename") + 1
    with pytest.raises(Killed):
        in_child(partial(_killed, stand, commit))
    assert stand.read() == stand.old
    in_child(partial(_failing_batch, stand))
    assert stand.read() == stand.old


def _failing_batch(stand: Stand) -> None:
    site = open_site(stand.site)

    def watch(call: str, arguments: tuple[object, ...]) -> None:
        if call == "rename" and arguments[0] == "vpasswd.new.vpopmail":
            raise OSError(errno.EIO, "no")

    with pytest.raises(OSError, match="no"), site.batch():
        site.users.delete(JOE)
        seam.watch = watch
