"""What ``users.update`` can change in a record, each as functions that change it.

Input is checked and passwords are hashed when the functions are made, not when they are applied:
a batch applies them twice, and once under a lock.
"""

from __future__ import annotations

from vpopmail.accounts import checks
from vpopmail.accounts.password_policy import check_strength
from vpopmail.accounts.user_rules import marker
from vpopmail.passwords import hash_password
from vpopmail.safeio.paths import check_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.installation import Installation
    from vpopmail.records import VqPasswd
    from vpopmail.settings import Settings

    Edit = Callable[[VqPasswd], object]


def password_edits(
    installation: Installation, password: str | None, crypted: str | None
) -> list[Edit]:
    """Store another password; ``""`` is no password, None twice changes nothing.

    Raises:
        PasswordTooLong, PasswordTooWeak, InvalidCharacter, CryptFailed.
        InvalidInput: both are given.
    """
    checks.check_one_password(password, crypted)
    hashed = crypted
    if password is not None:
        check_strength(installation, password)
        hashed = checked_hash(installation.settings, password)
    if hashed is None:
        return []
    clear = password if password and installation.settings.clear_passwd else ""

    def edit(user: VqPasswd) -> None:
        user.pw_passwd, user.pw_clear_passwd = hashed, clear

    return [edit]


def directory_edits(path: str | None) -> list[Edit]:
    """Store another home, and move nothing; None changes nothing.

    Raises:
        DirectoryTooLong, InvalidCharacter.
        InvalidPath: it is not absolute.
    """
    if path is None:
        return []
    checks.check_directory(path)
    checks.check_line_field("directory", path)
    check_path(path)
    return [lambda user: setattr(user, "pw_dir", path)]


def checked_hash(settings: Settings, password: str) -> str:
    """The crypt string of a password that can be stored; ``""`` for no password.

    Raises:
        PasswordTooLong, InvalidCharacter, CryptFailed.
    """
    checks.check_password(settings, password)
    return hash_password(password, settings.password_scheme) if password else ""


def quota_edits(quota: str | int | None) -> list[Edit]:
    """Store another quota. Raises: InvalidQuota, QuotaTooLong."""
    if quota is None:
        return []
    stored = checks.checked_quota(quota)
    return [lambda user: setattr(user, "pw_shell", stored)]


def gecos_edits(settings: Settings, gecos: str | None) -> list[Edit]:
    """Store another comment. Raises: InvalidCharacter, GecosTooLong."""
    if gecos is None:
        return []
    checks.check_gecos(settings.max_gecos, gecos)
    return [lambda user: setattr(user, "pw_gecos", gecos)]


def flag_edits(flags: int | None, set_flags: int, clear_flags: int) -> list[Edit]:
    """Store other flag bits, or set and clear some. Raises: InvalidInput."""
    for bits in (0 if flags is None else flags, set_flags, clear_flags):
        checks.check_flags(bits)
    if flags is None and not set_flags and not clear_flags:
        return []

    def edit(user: VqPasswd) -> None:
        own = user.pw_gid if flags is None else flags
        user.pw_gid = (own | set_flags) & ~clear_flags

    return [edit]


def apop_edits(apop: int | None) -> list[Edit]:
    """Store whether it is a POP (0) or an APOP (1) account."""
    if apop is None:
        return []
    stored = marker(apop)
    return [lambda user: setattr(user, "pw_uid", stored)]
