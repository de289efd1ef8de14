"""Users: adding, deleting, looking up."""

from __future__ import annotations

from sys import modules

from vpopmail.accounts.lookup import find_user
from vpopmail.capi.status import (
    TOLD,
    ask,
    attempt,
    check_number,
    check_text,
    note,
    note_failure,
)
from vpopmail.codes import VA
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import VqPasswd


def vadduser(username: str, domain: str, password: str, gecos: str, apop: int = 0) -> VA:
    """Add a user with a home and a Maildir.

    Args:
        username: local part, 2 to 32 (profile 5.4) or 64 characters.
        domain: domain or alias domain.
        password: clear text; ``""`` stores none.
        gecos: a comment; ``""`` stores the user's name.
        apop: 0 for POP, 1 for APOP.

    Returns:
        VA_SUCCESS, VA_BAD_CHAR, VA_USER_NAME_TOO_LONG, VA_ILLEGAL_USERNAME,
        VA_DOMAIN_NAME_TOO_LONG, VA_INVALID_DOMAIN_NAME, VA_PASSWD_TOO_LONG, VA_GECOS_TOO_LONG,
        VA_USERNAME_EXISTS, VA_DOMAIN_DOES_NOT_EXIST, VA_CANNOT_READ_LIMITS, VA_BAD_D_DIR,
        VA_EXIST_U_DIR, VA_BAD_U_DIR, VA_DIR_TOO_LONG, VA_CRYPT_FAILED, VA_BAD_UID,
        VA_NO_AUTH_CONNECTION; by the password policy VA_PWSTR_LENGTH, VA_PWSTR_ALPHA,
        VA_PWSTR_NUMERIC, VA_PWSTR_OTHER, VA_PWSTR_DELTA.

    Its commit point is that of the account store. Source: manual, "Add user".
    """
    check_text(username, domain, password, gecos)
    check_number(apop)
    add = lambda: current().users.add_to(username, domain, password, gecos=gecos, apop=apop)  # noqa: E731
    return attempt(VA.BAD_U_DIR, add)


def vdeluser(user: str | None, domain: str) -> VA:
    """Delete a user with all mail.

    Args:
        user: local part; ``""`` and None are refused.
        domain: domain or alias domain.

    Returns:
        VA_SUCCESS, VA_ILLEGAL_USERNAME, VA_DOMAIN_DOES_NOT_EXIST, VA_BAD_D_DIR,
        VA_USER_DOES_NOT_EXIST, VA_CANNOT_DELETE_CATCHALL, VA_BAD_UID, VA_NO_AUTH_CONNECTION;
        VA_BAD_DIR: the account is deleted, its home was not there.

    Its commit point is that of the account store. Source: manual, "Delete user".
    """
    name = "" if user is None else user
    check_text(name, domain)
    return attempt(VA.NO_AUTH_CONNECTION, lambda: current().users.delete_from(name, domain))


def vauth_getpw(user: str, domain: str) -> VqPasswd | None:
    """Look up a user.

    Args:
        user: local part, any case.
        domain: domain or alias domain, any case.

    Returns:
        A fresh record with ``pw_flags`` set; None if there is none (then ``last_error()`` is 0)
        or on an error.

    Source: manual, "Authentication".
    """
    if type(user) is not str or type(domain) is not str:
        check_text(user, domain)
    try:
        # As ``ask`` does it, without the cost of two calls: this is asked very often.
        site = current()
        # A batch can only be open if its module is loaded: a login must not load it.
        batch = modules.get("vpopmail.accounts.open_batches")
        if batch is None or batch.open_batch(site.installation) is None:
            found = find_user(site.installation, user, domain)
        else:
            found = site.users.find_in(user, domain)
    except TOLD as error:
        note_failure(error)
        return None
    note(VA.SUCCESS)
    return found


def vauth_user(user: str, domain: str, password: str | None, apop: str = "") -> VqPasswd | None:
    """Check a password, without looking at flags.

    Args:
        user: local part.
        domain: domain or alias domain.
        password: clear text; None is never right.
        apop: unused.

    Returns:
        The user if the password is right, else None; as long for a user that does not exist.
    """
    check_text(user, domain, apop)
    if password is None:
        note(VA.SUCCESS)
        return None
    check_text(password)
    return ask(None, lambda: current().users.authenticate(user, domain, password))
