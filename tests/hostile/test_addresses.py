"""etc belongs to vpopmail: whatever it puts there, root is led nowhere and tells nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import needs_root
from tests.crash.processes import in_child
from vpopmail import Vpopmail, use

from .conftest import World
from .traps import TRAPS
from .world import OWNER, SECRET, attempt, opened, outside

pytestmark = needs_root

RULES = b"10.:allow\n127.:deny\nsecret words: nobody may know\n"
PLACES = [
    f"{name}{end}"
    for name in ("open-smtp", "tcp.smtp", "tcp.smtp.cdb", "ip_alias_map")
    for end in ("", ".new.vpopmail", ".lock")
] + [".tcp.smtp.cdb.vpopmail"]
ACTS: dict[str, Callable[[Vpopmail], object]] = {
    "relay.open": lambda s: s.relay.open("192.0.2.1"),
    "relay.clear": lambda s: s.relay.clear(),
    "relay.addresses": lambda s: s.relay.addresses(),
    "update_rules": lambda _s: vpopmail.update_rules(),
    "ip_maps.set": lambda s: s.ip_maps.set("192.0.2.1", "one.example"),
    "ip_maps.find": lambda s: s.ip_maps.find("192.0.2.1"),
    "ip_maps.delete": lambda s: s.ip_maps.delete("192.0.2.1"),
}


def do(top: Path, program: str) -> dict[str, str]:
    with opened(top, tcprules_prog=program) as site, use(site):
        return {name: attempt(site, act) for name, act in ACTS.items()}


def trap(top: Path, place: str, name: str) -> None:
    where = top / "v/etc" / place
    where.unlink(missing_ok=True)
    TRAPS[name](where, top / "outside")
    if name != "hard link":
        os.chown(where, OWNER, OWNER, follow_symlinks=False)


@pytest.mark.parametrize("program", ["", "/usr/bin/tcprules"], ids=["own", "tcprules"])
def test_without_a_trap_all_of_it_succeeds(world: World, program: str) -> None:
    if program and not os.path.exists(program):
        pytest.skip("ucspi-tcp is not installed")
    assert set(in_child(partial(do, world.renew(), program)).values()) == {""}


@pytest.mark.parametrize("name", list(TRAPS))
def test_a_trap_in_etc_leads_root_nowhere(world: World, name: str, full: bool) -> None:
    turn = list(TRAPS).index(name)
    # In CI's size every place meets some of the traps, and each trap some of the places.
    for place in PLACES if full else PLACES[turn % 4 :: 4]:
        top = world.renew()
        trap(top, place, name)
        before = outside(top)
        in_child(partial(do, top, ""))
        assert outside(top) == before, (name, place)
        told = b"".join(
            path.read_bytes()
            for path in (top / "v/etc").iterdir()
            if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1
        )
        assert SECRET.strip() not in told, (name, place)


@pytest.mark.parametrize("place", ["tcp.smtp", "open-smtp", "ip_alias_map"])
@pytest.mark.parametrize("name", ["link to a file", "hard link"])
def test_a_foreign_file_is_neither_compiled_nor_told_nor_given_away(
    world: World, place: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    top = world.renew()
    (top / "outside/file").write_bytes(RULES)
    trap(top, place, name)
    with opened(top) as site, use(site):
        refused = {
            "tcp.smtp": vpopmail.update_rules,
            "open-smtp": lambda: attempt(site, ACTS["relay.open"]),
            "ip_alias_map": lambda: vpopmail.vadd_ip_map("192.0.2.1", "a.example"),
        }
        assert refused[place]()
        for act in ACTS.values():
            attempt(site, act)
    assert "secret words" not in caplog.text
    status = (top / "outside/file").stat()
    assert (status.st_uid, (top / "outside/file").read_bytes()) == (0, RULES)
    made = top / "v/etc/tcp.smtp.cdb"
    assert not made.exists() or b"127.D" not in made.read_bytes()
