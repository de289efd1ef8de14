"""Learning passwords: a user without one keeps the first that he gives.

Source: manual, "Configure options" (learn-passwords); api, clear and learned passwords.
"""

from __future__ import annotations

from vpopmail.accounts.checks import check_password
from vpopmail.accounts.rehash import store_password
from vpopmail.accounts.user_edits import checked_hash
from vpopmail.log import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.records import VqPasswd


def learn(installation: Installation, user: VqPasswd, domain: str, password: str) -> bool:
    """Store the first password of a user who has none; whether it is his now.

    Of two who come at the same time one is the first, and the other is refused.

    Args:
        installation: the site.
        user: as found, without a password; gets it.
        domain: domain or alias domain.
        password: clear.

    Its commit point is that of the account store. What goes wrong is logged: then it is not his.
    """
    settings = installation.settings
    try:
        hashed = checked_hash(settings, password)
        clear = password if settings.clear_passwd else ""

        def put(stored: VqPasswd) -> None:
            stored.pw_passwd, stored.pw_clear_passwd = hashed, clear

        return store_password(installation, user, domain, put)
    except Exception as error:  # noqa: BLE001 - also a subscriber's trouble refuses this login
        _tell(user, domain, error)
        return False


def learn_clear(installation: Installation, user: VqPasswd, domain: str, password: str) -> None:
    """Store the clear password of a user of whom only the hash is known.

    What goes wrong is logged and does not matter to the login.

    Args:
        installation: the site.
        user: as found, with the password that was checked.
        domain: domain or alias domain.
        password: the right one, clear.

    Its commit point is that of the account store.
    """
    try:
        check_password(installation.settings, password)

        def put(stored: VqPasswd) -> None:
            stored.pw_clear_passwd = password

        store_password(installation, user, domain, put)
    except Exception as error:  # noqa: BLE001 - not even a subscriber's trouble refuses a login
        _tell(user, domain, error)


def _tell(user: VqPasswd, domain: str, error: Exception) -> None:
    name = type(error).__name__
    warn("the password of %s@%s is not learned: %s", user.pw_name, domain, name)
