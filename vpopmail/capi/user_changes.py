"""Passwords and quotas of users: changing them."""

from __future__ import annotations

from vpopmail.capi.status import ask, attempt, check_number, check_text, note
from vpopmail.codes import VA
from vpopmail.site import current


def vpasswd(username: str, domain: str, password: str, apop: int = 0) -> VA:
    """Give a user another password, if flags and limits let him change it.

    Args:
        username: local part.
        domain: domain or alias domain.
        password: clear text; ``""`` stores none.
        apop: unused.

    Returns:
        VA_SUCCESS, VA_USER_NAME_TOO_LONG, VA_DOMAIN_NAME_TOO_LONG, VA_PASSWD_TOO_LONG,
        VA_BAD_CHAR, VA_USER_DOES_NOT_EXIST, VA_BAD_D_DIR, VA_BAD_UID, VA_CRYPT_FAILED,
        VA_NO_AUTH_CONNECTION; by the password policy VA_PWSTR_LENGTH, VA_PWSTR_ALPHA,
        VA_PWSTR_NUMERIC, VA_PWSTR_OTHER, VA_PWSTR_DELTA;
        VA_ILLEGAL_USERNAME for a name of one character, and if he may not change it.

    Its commit point is that of the account store. Source: manual, "Change user password".
    """
    check_text(username, domain, password)
    check_number(apop)
    change = lambda: current().users.change_own_password(username, domain, password)  # noqa: E731
    return _no_such_user(attempt(VA.NO_AUTH_CONNECTION, change))


def vsetuserquota(username: str, domain: str, quota: str) -> VA:
    """Give a user another quota and count the mail anew.

    Args:
        username: local part.
        domain: domain or alias domain.
        quota: NOQUOTA, bytes (``10M``), a message count (``1000C``), both with a comma; at most
            20 characters.

    Returns:
        VA_SUCCESS, VA_USER_NAME_TOO_LONG, VA_ILLEGAL_USERNAME (a name of one character),
        VA_DOMAIN_NAME_TOO_LONG, VA_QUOTA_TOO_LONG (also for what is no quota),
        VA_USER_DOES_NOT_EXIST, VA_BAD_D_DIR, VA_BAD_UID, VA_NO_AUTH_CONNECTION.

    Its commit point is that of the account store; maildirsize follows it.
    Source: manual, "vsetuserquota".
    """
    check_text(username, domain, quota)
    change = lambda: current().users.change_quota(username, domain, quota)  # noqa: E731
    return _no_such_user(attempt(VA.NO_AUTH_CONNECTION, change))


def _no_such_user(code: VA) -> VA:
    """The C functions say the same of a domain that is not there."""
    return note(VA.USER_DOES_NOT_EXIST) if code == VA.DOMAIN_DOES_NOT_EXIST else code


def vsqwebmail_pass(dir: str | None, crypted: str, uid: int, gid: int) -> VA:  # noqa: A002
    """Write the copy of the crypted password that SqWebMail reads.

    Args:
        dir: the home, absolute; None does nothing.
        crypted: the crypt string.
        uid, gid: owner of the file, numbers.

    Returns:
        VA_SUCCESS, VA_SQWEBMAIL_PASS_FAIL.

    Its commit point is the rename of Maildir/sqwebmail-pass.
    """
    if dir is None:
        return note(VA.SUCCESS)
    check_text(dir, crypted)
    check_number(uid, gid)
    code = attempt(VA.SQWEBMAIL_PASS_FAIL, lambda: _write_sqwebmail_pass(dir, crypted, uid, gid))
    return code if code == 0 else note(VA.SQWEBMAIL_PASS_FAIL)


def _write_sqwebmail_pass(home: str, crypted: str, uid: int, gid: int) -> None:
    from vpopmail.accounts.checks import checked_id
    from vpopmail.mailstore.sqwebmail import write_pass
    from vpopmail.safeio.directory import Owner, open_trusted

    owner = Owner(checked_id("uid", uid), checked_id("gid", gid))
    with open_trusted(home, sync=current().settings.sync) as directory:
        write_pass(directory, crypted, owner)


def vget_real_domain(domain: str) -> str:
    """The real domain of a domain or alias domain; an unknown name as it is.

    Args:
        domain: any case.
    """
    check_text(domain)
    entry = ask(None, lambda: current().domains.find(domain))
    return domain if entry is None else entry.realdomain
