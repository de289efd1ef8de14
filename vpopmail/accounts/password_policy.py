"""The site's policy on passwords, from etc/password_strength.conf.

The file is read at each new password: it is small, and so a change of it counts at once.
"""

from __future__ import annotations

from _thread import _local

from vpopmail import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.formats.password_strength import StrengthFile
    from vpopmail.installation import Installation

FILE = "password_strength.conf"
SUITABLE = "password suitable"
UNKNOWN = "unknown password failure"
FINAL = (SUITABLE, UNKNOWN)  # said as they are, without a reason
_ERRORS = {
    "Length": errors.PasswordLength,
    "Alphabet": errors.PasswordLetters,
    "Numeric": errors.PasswordDigits,
    "Other": errors.PasswordOthers,
    "UpperLower": errors.PasswordCase,
}
_thread = _local()


def check_strength(installation: Installation, password: str | None) -> None:
    """Refuse a password that the site's policy does not allow; without a file all are allowed.

    It holds in both profiles. Lines of the file that cannot be understood are told in the log.

    Args:
        installation: whose policy.
        password: clear text; None is refused even without a file.

    Raises:
        PasswordEmpty, PasswordLength, PasswordLetters, PasswordDigits, PasswordOthers,
        PasswordCase: the advice says what is wanted.
        ConfigError: there is a file and it cannot be opened.
    """
    _thread.verdict = UNKNOWN
    if password is None:
        raise errors.PasswordEmpty("", "no password was given")
    file = _read(installation)
    if file is not None and file.rules:
        _check_rules(file, password)
    _thread.verdict = SUITABLE


def policy_text(installation: Installation) -> str | None:
    """The policy in words for users, from its line ``Policy``; None if there is none.

    Raises:
        ConfigError: there is a file and it cannot be opened.
    """
    file = _read(installation)
    return None if file is None else file.policy


def last_verdict() -> str:
    """How the last check of this thread went, in the words of the C library."""
    verdict: str = getattr(_thread, "verdict", SUITABLE)
    return verdict


def _check_rules(file: StrengthFile, password: str) -> None:
    from vpopmail.passwords.policy import broken_rule, reason

    name = broken_rule(file.rules, password)
    if name is not None:
        _thread.verdict = reason(name, *file.rules[name])
        raise _ERRORS[name]("", _thread.verdict)


def _read(installation: Installation) -> StrengthFile | None:
    from vpopmail.safeio.view import read_file

    path = installation.settings.etc_path(FILE)
    try:
        data = read_file(path)
    except OSError as error:
        raise errors.ConfigError(path, f"cannot be read: {error.strerror}") from None
    return None if data is None else _parsed(data, path)


def _parsed(data: bytes, path: str) -> StrengthFile:
    from vpopmail.formats.password_strength import parse

    file = parse(data)
    if file.idle:
        from vpopmail.log import warn

        warn("%s: not understood and not in force: line %s", path, ", ".join(map(str, file.idle)))
    return file
