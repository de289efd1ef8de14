"""Telling the log what became of a login, at the level that the administrator chose.

Source: auth-and-delivery, logging; manual, "Configure options" (logging, sql-logging).
"""

from __future__ import annotations

import time

from vpopmail.access import reasons
from vpopmail.formats.text import to_text
from vpopmail.log import tell_login, warn
from vpopmail.records import VLOG_AUTH, LoginRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.access.authentication import Attempt
    from vpopmail.access.reasons import Reason

_warned: list[str] = []  # the level of which this process has warned: none or one
_BY_NAME = (
    reasons.NO_PASSWORD,
    reasons.BAD_CHARACTERS,
    reasons.NO_SHADOW_ENTRY,
    reasons.SYSTEM_PASSWORD_FAILED,
)


def report(attempt: Attempt, reason: Reason) -> None:
    """Tell what became of a login, at a level at which it is told.

    It goes to the log of the process, and with sql_logging to that of the account store. A
    password is told at the levels p and v only, and a warning says so before the first.

    Args:
        attempt: as far as it came.
        reason: what became of it.
    """
    settings = attempt.installation.settings
    password = ""
    if reason.shows_password and settings.logging in reasons.WITH_PASSWORDS:
        password = to_text(attempt.request.password)
        _warn_of_passwords(settings.logging)
    message = _message(attempt, reason, password)
    tell_login(message, is_success=reason.status == VLOG_AUTH)
    if settings.sql_logging:
        _store(attempt, reason, message, password)


def in_a_line(text: str) -> str:
    """Text from outside as it stands in a line of the log: it can neither end nor forge one.

    A character that is not printable ASCII is written as an escape, and ``%`` as ``#``, as C
    does it.
    """
    if text.isascii() and text.isprintable():
        return text.replace("%", "#")
    return "".join(map(_escaped, text)).replace("%", "#")


def _message(attempt: Attempt, reason: Reason, password: str) -> str:
    request = attempt.request
    words = reason.text.format(method=attempt.method, service=request.service.name)
    if password:
        words += f" (pass: '{in_a_line(password)}')"
    who, address = in_a_line(_who(attempt, reason)), in_a_line(request.remote_ip)
    return f"{in_a_line(request.log_name)}: {words} {who}:{address}"


def _who(attempt: Attempt, reason: Reason) -> str:
    if reason in _BY_NAME or not attempt.user_name:
        return attempt.name
    if reason in {reasons.UNKNOWN_SYSTEM_USER, reasons.SYSTEM_SUCCESS}:
        return attempt.user_name
    return f"{attempt.user_name}@{attempt.domain_name}"


def _escaped(character: str) -> str:
    return character if " " <= character <= "~" else ascii(character)[1:-1]


def _warn_of_passwords(level: str) -> None:
    if level not in _warned:
        _warned[:] = [level]
        warn("logging = %s: the log holds passwords that clients give", level)


def _store(attempt: Attempt, reason: Reason, message: str, password: str) -> None:
    from vpopmail.accounts.login_log import log_login

    record = LoginRecord(
        in_a_line(attempt.user_name),
        in_a_line(attempt.domain_name),
        logon=in_a_line(attempt.name),
        password=in_a_line(password),
        remote_ip=in_a_line(attempt.request.remote_ip),
        message=message,
        time=int(time.time()),
        status=reason.status,
    )
    log_login(attempt.installation, record)
