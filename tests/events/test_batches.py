"""What is told of the changes of a batch: of those that count, in their order, at its end."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DOMAIN
from vpopmail import Vpopmail
from vpopmail.errors import CatchAllProtected, DomainNotFound, UserNotFound
from vpopmail.events.events import Event

JOE = f"joe@{DOMAIN}"
AMY = f"amy@{DOMAIN}"


class Mirror:
    """A site whose script notes what it is told, and a subscriber that does the same."""

    def __init__(self, site: Vpopmail, log: Path) -> None:
        self.site = site
        self._log = log
        self.told: list[str] = []
        site.events.subscribe(self._note)

    def _note(self, event: Event) -> None:
        self.told.append(f"{event.when} {event.command} {event.arguments[0]}")

    def script(self) -> list[str]:
        """What the script was told."""
        return self._log.read_text().splitlines() if self._log.exists() else []


@pytest.fixture
def mirror(make_site: Callable[..., Vpopmail], tmp_path: Path) -> Mirror:
    site = make_site(onchange_script=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE)
    script = Path(site.settings.etc_path("onchange"))
    log = tmp_path / "log"
    script.write_text(f'#!/bin/sh\necho "$1 $2" >> {log}\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return Mirror(site, log)


def test_the_script_hears_of_nothing_that_a_discarded_batch_had(mirror: Mirror) -> None:
    with mirror.site.batch() as batch:
        mirror.site.users.delete(JOE)
        mirror.site.users.add(AMY)
        batch.discard()
    assert JOE in mirror.site.users
    assert mirror.script() == []
    assert [line for line in mirror.told if line.startswith("after")] == []


def test_the_script_hears_of_a_batch_in_its_order(mirror: Mirror) -> None:
    with mirror.site.batch():
        mirror.site.users.add(AMY)
        mirror.site.users.delete(AMY)
        mirror.site.users.delete(JOE)
        assert mirror.script() == []
    assert mirror.script() == [f"add_user {AMY}", f"del_user {AMY}", f"del_user {JOE}"]


def test_nobody_hears_of_what_is_refused_in_a_batch(mirror: Mirror) -> None:
    mirror.site.catch_all.set(DOMAIN, JOE)
    mirror.told.clear()
    with mirror.site.batch():
        for error, act in (
            (UserNotFound, lambda: mirror.site.users.delete(AMY)),
            (DomainNotFound, lambda: mirror.site.domains.delete("nope.example")),
            (CatchAllProtected, lambda: mirror.site.users.delete(JOE)),
        ):
            with pytest.raises(error):
                act()
    assert mirror.script() == []
    assert mirror.told == []
