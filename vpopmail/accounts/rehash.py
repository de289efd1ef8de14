"""Hashing a password anew when it is given at a login, if the site asks for that."""

from __future__ import annotations

from vpopmail.accounts.change import change_and_tell
from vpopmail.accounts.open_batches import get_domain
from vpopmail.log import warn
from vpopmail.passwords import hash_password
from vpopmail.passwords.rehash import needs_rehash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.accounts.user_change import UserChange
    from vpopmail.installation import Installation
    from vpopmail.records import VqPasswd


def rehash(installation: Installation, user: VqPasswd, domain: str, password: str) -> None:
    """Store the password in the scheme of the site, if what is stored is weaker.

    What goes wrong is logged and does not matter to the login: the old hash stays. A change
    that another process made since the password was checked stays as well.

    Args:
        installation: the site.
        user: as found, with the password that was checked.
        domain: domain or alias domain.
        password: the right one, clear.

    Its commit point is that of the account store.
    """
    scheme = installation.settings.password_scheme
    if not needs_rehash(user.pw_passwd, scheme):
        return
    try:
        hashed = hash_password(password, scheme)
        store_password(installation, user, domain, lambda stored: _put(stored, hashed))
    except Exception as error:  # noqa: BLE001 - not even a subscriber's trouble refuses a login
        name = type(error).__name__
        warn("the password of %s@%s is not hashed anew: %s", user.pw_name, domain, name)


def _put(user: VqPasswd, hashed: str) -> None:
    user.pw_passwd = hashed


def store_password(
    installation: Installation, user: VqPasswd, domain: str, edit: Callable[[VqPasswd], None]
) -> bool:
    """Store what a login tells of the password of a user.

    Args:
        installation: the site.
        user: as found; what is stored is put into it as well.
        domain: domain or alias domain.
        edit: changes passwords in the stored record.

    Returns:
        False, and nothing is changed, if another process has changed them since.

    Its commit point is that of the account store.

    Raises:
        What ``Users.update`` raises.
    """
    entry = get_domain(installation, domain)
    address = f"{user.pw_name}@{entry.realdomain}"
    found = user.pw_passwd, user.pw_clear_passwd
    kept = False

    def decide(change: UserChange) -> None:
        nonlocal kept
        stored = change.find(user.pw_name)
        kept = stored is not None and (stored.pw_passwd, stored.pw_clear_passwd) == found
        if stored is not None and kept:
            edit(stored)
            change.replace(stored, refresh=installation.settings.sqwebmail_pass)

    event = ("mod_user", address)
    change_and_tell(installation, entry, event, f"keep the password of {address}", decide)
    if kept:
        edit(user)
    return kept
