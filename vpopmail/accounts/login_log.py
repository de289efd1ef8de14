"""The log of logins, where a site keeps one besides the system log."""

from __future__ import annotations

from vpopmail.errors import VpopmailError
from vpopmail.log import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.records import LoginRecord


def log_login(installation: Installation, record: LoginRecord) -> bool:
    """Add a login to the log; whether it stands there.

    It never raises for trouble with the store, which must not keep anybody from logging in: that
    is told to Python's log, without the password.

    Args:
        installation: the site; one without ``sql_logging`` has no log, and nothing is told.
        record: what happened.

    Its commit point is that of the statement.
    """
    try:
        log = installation.auth_log
        if log is None:
            return False
        log.write_log(record)
    except VpopmailError as error:
        warn("a login of %s is not in the log: %s", record.logon, error)
        return False
    return True
