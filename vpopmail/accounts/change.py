"""One way to change what a domain holds: alone, in a batch, or as a dry run; and to tell of it."""

from __future__ import annotations

from vpopmail.accounts.open_batches import open_batch
from vpopmail.accounts.user_change import open_change
from vpopmail.errors import HomeMissing, VpopmailError
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.accounts.domain_change import DomainChange
    from vpopmail.accounts.user_change import Decide, UserChange
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry


def change_domain(
    installation: Installation,
    domain: DomainEntry,
    subject: str,
    decide: Decide,
    *,
    name: str = "",
    of_record: bool = False,
    dry_run: bool = False,
) -> Plan:
    """Change what a domain holds.

    Args:
        installation: the site.
        domain: the domain or alias domain.
        subject: the change in words, for the plan.
        decide: gets the UserChange of the domain and notes in it what is to change. It must be
            able to do so twice: a batch decides again under the lock.
        name: the user it is about, if it is about one.
        of_record: whether nothing but his record changes.
        dry_run: only decide, without locks.

    Returns:
        The plan; see UserChange.plan_steps for its commit point.

    Raises:
        What ``decide`` raises; DomainNotFound, DomainDirectoryMissing, NotPermitted,
        BackendUnavailable, OSError.
    """
    plan = Plan(subject)
    batch = open_batch(installation)
    if batch is not None and not dry_run:
        return batch.update(plan, domain, decide, name, of_record=of_record)
    with open_users(installation, domain) as change:
        if not dry_run:
            change.lock()
        decide(change)
        return finish_plan(installation, change, plan, dry_run=dry_run)


def change_and_tell(
    installation: Installation,
    domain: DomainEntry,
    event: tuple[str, ...],
    subject: str,
    decide: Decide,
    *,
    name: str = "",
    of_record: bool = False,
    dry_run: bool = False,
) -> Plan:
    """Change what a domain holds, and tell the site's events of it before and after.

    Args:
        installation, domain, subject, decide, name, of_record, dry_run: as for ``change_domain``.
        event: command and arguments, as for ``announced``.

    Returns:
        The plan.

    Raises:
        What ``change_domain`` and ``announced`` raise.
    """
    command, *arguments = event

    def act(dry: bool) -> Plan:  # noqa: FBT001 - so announced calls it
        return change_domain(
            installation, domain, subject, decide, name=name, of_record=of_record, dry_run=dry
        )

    return announced(installation, command, tuple(arguments), act, dry_run=dry_run)


def open_users(installation: Installation, domain: DomainEntry) -> UserChange:
    """A change of what a domain holds; inside a batch, for a dry run, with what is pending.

    Raises:
        NotPermitted, DomainDirectoryMissing, BackendUnavailable.
    """
    batch = open_batch(installation)
    return open_change(installation, domain) if batch is None else batch.rehearsal(domain)


def finish_plan(
    installation: Installation, change: UserChange | DomainChange, plan: Plan, *, dry_run: bool
) -> Plan:
    """Plan the steps of what was decided and carry them out.

    Args:
        installation: the site.
        change: what was decided.
        plan: gets the steps; inside a batch those that let it count are the batch's own.
        dry_run: carry nothing out.
    """
    if open_batch(installation) is None:
        change.plan_steps(plan)
    return plan if dry_run else carry_out(plan)


def _rehearse(installation: Installation, subject: str, act: Callable[[bool], Plan]) -> None:
    """Decide without consequences: nobody is to hear of what is refused."""
    try:
        act(True)
    except VpopmailError:
        # Perhaps for something that a killed process left: settle that, and ask again.
        _settle(installation, subject.rpartition("@")[2])
        act(True)


def _settle(installation: Installation, domain: str) -> None:
    """Finish or undo what a killed process left where a change is about to be made."""
    from vpopmail.accounts.domain_change import DomainChange

    entry = installation.resolve(domain)
    if entry is None:
        with DomainChange(installation) as change:
            change.lock()
    else:
        with open_change(installation, entry) as users:
            users.lock()


def announced(
    installation: Installation,
    command: str,
    arguments: tuple[str, ...],
    act: Callable[[bool], Plan],
    *,
    dry_run: bool,
) -> Plan:
    """Carry out a change and tell the site's events of it, before and after.

    No lock is held while they are told. What refuses the change does so before anybody hears of
    it; a subscriber that raises before the change prevents it.

    Args:
        installation: the site.
        command: of the event: ``add_user``.
        arguments: of the event: ``("joe@example.com",)``.
        act: makes the change, or with True only decides.
        dry_run: only decide, and tell nobody. In a batch the script is told at the end, of what
            counts; subscribers are told before as well.

    Returns:
        What ``act`` returns.
    """
    if dry_run:
        return act(True)
    events = installation.events
    batch = open_batch(installation)
    if batch is not None:
        if events.wanted_before(command):
            _rehearse(installation, arguments[0], act)
        # Not after it: who catches what a subscriber raises must not find the change noted.
        events.noted(command, *arguments)
        with events.nested():
            plan = act(False)
        if not events.are_silent:
            batch.note_event(plan, command, arguments)
        return plan
    if events.wanted_before(command):
        _rehearse(installation, arguments[0], act)
        events.before(command, *arguments)
    try:
        with events.nested():
            plan = act(False)
    except HomeMissing:
        # The account is gone all the same.
        events.after(command, *arguments)
        raise
    events.after(command, *arguments)
    return plan
