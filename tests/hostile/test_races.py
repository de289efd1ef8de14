"""An owner who swaps names while root works: at no moment does root leave the site."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import needs_root
from tests.crash.processes import in_child
from tests.figures import FIGURES
from vpopmail import Vpopmail, use

from .conftest import World
from .traps import set_trap
from .world import (
    DOMAIN, HASH, JOE, MESSAGE, OTHER_HASH, OWNER, PASSWORD, attempt, opened, outside,
)  # fmt: skip

pytestmark = needs_root
_EXCHANGE = 2  # RENAME_EXCHANGE

# Where a link to a directory, or to a file, is swapped with what belongs there.
RACES = {
    "domain": (".", "link to a directory"),
    "home": ("joe", "link to a directory"),
    "Maildir": ("joe/Maildir", "link to a directory"),
    "new mail": ("joe/Maildir/new", "link to a directory"),
    "maildirsize": ("joe/Maildir/maildirsize", "link to a file"),
    "vpasswd": ("vpasswd", "link to a file"),
    "lock": (".vpasswd.lock", "link to a file"),
    "alias": (".qmail-sales", "link to a file"),
}


@pytest.mark.parametrize("name", list(RACES))
def test_a_swapped_name_leads_root_nowhere(
    world: World, name: str, full: bool, record_property: Callable[[str, object], None]
) -> None:
    place, trap = RACES[name]
    top = world.renew()
    domain = top / "v/domains" / DOMAIN
    assert set_trap(top, place, trap)
    where = domain if place == "." else domain / place
    before = outside(top)
    attacker = _swap(where, where.with_name(f"{where.name}.moved"))
    try:
        rounds = 13_000 // len(WORK) + 1 if full else 10
        done = in_child(partial(_work, top, rounds))
    finally:
        os.kill(attacker, signal.SIGKILL)
        os.waitpid(attacker, 0)
    assert outside(top) == before
    record_property(FIGURES, ("an owner who swaps names", {"attempts": done}))


def _swap(one: Path, other: Path) -> int:
    """A process of the owner that exchanges two names for as long as it lives."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setgid(OWNER)
        os.setuid(OWNER)
        swap = ctypes.CDLL(None).renameat2
        first, second = os.fsencode(one), os.fsencode(other)
        while True:
            swap(-100, first, -100, second, _EXCHANGE)
    finally:
        os._exit(1)


WORK: list[Callable[[Vpopmail], object]] = [
    lambda s: s.users.set_quota(JOE, "2M"),
    lambda s: s.quotas.recount(JOE),
    lambda s: s.mail.deliver(JOE, MESSAGE),
    lambda s: s.logins.authenticate(JOE, PASSWORD, "imap"),
    lambda s: s.users.set_password(JOE, crypted=OTHER_HASH),
    lambda s: s.aliases.add(f"sales@{DOMAIN}", "&anna@example.com"),
    lambda s: s.users.delete(JOE),
    lambda s: s.users.add(JOE, crypted=HASH, quota="1M"),
    lambda s: s.users.set_quota(JOE, "3M"),
    lambda s: s.reconcile(),
]


def _work(top: Path, rounds: int) -> int:
    done = 0
    with opened(top) as site, use(site):
        for _ in range(rounds):
            for act in WORK:
                attempt(site, act)
                done += 1
            attempt(site, lambda s: s.aliases.delete(f"sales@{DOMAIN}"))
        attempt(site, lambda s: s.domains.delete(DOMAIN))
        attempt(site, lambda s: s.domains.add(DOMAIN))
    return done + 2
