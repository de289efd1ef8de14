"""The change that makes qmail's files anew: old or new, as every change of domains."""

from __future__ import annotations

from vpopmail.errors import FormatError
from vpopmail.formats import assign, cdb
from vpopmail.qmail.changes import ASSIGN, REBUILDING, QmailChange
from vpopmail.qmail.control import PUBLIC
from vpopmail.qmail.send import hang_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.plan.journal import Fact, Stage
    from vpopmail.plan.steps import Plan
    from vpopmail.qmail.qmail import Qmail
    from vpopmail.safeio.directory import Directory


class RebuildingChange(QmailChange):
    """A change whose users/assign is given as a whole.

    Nothing that survived is worth less than what is built: until the commit point the old text
    lies on the stage, and no control file is touched.

    Args:
        qmail: the qmail directory.

    Attributes:
        text: the next users/assign.
        added: the domains that the control files are to name.
        mending: whether morercpthosts or its compiled file has to be made from the other.
    """

    def __init__(self, qmail: Qmail) -> None:
        super().__init__(qmail)
        self.text = b""
        self.mending = False

    def plan_finish(self, plan: Plan) -> None:
        """Append the steps after the commit point."""
        if self.mending and not self.added:
            mend = self.qmail.control.mend
            plan.add("qmail", "morercpthosts and its cdb, each from the other", mend, vital=True)
        super().plan_finish(plan)

    def _publish(self, names: list[str]) -> None:
        if self.mending:
            # In one step: new names would else take the place of those that are to come back.
            self.qmail.control.mend()
        super()._publish(names)

    def _assign_words(self) -> str:
        return "with all that is known"

    def _write_entry(self, stage: Stage) -> None:
        old = self.directory.read(ASSIGN)
        if old is not None:
            mtime_ns = _mtime_ns(self.directory)
            stage.directory.create(ASSIGN, [old], None, mode=PUBLIC, mtime_ns=mtime_ns)
            stage.directory.flush()  # an entry without it would say that there was none
        stage.enter(REBUILDING, self._facts())

    def _next_assign(self, text: bytes) -> bytes:  # noqa: ARG002 - decided under the same lock
        return self.text

    def _restore_assign(self) -> None:
        self.directory.discard(ASSIGN)
        if self.stage is not None:
            put_back(self.directory, self.stage.directory)


def put_back(users: Directory, stage: Directory) -> None:
    """Put the old users/assign back from the stage, with its time: it may be newer than the cdb."""
    old = stage.read(ASSIGN)
    if old is None:
        users.remove(ASSIGN)
    elif users.read(ASSIGN) != old or _mtime_ns(users) != _mtime_ns(stage):
        users.stage(ASSIGN, [old], None, mode=PUBLIC, mtime_ns=_mtime_ns(stage))
        users.publish(ASSIGN)
    users.flush()


def settle(change: QmailChange, left: Stage, facts: list[Fact]) -> None:
    """Finish or undo what a killed process left of making the files anew.

    It counts if users/cdb is what users/assign makes. If not the old text comes back. The names
    of the entry that users/cdb has get into the control files in either case.

    Args:
        change: holds the lock.
        left: the stage.
        facts: of its entry.

    Raises:
        OSError, FileNotUpdated.
    """
    qmail = change.qmail
    if not _is_compiled(change.directory, qmail.cdb_name):
        put_back(change.directory, left.directory)
    if not qmail.control.is_compiled():
        # Before tidying, which drops a compiled file whose text is lost.
        qmail.control.mend()
    qmail.control.tidy()
    names = [fact[1] for fact in facts if fact[0] == "add"]
    there = [name for name in names if qmail.lookup.find(name) is not None]
    if there:
        qmail.control.publish(there)
    hang_up(qmail.qmaildir)


def _is_compiled(users: Directory, cdb_name: str) -> bool:
    text, index = users.read(ASSIGN), users.read(cdb_name)
    try:
        return assign.compile_users(text or b"") == list(cdb.iterate(index or b""))
    except FormatError:
        return False


def _mtime_ns(directory: Directory) -> int | None:
    status = directory.status(ASSIGN)
    return None if status is None else status.st_mtime_ns
