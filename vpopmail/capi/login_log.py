"""The log of logins in a database."""

from __future__ import annotations

from time import time

from vpopmail.capi.status import check_number, check_text, zero
from vpopmail.errors import BackendUnavailable
from vpopmail.records import LoginRecord
from vpopmail.site import current


def logsql(
    status: int, user: str, domain: str, password: str, logon: str, remoteip: str, message: str
) -> int:
    """Add a login that happens now to the log in the database (option ``sql_logging``).

    Args:
        status: its class, VLOG_ERROR_INTERNAL to VLOG_ERROR_ACCESS.
        user, domain: who, as far as known.
        password: as it was given, to be stored; ``""`` stores none.
        logon: the name as it was given.
        remoteip: from where.
        message: what happened. It and ``logon`` are shortened to their columns.

    Returns:
        0; -1 if it is not stored, also if the site keeps no such log.

    Its commit point is that of the statement. Source: api, the abstract auth backend.
    """
    check_number(status)
    check_text(user, domain, password, logon, remoteip, message)
    record = LoginRecord(
        user,
        domain,
        logon=logon,
        password=password,
        remote_ip=remoteip,
        message=message,
        time=int(time()),
        status=status,
    )
    return zero(lambda: _write(record))


def _write(record: LoginRecord) -> None:
    log = current().installation.auth_log
    if log is None:
        raise BackendUnavailable("sql_logging", "the site keeps no log of logins")
    log.write_log(record)
