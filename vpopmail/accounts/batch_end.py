"""The end of a batch: all is decided again under the locks, then it counts."""

from __future__ import annotations

from contextlib import suppress

from vpopmail.accounts.open_batches import all_entries, open_here, stored_entries
from vpopmail.errors import AssignUnreadable, DomainExists, DomainNotFound
from vpopmail.log import warn
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Outcome, Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vpopmail.accounts.batch import Batch
    from vpopmail.accounts.domain_change import DomainChange
    from vpopmail.accounts.user_change import UserChange
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry

ALL_DOMAINS = ""


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
        InvalidDomainName, BackendUnavailable.
    """

    def others() -> Iterator[str]:
        # A generator: most backends do not look.
        with suppress(AssignUnreadable):  # there is no domain yet, or it is refused later
            for entry in entries(installation):
                if not entry.is_alias:
                    yield entry.domain

    installation.backend.check_new_domain(name, others())


class BatchEnd:
    """Lets the changes of a batch count.

    Args:
        batch: still open.
        domains: what becomes of the domains, if anything does.
        changes: what becomes of what they hold, in the order in which it is to count.
    """

    def __init__(
        self, batch: Batch, domains: DomainChange | None, changes: list[UserChange]
    ) -> None:
        self.installation = batch.installation
        self._batch = batch
        self._domains = domains
        self._changes = changes

    def decide_again(self) -> None:
        """Take all locks, and decide from what others have stored meanwhile.

        A decision sees what is pending, as it did the first time.

        Raises:
            What the decisions raise; FileNotUpdated, BackendUnavailable, OSError.
        """
        self._batch.forget_stored()
        token = open_here.set(self._batch)
        try:
            if self._domains is not None:
                self._domains.lock()
                self._check_domains(self._domains)
            for change in self._changes:
                change.lock()
                change.decide_again()
        finally:
            open_here.reset(token)

    def carry_out(self, outcomes: Mapping[str, Outcome]) -> Iterator[Plan]:
        """Carry out all, domain by domain; each plan is given before.

        Args:
            outcomes: of the changes, by domain.

        Raises:
            What a step raises: what is before it counts.
        """
        if self._domains is not None:
            outcome = outcomes.get(ALL_DOMAINS, Outcome())
            plan = Plan(f"batch of {outcome.changes} domains", outcome=outcome)
            self._domains.plan_steps(plan)
            yield plan
            carry_out(plan)
        for change in self._changes:
            name = change.domain.realdomain
            outcome = outcomes.get(name, Outcome(name))
            plan = Plan(f"batch of {outcome.changes} changes in {name}", outcome=outcome)
            change.plan_steps(plan)
            yield plan
            carry_out(plan)
            for user in change.homeless:
                warn("deleted, but there was no home to remove: %s", f"{user}@{name}")

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
