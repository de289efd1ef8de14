"""One qmail directory: what it says of virtual domains, and changes to that."""

from __future__ import annotations

from vpopmail.names import check_kind_of_text, fold
from vpopmail.qmail.lookup import DomainLookup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vpopmail.plan.steps import Plan
    from vpopmail.qmail.changes import QmailChange
    from vpopmail.qmail.control import ControlFiles
    from vpopmail.qmail.rebuild import Rebuilt
    from vpopmail.records import DomainEntry


class Qmail:
    """The part of a qmail installation that virtual domains need.

    Args:
        qmaildir: qmail's directory, absolute: ``users`` and ``control`` are in it.
        cdb_name: name of the compiled users/assign: ``cdb``, for s/qmail ``assign.cdb``.
        sync: whether changes are brought to the disk before they are reported done.
        lock_timeout: seconds to wait for another process, >= 0.
        newu: program to compile users/assign with; ``""``: done here.
        newmrh: program to compile control/morercpthosts with; ``""``: done here.

    Source: manual, "Add domain"; formats, users/assign and control files.
    """

    def __init__(
        self,
        qmaildir: str = "/var/qmail",
        *,
        cdb_name: str = "cdb",
        sync: bool = True,
        lock_timeout: float = 20,
        newu: str = "",
        newmrh: str = "",
    ) -> None:
        check_kind_of_text(qmaildir, cdb_name, newu, newmrh)
        if not isinstance(lock_timeout, int | float):
            raise TypeError(f"a number is needed, not {type(lock_timeout).__name__}")
        self.qmaildir = qmaildir
        self.cdb_name = cdb_name
        self.sync = sync
        self.lock_timeout = lock_timeout
        self.newu = newu
        self.newmrh = newmrh
        self.lookup = DomainLookup(qmaildir, cdb_name)
        self._control: ControlFiles | None = None

    @property
    def control(self) -> ControlFiles:
        """The control files."""
        if self._control is None:
            # Imported here: a lookup does not need it.
            from vpopmail.qmail.control import ControlFiles

            self._control = ControlFiles(
                self.qmaildir, sync=self.sync, lock_timeout=self.lock_timeout, newmrh=self.newmrh
            )
        return self._control

    def find(self, domain: str) -> DomainEntry | None:
        """The entry of a domain or alias domain, from users/cdb; None if there is none.

        Args:
            domain: a name, folded here.
        """
        return self.lookup.find(fold(domain))

    def entries(self, domain: str = "") -> list[DomainEntry]:
        """The domains and alias domains in the order of users/assign.

        Args:
            domain: a domain or alias domain, for only those of the same real domain; ``""``: all.

        Raises:
            AssignUnreadable: users/assign cannot be read.
        """
        domain = fold(domain)
        found = list(self.lookup.entries())
        if not domain:
            return found
        match = self.find(domain)
        real = domain if match is None else match.realdomain
        return [entry for entry in found if entry.realdomain == real]

    def count_rcpthosts(self) -> int:
        """How many lines control/rcpthosts has; 0 if it is missing."""
        return self.control.count_rcpthosts()

    def change(self) -> QmailChange:
        """A change to the set of domains, to be locked and planned.

        Raises:
            OSError: the directory ``users`` cannot be opened.
        """
        from vpopmail.qmail.changes import QmailChange

        return QmailChange(self)

    def add_domains(self, entries: Sequence[DomainEntry], *, dry_run: bool = False) -> Plan:
        """Make qmail accept mail for domains and hand it to their directories.

        Args:
            entries: domains, or alias domains of real ones.
            dry_run: only say what would be done.

        Returns:
            The plan. Its commit point is the rename of users/cdb.

        Raises:
            OSError, FileNotUpdated: nothing has changed.
        """
        return self._change(_checked(entries), [], dry_run=dry_run)

    def remove_domains(self, entries: Sequence[DomainEntry], *, dry_run: bool = False) -> Plan:
        """Make qmail refuse mail for domains.

        Args:
            entries: as listed.
            dry_run: only say what would be done.

        Returns:
            The plan. Its commit point is the rename of users/cdb.

        Raises:
            OSError, FileNotUpdated: nothing has changed.
        """
        return self._change([], _checked(entries), dry_run=dry_run)

    def rebuild(
        self,
        directories: Iterable[str],
        *,
        aliases: Mapping[str, str] | None = None,
        owner: tuple[int, int] | None = None,
        dry_run: bool = False,
    ) -> Rebuilt:
        """Make lost files anew: users/assign, users/cdb, rcpthosts, morercpthosts, virtualdomains.

        The directories of the domains and what is left of the files say what is missing. What is
        there stays, but for lines that lead to no directory where the domain now lies elsewhere,
        and lines that qmail could not read. The report tells of both.

        Args:
            directories: those that hold domains (``/home/vpopmail/domains``), absolute; hashed
                places in them are looked into.
            aliases: alias domains that the caller knows of, with their domains.
            owner: uid and gid of domains whose directory belongs to root; None leaves these out.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The report. The commit point is the rename of users/cdb; the control files follow.

        Raises:
            BaseDirectoryMissing: one of the directories cannot be opened.
            InvalidDomainName, DomainNameTooLong, DomainExists, DomainNotFound: an alias domain
                that cannot be one.
            OSError, FileNotUpdated: nothing has changed, if raised before the commit point.

        Source: manual, "I've lost all my qmail control files".
        """
        from vpopmail.qmail.rebuild import rebuild

        return rebuild(self, directories, aliases or {}, owner, dry_run=dry_run)

    def _change(
        self, added: list[DomainEntry], removed: list[DomainEntry], *, dry_run: bool
    ) -> Plan:
        from vpopmail.plan.executor import carry_out
        from vpopmail.plan.steps import Plan

        plan = Plan("change qmail's domains")
        with self.change() as change:
            if not dry_run:
                change.lock()
            change.added, change.removed = added, removed
            change.plan_prepare(plan)
            change.plan_commit(plan)
            change.plan_finish(plan)
            return plan if dry_run else carry_out(plan)


def _checked(entries: Sequence[DomainEntry]) -> list[DomainEntry]:
    from vpopmail.records import DomainEntry

    found = list(entries) if hasattr(entries, "__iter__") else []
    if not hasattr(entries, "__iter__") or not all(isinstance(one, DomainEntry) for one in found):
        raise TypeError("a list of DomainEntry is needed")
    return found
