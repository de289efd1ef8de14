"""How vchkpw ends: with the codes of the C program, or with those of the checkpassword interface.

Source: auth-and-delivery, exit codes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.access.reasons import Reason

TROUBLE = 111
_WRONG = 1
_MISUSED = 2

_REFUSED = {
    "service_closed": 1,
    "password_failed": 3,
    "unknown_user": 3,
    "no_name": 12,
    "no_password": 13,
    "nothing_stored": 15,
    "bad_characters": 20,
    "unknown_system_user": 21,
    "no_shadow_entry": 22,
    "system_password_failed": 23,
}


class ExitCodes:
    """The codes of one of the two ways.

    Args:
        as_checkpassword: 1 for who is refused, 2 for misuse, 111 for trouble; else the codes
            of C, which tell more.

    Attributes:
        misused: no next program was named.
        unreadable: descriptor 3 cannot be read.
        setgid, setuid: that was not possible.
        chdir: the home cannot be entered, or is missing and cannot be made.
        home_not_made: the account has no home yet, and it cannot be made.
        trouble: the accounts cannot be read, or the next program cannot be run.
    """

    __slots__ = (
        "as_checkpassword",
        "chdir",
        "home_not_made",
        "misused",
        "setgid",
        "setuid",
        "trouble",
        "unreadable",
    )

    def __init__(self, *, as_checkpassword: bool) -> None:
        self.as_checkpassword = as_checkpassword
        self.misused = _MISUSED
        self.trouble = TROUBLE
        self.unreadable = _MISUSED if as_checkpassword else 11
        self.setgid = TROUBLE if as_checkpassword else 4
        self.setuid = TROUBLE if as_checkpassword else 5
        self.chdir = TROUBLE if as_checkpassword else 6
        self.home_not_made = TROUBLE if as_checkpassword else 14

    def refused(self, reason: Reason) -> int:
        """The code for a reason."""
        return _WRONG if self.as_checkpassword else _REFUSED[reason.name]
