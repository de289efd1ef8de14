"""Who gets the mail of a domain's unknown users."""

from __future__ import annotations

from vpopmail.formats import dotqmail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DomainEntry, VqPasswd

DEFAULT = ".qmail-default"
_NOBODY = ("bounce-no-mailbox", "delete-no-mailbox")


def is_catch_all(data: bytes | None, domain: DomainEntry, name: str) -> bool:
    """Whether a .qmail-default hands unknown users' mail to this user.

    Args:
        data: the whole file; None if it is missing.
        domain: the real domain.
        name: the user.

    Source: formats, .qmail-default.
    """
    if data is None or not dotqmail.runs_vdelivermail(data):
        return False
    action = dotqmail.default_action(data)
    return action is not None and user_of(domain, action) == name


def user_of(domain: DomainEntry, action: str) -> str | None:
    """The user of the domain whom an action of vdelivermail names, by home or by address.

    Args:
        domain: the real domain, or an alias domain.
        action: what vdelivermail is told.
    """
    if any(word in action for word in _NOBODY):
        return None
    if action.startswith("/"):
        return action.rstrip("/").rpartition("/")[2] if domain.path in action else None
    user, found, target = action.partition("@")
    return user if found and target in {domain.realdomain, domain.domain} else None


def action_for(domain: DomainEntry, user: VqPasswd) -> str:
    """The action that hands mail to a user, so that ``user_of`` names him.

    It is the user's home, which takes the mail as it came; without one below the domain it is
    the address.
    """
    below = user.pw_dir.startswith(f"{domain.path}/")
    if below and user.pw_dir.rpartition("/")[2] == user.pw_name:
        return user.pw_dir
    return f"{user.pw_name}@{domain.realdomain}"
