"""The home that a login finds, or makes.

Source: auth-and-delivery, order of checks (5), after success.
"""

from __future__ import annotations

import os

from vpopmail import errors
from vpopmail.log import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd


def ensure_home(installation: Installation, domain: DomainEntry, user: VqPasswd) -> None:
    """Make the home of a user if it or its Maildir is missing.

    Args:
        installation: the site.
        domain: the domain or alias domain.
        user: as found; one without a home gets it, in the account store too.

    Its commit point is the rename of the finished Maildir, or that of the account store.

    Raises:
        HomeNotMade.
    """
    if user.pw_dir and os.path.exists(f"{user.pw_dir}/Maildir"):
        return
    try:
        if user.pw_dir:
            _restore(installation, domain, user.pw_dir)
        else:
            _make(installation, domain, user)
    except (errors.VpopmailError, OSError) as error:
        address = f"{user.pw_name}@{domain.realdomain}"
        failed = errors.HomeNotMade(address, reason(error))
        failed.is_known = bool(user.pw_dir)
        raise failed from error


def _make(installation: Installation, domain: DomainEntry, user: VqPasswd) -> None:
    from vpopmail.accounts.homes import make_home

    _plan, place = make_home(installation, user.pw_name, domain.realdomain)
    parts = [domain.path, place, user.pw_name]
    user.pw_dir = "/".join([part for part in parts if part])


def _restore(installation: Installation, domain: DomainEntry, home: str) -> None:
    from vpopmail.accounts.homes import restore_maildir
    from vpopmail.accounts.user_change import open_change

    # Several logins may come at once: the first makes it, the others wait for that.
    with open_change(installation, domain) as change:
        change.lock()
        if not os.path.exists(f"{home}/Maildir"):
            restore_maildir(installation, domain.realdomain, home)
