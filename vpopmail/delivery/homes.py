"""Making the home of a user for whom there is mail."""

from __future__ import annotations

from vpopmail.accounts.homes import make_home, restore_maildir
from vpopmail.accounts.lookup import find_user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd


def make_home_of(installation: Installation, entry: DomainEntry, user: VqPasswd) -> None:
    """Make the home of a user, who has none, with its Maildir.

    Args:
        installation: the site.
        entry: of his domain.
        user: his record; without a place he gets one, which is stored and put into the record.

    Its commit points are those of ``make_home`` and ``restore_maildir``.

    Raises:
        VpopmailError, OSError.
    """
    if user.pw_dir:
        restore_maildir(installation, entry.realdomain, user.pw_dir)
        return
    make_home(installation, user.pw_name, entry.realdomain)
    stored = find_user(installation, user.pw_name, entry.realdomain)
    user.pw_dir = "" if stored is None else stored.pw_dir
