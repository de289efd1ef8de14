"""Users who have not logged in for long: finding them, and deleting them together.

Source: manual, "vdeloldusers"; commands, vdeloldusers.
"""

from __future__ import annotations

from vpopmail.accounts.batch import Batch
from vpopmail.accounts.change import change_and_tell
from vpopmail.accounts.open_batches import get_domain
from vpopmail.accounts.user_rules import decide_deletion
from vpopmail.errors import CatchAllProtected, ConfigError, UserInUse, UserNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpopmail.accounts.user_change import UserChange
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd

POSTMASTER = "postmaster"
_SPARED = (CatchAllProtected, UserInUse, UserNotFound)


def check_logins_are_noted(installation: Installation) -> None:
    """Refuse to say who is unused where nobody notes logins.

    Raises:
        ConfigError.
    """
    if not installation.settings.auth_logging:
        raise ConfigError("auth_logging", "logins are not noted: nobody is known to be unused")


def is_unused(installation: Installation, domain: DomainEntry, user: VqPasswd, before: int) -> bool:
    """Whether a user has last logged in, or was made, before a time.

    Args:
        installation: the site.
        domain: of the user.
        user: as found.
        before: seconds since 1970.

    Returns:
        False too if nothing is noted of the user, and for postmaster, who gets mail whether he
        logs in or not.

    Raises:
        BackendUnavailable, OSError.
    """
    if user.pw_name == POSTMASTER:
        return False
    noted = installation.last_auth.read_last_auth(domain, user)
    return noted is not None and 0 < noted[1] < before


def delete_unused(
    installation: Installation, domain: str, names: Iterable[str], before: int
) -> list[str]:
    """Delete those of these users who are unused still; see Users.delete_unused."""
    check_logins_are_noted(installation)
    entry, wanted = get_domain(installation, domain), list(names)
    while True:
        try:
            with Batch(installation):
                deletes = lambda name: _note_deletion(installation, entry, name, before)  # noqa: E731
                deleted = list(filter(deletes, wanted))
        except _SPARED:
            continue  # another process changed one of them meanwhile: who is unused now?
        return deleted


def _note_deletion(installation: Installation, entry: DomainEntry, name: str, before: int) -> bool:
    address = f"{name}@{entry.realdomain}"

    def decide(change: UserChange) -> None:
        user = change.find(name)
        if user is not None and not is_unused(installation, entry, user, before):
            raise UserInUse(address)
        decide_deletion(change, name)

    event = ("del_user", address)
    subject = f"delete user {address}"
    try:
        change_and_tell(installation, entry, event, subject, decide, name=name)
    except _SPARED:
        return False
    return True
