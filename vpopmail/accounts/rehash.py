"""Hashing a password anew when it is given at a login, if the site asks for that."""

from __future__ import annotations

from vpopmail.accounts.change import change_and_tell, get_domain
from vpopmail.log import warn
from vpopmail.passwords import hash_password
from vpopmail.passwords.rehash import needs_rehash

TYPE_CHECKING = False
if TYPE_CHECKING:
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
        _store(installation, user, domain, hash_password(password, scheme))
    except Exception as error:  # noqa: BLE001 - not even a subscriber's trouble refuses a login
        name = type(error).__name__
        warn("the password of %s@%s is not hashed anew: %s", user.pw_name, domain, name)


def _store(installation: Installation, user: VqPasswd, domain: str, hashed: str) -> None:
    entry = get_domain(installation, domain)
    address = f"{user.pw_name}@{entry.realdomain}"

    old = user.pw_passwd

    def decide(change: UserChange) -> None:
        stored = change.find(user.pw_name)
        if stored is not None and stored.pw_passwd == old:
            stored.pw_passwd = hashed
            change.replace(stored, refresh=installation.settings.sqwebmail_pass)
            user.pw_passwd = hashed

    event = ("mod_user", address)
    change_and_tell(installation, entry, event, f"hash the password of {address} anew", decide)
