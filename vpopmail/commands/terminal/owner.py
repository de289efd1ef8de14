"""Becoming the owner of a domain, for good.

Source: commands, who may run; vchangepw.
"""

from __future__ import annotations

import os
import sys

from vpopmail.errors import NotPermitted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DomainEntry


def become_owner(domain: DomainEntry) -> None:
    """Give up what root may do, and be the owner of a domain; who is not root stays who he is.

    What a change of a user needs is imported before: that owner may be unable to read this Python.

    Args:
        domain: whose.

    Raises:
        NotPermitted: the system refuses it.
    """
    if os.geteuid() != 0:
        return
    _import_all()
    try:
        os.setgroups([domain.gid])
        os.setgid(domain.gid)
        os.setuid(domain.uid)
    except OSError as error:
        raise NotPermitted(
            domain.realdomain, f"cannot become its owner: {error.strerror}"
        ) from error


def _import_all() -> None:
    import hashlib  # noqa: F401
    import syslog  # noqa: F401
    import termios  # noqa: F401

    import vpopmail.accounts.user_recovery
    import vpopmail.accounts.users
    import vpopmail.backends.cdb.lost
    import vpopmail.backends.cdb.writing
    import vpopmail.backends.files.dir_control
    import vpopmail.backends.files.limits
    import vpopmail.events.events
    import vpopmail.formats.cdb_writing
    from vpopmail.passwords.libcrypt import crypt

    if "vpopmail.backends.sql.backend" in sys.modules:  # else there is no need to pay for them
        import vpopmail.backends.sql.tables
        import vpopmail.backends.sql.transaction  # noqa: F401

    crypt(b"", b"..")  # it looks for its library at the first password
