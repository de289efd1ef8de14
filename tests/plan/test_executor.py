"""Carrying out plans: undo before the commit point, finishing after it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vpopmail.errors import BackendUnavailable
from vpopmail.log import reason
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Plan, Step


class Story:
    """What happened, and a plan of steps that tell it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.plan = Plan("a change")

    def tell(self, word: str, error: BaseException | None = None) -> Callable[[], None]:
        def act() -> None:
            self.told.append(word)
            if error is not None:
                raise error

        return act

    def step(
        self,
        name: str,
        error: BaseException | None = None,
        *,
        undo_error: BaseException | None = None,
        can_undo: bool = True,
        **flags: bool,
    ) -> None:
        undo = self.tell(f"undo {name}", undo_error) if can_undo else None
        self.plan.add("qmail", name, self.tell(name, error), undo, **flags)


def test_steps_are_done_in_order_and_the_plan_counts() -> None:
    story = Story()
    for name in ("a", "b"):
        story.step(name)
    story.step("c", commit=True)
    story.step("d")
    assert carry_out(story.plan) is story.plan
    assert story.told == ["a", "b", "c", "d"]
    assert story.plan.carried_out
    assert story.plan.unfinished == []


@pytest.mark.parametrize("failing", ["b", "c"])
def test_a_failure_up_to_the_commit_point_undoes_last_first(failing: str) -> None:
    story = Story()
    trouble = OSError("no space")
    for name in ("a", "b", "c"):
        story.step(name, trouble if name == failing else None, commit=name == "c")
    story.step("d")
    with pytest.raises(OSError) as caught:
        carry_out(story.plan)
    assert caught.value is trouble
    names = "abc"[: "abc".index(failing) + 1]
    assert story.told == [*names, *(f"undo {name}" for name in reversed(names))]
    assert not story.plan.carried_out


def test_without_a_commit_point_the_last_step_is_it() -> None:
    story = Story()
    story.step("a")
    story.step("b", OSError("no space"))
    with pytest.raises(OSError):
        carry_out(story.plan)
    assert story.told == ["a", "b", "undo b", "undo a"]


def test_an_empty_plan_is_carried_out() -> None:
    assert carry_out(Plan("nothing")).carried_out


def test_a_step_without_undo_is_passed_over() -> None:
    story = Story()
    story.step("a")
    story.step("b", can_undo=False)
    story.step("c", OSError("no space"), commit=True)
    with pytest.raises(OSError):
        carry_out(story.plan)
    assert story.told == ["a", "b", "c", "undo c", "undo a"]


def test_an_undo_that_fails_is_noted_and_the_others_are_done() -> None:
    story = Story()
    story.step("a")
    story.step("b", undo_error=OSError("no undo"))
    story.step("c", ValueError("trouble"), commit=True)
    with pytest.raises(ValueError, match="trouble") as caught:
        carry_out(story.plan)
    assert story.told[-1] == "undo a"
    assert caught.value.__notes__ == ["undoing 'qmail: b' failed: no undo"]


def test_an_error_of_the_system_says_at_which_step_it_came() -> None:
    story = Story()
    story.step("a")
    story.step("b", FileNotFoundError(2, "No such file", "cur"), commit=True)
    with pytest.raises(FileNotFoundError) as caught:
        carry_out(story.plan)
    assert reason(caught.value) == "cur: No such file (a change: b)"


def test_an_interrupt_before_the_commit_step_undoes_as_well() -> None:
    story = Story()
    story.step("a")
    story.step("b", KeyboardInterrupt())
    story.step("c", commit=True)
    with pytest.raises(KeyboardInterrupt):
        carry_out(story.plan)
    assert story.told == ["a", "b", "undo b", "undo a"]
    assert story.plan.unfinished == []


def test_an_interrupt_within_the_commit_step_leaves_the_decision_to_the_next_change() -> None:
    story = Story()
    story.step("a")
    story.step("b", KeyboardInterrupt(), commit=True)
    with pytest.raises(KeyboardInterrupt):
        carry_out(story.plan)
    assert story.told == ["a", "b"]
    assert story.plan.unfinished


def test_an_interrupt_after_the_commit_point_leaves_the_rest_to_the_next_change() -> None:
    story = Story()
    story.step("a", commit=True)
    story.step("b", KeyboardInterrupt())
    story.step("c")
    with pytest.raises(KeyboardInterrupt):
        carry_out(story.plan)
    assert story.told == ["a", "b"]
    assert story.plan.carried_out
    assert story.plan.unfinished


def test_a_failure_after_the_commit_point_is_noted_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    story = Story()
    story.step("a", commit=True)
    story.step("b", OSError("no space"))
    story.step("c")
    carry_out(story.plan)
    assert story.told == ["a", "b", "c"]
    assert story.plan.carried_out
    assert story.plan.unfinished == ["qmail: b: no space"]
    assert "a change is done, but not finished: qmail: b: no space" in caplog.text


def test_a_vital_failure_after_the_commit_point_is_raised_at_the_end() -> None:
    story = Story()
    first = OSError("first")
    story.step("a", commit=True)
    story.step("b", first, vital=True)
    story.step("c", OSError("second"), vital=True)
    story.step("d")
    with pytest.raises(OSError, match="first") as caught:
        carry_out(story.plan)
    assert caught.value is first
    assert story.told == ["a", "b", "c", "d"]
    assert story.plan.carried_out
    assert story.plan.unfinished == ["qmail: b: first", "qmail: c: second"]


def test_a_plan_shows_its_steps_and_its_commit_point() -> None:
    plan = Plan("add user joe@example.com")
    plan.add("mailstore", "build the home", lambda: None)
    plan.add("accounts", "add joe", lambda: None, commit=True)
    assert str(plan) == (
        "add user joe@example.com\n"
        "  mailstore: build the home\n"
        "  accounts: add joe  <- commit point"
    )
    assert "lambda" not in repr(plan)
    assert str(Step("qmail", "HUP", lambda: None)) == "qmail: HUP"


def test_a_commit_of_which_nobody_knows_whether_it_counts_is_not_undone() -> None:
    """The journal stays, and the next change asks the store."""
    story = Story()
    doubt = BackendUnavailable("db", "the connection broke in the commit")
    doubt.in_doubt = True
    story.step("a")
    story.step("b", doubt, commit=True)
    with pytest.raises(BackendUnavailable):
        carry_out(story.plan)
    assert story.told == ["a", "b"]
    assert story.plan.unfinished == ["qmail: b  <- commit point: it may count"]
    assert not story.plan.carried_out
