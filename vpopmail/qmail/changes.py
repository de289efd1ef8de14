"""Adding and removing domains in qmail's files, with one rename of users/cdb as commit point."""

from __future__ import annotations

from vpopmail.errors import FileNotUpdated, FormatError
from vpopmail.formats import assign, cdb, control
from vpopmail.formats.text import split_lines, to_bytes
from vpopmail.plan import journal
from vpopmail.qmail.control import PUBLIC, run
from vpopmail.qmail.send import hang_up
from vpopmail.safeio.closing import close_all
from vpopmail.safeio.directory import Directory, Owner
from vpopmail.safeio.locks import FileLock
from vpopmail.safeio.times import later_than

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from typing_extensions import Self

    from vpopmail.plan.journal import Fact, Stage
    from vpopmail.plan.steps import Plan
    from vpopmail.qmail.qmail import Qmail
    from vpopmail.records import DomainEntry

ASSIGN = "assign"
KIND = "domains"
REBUILDING = "rebuilding"


class QmailChange:
    """Changes to the set of domains, made together or not at all.

    ``lock``, which also finishes what a killed process left, then any of ``add`` and ``remove``,
    then ``plan_steps`` for a plan to be carried out; ``close`` at the end.

    Args:
        qmail: the qmail directory.

    Attributes:
        deferred: whether morercpthosts is not compiled and qmail-send not told: the next change
            that is not deferred does both.
        follow: told of the names whose lines in users/cdb changed, or may have, once that counts:
            of this change, or of one that a killed process left; None: nobody wants to know.
            What it raises keeps the journal's entry, for the next change.
    """

    def __init__(self, qmail: Qmail) -> None:
        self.qmail = qmail
        self.deferred = False
        self.follow: Callable[[list[str]], object] | None = None
        self.directory = Directory.open(f"{qmail.qmaildir}/users", sync=qmail.sync, follow=True)
        self.file_lock = FileLock(self.directory, f"{ASSIGN}.lock", qmail.lock_timeout)
        self.added: list[DomainEntry] = []
        self.removed: list[DomainEntry] = []
        self.replaced: list[DomainEntry] = []
        self.withdrawn: list[str] = []
        self.old: bytes | None = None
        self.stage: Stage | None = None
        self.plan: Plan | None = None

    def lock(self) -> None:
        """Take assign.lock, as the C tools do, and finish or undo what was left.

        Raises:
            OSError, FileNotUpdated.
        """
        self.file_lock.acquire()
        for left in journal.leftovers(self.directory):
            with left:
                self._recover(left)

    def add(self, entry: DomainEntry) -> None:
        """Add a domain or alias domain, whose name the caller knows to be free."""
        self.added.append(entry)

    def remove(self, entry: DomainEntry) -> None:
        """Remove a domain or alias domain."""
        self.removed.append(entry)

    def replace(self, entry: DomainEntry) -> None:
        """Give a name that is there another line in users/assign; mail for it is taken on."""
        self.replaced.append(entry)

    def close(self) -> None:
        """Give the lock back and clear the stage."""
        close_all([self._close_stage, self.file_lock.release, self.directory.close])

    def _close_stage(self) -> None:
        if self.stage is not None and self._is_unfinished():
            self.stage.abandon()
        elif self.stage is not None:
            self.stage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, *trace: object) -> None:
        close_all([self.close], error)

    # before the commit point

    def plan_prepare(self, plan: Plan) -> None:
        """Append the steps up to the commit point, without it."""
        self.plan = plan
        plan.add("journal", "note the domains", self._enter, self._forget)
        if self.removed:
            plan.add(
                "qmail", f"rcpthosts without {_words(self.removed)}", self._withdraw, self._accept
            )
        words = self._assign_words()
        plan.add("qmail", f"users/assign {words}", self._write_assign, self._restore_assign)
        plan.add("qmail", "users/cdb beside the present one", self._stage_cdb, self._discard_cdb)

    def plan_commit(self, plan: Plan) -> None:
        """Append the commit point."""
        plan.add("qmail", f"users/{self.qmail.cdb_name}", self._commit, commit=True)
        plan.add("qmail", "bring it to the disk", self.directory.flush, vital=True)

    def plan_finish(self, plan: Plan) -> None:
        """Append the steps after the commit point."""
        if self.added:
            names = [entry.domain for entry in self.added]
            plan.add(
                "qmail",
                f"virtualdomains, locals, rcpthosts with {_words(self.added)}",
                lambda: self._publish(names),
                vital=True,
            )
        if self.removed:
            gone = [entry.domain for entry in self.removed]
            plan.add(
                "qmail",
                f"virtualdomains without {_words(self.removed)}",
                lambda: self.qmail.control.retire(gone),
                vital=True,
            )
        if not self.deferred:
            plan.add("qmail", "HUP to qmail-send", lambda: hang_up(self.qmail.qmaildir))
        follow = self.follow
        if follow is not None:
            changed = [entry.domain for entry in (*self.added, *self.replaced, *self.removed)]
            plan.add("accounts", "copy the alias domains", lambda: follow(changed))
        plan.add("journal", "forget the domains", self._forget)

    def _publish(self, names: list[str]) -> None:
        self.qmail.control.publish(names, compiled=not self.deferred)

    def _assign_words(self) -> str:
        return " and ".join(
            f"{verb} {_words(entries)}"
            for verb, entries in (
                ("with", self.added + self.replaced),
                ("without", self.removed),
            )
            if entries
        )

    def _facts(self) -> list[Fact]:
        return [
            *(("add", entry.domain) for entry in self.added + self.replaced),
            *(("remove", entry.domain) for entry in self.removed),
            *(("accepted", name) for name in self.withdrawn),
        ]

    def _enter(self) -> None:
        self.withdrawn = self.qmail.control.accepted([entry.domain for entry in self.removed])
        status = self.directory.status(".")
        uid, gid = (0, 0) if status is None else (status.st_uid, status.st_gid)
        self.stage = journal.begin(self.directory, Owner(uid, gid))
        self._write_entry(self.stage)

    def _write_entry(self, stage: Stage) -> None:
        stage.enter(KIND, self._facts())

    def _forget(self) -> None:
        if self.stage is not None and not self._is_unfinished():
            self.stage.close()
            self.stage = None

    def _is_unfinished(self) -> bool:
        """Whether the entry must stay, for the next change to finish or undo this one."""
        return self.plan is not None and bool(self.plan.unfinished)

    def _withdraw(self) -> None:
        self.qmail.control.withdraw([entry.domain for entry in self.removed])

    def _accept(self) -> None:
        self.qmail.control.accept(self.withdrawn)

    def _write_assign(self) -> None:
        self.old = self.directory.read(ASSIGN)
        self.new = self._next_assign(self.old or b".\n")
        # Compiled before anything counts: a malformed line refuses the whole file.
        self.compiled = self._compiled(self.new)
        self.mtime_ns = later_than(self._times())
        self.directory.stage(ASSIGN, [self.new], None, mode=PUBLIC, mtime_ns=self.mtime_ns)
        self.directory.publish(ASSIGN)

    def _next_assign(self, text: bytes) -> bytes:
        if self.old is None and self._knows_names():
            path = f"{self.directory.path}/{ASSIGN}"
            advice = f"it is missing, but {self.qmail.cdb_name} has domains: rebuild() first"
            raise FileNotUpdated(path, advice)
        text = without_domains(text, {entry.domain for entry in self.removed + self.replaced})
        lines = [assign.format_line(entry) for entry in self.added + self.replaced]
        return control.insert_lines(text, lines, control.ASSIGN)

    def _knows_names(self) -> bool:
        try:
            index = self.directory.read(self.qmail.cdb_name)
            return any(key for key, _ in cdb.iterate(index or b""))
        except FormatError:
            return False

    def _compiled(self, text: bytes) -> bytes:
        try:
            return cdb.build(assign.compile_users(text))
        except FormatError as error:
            path = f"{self.directory.path}/{ASSIGN}"
            raise FileNotUpdated(path, f"{error.subject}: {error.advice}") from error

    def _times(self) -> list[int]:
        names = (ASSIGN, self.qmail.cdb_name)
        return [status.st_mtime_ns for name in names if (status := self.directory.status(name))]

    def _restore_assign(self) -> None:
        self.directory.discard(ASSIGN)
        if self.old is None:
            self.directory.remove(ASSIGN)
        elif self.directory.read(ASSIGN) != self.old:
            self._put_assign(self.old)

    def _put_assign(self, text: bytes) -> None:
        """Write users/assign as the source of the present users/cdb: not newer than it."""
        status = self.directory.status(self.qmail.cdb_name)
        mtime_ns = None if status is None else status.st_mtime_ns
        self.directory.stage(ASSIGN, [text], None, mode=PUBLIC, mtime_ns=mtime_ns)
        self.directory.publish(ASSIGN)
        self.directory.flush()

    def _stage_cdb(self) -> None:
        if not self.qmail.newu:
            name = self.qmail.cdb_name
            self.directory.stage(name, [self.compiled], None, mode=PUBLIC, mtime_ns=self.mtime_ns)
        self.directory.flush()

    def _discard_cdb(self) -> None:
        self.directory.discard(self.qmail.cdb_name)

    def _commit(self) -> None:
        if self.qmail.newu:
            run(self.qmail.newu)
        else:
            self.directory.publish(self.qmail.cdb_name)

    # what a killed process left

    def _recover(self, left: Stage) -> None:
        self.directory.discard(ASSIGN)
        self.directory.discard(self.qmail.cdb_name)
        entry = left.entry() if journal.is_ours(left) else None
        if entry is not None and entry[0] == REBUILDING:
            from vpopmail.qmail.rebuilding import settle

            settle(self, left, entry[1])
            return
        if entry is not None:
            self.qmail.control.tidy()
            names = self._settle(entry[1])
            if self.follow is not None:
                self.follow(names)

    def _settle(self, facts: list[Fact]) -> list[str]:
        """Bring all files in line with users/cdb for the names of an entry; these names."""
        find = self.qmail.lookup.find
        accepted = [fact[1] for fact in facts if fact[0] == "accepted"]
        names = [fact[1] for fact in facts if fact[0] in {"add", "remove"}]
        added = {fact[1] for fact in facts if fact[0] == "add"}
        there = {name: entry for name in names if (entry := find(name)) is not None}
        gone = [name for name in names if name not in there]
        text = without_domains(self.directory.read(ASSIGN) or b".\n", set(names))
        lines = [assign.format_line(entry) for entry in there.values()]
        self._put_assign(control.insert_lines(text, lines, control.ASSIGN))
        if gone:
            self.qmail.control.withdraw(gone)
            self.qmail.control.retire(gone)
        if there:
            self.qmail.control.publish([name for name in there if name in added])
            self.qmail.control.accept([name for name in there if name in accepted])
        hang_up(self.qmail.qmaildir)
        return names


def without_domains(text: bytes, names: Collection[str]) -> bytes:
    """users/assign without the lines of some domains; all other lines stay byte for byte."""
    if not names:
        return text
    starts = tuple(b"+" + to_bytes(name) + b"-:" for name in names)
    lines = {line for line in split_lines(text) if line.startswith(starts)}
    return control.remove_lines(text, lines)[0]


def _words(entries: list[DomainEntry]) -> str:
    if len(entries) <= 3:
        return ", ".join(entry.domain for entry in entries)
    return f"{len(entries)} domains"
