"""Replaying a scenario: make each step, compare its result and the tree it leaves."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import rules
from .calls import Answer, Face, NotImplementedHere, answer_to, last_error
from .compare import compare
from .model import Owners, Places, Tree, fresh_tree, read_entry, snapshot
from .passwords import same_hash
from .programs import ProgramMissing, ran
from .qmail_send import StandIn
from .scenario import Scenario, Step
from .world import World

BUILDS: dict[str, dict[str, Any]] = {
    "base": {},
    "domquota": {"domainquotas": True},
    "ipalias": {"ip_alias_domains": True},
    "learn": {"learn_passwords": True},
    "nobigdir": {"users_big_dir": False},
    "noclear": {"clear_passwd": False},
    "nomd5": {"md5_passwords": False},
    "onchange": {"onchange_script": True},
    "qmailext": {"qmail_ext": True},
    "roaming": {"roaming_users": True, "relay_clear_minutes": 180},
}
_UMASK = 0o022


@dataclass
class Verdict:
    """What came of a scenario."""

    problems: list[str] = field(default_factory=list)
    missing: str | None = None
    missing_program: bool = False
    applied: dict[str, int] = field(default_factory=dict)


def replay(scenario: Scenario, places: Places, face: Face, send: StandIn) -> Verdict:
    """Replay a scenario on a fresh site, up to its first step that goes wrong."""
    owners = Owners(os.getuid(), os.getgid())
    world = World(scenario.build, owners, scenario.clear_passwords())
    verdict = Verdict()
    if scenario.build not in BUILDS:
        return Verdict(missing=f"build {scenario.build}")
    make_fresh(places, owners)
    send.start()
    try:
        configure(face, scenario.build, places, owners)
        run = Run(scenario, world, places, face, send)
        verdict.problems = run.all_steps()
    except NotImplementedHere as name:
        verdict.missing = str(name)
        verdict.missing_program = isinstance(name, ProgramMissing)
    verdict.applied = {name: count for name, count in world.applied.items() if count}
    return verdict


def make_fresh(places: Places, owners: Owners) -> None:
    """Make the tree that every scenario starts from."""
    for top in (places.vpopmaildir, places.qmaildir, places.tmp):
        top.mkdir()
        top.chmod(0o755)
    for name, entry in fresh_tree(owners).items():
        path = Path(places.real(name))
        path.mkdir() if entry.kind == "dir" else path.write_bytes(entry.data or b"")
        assert entry.mode is not None
        path.chmod(entry.mode)
        _give(path, entry.owner, owners)
    _give(places.vpopmaildir, "89:89", owners)


def _give(path: Path, owner: str | None, owners: Owners) -> None:
    if owners.is_root and owner is not None:
        uid, gid = map(int, owner.split(":"))
        os.chown(path, uid, gid, follow_symlinks=False)


def configure(face: Face, build: str, places: Places, owners: Owners) -> None:
    """Make a site of the build the current one; the one before is closed."""
    face.configure(**settings_of(build, places, owners))


def settings_of(build: str, places: Places, owners: Owners) -> dict[str, Any]:
    """The options of a site of the build."""
    return {
        "vpopmaildir": str(places.vpopmaildir),
        "qmaildir": str(places.qmaildir),
        "vpopuser": 89 if owners.is_root else owners.uid,
        "vpopgroup": 89 if owners.is_root else owners.gid,
        "bindir": f"{places.vpopmaildir}/bin",
        "backend": "cdb",
        "profile": "5.4",
        "sync": False,
        **BUILDS[build],
    }


class Run:
    """One scenario while it runs."""

    def __init__(
        self,
        scenario: Scenario,
        world: World,
        places: Places,
        face: Face,
        send: StandIn,
    ) -> None:
        self.scenario = scenario
        self.world = world
        self.places = places
        self.face = face
        self.send = send

    def all_steps(self) -> list[str]:
        """The problems of the first step that has any, or of the final tree."""
        for step in self.scenario.steps:
            problems = self.setup(step) if step.is_setup else self.step(step)
            if problems:
                return [str(step), *problems]
        if self.scenario.final is None:
            return []
        self.world.take_final(self.scenario.final, rules.reader(self.world))
        rules.settle(self.world)
        problems = self.compared(self.world.expected, self.snapshot())
        return ["the final tree", *problems] if problems else []

    # -- steps

    def step(self, step: Step) -> list[str]:
        """Make a step, compare its result, then the tree."""
        world = self.world
        world.before = self.snapshot()
        step = rules.begin(step, world)
        self.send.forget()
        with prepared(self.places, step.data.get("env", {})) as kept:
            answer = self.answer(step)
        problems = kept + self.result_problems(step, answer) + self.hup_problems(step)
        world.actual = self.snapshot()
        if step.changes is None:
            world.adopt(world.actual)
            return problems
        return problems + self.tree_problems(step)

    def answer(self, step: Step) -> Answer:
        """What our library says to a step."""
        owners = self.world.owners
        if step.kind in ("cli", "chkpw"):
            settings = settings_of(self.scenario.build, self.places, owners)
            return ran(step, self.places, settings)
        if step.kind != "call":
            raise NotImplementedHere(f"{step.kind} {step.name}".strip())
        uid, gid = (89, 89) if owners.is_root else (owners.uid, owners.gid)
        answer = answer_to(step, self.face, self.places, uid, gid)
        if "verrori" in step.result:
            answer["verrori"] = last_error(self.face)
        return answer

    def result_problems(self, step: Step, answer: Answer) -> list[str]:
        """Members of the result that differ; a crypt string by its password."""
        problems = []
        for name in sorted(step.result.keys() | answer.keys()):
            want, have = step.result.get(name), answer.get(name)
            if name in step.result and not self.same(name, want, have):
                problems.append(f"result {name}: expected {want!r}, is {have!r}")
            elif (
                name not in step.result
                and step.result
                and name not in ("rc", "domain_after")
            ):
                problems.append(f"result {name}: not expected, is {have!r}")
        return problems

    def same(self, name: str, want: Any, have: Any) -> bool:
        """Whether two values of a member are one."""
        if name == "pw" and want and have:
            crypted = want["pw_passwd"], have["pw_passwd"]
            rest = {**want, "pw_passwd": ""} == {**have, "pw_passwd": ""}
            return rest and same_hash(*crypted, self.words(want))
        if (
            name == "list"
            and want
            and have
            and isinstance(want[0], dict)
            and "pw_name" in want[0]
        ):
            pairs = zip(want, have, strict=False)
            return len(want) == len(have) and all(
                self.same("pw", a, b) for a, b in pairs
            )
        if name == "crypted":
            return same_hash(want, have, self.scenario.clear_passwords())
        return bool(want == have)

    def words(self, pw: dict[str, Any]) -> tuple[str, ...]:
        """The clear passwords that an entry can have."""
        return (pw.get("pw_clear_passwd", ""), *self.scenario.clear_passwords())

    def hup_problems(self, step: Step) -> list[str]:
        """Whether qmail-send got its signal, or was left alone."""
        seen = self.send.was_signalled()
        if seen is None or seen == step.hup:
            return []
        if step.changes is None and not step.hup:
            return []  # a step that only prepares the scene may be recorded without its signal
        return [f"SIGHUP to qmail-send: expected {step.hup}, is {seen}"]

    def tree_problems(self, step: Step) -> list[str]:
        """The tree after a step whose changes are recorded.

        Besides what it should be, each path that the step does not mention must be just as it
        was before, down to the salts.
        """
        world = self.world
        was = dict(world.expected)
        mentioned = world.take(step.changes or (), rules.reader(world))
        rules.settle(world)
        problems = self.compared(world.expected, world.actual)
        touched = mentioned | {p for p in was if was[p] != world.expected.get(p)}
        touched |= world.expected.keys() - was.keys()
        return problems or self.untouched(touched)

    def untouched(self, touched: set[str]) -> list[str]:
        """Paths that changed though nothing should have changed them."""
        before, after = self.world.before, self.world.actual
        tolerates = rules.tolerate(self.world, rules.LEFT_ALONE)
        return [
            f"{path}: was to be left alone, but changed"
            for path in sorted(before.keys() | after.keys())
            if path not in touched
            and before.get(path) != after.get(path)
            and tolerates(path, before.get(path), after.get(path)) != after.get(path)
        ]

    def compared(self, expected: Tree, actual: Tree) -> list[str]:
        """The differences of two trees that no rule allows."""
        self.world.actual = actual
        return [
            str(found)
            for found in compare(expected, actual, rules.tolerate(self.world))
        ]

    def snapshot(self) -> Tree:
        """Our tree now."""
        return snapshot(self.places, self.world.owners)

    # -- the scene

    def setup(self, step: Step) -> list[str]:
        """What the recorder itself did."""
        if step.kind not in SETUPS:
            raise NotImplementedHere(step.kind)
        if step.kind == "inject_exit":
            return []
        name = str(step.data[step.kind])
        path = Path(self.places.real(name))
        SETUPS[step.kind](path, step.data, self.places)
        if "owner" in step.data:
            _give(path, step.data["owner"], self.world.owners)
        there = os.path.lexists(path)
        entry = read_entry(path, self.places, self.world.owners) if there else None
        self.world.put_setup(name, entry)
        return []


def _counts(name: str, step: Step) -> bool:
    """Whether a member of our answer that the recording does not show is a difference."""
    return (
        name == "strings_after"
        or bool(step.result)
        and name not in ("rc", "domain_after")
    )


def _write(path: Path, data: dict[str, Any], places: Places) -> None:
    path.write_bytes(places.real(data["text"]).encode("utf-8", "surrogateescape"))
    path.chmod(int(data["mode"], 8))


def _mkdir(path: Path, data: dict[str, Any], places: Places) -> None:
    path.mkdir(exist_ok=True)
    path.chmod(int(data["mode"], 8))


def _age(path: Path, data: dict[str, Any], places: Places) -> None:
    then = time.time() - data["seconds"]
    os.utime(path, (then, then))


SETUPS: dict[str, Callable[[Path, dict[str, Any], Places], object]] = {
    "write": _write,
    "mkdir": _mkdir,
    # It may be a file that only C has made.
    "unlink": lambda path, data, places: path.unlink(missing_ok=True),
    "rmtree": lambda path, data, places: shutil.rmtree(path),
    "symlink": lambda path, data, places: path.symlink_to(places.real(data["target"])),
    "age": _age,
    "mtime": lambda path, data, places: os.utime(path, (data["time"], data["time"])),
    "fifo": lambda path, data, places: os.mkfifo(
        path, int(data.get("mode", "0600"), 8)
    ),
    "inject_exit": lambda path, data, places: None,
}


@contextmanager
def prepared(places: Places, env: dict[str, str]) -> Iterator[list[str]]:
    """The umask, directory and environment that a step starts with; they are put back.

    Gives a list that tells, afterwards, whether the library changed them.
    """
    problems: list[str] = []
    cwd, environ, umask = Path.cwd(), dict(os.environ), os.umask(_UMASK)
    os.chdir(places.tmp)
    os.environ.update({name: places.real(value) for name, value in env.items()})
    try:
        yield problems
        if os.umask(_UMASK) != _UMASK:
            problems.append("the umask was changed")
        if Path.cwd() != places.tmp:
            problems.append("the working directory was changed")
    finally:
        os.umask(umask)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environ)
