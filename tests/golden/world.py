"""The tree that we should have, and where it has parted from the recorded one.

The rules write the differences down here when a step makes them; later steps and the final tree
are then read with them in mind.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from .model import Entry, Owners, Tree, entry_of, fresh_tree
from .scenario import Step

# How a recorded entry reads for us: None is nothing there.
Reads = Callable[[str, Entry], Entry | None]


class World:
    """What is expected while a scenario runs.

    Attributes:
        expected: the tree as it should be now.
        before, actual: our own snapshots before and after the step at hand.
        clear_passwords: what the passwords in the scenario can be.
        setup: paths that the recorder wrote itself.
        instead: for a path that a step left in one state in C and in another with us:
            (recorded state, our state); None is nothing there.
        phantoms: directories that only C made.
        gone: domain names that are listed in C's control files and not in ours.
        whole_lines: lines of users/assign that C cut.
        counter_shift: what is to be added to C's count in a ``.dir-control``.
        strangers: per domain directory, users that only C has.
        places_freed: per list of free directories, what C noted and what was freed in truth.
        kept: per domain directory, users that only we still have: name -> line of vpasswd.
        fields: per domain directory and user, fields of the line that are ours.
        doubles: users whom only C has twice: (domain directory, name).
        keeps_silent: whether C does not tell the script of the next user.
        script_log: what the recorder's script has written in C.
        untold: where in it our script has written more, and what.
        counted: per maildirsize, what C wrote of one message and what was there in truth.
        listed: per vpasswd, how far a listing that goes on from call to call has come.
        moved: our path of a file that C has under another name, until it is expected there.
        alias_lines: per file of an alias from which lines were removed, C's lines and ours.
        applied: how often each rule had something to say.
    """

    def __init__(
        self, build: str, owners: Owners, clear_passwords: tuple[str, ...] = ()
    ) -> None:
        self.build = build
        self.owners = owners
        self.clear_passwords = clear_passwords
        self.expected: Tree = fresh_tree(owners)
        self.before: Tree = dict(self.expected)
        self.actual: Tree = dict(self.expected)
        self.setup: set[str] = set()
        self.instead: dict[str, tuple[Entry | None, Entry | None]] = {}
        self.phantoms: set[str] = set()
        self.gone: set[str] = set()
        self.whole_lines: dict[str, str] = {}
        self.counter_shift: Counter[str] = Counter()
        self.strangers: dict[str, set[str]] = {}
        self.places_freed: dict[str, list[tuple[str, str]]] = {}
        self.kept: dict[str, dict[str, str]] = {}
        self.fields: dict[str, dict[str, dict[int, str]]] = {}
        self.doubles: set[tuple[str, str]] = set()
        self.keeps_silent = False
        self.script_log = ""
        self.untold: list[tuple[int, str]] = []
        self.counted: dict[str, tuple[str, str]] = {}
        self.listed: Counter[str] = Counter()
        self.moved: Tree = {}
        self.alias_lines: dict[str, tuple[list[str], list[str]]] = {}
        self.applied: Counter[str] = Counter()

    # -- reading the tree

    def assign_lines(self) -> list[list[str]]:
        """The fields of each line of users/assign, as we have it before the step."""
        entry = self.before.get("{QMAILDIR}/users/assign")
        lines = entry.text.split("\n") if entry else []
        return [line.split(":") for line in lines if line.startswith("+")]

    def domain_dir(self, domain: str) -> str | None:
        """The directory of a domain, or of what it is an alias of."""
        for fields in self.assign_lines():
            if fields[0] == f"+{domain.lower()}-" and len(fields) > 4:
                return fields[4]
        return None

    def names_of(self, real: str) -> set[str]:
        """A real domain and all its aliases."""
        return {f[0][1:-1] for f in self.assign_lines() if f[1] == real.lower()}

    def is_alias(self, domain: str) -> bool:
        """Whether a name stands for another domain."""
        return any(
            f[0] == f"+{domain}-" and f[1] != domain for f in self.assign_lines()
        )

    # -- what steps do to it

    def recorded(self, data: dict[str, Any]) -> Entry | None:
        """The entry that a change or a final tree shows; None for a removal."""
        if data.get("op") == "removed":
            return None
        entry = entry_of(data)
        return replace(entry, owner=self.owners.expected(entry.owner))

    def refuse(self, step: Step) -> Step:
        """The step as one that changes nothing with us, whatever it changed in C."""
        for change in step.changes or ():
            if is_table(change):
                continue
            path = change["path"]
            ours = (
                self.instead[path][1]
                if path in self.instead
                else self.expected.get(path)
            )
            self.instead[path] = (self.recorded(change), ours)
        return replace(step, changes=None if step.changes is None else [], hup=False)

    def take(self, changes: Iterable[dict[str, Any]], reads: Reads) -> set[str]:
        """Take over the changes of a step; gives their paths."""
        paths = set()
        for change in changes:
            path = change["path"]
            if is_table(change):
                continue
            paths.add(path)
            self.instead.pop(path, None)
            entry = self.recorded(change)
            self._put(path, None if entry is None else reads(path, entry))
        return paths

    def take_final(self, final: dict[str, Any], reads: Reads) -> None:
        """Expect the recorded final tree, read with all that has parted from it."""
        tree: Tree = {}
        for path, data in final.items():
            if is_table({"path": path, **data}):
                continue
            entry = self.recorded(data)
            assert entry is not None
            theirs, ours = self.instead.get(path, (None, None))
            read = (
                ours
                if theirs is not None and theirs.same_state(entry)
                else reads(path, entry)
            )
            if read is not None:
                tree[path] = read
        for path, (theirs, ours) in self.instead.items():
            if theirs is None and ours is not None and path not in final:
                tree[path] = ours
        self.expected = tree

    def adopt(self, after: Tree) -> None:
        """After a step without recorded changes: believe what it did, until a recording shows it."""
        for path in self.before.keys() | after.keys():
            if self.before.get(path) != after.get(path):
                self._put(path, after.get(path))

    def put_setup(self, path: str, entry: Entry | None) -> None:
        """The recorder itself wrote or removed a path."""
        self._put(path, entry)
        if entry is None:
            self.setup = {
                p for p in self.setup if p != path and not p.startswith(f"{path}/")
            }
            for below in [p for p in self.expected if p.startswith(f"{path}/")]:
                del self.expected[below]
        else:
            self.setup.add(path)

    def prune(self) -> None:
        """Nothing is left below a directory that is gone."""
        for path in sorted(self.expected):
            parent = posixpath.dirname(path)
            if (
                parent.count("/") >= 1
                and parent not in self.expected
                and _inside(parent)
            ):
                del self.expected[path]

    def _put(self, path: str, entry: Entry | None) -> None:
        if entry is None:
            self.expected.pop(path, None)
        else:
            self.expected[path] = entry


def _inside(path: str) -> bool:
    """Whether a directory is itself shown in a recording: a root, or below one; not ``{TMP}``."""
    return path.startswith(("{VPOPMAILDIR}/", "{QMAILDIR}/", "{TMP}/"))


def is_table(data: dict[str, Any]) -> bool:
    """Whether a change is about a table of a database, which no tree shows."""
    return data.get("type") == "table" or str(data["path"]).startswith("sql:")
