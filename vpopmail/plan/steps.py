"""What is to be done, as data: the steps of a change, with its commit point marked."""

from __future__ import annotations

from vpopmail.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Action = Callable[[], object]


class Step(Record):
    """One step on one store.

    Attributes:
        store: ``accounts``, ``qmail``, ``mailstore`` or ``journal``.
        what: the step in words, for people; never a password.
        do: carries it out.
        undo: takes it back, if the change fails before its commit point; None: nothing to take
            back (what the step leaves is harmless, or goes with another step's undo).
        commit: whether this step is the commit point.
        vital: for a step after the commit point: whether the caller must hear of its failure.
    """

    __slots__ = ("commit", "do", "store", "undo", "vital", "what")

    def __init__(
        self,
        store: str,
        what: str,
        do: Action,
        undo: Action | None = None,
        *,
        commit: bool = False,
        vital: bool = False,
    ) -> None:
        self.store = store
        self.what = what
        self.do = do
        self.undo = undo
        self.commit = commit
        self.vital = vital

    def __repr__(self) -> str:
        return f"<Step {self}>"

    def __str__(self) -> str:
        return f"{self.store}: {self.what}" + ("  <- commit point" if self.commit else "")


class Outcome(Record):
    """What has become of a change, or of all that a batch lets count together.

    Attributes:
        domain: whose users a batch changes; ``""``: the domains themselves, or no batch.
        changes: how many there are in a batch.
        carried_out, unfinished: see Plan.
    """

    __slots__ = ("carried_out", "changes", "domain", "unfinished")

    def __init__(self, domain: str = "") -> None:
        self.domain = domain
        self.changes = 0
        self.carried_out = False
        self.unfinished: list[str] = []


class Plan(Record):
    """A change: what is to be done, and, once it was done, that it was.

    Attributes:
        subject: the change in words: ``add user joe@example.com``.
        steps: in order.
        outcome: shared by the changes of a batch that count together.
    """

    __slots__ = ("outcome", "steps", "subject")

    def __init__(
        self, subject: str, steps: Iterable[Step] = (), *, outcome: Outcome | None = None
    ) -> None:
        self.subject = subject
        self.steps = list(steps)
        self.outcome = Outcome() if outcome is None else outcome

    @property
    def carried_out(self) -> bool:
        """Whether the change counts now: its commit point was passed.

        False for a dry run and for a change that still waits in a batch.
        """
        return self.outcome.carried_out

    @property
    def unfinished(self) -> list[str]:
        """What went wrong after the commit point, or while a failed change was undone.

        In the first case the change counts all the same. The next change of the same domain, or
        the same call again, finishes it.
        """
        return self.outcome.unfinished

    def add(
        self,
        store: str,
        what: str,
        do: Action,
        undo: Action | None = None,
        *,
        commit: bool = False,
        vital: bool = False,
    ) -> None:
        """Append a step; the arguments are those of Step."""
        self.steps.append(Step(store, what, do, undo, commit=commit, vital=vital))

    def __str__(self) -> str:
        return "\n".join([self.subject, *(f"  {step}" for step in self.steps)])
