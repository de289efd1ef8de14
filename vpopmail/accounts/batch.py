"""Many changes with one commit: what ``with site.batch():`` opens.

Homes and domains are built as they come. Nothing is locked and nothing counts until the end;
then all is brought to the disk at once and committed: all domains with one rename, then the users
of each domain with one. Reads inside the batch see what is pending. An error discards all.
"""

from __future__ import annotations

from contextlib import suppress

from vpopmail.accounts.domain_change import DomainChange
from vpopmail.accounts.lookup import may_look
from vpopmail.accounts.open_batches import (
    all_entries,
    open_batch,
    open_batches,
    open_here,
    stored_entries,
)
from vpopmail.accounts.user_change import UserChange, open_change
from vpopmail.errors import (
    AssignUnreadable,
    DomainExists,
    DomainNotFound,
    LimitsUnreadable,
    NotPermitted,
)
from vpopmail.formats.text import to_bytes
from vpopmail.log import warn
from vpopmail.names import fold_domain
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Plan
from vpopmail.records import V_OVERRIDE
from vpopmail.safeio.closing import close_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

    from vpopmail.accounts.user_change import Decide
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VLimits, VqPasswd


def check_distinct(
    installation: Installation,
    name: str,
    entries: Callable[[Installation], Iterator[DomainEntry]] = all_entries,
) -> None:
    """Refuse a new domain that the account store could not tell from another one.

    Args:
        installation: the site.
        name: of the domain, folded.
        entries: gives those that there are.

    Raises:
        InvalidDomainName.
    """

    def others() -> Iterator[str]:
        # A generator: most backends do not look.
        with suppress(AssignUnreadable):  # there is no domain yet, or it is refused later
            for entry in entries(installation):
                if not entry.is_alias:
                    yield entry.domain

    installation.backend.check_new_domain(name, others())


class Batch:
    """A context manager for many changes to one site.

    A batch inside a batch is part of it. Threads and other processes do not see it.

    Args:
        installation: the site.

    Attributes:
        plans: of the changes made in it; carried out when it has ended without error.
        events: what is to be told after the commit: plan, command and arguments of each change.
        around: the batch of another site inside which this one was begun.
        ended: whether it is over: a task or a copied context may outlive the block, and notes
            nothing any more then.

    Its commit points: the rename of qmail's users/cdb for domains added and deleted, then that
    of the account store for each domain with users added or deleted, in the order of their names.
    """

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.plans: list[Plan] = []
        self.events: list[tuple[Plan, str, tuple[str, ...]]] = []
        self._domains: DomainChange | None = None
        self._users: dict[str, UserChange] = {}
        self._by_domain: dict[str, list[Plan]] = {}
        self._domain_plans: list[Plan] = []
        self._resolved: dict[str, DomainEntry | None] = {}
        self._limits: dict[str, VLimits | None] = {}
        self._outer: Batch | None = None
        self._used = False
        self._discarded = False
        self.around: Batch | None = None
        self.ended = False

    def __enter__(self) -> Self:
        if self._used:
            raise RuntimeError("a batch is used once: call site.batch() again")
        self._used = True
        self._outer = open_batch(self.installation)
        if self._outer is None:
            self.around = next(open_batches(), None)
            open_here.set(self)
        return self

    def __exit__(self, kind: object, error: BaseException | None, *trace: object) -> None:
        if self._outer is not None:
            return
        endings = [self._end, *(change.close for change in self._users.values())]
        if self._domains is not None:
            endings.append(self._domains.close)
        if error is None and not self._discarded:
            endings.insert(0, self._commit)
        close_all([*endings, self._tell], error)

    def _end(self) -> None:
        self.ended = True
        # It may end in another context than that in which it began.
        if open_here.get() is self:
            open_here.set(next(open_batches(), None))

    def discard(self) -> None:
        """Let nothing of the batch count: at its end all is forgotten, as after an error.

        So a batch can be tried: see what each change says, then discard it. A batch inside a
        batch discards all of the outer one.
        """
        if self._outer is not None:
            self._outer.discard()
        self._discarded = True

    def _tell(self) -> None:
        """Tell of the changes that count: all, or those of the domains that were committed."""
        for plan, command, arguments in self.events:
            if plan.carried_out:
                self.installation.events.committed(command, *arguments)

    # looking

    def resolve(self, domain: str) -> DomainEntry | None:
        """The entry of a domain, pending changes included.

        Args:
            domain: any case, also as U-label.
        """
        name = fold_domain(domain)
        if self._domains is not None:
            if name in self._domains.added:
                return self._domains.added[name]
            if name in self._domains.removed:
                return None
            if name in self._domains.replaced:
                return self._domains.replaced[name]
        if name not in self._resolved:
            self._resolved[name] = self.installation.resolve(domain)
        return self._resolved[name]

    def find(self, domain: DomainEntry, name: str) -> VqPasswd | None:
        """The user as it is with the pending changes."""
        change = self._present_change(domain)
        if change is not None:
            return change.find(name)
        if self._domains is not None and self._domains.new_domain(domain.realdomain):
            return None
        return self.installation.backend.find(domain, name)

    def find_user(self, domain: str, name: str) -> VqPasswd | None:
        """The user with the effective flags, pending changes included."""
        entry = self.resolve(domain)
        if entry is None:
            return None
        if not may_look(self.installation, entry):
            raise NotPermitted(domain, "run it as root or as the domain's owner")
        user = self.find(entry, name)
        if user is not None and not user.pw_gid & V_OVERRIDE:
            user.pw_flags |= self.flag_mask(entry)
        return user

    def entries(self) -> list[DomainEntry]:
        """All domains and alias domains with the pending changes; new ones last."""
        found = list(stored_entries(self.installation))
        if self._domains is None:
            return found
        removed, replaced = self._domains.removed, self._domains.replaced
        kept = [replaced.get(entry.domain, entry) for entry in found if entry.domain not in removed]
        return kept + list(self._domains.added.values())

    def iterate(self, domain: DomainEntry) -> Iterator[VqPasswd]:
        """The users of a domain with the pending changes."""
        new = None if self._domains is None else self._domains.new_domain(domain.realdomain)
        fresh = new is not None and not new.adopted
        stored = () if fresh else self.installation.backend.iterate(domain)
        change = self._present_change(domain)
        if change is None:
            yield from stored
            return
        users = {user.pw_name: user for user in stored}
        for name, user in change.transaction.pending.items():
            if user is None:
                users.pop(name, None)
            else:
                users[name] = user.copy()
        for name in sorted(users, key=to_bytes):
            yield users[name]

    def read_limits(self, domain: DomainEntry) -> VLimits | None:
        """The limits that hold for a domain: pending ones, else those stored, read once."""
        change = self._present_change(domain)
        if change is not None and change.limits.are_pending():
            return change.limits.find()
        name = domain.realdomain
        if name not in self._limits:
            self._limits[name] = self.installation.limits.read_limits(domain)
        limits = self._limits[name]
        return None if limits is None else limits.copy()

    def flag_mask(self, domain: DomainEntry) -> int:
        """The flag bits that the limits of a domain add, pending changes included."""
        try:
            limits = self.read_limits(domain)
        except LimitsUnreadable:
            return 0  # as for a look-up outside of a batch
        return 0 if limits is None else limits.flag_mask()

    def change_of(self, domain: DomainEntry) -> UserChange | None:
        """What is pending in a domain, for reading; None if nothing is."""
        return self._present_change(domain)

    def changes(self) -> Iterator[UserChange]:
        """What is pending in each domain, for reading."""
        yield from self._users.values()
        for new in () if self._domains is None else self._domains.new_domains():
            if new.users is not None:
                yield new.users

    def rehearsal(self, domain: DomainEntry) -> UserChange:
        """A change of what a domain holds, for a dry run: with what is pending, and to be closed.

        Raises:
            NotPermitted, DomainDirectoryMissing, BackendUnavailable.
        """
        present = self._present_change(domain)
        return open_change(self.installation, domain) if present is None else present.rehearsal()

    def check_free(self, name: str) -> None:
        """Refuse the name of a new domain if it is taken, or was at the begin.

        Raises:
            DomainExists.
        """
        if self._domains is not None and name in self._domains.removed:
            raise DomainExists(name, "it is deleted in this batch, which must end first")
        if self.resolve(name) is not None:
            raise DomainExists(name)

    # changing

    def add_domain(
        self,
        plan: Plan,
        name: str,
        base: str,
        owner: tuple[int, int],
        postmaster: VqPasswd | None,
    ) -> Plan:
        """Build a domain that is to be added; see ``Domains.add``."""
        from vpopmail.accounts.domains import build_first

        change = self._domain_change()
        change.recover(f"{base}/{self.installation.settings.domains_dir}")
        self.check_free(name)
        new = change.add_domain(plan, name, base, *owner)
        try:
            plan.steps[-1].do()
            if postmaster is not None:
                build_first(new, postmaster)
        except BaseException:
            change.drop(name)
            raise
        return self._note_domain(plan)

    def add_alias(self, plan: Plan, alias: str, real: str) -> Plan:
        """Note an alias domain that is to be added."""
        from vpopmail.accounts.domains import alias_entry

        change = self._domain_change()
        self.check_free(alias)
        change.add_name(alias_entry(alias, self._find_entry(real)))
        return self._note_domain(plan)

    def update_alias(self, plan: Plan, alias: str, real: str) -> Plan:
        """Note an alias domain that is to stand for another domain."""
        from vpopmail.accounts.domains import alias_entry, decide_update

        change = self._domain_change()
        present = self._find_entry(alias)
        target = self._find_entry(real)
        if alias in change.added and present.is_alias:
            change.drop(alias)
            change.add_name(alias_entry(alias, target))
        else:
            decide_update(change, present, target)
        return self._note_domain(plan)

    def delete_domain(self, plan: Plan, entry: DomainEntry) -> Plan:
        """Note a domain that is to be deleted; one that is pending is forgotten."""
        from vpopmail.accounts.domains import decide_deletion

        change = self._domain_change()
        change.keep_name(entry.domain)
        if not entry.is_alias:
            _forget_aliases(change, entry.domain)
        if entry.domain in change.added:
            change.drop(entry.domain)
            return self._note_domain(plan)
        users = None if entry.is_alias else self._users.pop(entry.realdomain, None)
        if users is not None:
            users.close()
        decide_deletion(change, entry)
        return self._note_domain(plan)

    def add_user(
        self, plan: Plan, domain: DomainEntry, user: VqPasswd, files: dict[str, bytes]
    ) -> Plan:
        """Build the home of a user who is to be added; see ``Users.add``."""
        from vpopmail.accounts.user_rules import add_again, check_new_name, decide_addition

        change = self._change(domain)
        check_new_name(change, user.pw_name)
        home = decide_addition(plan, change, user, files)
        try:
            plan.steps[-1].do()
        except BaseException:
            change.drop(home)
            raise
        change.note(lambda again: add_again(again, user, home), user.pw_name)
        return self._note_user(plan, domain)

    def delete_user(self, plan: Plan, domain: DomainEntry, name: str) -> Plan:
        """Note a user who is to be deleted; see ``Users.delete``."""
        from vpopmail.accounts.user_rules import check_not_catch_all, decide_deletion

        change = self._change(domain)
        pending = change.added_home(name)
        if pending is not None:
            check_not_catch_all(change, name)
            change.drop(pending)
        else:
            change.update(lambda again: decide_deletion(again, name), name)
        return self._note_user(plan, domain)

    def update(self, plan: Plan, domain: DomainEntry, decide: Decide, name: str = "") -> Plan:
        """Note another change of what a domain holds; see ``change_domain``."""
        self._change(domain).update(decide, name)
        return self._note_user(plan, domain)

    # the end

    def _commit(self) -> None:
        changes = [self._users[name] for name in sorted(self._users)]
        self._decide_again(changes)
        self._end()
        if self._domains is not None:
            plan = Plan(f"batch of {len(self._domain_plans)} domains")
            self._domains.plan_steps(plan)
            _carry_out(plan, self._domain_plans)
        for change in changes:
            plans = self._by_domain.get(change.domain.realdomain, [])
            plan = Plan(f"batch of {len(plans)} changes in {change.domain.realdomain}")
            change.plan_steps(plan)
            _carry_out(plan, plans)
            for name in change.homeless:
                address = f"{name}@{change.domain.realdomain}"
                warn("deleted, but there was no home to remove: %s", address)

    def _decide_again(self, changes: list[UserChange]) -> None:
        """Take all locks, and decide from what others have stored meanwhile.

        The batch is still open: a decision sees what is pending, as it did the first time.
        """
        self._resolved.clear()
        self._limits.clear()
        token = open_here.set(self)
        try:
            if self._domains is not None:
                self._domains.lock()
                self._check_domains(self._domains)
            for change in changes:
                change.lock()
                change.decide_again()
        finally:
            open_here.reset(token)

    def _check_domains(self, change: DomainChange) -> None:
        """Under the lock: what others did since the change was asked for."""
        self._check_added(change)
        for name in change.replaced:
            now = self.installation.resolve(name)
            if now is None or not now.is_alias:
                raise DomainNotFound(name, "deleted by another process meanwhile")
        for entry in [*change.added.values(), *change.replaced.values()]:
            self._check_real(change, entry)
        for name, entry in sorted(change.removed.items()):
            now = self.installation.resolve(name)
            if now is None:
                raise DomainNotFound(name, "deleted by another process meanwhile")
            same = now.is_alias if entry.is_alias else now.path == entry.path and not now.is_alias
            if not same:
                raise DomainNotFound(name, "another domain has the name now")
            if not entry.is_alias:
                change.lock_users(entry)
                self._delete_new_aliases(change, entry)

    def _check_added(self, change: DomainChange) -> None:
        for name, entry in change.added.items():
            if self.installation.resolve(name) is not None:
                raise DomainExists(name, "added by another process meanwhile")
            if not entry.is_alias:
                check_distinct(self.installation, name, stored_entries)

    def _check_real(self, change: DomainChange, alias: DomainEntry) -> None:
        if not alias.is_alias or alias.realdomain in change.added:
            return
        now = self.installation.resolve(alias.realdomain)
        if now is None or now.path != alias.path:
            raise DomainNotFound(alias.realdomain, "deleted by another process meanwhile")

    def _delete_new_aliases(self, change: DomainChange, real: DomainEntry) -> None:
        for other in self.installation.qmail.entries(real.domain):
            if other.domain not in change.removed and other.domain not in change.replaced:
                change.delete_names([other])

    def _find_entry(self, name: str) -> DomainEntry:
        entry = self.resolve(name)
        if entry is None:
            raise DomainNotFound(name)
        return entry

    def _domain_change(self) -> DomainChange:
        if self._domains is None:
            change = DomainChange(self.installation, batch=True)
            try:
                change.recover(self.installation.settings.domains_path)
            except BaseException as error:
                close_all([change.close], error)
                raise
            self._domains = change
        return self._domains

    def _present_change(self, domain: DomainEntry) -> UserChange | None:
        name = domain.realdomain
        if name in self._users:
            return self._users[name]
        new = None if self._domains is None else self._domains.new_domain(name)
        return None if new is None else new.users

    def _change(self, domain: DomainEntry) -> UserChange:
        present = self._present_change(domain)
        if present is not None:
            return present
        change = open_change(self.installation, domain, batch=True)
        # Finish what was left before anything is decided; the lock is not kept until the end.
        try:
            change.lock()
            change.transaction.unlock()
        except BaseException as error:
            close_all([change.close], error)
            raise
        self._users[domain.realdomain] = change
        return change

    def _note_domain(self, plan: Plan) -> Plan:
        self._domain_plans.append(plan)
        self.plans.append(plan)
        return plan

    def _note_user(self, plan: Plan, domain: DomainEntry) -> Plan:
        if domain.realdomain in self._users:
            self._by_domain.setdefault(domain.realdomain, []).append(plan)
        else:
            self._domain_plans.append(plan)
        self.plans.append(plan)
        return plan


def _forget_aliases(change: DomainChange, real: str) -> None:
    """A domain goes: with it go those that were to stand for it."""
    for other in [*change.added.values()]:
        if other.is_alias and other.realdomain == real:
            change.drop(other.domain)
    for other in [*change.replaced.values()]:
        if other.realdomain == real:
            change.keep_name(other.domain)
            change.delete_names([other])


def _carry_out(plan: Plan, plans: list[Plan]) -> None:
    try:
        carry_out(plan)
    finally:
        for one in plans:
            one.carried_out = plan.carried_out
            one.unfinished = plan.unfinished
