"""Passwords: hashing, checking, random ones, asking for one, how good one is."""

from __future__ import annotations

from vpopmail.accounts import password_policy
from vpopmail.capi.status import ask, attempt, check_number, check_record, check_text, note
from vpopmail.codes import VA
from vpopmail.errors import PasswordEmpty
from vpopmail.passwords import hash_password, make_salt, random_password, verify
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.records import VqPasswd

_STRONG = 1
_LONGEST = 65536


def mkpasswd3(clearpass: str) -> tuple[VA, str]:
    """Hash a password with the scheme of the site; there is no falling back to another.

    Args:
        clearpass: no NUL, at most 512 bytes, for bcrypt 72; DES looks at 8. Length and strength
            are not checked otherwise.

    Returns:
        (code, crypted): VA_SUCCESS, VA_PASSWD_TOO_LONG, or VA_CRYPT_FAILED and ``""``.

    Source: manual, "Configure options".
    """
    check_text(clearpass)
    made = []
    make = lambda: made.append(hash_password(clearpass, current().settings.password_scheme))  # noqa: E731
    code = attempt(VA.CRYPT_FAILED, make)
    return code, made[0] if made else ""


def vauth_crypt(user: str, domain: str, clear_pass: str, pw: VqPasswd | None) -> int:
    """Check a password against a record.

    Args:
        user, domain: whose record it is; not looked at.
        clear_pass: clear text.
        pw: the record.

    Returns:
        0 if the password matches, 1 if not, -1 without a record. An empty or locked
        ``pw_passwd`` matches nothing. 1 too if it cannot be compared, which ``last_error()``
        tells: VA_NO_AUTH_CONNECTION.
    """
    check_text(user, domain, clear_pass)
    if pw is None:
        note(VA.SUCCESS)
        return -1
    check_record(pw)
    return 0 if ask(False, verify, clear_pass, pw.pw_passwd or "") else 1


def vrandom_pass(length: int) -> str:
    """A random password.

    Args:
        length: characters, at most 65536; 0 or less gives ``""``.

    Returns:
        Characters of ``a-zA-Z0-9.@!#%*``, each equally likely; ``""`` for more than 65536, then
        ``last_error()`` is VA_PASSWD_TOO_LONG.
    """
    check_number(length)
    fits = length <= _LONGEST
    note(VA.SUCCESS if fits else VA.PASSWD_TOO_LONG)
    return random_password(length) if fits else ""


def vgen_pass(length: int) -> str:
    """The older name of ``vrandom_pass``."""
    return vrandom_pass(length)


def randltr() -> str:
    """One random character of ``./0-9A-Za-z``, as salts are made of."""
    return make_salt(1)


def vgetpasswd(user: str) -> str:
    """Ask for a password at the terminal, twice, until both answers agree.

    Args:
        user: whose password; shown in the prompt.

    Returns:
        What was typed; may be ``""``. If there is nobody to answer ``""``, and ``last_error()`` is
        VA_PWSTR_EMPTY.
    """
    check_text(user)
    return ask("", _ask_twice, user)


def _ask_twice(user: str) -> str:
    from getpass import getpass

    try:
        return _agreed(getpass, user)
    except EOFError:
        raise PasswordEmpty("", "there is nobody to answer") from None


def _agreed(getpass: Callable[[str], str], user: str) -> str:
    while True:
        password = getpass(f"Please enter password for {user}: ")
        if getpass("enter password again: ") == password:
            return password
        print("Passwords do not match, try again")  # noqa: T201 - a conversation


def pw_strength(password: str | None) -> int:
    """Whether the site's policy, etc/password_strength.conf, allows a password.

    Args:
        password: clear text, or None.

    Returns:
        1 if it does. Else VA_PWSTR_EMPTY for None, VA_PWSTR_LENGTH, VA_PWSTR_ALPHA,
        VA_PWSTR_NUMERIC, VA_PWSTR_OTHER, VA_PWSTR_DELTA; VA_NO_AUTH_CONNECTION if the file
        cannot be opened. ``pw_strength_error`` has the reason.
    """
    if password is not None:
        check_text(password)
    check = lambda: password_policy.check_strength(current().installation, password)  # noqa: E731
    return int(attempt(VA.NO_AUTH_CONNECTION, check)) or _STRONG


def pw_strength_error() -> str:
    """How the last check of a password in this thread went, in words.

    Returns:
        ``password suitable``, also before the first check, or what the policy wants, with a
        blank at its end.
    """
    verdict = password_policy.last_verdict()
    return verdict if verdict in password_policy.FINAL else verdict + " "


def pw_strength_policy() -> str | None:
    """The site's policy in words for users; None if it has none."""
    return ask(None, lambda: password_policy.policy_text(current().installation))
