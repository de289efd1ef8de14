"""What is told of a login: each outcome with its words, its class and its levels.

Source: auth-and-delivery, logging; manual, "Configure options" (logging).
"""

from __future__ import annotations

from vpopmail.records import (
    VLOG_AUTH,
    VLOG_ERROR_ACCESS,
    VLOG_ERROR_INTERNAL,
    VLOG_ERROR_LOGON,
    VLOG_ERROR_PASSWD,
)

_ERRORS = "eypv"
_ALL = "yv"
WITH_PASSWORDS = "pv"


class Reason:
    """One outcome.

    Attributes:
        name: a word for programs.
        text: words of the log; ``{method}`` and ``{service}`` are filled in.
        status: its class, as LoginRecord has it.
        levels: the settings of ``logging`` at which it is told.
        shows_password: whether the password stands in the line at the levels p and v.
    """

    __slots__ = ("levels", "name", "shows_password", "status", "text")

    def __init__(
        self,
        name: str,
        text: str,
        status: int,
        *,
        levels: str = _ERRORS,
        shows_password: bool = False,
    ) -> None:
        self.name = name
        self.text = text
        self.status = status
        self.levels = levels
        self.shows_password = shows_password

    def __repr__(self) -> str:
        return f"<Reason {self.name}>"


SUCCESS = Reason("success", "({method}) login success", VLOG_AUTH, levels=_ALL)
SYSTEM_SUCCESS = Reason("system_success", "system password login success", VLOG_AUTH, levels=_ALL)
NO_NAME = Reason("no_name", "null user name given", VLOG_ERROR_LOGON)
NO_PASSWORD = Reason("no_password", "null password given", VLOG_ERROR_PASSWD)
BAD_CHARACTERS = Reason("bad_characters", "invalid user/domain characters", VLOG_ERROR_PASSWD)
UNKNOWN_USER = Reason("unknown_user", "vpopmail user not found", VLOG_ERROR_LOGON)
NOTHING_STORED = Reason("nothing_stored", "user has no password", VLOG_ERROR_INTERNAL)
PASSWORD_FAILED = Reason("password_failed", "password fail", VLOG_ERROR_PASSWD, shows_password=True)
SERVICE_CLOSED = Reason("service_closed", "{service} access denied", VLOG_ERROR_ACCESS)
UNKNOWN_SYSTEM_USER = Reason("unknown_system_user", "system user not found", VLOG_ERROR_LOGON)
NO_SHADOW_ENTRY = Reason("no_shadow_entry", "system user shadow entry not found", VLOG_ERROR_LOGON)
SYSTEM_PASSWORD_FAILED = Reason(
    "system_password_failed", "system password fail", VLOG_ERROR_PASSWD, shows_password=True
)
HOME_NOT_MADE = Reason("home_not_made", "dir auto create failed", VLOG_ERROR_INTERNAL)
STORE_FAILED = Reason("store_failed", "accounts cannot be read", VLOG_ERROR_INTERNAL)
