"""The recordings themselves put on disk, in place of what a library does.

Without the rules each must match itself; with them, a library that does just what C did must
fail wherever a rule says that we differ.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from . import rules
from .calls import Answer, Face
from .compare import build_cdb
from .conftest import RECORDINGS
from .model import Entry, Owners, Places, entry_of, is_cdb
from .qmail_send import StandIn
from .replay import DATABASE_BUILDS, Run, _give, make_fresh
from .scenario import Scenario, Step, read_scenarios
from .world import World, is_table

NEUTRAL = {"nothing-printed", "process-kept", "arguments-kept", "names-of-a-moment"}
NEUTRAL |= {"scratch-paths", "no-crash", "random-salts", "random-passwords"}

# Setup steps that give a path that is there another time.
TIMES = ("age", "mtime")

ASIDE = {"umask_after", "cwd_after", "stdout", "stderr", "email_after", "strings_after"}


class Playback(Run):
    """A run in which the recorded changes are made, instead of calls."""

    def answer(self, step: Step) -> Answer:
        raw = self.scenario.steps[step.number - 1]
        if raw.hup and self.send.was_signalled() is not None:
            self.send.signal()
        if raw.changes is None:
            wanted = Foresight(self.scenario, step.number).tree()
            for path in sorted(self.world.before.keys() - wanted.keys(), reverse=True):
                self.put(path, None)
            for path, entry in wanted.items():
                self.put(path, entry)
        for change in raw.changes or ():
            if not is_table(change):
                self.put(change["path"], _entry(change))
        return {
            k: v for k, v in raw.result.items() if k in step.result or k not in ASIDE
        }

    def put(self, name: str, entry: Entry | None) -> None:
        """Make a path as an entry says; None: remove it with all below."""
        path = Path(self.places.real(name))
        if entry is None:
            _remove(path)
            return
        if entry.kind == "dir":
            path.mkdir(parents=True, exist_ok=True)
        elif entry.kind == "link":
            _remove(path)
            path.symlink_to(self.places.real(entry.target or ""))
            return
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.content(entry))
        path.chmod(entry.mode or 0)
        _give(path, entry.owner, self.world.owners)

    def content(self, entry: Entry) -> bytes:
        """The bytes of a file, with the directories of this machine."""
        if entry.records is None:
            return self.places.real(entry.text).encode("utf-8", "surrogateescape")
        real = self.places.real
        text = ((k.decode("latin-1"), v.decode("latin-1")) for k, v in entry.records)
        return build_cdb(
            tuple(
                (real(k).encode("latin-1"), real(v).encode("latin-1")) for k, v in text
            )
        )


class Foresight:
    """What must be there after a step whose changes were not recorded, by what comes later."""

    def __init__(self, scenario: Scenario, number: int) -> None:
        self.later = scenario.steps[number:]
        self.final = scenario.final or {}

    def tree(self) -> dict[str, Entry]:
        """The paths that later steps find or leave in place, upper directories first."""
        paths = set(self.final)
        for step in self.later:
            paths |= {c["path"] for c in step.changes or ()}
            if step.kind in ("rmtree", "unlink"):
                paths.add(str(step.data[step.kind]))
        found = {path: self.state(path) for path in sorted(paths)}
        return {path: entry for path, entry in found.items() if entry is not None}

    def state(self, path: str) -> Entry | None:
        """What is known of one path: the first later step that names it, else the final tree."""
        for step in self.later:
            if step.kind in TIMES:  # they change no content
                continue
            if step.is_setup and str(step.data[step.kind]) == path:
                return self.some(path) if step.kind in ("rmtree", "unlink") else None
            for change in step.changes or ():
                if change["path"] == path:
                    return (
                        None
                        if change["op"] == "added"
                        else _entry(change) or self.some(path)
                    )
        shown = self.final.get(path)
        return entry_of(shown) if shown and shown.get("type") != "table" else None

    def some(self, path: str) -> Entry:
        """Something that is removed later: what was in it is not known."""
        owner = "0:0" if path.startswith("{QMAILDIR}") else "89:89"
        removed = {str(step.data.get("rmtree")) for step in self.later}
        removed |= {
            c["path"].rpartition("/")[0] for s in self.later for c in s.changes or ()
        }
        if path in removed or path.endswith(("/cur", "/new", "/tmp")):
            return Entry("dir", 0o700, owner)
        if is_cdb(path.rpartition("/")[2]):
            return Entry("file", 0o600, owner, records=())
        return Entry("file", 0o600, owner, b"")


def _entry(data: dict[str, Any]) -> Entry | None:
    return None if data.get("op") == "removed" else entry_of(data)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for below in path.iterdir():
            _remove(below)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def played_back(scenario: Scenario, places: Places, send: StandIn) -> list[str]:
    """What the runner says to the recording itself."""
    owners = Owners(os.getuid(), os.getgid())
    world = World(scenario.build, owners, scenario.clear_passwords())
    make_fresh(places, owners)
    send.start()
    return Playback(scenario, world, places, Face(None), send).all_steps()


pytestmark = pytest.mark.skipif(
    os.getuid() != 0, reason="needs root: the owners recorded"
)

RECORDED = [
    pytest.param(s, id=s.id)
    for s in read_scenarios(RECORDINGS)
    if not s.undefined and s.build not in DATABASE_BUILDS
]
# Recordings of what we do in another way than C, whatever the owners and modes.
OTHERWISE = {
    "assign/cache",
    "userdirs/control_file",
    "userdirs/no_hashing",
    "vadddomain/odd_but_accepted",
    "vadduser/dir_exists",
    "vadduser/reserved_name",
    "vadduser/slash_in_name",
    "vdeldomain/twelve_aliases",
    "vdeluser/catchall_dir",
}


@pytest.mark.parametrize("recorded", RECORDED)
def test_recording_matches_itself_without_the_rules(
    recorded: Scenario,
    places: Places,
    qmail_send: StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    neutral = tuple(rule for rule in rules.RULES if rule.name in NEUTRAL)
    monkeypatch.setattr(rules, "RULES", neutral)
    monkeypatch.setattr(rules, "LEFT_ALONE", ())
    assert played_back(recorded, places, qmail_send) == []


@pytest.mark.parametrize(
    "recorded", [p for p in RECORDED if str(p.id).removeprefix("golden/") in OTHERWISE]
)
def test_library_that_does_what_c_did_fails_where_a_rule_says_otherwise(
    recorded: Scenario, places: Places, qmail_send: StandIn
) -> None:
    assert played_back(recorded, places, qmail_send) != []


def test_all_recordings_of_what_we_do_otherwise_are_there() -> None:
    assert OTHERWISE <= {str(p.id).removeprefix("golden/") for p in RECORDED}
