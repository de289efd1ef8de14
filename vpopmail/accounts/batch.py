"""Many changes with one commit: what ``with site.batch():`` opens.

Homes and domains are built as they come. Nothing is locked and nothing counts until the end;
then all is brought to the disk at once and committed: all domains with one rename, then the users
of each domain with one. Reads inside the batch see what is pending. An error discards all.
"""

from __future__ import annotations

from vpopmail.accounts.batch_end import ALL_DOMAINS, BatchEnd
from vpopmail.accounts.batch_view import BatchView
from vpopmail.accounts.domain_change import DomainChange
from vpopmail.accounts.open_batches import open_batch, open_batches, open_here
from vpopmail.accounts.user_change import UserChange, open_change
from vpopmail.plan.steps import Outcome, Plan
from vpopmail.safeio.closing import close_all
from vpopmail.safeio.shelf import Shelf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

    from vpopmail.accounts.user_change import Decide
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd


class Batch(BatchView):
    """A context manager for many changes to one site.

    A batch inside a batch is part of it. Threads and other processes do not see it.

    Args:
        installation: the site.
        deferred: whether domains that are added wait for another change, which is not deferred,
            to compile morercpthosts and to tell qmail-send.

    Attributes:
        plans: what its end carries out, in order: one for all domains, then one for each domain
            whose users, aliases, limits or files change. Plans of single changes tell whether
            they count, too.
        around: the batch of another site inside which this one was begun.
        ended: whether it is over: a task or a copied context may outlive the block, and notes
            nothing any more then.

    Its commit points: the rename of qmail's users/cdb for domains added and deleted, then that
    of the account store for each domain with users added or deleted, in the order of their names.
    """

    def __init__(self, installation: Installation, *, deferred: bool = False) -> None:
        super().__init__(installation)
        self._deferred = deferred
        self.plans: list[Plan] = []
        self._outcomes: dict[str, Outcome] = {}  # by domain
        self._events = Shelf()
        self._event_count = 0
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
        close_all([*endings, self._tell, self._events.clear], error)

    def _commit(self) -> None:
        changes = [self._users[name] for name in sorted(self._users)]
        end = BatchEnd(self, self._domains, changes)
        end.decide_again()
        self._end()
        for plan in end.carry_out(self._outcomes):
            self.plans.append(plan)

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

    def note_event(self, plan: Plan, command: str, arguments: tuple[str, ...]) -> None:
        """Note what is to be told if a change counts: its plan, the event and its arguments."""
        self._event_count += 1
        self._events.add(str(self._event_count), (plan.outcome.domain, command, *arguments))

    def _tell(self) -> None:
        """Tell of the changes that count: all, or those of the domains that were committed."""
        passed_over = {
            ("mod_user", f"{name}@{domain}")
            for domain, change in self._users.items()
            for name in change.passed_over
        }
        for _, (domain, command, *arguments) in self._events.rows():
            is_done = self._outcomes[str(domain)].carried_out
            if is_done and (command, arguments[0]) not in passed_over:
                self.installation.events.committed(str(command), *map(str, arguments))

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
        from vpopmail.accounts.user_rules import check_new_name, decide_addition

        change = self._change(domain)
        check_new_name(change, user.pw_name)
        home = decide_addition(plan, change, user, files)
        try:
            plan.steps[-1].do()
        except BaseException:
            change.drop(home)
            raise
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

    def update(
        self,
        plan: Plan,
        domain: DomainEntry,
        decide: Decide,
        name: str = "",
        *,
        of_record: bool = False,
    ) -> Plan:
        """Note another change of what a domain holds; see ``change_domain``."""
        self._change(domain).update(decide, name, of_record=of_record)
        return self._note_user(plan, domain)

    def _domain_change(self) -> DomainChange:
        if self._domains is None:
            change = DomainChange(self.installation, batch=True)
            change.qmail.deferred = self._deferred
            try:
                change.recover(self.installation.settings.domains_path)
            except BaseException as error:
                close_all([change.close], error)
                raise
            self._domains = change
        return self._domains

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
        return self._note(plan, ALL_DOMAINS)

    def _note_user(self, plan: Plan, domain: DomainEntry) -> Plan:
        name = domain.realdomain
        return self._note(plan, name if name in self._users else ALL_DOMAINS)

    def _note(self, plan: Plan, domain: str) -> Plan:
        """Let the plan of a change tell what becomes of all that counts together with it."""
        outcome = self._outcomes.setdefault(domain, Outcome(domain))
        outcome.changes += 1
        plan.outcome = outcome
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
