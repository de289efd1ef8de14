"""When and from where users last logged in."""

from __future__ import annotations

from vpopmail.accounts.last_auth import note_login, read_last_auth
from vpopmail.capi.status import ask, attempt, check_record, check_text, note
from vpopmail.codes import VA
from vpopmail.errors import UserNotFound
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import VqPasswd


def vset_lastauth(user: str, domain: str, remoteip: str) -> int:
    """Note that a user has logged in just now.

    Args:
        user: local part.
        domain: domain or alias domain.
        remoteip: from where, at most 39 characters.

    Returns:
        0, also for a user who does not exist; -1 if it cannot be written.

    Its commit point is the rename of the file lastauth. Source: api, last-auth.
    """
    check_text(user, domain, remoteip)
    code = attempt(VA(-1), lambda: note_login(current().installation, user, domain, remoteip))
    if code == UserNotFound.code:
        code = note(VA.SUCCESS)
    return 0 if code == 0 else -1


def vget_lastauth(pw: VqPasswd, domain: str) -> int:
    """When a user last logged in.

    Args:
        pw: the record of the user.
        domain: domain or alias domain.

    Returns:
        Seconds since 1970; 0 if not known. With 0.0.0.0 from ``vget_lastauthip`` it is the time
        of creation.
    """
    found = _last_auth(pw, domain)
    return 0 if found is None else found[1]


def vget_lastauthip(pw: VqPasswd, domain: str) -> str | None:
    """From where a user last logged in.

    Args:
        pw: the record of the user.
        domain: domain or alias domain.

    Returns:
        The IP address, 0.0.0.0 if never; None if not known.
    """
    found = _last_auth(pw, domain)
    return None if found is None else found[0]


def _last_auth(pw: VqPasswd, domain: str) -> tuple[str, int] | None:
    check_record(pw)
    check_text(domain)
    return ask(None, lambda: read_last_auth(current().installation, pw, domain))
