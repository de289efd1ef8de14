"""Carrying out what was decided, one action after the other."""

from __future__ import annotations

from vpopmail.delivery import actions as kinds
from vpopmail.delivery.actions import BOUNCED, DEFERRED, DELIVERED, ENOUGH
from vpopmail.delivery.mailbox import to_mailbox, to_maildir
from vpopmail.errors import VpopmailError
from vpopmail.log import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.delivery.actions import Action
    from vpopmail.delivery.delivery import Delivery
    from vpopmail.delivery.done import Done


# Codes after which qmail does not try again; qmail-inject's own may be others.
_FOR_GOOD = frozenset((DELIVERED, ENOUGH, BOUNCED))


def carry_out(delivery: Delivery, actions: list[Action]) -> int:
    """Carry out actions up to the first that does not succeed.

    Args:
        delivery: the message and its recipient.
        actions: as ``decide`` gives them.

    Returns:
        The exit code of the delivery: 0, ``ENOUGH``, ``BOUNCED``, ``DEFERRED`` or qmail-inject's.

    Each action has a commit point of its own; what is done stays done.

    Raises:
        BackendUnavailable, OSError.
    """
    if len(actions) == 1:
        return _do(delivery, actions[0])
    from vpopmail.delivery.done import Done

    done = Done(delivery, actions)
    code = DEFERRED
    try:
        code = _do_all(delivery, actions, done)
    finally:
        if code in _FOR_GOOD:
            done.forget()
        else:
            done.keep()
    return code


def _do_all(delivery: Delivery, actions: list[Action], done: Done) -> int:
    for action in actions:
        if done.take(action):
            continue
        code = _do(delivery, action)
        if code != DELIVERED:
            return code
        done.note(action)
        if isinstance(action, kinds.MakeHome):
            _place(actions, action.user.pw_dir)
    return DELIVERED


def _place(actions: list[Action], home: str) -> None:
    """Let what was decided for a user without a home go on in the one he has now."""
    for action in actions:
        if isinstance(action, (kinds.ToMaildir, kinds.Run)) and not action.directory:
            action.directory = home


def _do(delivery: Delivery, action: Action) -> int:
    if isinstance(action, (kinds.Stop, kinds.Say)):
        delivery.tell(action.text)
        return action.code if isinstance(action, kinds.Stop) else DELIVERED
    if isinstance(action, kinds.ToMailbox):
        return to_mailbox(delivery, action)
    if isinstance(action, kinds.ToMaildir):
        return to_maildir(delivery, action)
    if isinstance(action, kinds.MakeHome):
        return _make_home(delivery, action)
    return _run(delivery, action)


def _run(delivery: Delivery, action: Action) -> int:
    from vpopmail.delivery import programs  # here: a plain delivery starts no program

    if isinstance(action, kinds.Forward):
        return programs.forward(delivery, action)
    assert isinstance(action, kinds.Run)
    return programs.run(delivery, action)


def _make_home(delivery: Delivery, action: kinds.MakeHome) -> int:
    from vpopmail.delivery.homes import make_home_of

    entry = delivery.recipient.entry
    assert entry is not None  # users are in domains
    try:
        make_home_of(delivery.installation, entry, action.user)
    except (VpopmailError, OSError) as error:
        delivery.tell(f"Auto creation of maildir failed: {reason(error)} (#5.9.8)\n")
        return DEFERRED
    return DELIVERED
