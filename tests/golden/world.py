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
from .tables import Row, Table, Tables, by_key, same_state

# How a recorded entry reads for us: None is nothing there.
Reads = Callable[[str, Entry], Entry | None]
# How recorded tables read for us.
ReadsTables = Callable[[Tables], Tables]


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
        tables: as they should be now; ``tables_before`` as ours were before the step.
        rows_instead: for a row that a step left in one state in C and in another with us, by table
            and key: (recorded row, our row); None is no row.
        store_is_down: whether the server of the database does not run.
        has_database: whether the build keeps accounts in one.
        markers: what callers stored as the marker of POP and APOP, by user.
        uncommented: users who were made without a comment.
        orphans: users, and domains with an empty user, that are gone.
        only_ours: domains that only we could make, or find in what was written.
        own_lines: of those that C has not written, the line of users/assign.
        capitals: names of users that a caller gave in capitals.
        emptied: aliases, with their domains, that have lost their last line.
        refused_addresses, own_addresses: what only C, and only we, let send mail.
        logins: under which name each user has logged in last.
        quotas: texts that are no quotas, and what the user has instead.
        given: texts with backslashes before quotes, and what was given of them.
        has_alias_table: whether aliases are in the database.
        alias_lines: per file of an alias from which lines were removed, C's lines and ours.
        random_passwords: what programs of C have made up.
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
        self.tables: Tables = {}
        self.tables_before: Tables = {}
        self.rows_instead: dict[tuple[str, Any], tuple[Row | None, Row | None]] = {}
        self._recorded_tables: Tables | None = None
        self.has_database = False
        self.store_is_down = False
        self.markers: dict[str, int] = {}
        self.uncommented: set[str] = set()
        self.orphans: set[tuple[str, str]] = set()
        self.only_ours: set[str] = set()
        self.own_lines: dict[str, str] = {}
        self.capitals: set[str] = set()
        self.refused_addresses: set[str] = set()
        self.own_addresses: set[str] = set()
        self.emptied: set[tuple[str | None, str | None]] = set()
        self.logins: dict[str, str] = {}
        self.quotas: dict[str, str] = {}
        self.given: dict[str, str] = {}
        self.has_alias_table = False
        self.random_passwords: set[str] = set()
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
        self._refuse_rows(step)
        return replace(
            step,
            changes=None if step.changes is None else [],
            hup=False,
            tables=None,
            changed_tables=None if step.changed_tables is None else {},
        )

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

    # -- what they do to tables

    def real(self, domain: str) -> str:
        """The real domain behind a name; the name itself if it is none."""
        name = domain.lower()
        return next((f[1] for f in self.assign_lines() if f[0] == f"+{name}-"), name)

    def users_table(self, domain: str) -> str:
        """The name of the table with the users of a domain."""
        folded = self.real(domain).replace(".", "_").replace("-", "_")
        return folded if self.build.endswith("few") else "vpopmail"

    def user_row(self, user: str, domain: str) -> Row | None:
        """The row of a user that we have, as it was before the step."""
        table = self.tables_before.get(self.users_table(domain))
        for row in () if table is None else table.rows:
            its = row.get("pw_domain", self.real(domain))
            if row["pw_name"] == user.lower() and its == self.real(domain):
                return row
        return None

    def keep_ours(self, step: Step, tables: Tables) -> None:
        """What we did in a step that went wrong in C: expect it from now on."""
        self._recorded_tables = self._after(step) or self._recorded_tables
        recorded = self.tables_before if self._recorded_tables is None else self._recorded_tables
        self.tables = tables
        for path in self.before.keys() | self.actual.keys():
            ours = self.actual.get(path)
            if self.before.get(path) != ours:
                self.instead[path] = (self.instead.get(path, (self.expected.get(path),))[0], ours)
                self._put(path, ours)
        for name in self.tables_before.keys() | self.tables.keys():
            was, now = by_key(name, self.tables_before.get(name)), by_key(name, self.tables.get(name))
            theirs = by_key(name, recorded.get(name))
            for key in was.keys() | now.keys():
                if was.get(key) != now.get(key):
                    known = self.rows_instead.get((name, key))
                    row = theirs.get(key) if known is None or step.tables is not None else known[0]
                    self.rows_instead[name, key] = (row, now.get(key))

    def forget_rows(self, domain: str) -> None:
        """Expect nothing any more of the rows that only we have of a domain."""
        for (name, key), (_theirs, ours) in list(self.rows_instead.items()):
            if ours is not None and domain in (*ours.values(), name):
                del self.rows_instead[name, key]

    def _refuse_rows(self, step: Step) -> None:
        """Note the rows that only C has changed."""
        recorded = self._after(step)
        before = self.tables if self._recorded_tables is None else self._recorded_tables
        for name, table in recorded.items():
            was, now = by_key(name, before.get(name)), by_key(name, table)
            ours = by_key(name, self.tables.get(name))
            for key in was.keys() | now.keys():
                if not same_state(was.get(key), now.get(key)):
                    our_row = self.rows_instead.get((name, key), (None, ours.get(key)))[1]
                    self.rows_instead[name, key] = (now.get(key), our_row)
        self._recorded_tables = recorded or self._recorded_tables

    def take_tables(self, step: Step, reads: ReadsTables) -> None:
        """Take over what a step did to the tables."""
        if step.tables is not None:
            self.tables = self._read_rows(step.tables, reads)
            self.tables |= self._tables_of_ours(step.tables)
        elif step.changed_tables:
            shown = {n: t for n, t in step.changed_tables.items() if t is not None}
            left = {n: t for n, t in self.tables.items() if n not in step.changed_tables}
            self.tables = left | self._read_rows(shown, reads)
        self._recorded_tables = self._after(step) or self._recorded_tables

    def take_final_tables(self, tables: Tables, reads: ReadsTables) -> None:
        """Expect the recorded tables of the end."""
        self.tables = self._read_rows(tables, reads) | self._tables_of_ours(tables)

    def adopt_tables(self, tables: Tables) -> None:
        """Believe the tables as they are: nothing is recorded of them."""
        self.tables = tables
        self._recorded_tables = None

    def _after(self, step: Step) -> Tables:
        """The recorded tables after a step; none if it changed none."""
        if step.tables is not None:
            return step.tables
        if not step.changed_tables:
            return {}
        base = self.tables if self._recorded_tables is None else self._recorded_tables
        after: dict[str, Table | None] = {**base, **step.changed_tables}
        return {name: table for name, table in after.items() if table is not None}

    def _read_rows(self, recorded: Tables, reads: ReadsTables) -> Tables:
        """Recorded tables as the rules read them, with our rows where C's are not ours."""
        tables = reads({name: self._without_theirs(name, table) for name, table in recorded.items()})
        for (name, _key), (_theirs, ours) in self.rows_instead.items():
            if name in tables and ours is not None:
                tables[name] = tables[name].with_rows((*tables[name].rows, ours))
        return tables

    def _without_theirs(self, name: str, table: Table) -> Table:
        """The table without the rows in whose place we have another one, or none."""
        rows = by_key(name, table)
        for (where, key), (theirs, _ours) in list(self.rows_instead.items()):
            if where == name and not same_state(rows.get(key), theirs):
                del self.rows_instead[where, key]
            elif where == name:
                rows.pop(key, None)
        return table.with_rows(rows.values())

    def _tables_of_ours(self, recorded: Tables) -> Tables:
        """Tables that only we have, of the rows that only we have."""
        found: dict[str, list[Row]] = {}
        for (name, _key), (_theirs, ours) in self.rows_instead.items():
            if name not in recorded and ours is not None:
                found.setdefault(name, []).append(ours)
        return {name: Table(tuple(rows[0]), tuple(rows)) for name, rows in found.items()}

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
