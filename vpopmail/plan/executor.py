"""The one executor: undo before the commit point, finishing after it."""

from __future__ import annotations

from vpopmail.log import reason, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.plan.steps import Plan, Step


def carry_out(plan: Plan) -> Plan:
    """Carry out a plan.

    A step that fails up to and including the commit point undoes those before it, last first,
    and the error goes to the caller: nothing has changed. If a store cannot tell whether its
    commit counts, nothing is undone, and the next change asks it again. A step that fails after
    the commit point is noted in ``plan.unfinished`` and logged; the others are done all the same,
    and the journal keeps what is needed to finish later. The failure of a vital one is raised at
    the end.

    Args:
        plan: at most one step of it is the commit point; without one the last is.

    Returns:
        The plan, carried out.

    Raises:
        Whatever a step up to the commit point, or a vital step after it, raises.
    """
    commit = _commit_index(plan.steps)
    done: list[Step] = []
    try:
        for step in plan.steps[: commit + 1]:
            # Before doing it: what a step did until it failed is taken back as well.
            done.append(step)
            step.do()
    except BaseException as error:
        if isinstance(error, OSError):  # it names a file, perhaps, but not what that was for
            error.add_note(f"{plan.subject}: {done[-1].what}")
        if done[-1] is plan.steps[commit] and _is_in_doubt(error):
            # Only the store knows whether the change counts, and the next change asks it.
            plan.unfinished.append(f"{done[-1]}: it may count")
        else:
            _undo(plan, done, error)
        raise
    plan.outcome.carried_out = True
    failures = [trouble for step in plan.steps[commit + 1 :] if (trouble := _finish(plan, step))]
    if failures:
        raise failures[0]
    return plan


def _commit_index(steps: list[Step]) -> int:
    for index, step in enumerate(steps):
        if step.commit:
            return index
    return len(steps) - 1


def _is_in_doubt(error: BaseException) -> bool:
    """Whether a commit step may count that ended with this error, or was interrupted by it."""
    return not isinstance(error, Exception) or getattr(error, "in_doubt", False)


def _undo(plan: Plan, done: list[Step], error: BaseException) -> None:
    for step in reversed(done):
        if step.undo is None:
            continue
        try:
            step.undo()
        except Exception as trouble:  # noqa: BLE001 - undo the rest; the journal has this one
            plan.unfinished.append(f"undoing {step}: {reason(trouble)}")
            error.add_note(f"undoing '{step}' failed: {reason(trouble)}")


def _finish(plan: Plan, step: Step) -> Exception | None:
    """Do a step after the commit point; its failure if the caller must hear of it."""
    try:
        step.do()
    except BaseException as trouble:
        # The change counts already: whatever it was, the journal keeps its entry.
        plan.unfinished.append(f"{step}: {reason(trouble)}")
        warn("%s is done, but not finished: %s: %s", plan.subject, step, trouble)
        if not isinstance(trouble, Exception):
            raise
        return trouble if step.vital else None
    return None
