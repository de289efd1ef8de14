"""users/assign and users/cdb alone: one name put in, names taken out, users/cdb made again."""

from __future__ import annotations

from vpopmail.errors import DomainExists, InvalidDomainName, InvalidPath
from vpopmail.formats import assign, control
from vpopmail.names import check_new_domain
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Plan
from vpopmail.qmail.changes import ASSIGN, QmailChange
from vpopmail.safeio.times import later_than

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vpopmail.qmail.qmail import Qmail
    from vpopmail.records import DomainEntry


class AssignChange(QmailChange):
    """A change that leaves the control files alone.

    It needs no journal: a change that was cut short before the commit point stands in
    users/assign, and the next making of users/cdb finishes it.
    """

    def plan_prepare(self, plan: Plan) -> None:
        """Append the steps up to the commit point, without it."""
        self.plan = plan
        plan.add(
            "qmail",
            f"users/assign {self._assign_words()}",
            self._write_assign,
            self._restore_assign,
        )
        plan.add("qmail", "users/cdb beside the present one", self._stage_cdb, self._discard_cdb)

    def compile(self) -> None:
        """Make users/cdb of users/assign as it is, under the lock; see compile_users."""
        self.compiled = self._compiled(self.directory.read(ASSIGN) or b"")
        self.mtime_ns = later_than(self._times())
        self._stage_cdb()
        self._commit()
        self.directory.flush()

    def _next_assign(self, text: bytes) -> bytes:
        lines = [assign.format_line(entry) for entry in self.removed]
        return control.insert_lines(control.remove_lines(text, lines)[0], [], control.ASSIGN)


def assign_domain(qmail: Qmail, entry: DomainEntry) -> Plan:
    """Make qmail accept mail for one name and hand it to a directory; doing it again is no error.

    Args:
        qmail: the qmail directory.
        entry: the name, checked here as that of a new domain; its path is absolute.

    Returns:
        The plan. Its commit point is the rename of users/cdb.

    Raises:
        InvalidDomainName, DomainNameTooLong, InvalidPath, InvalidCharacter.
        DomainExists: the name has another directory, owner or real domain.
        OSError, FileNotUpdated: nothing has changed.

    Source: api, add_domain_assign.
    """
    _check(entry)
    plan = Plan(f"assign {entry.domain}")
    with qmail.change() as change:
        change.lock()
        there = qmail.find(entry.domain)
        if there is not None and there != entry:
            raise DomainExists(entry.domain)
        change.add(entry)
        return _carried_out(change, plan, finish=True)


def unassign_domains(qmail: Qmail, entries: Sequence[DomainEntry]) -> Plan:
    """Take the lines of some names out of users/assign; a line that differs in any field stays.

    Args:
        qmail: the qmail directory.
        entries: what the lines say.

    Returns:
        The plan. Its commit point is the rename of users/cdb.

    Raises:
        InvalidCharacter, OSError, FileNotUpdated: nothing has changed.

    Source: api, del_domain_assign.
    """
    with AssignChange(qmail) as change:
        change.lock()
        change.removed = list(entries)
        return _carried_out(change, Plan("take names out of users/assign"), finish=False)


def compile_users(qmail: Qmail) -> None:
    """Make users/cdb of users/assign as it is, with the program that the site names or without.

    Its commit point is the rename of users/cdb.

    Raises:
        OSError.
        FileNotUpdated: a malformed line, or no users/assign; users/cdb is as it was.
    """
    with AssignChange(qmail) as change:
        change.lock()
        change.compile()


def _carried_out(change: QmailChange, plan: Plan, *, finish: bool) -> Plan:
    change.plan_prepare(plan)
    change.plan_commit(plan)
    if finish:
        change.plan_finish(plan)
    return carry_out(plan)


def _check(entry: DomainEntry) -> None:
    check_new_domain(entry.domain)
    if not entry.realdomain:
        raise InvalidDomainName("''", "the name of the real domain is empty")
    if not entry.path.startswith("/"):
        raise InvalidPath(ascii(entry.path[:160])[1:-1], "give an absolute one")
    assign.format_line(entry)
