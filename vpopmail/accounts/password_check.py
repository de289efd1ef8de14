"""Whether a password is a user's, at the same cost for a user who does not exist.

The way of every login, so it imports little.
"""

from __future__ import annotations

from time import monotonic, sleep

from vpopmail.passwords.checking import is_acceptable, verify, verify_unknown, without_scheme
from vpopmail.passwords.schemes import as_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import VqPasswd
    from vpopmail.settings import Settings

_SHORTEST_REFUSAL = 0.001  # seconds


def is_right(settings: Settings, user: VqPasswd | None, password: str | bytes) -> bool:
    """Whether the password is the user's; as long for no user and for one without or locked.

    Says nothing about flags.

    Args:
        settings: of the site; its scheme is what the missing password costs.
        user: as found; None: there is none.
        password: text or bytes.
    """
    if user is None or not is_acceptable(without_scheme(as_bytes(user.pw_passwd))):
        return verify_unknown(password, settings.password_scheme)
    return verify(password, user.pw_passwd)


def hold_refusal(begun: float) -> None:
    """Let a refusal take at least a millisecond.

    Beside the hash of a fast scheme the answer would show what was read of the files, which
    differs for unknown users and domains.

    Args:
        begun: ``time.monotonic()`` of the beginning.
    """
    sleep(max(begun + _SHORTEST_REFUSAL - monotonic(), 0))
