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
from .databases import Database
from .deliveries import Deliveries, is_same_text
from .model import Owners, Places, Tree, fresh_tree, read_entry, snapshot
from .passwords import same_hash
from .programs import ProgramMissing, ran
from .qmail_send import StandIn
from .rules_files import pattern
from .scenario import Scenario, Step, step_of
from .tables import Tables, differences
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
_MYSQL = {"backend": "mysql", "valias": True, "sql_logging": True}
_PGSQL = {"backend": "pgsql"}
_FULL = {"mysql_limits": True, "ip_alias_domains": True, "roaming_users": True}
DATABASE_BUILDS: dict[str, dict[str, Any]] = {
    "mysql": _MYSQL,
    "mysqlfull": {**_MYSQL, **_FULL},
    "mysqlfew": {**_MYSQL, "sql_logging": False, "many_domains": False},
    "mysqlnoclear": {**_MYSQL, "clear_passwd": False},
    "pgsql": _PGSQL,
    "pgsqlfew": {**_PGSQL, "many_domains": False},
}
_UMASK = 0o022
_A_MINUTE = 60


@dataclass
class Verdict:
    """What came of a scenario."""

    problems: list[str] = field(default_factory=list)
    missing: str | None = None
    missing_program: bool = False
    steps: int = field(default=0, compare=False)
    applied: dict[str, int] = field(default_factory=dict)


def replay(
    scenario: Scenario,
    places: Places,
    face: Face,
    send: StandIn,
    database: Database | None = None,
) -> Verdict:
    """Replay a scenario on a fresh site, up to its first step that goes wrong.

    Args:
        database: for a build that has one.
    """
    owners = Owners(os.getuid(), os.getgid())
    world = World(scenario.build, owners, scenario.clear_passwords())
    verdict = Verdict()
    if scenario.build not in BUILDS and database is None:
        return Verdict(missing=f"build {scenario.build}")
    make_fresh(places, owners)
    send.start()
    run = Run(scenario, world, places, face, send, database)
    try:
        configure(face, scenario.build, places, owners, database)
        verdict.problems = run.all_steps()
    except NotImplementedHere as name:
        verdict.missing = str(name)
        verdict.missing_program = isinstance(name, ProgramMissing)
    finally:
        if database is not None:
            database.start()
    verdict.steps = run.compared_steps
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


def configure(
    face: Face, build: str, places: Places, owners: Owners, database: Database | None
) -> None:
    """Make a site of the build the current one; the one before is closed."""
    face.configure(**settings_of(build, places, owners, database))


def settings_of(
    build: str, places: Places, owners: Owners, database: Database | None
) -> dict[str, Any]:
    """The settings of a site of the build."""
    common = {
        "vpopmaildir": str(places.vpopmaildir),
        "qmaildir": str(places.qmaildir),
        "vpopuser": 89 if owners.is_root else owners.uid,
        "vpopgroup": 89 if owners.is_root else owners.gid,
        "bindir": f"{places.vpopmaildir}/bin",
        "backend": "cdb",
        "profile": "5.4",
        "sync": False,
    }
    if database is None:
        return {**common, **BUILDS[build]}
    return {**common, **DATABASE_BUILDS[build], **database.options}


class Run:
    """One scenario while it runs."""

    def __init__(
        self,
        scenario: Scenario,
        world: World,
        places: Places,
        face: Face,
        send: StandIn,
        database: Database | None = None,
    ) -> None:
        self.scenario = scenario
        self.world = world
        self.places = places
        self.face = face
        self.send = send
        self.database = database
        self.compared_steps = 0
        build = DATABASE_BUILDS.get(scenario.build, {})
        world.has_database = bool(build)
        world.has_alias_table = bool(build.get("valias"))
        settings = settings_of(scenario.build, places, world.owners, database)
        self.deliveries = Deliveries(places, world.owners, settings)

    def all_steps(self) -> list[str]:
        """The problems of the first step that has any, or of the final tree."""
        self.make_database()
        for step in self.scenario.steps:
            problems = self.setup(step) if step.is_setup else self.step(step)
            if problems:
                return [str(step), *problems]
            self.compared_steps += 1
        if self.scenario.final is None:
            return []
        self.world.take_final(self.scenario.final, rules.reader(self.world))
        rules.settle(self.world)
        problems = self.compared(self.world.expected, self.snapshot())
        if self.reads_tables and self.scenario.tables is not None:
            reads = rules.table_reader(self.world)
            self.world.take_final_tables(self.scenario.tables, reads)
            rules.settle(self.world)
            problems += self.table_problems()
        return ["the final tree", *problems] if problems else []

    # -- steps

    def step(self, step: Step) -> list[str]:
        """Make a step, compare its result, then the tree."""
        world = self.world
        world.before = self.snapshot()
        if self.reads_tables:
            world.tables_before = self.tables()
        step = rules.begin(step, world)
        self.send.forget()
        with prepared(self.places, step.data.get("env", {})) as kept:
            answer = self.answer(step)
        problems = kept + self.result_problems(step, answer)
        if not step.alone:
            problems += self.hup_problems(step)
        world.actual = self.snapshot()
        if step.alone:
            world.take(step.changes or (), rules.reader(world))
            world.keep_ours(step, self.tables() if self.reads_tables else {})
            return problems
        if step.changes is None:
            world.adopt(world.actual)
            if self.reads_tables:
                world.adopt_tables(self.tables())
            return problems
        if self.reads_tables:
            world.take_tables(step, rules.table_reader(world))
        return problems + self.tree_problems(step) + self.table_problems()

    def answer(self, step: Step) -> Answer:
        """What our library says to a step."""
        if step.kind == "deliver":
            return self.deliveries.answer(step)
        owners = self.world.owners
        if step.kind in ("cli", "chkpw"):
            settings = settings_of(self.scenario.build, self.places, owners, self.database)
            return ran(step, self.places, settings)
        if step.kind != "call":
            raise ProgramMissing(f"program for {step.kind}")
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
        if name == "stdout" and is_same_text(want, have, pattern):
            return True
        if name == "crypted":
            return same_hash(want, have, self.scenario.clear_passwords())
        if want == "{NOW}":
            return isinstance(have, int) and abs(have - time.time()) < _A_MINUTE
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

    # -- tables

    @property
    def reads_tables(self) -> bool:
        """Whether there are tables to be looked at now."""
        return self.database is not None and self.database.is_up

    def tables(self) -> Tables:
        """Our tables now, in the words of a recording."""
        assert self.database is not None
        return {
            name: table.with_rows(
                {c: None if v is None else self.places.recorded_text(v) for c, v in row.items()}
                for row in table.rows
            )
            for name, table in self.database.tables().items()
        }

    def table_problems(self) -> list[str]:
        """The differences of the tables that no rule allows."""
        if not self.reads_tables:
            return []
        actual = self.tables()
        expected = rules.tolerate_tables(self.world.tables, actual, self.world)
        return list(differences(expected, actual))

    def make_database(self) -> None:
        """The empty database, and the file that says where it is."""
        if self.database is None:
            return
        self.database.make(self.scenario.server)
        if self.database.connection_file is not None:
            name, text = self.database.connection_file
            where = "{VPOPMAILDIR}/etc/" + name
            self.setup(step_of(0, {"write": where, "text": text, "mode": "0640", "owner": "89:89"}))

    def snapshot(self) -> Tree:
        """Our tree now."""
        return snapshot(self.places, self.world.owners)

    # -- the scene

    def setup(self, step: Step) -> list[str]:
        """What the recorder itself did."""
        if step.kind not in SETUPS and step.kind not in DATABASE_SETUPS:
            raise NotImplementedHere(step.kind)
        if step.kind == "inject_exit":
            self.deliveries.inject_exit(step.data["inject_exit"])
            return []
        if step.kind in DATABASE_SETUPS:
            if self.database is None:
                raise NotImplementedHere(step.kind)
            DATABASE_SETUPS[step.kind](self.database, self.places.real(step.data[step.kind]))
            self.world.store_is_down = not self.database.is_up
            if self.reads_tables:
                self.world.adopt_tables(self.tables())
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


DATABASE_SETUPS: dict[str, Callable[[Database, str], object]] = {
    "sql": lambda database, text: database.sql(text),
    "server": lambda database, what: database.stop() if what == "stop" else database.start(),
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
