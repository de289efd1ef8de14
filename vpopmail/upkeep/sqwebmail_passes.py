"""The copies of crypted passwords that SqWebMail reads, written for all users of a domain.

Source: commands, vconvert; api, vsqwebmail_pass.
"""

from __future__ import annotations

from itertools import islice

from vpopmail.accounts.user_change import open_change
from vpopmail.errors import HomeMissing
from vpopmail.mailstore.paths import split_home
from vpopmail.mailstore.sqwebmail import write_pass
from vpopmail.safeio.directory import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.accounts.user_change import UserChange
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd

_AT_ONCE = 100  # users for whom the domain is locked


def write_passes(
    installation: Installation,
    domain: DomainEntry,
    told: Callable[[str, Exception | None], object],
) -> None:
    """Write Maildir/sqwebmail-pass of each user, whatever the option ``sqwebmail_pass`` says.

    Args:
        installation: the site.
        domain: the real domain.
        told: gets the name of each user, and why he has no file now, or None.

    Each user's commit point is the rename of his file.

    Raises:
        NotPermitted, DomainDirectoryMissing, BackendUnavailable.
    """
    names = (user.pw_name for user in installation.backend.iterate(domain))
    while some := list(islice(names, _AT_ONCE)):
        with open_change(installation, domain) as change:
            change.lock()  # a password that is changed meanwhile must not be put back
            for name in some:
                user = change.find(name)
                if user is not None:
                    told(name, _failure(change, domain, user))


def _failure(change: UserChange, domain: DomainEntry, user: VqPasswd) -> Exception | None:
    """Write the file of a user; why that was not possible, or None."""
    split = split_home(domain.path, user.pw_dir)
    if split is None:
        return HomeMissing(user.pw_dir or user.pw_name, "no home below that of the domain")
    try:
        with change.directory.enter("/".join(part for part in split if part)) as home:
            write_pass(home, user.pw_passwd, Owner(domain.uid, domain.gid))
    except OSError as error:
        return error
    return None
