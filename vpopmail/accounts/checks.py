"""What a new user must be like, in the order in which the C library checks it."""

from __future__ import annotations

from vpopmail.errors import (
    DirectoryTooLong,
    GecosTooLong,
    InvalidCharacter,
    InvalidQuota,
    NotPermitted,
    PasswordTooLong,
    QuotaTooLong,
)
from vpopmail.formats.maildirsize import format_quota
from vpopmail.formats.text import has_control, to_bytes
from vpopmail.names import check_domain_length, check_user_length

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.settings import Settings

MAX_CRYPTED = 128
MAX_QUOTA = 20
MAX_DIRECTORY = 160
MAX_ID = 2**32 - 1


def check_user_fields(
    settings: Settings, name: str, domain: str, password: str | None, gecos: str
) -> None:
    """Refuse a new user whose fields cannot be stored.

    Args:
        settings: of the site, for the lengths.
        name, domain: as given.
        password: the clear password, or None.
        gecos: the comment.

    Raises:
        InvalidCharacter, UserNameTooLong, InvalidUserName, DomainNameTooLong,
        InvalidDomainName, PasswordTooLong, GecosTooLong.
    """
    check_line_field("gecos", gecos)
    check_user_length(name, settings.max_user_name, big_directories=settings.users_big_dir)
    check_domain_length(domain)
    if password is not None:
        check_password(settings, password)
    if len(gecos) > settings.max_gecos:
        raise GecosTooLong("gecos", f"at most {settings.max_gecos} characters")


def check_password(settings: Settings, password: str) -> None:
    """Refuse a clear password that is too long, or that the store could not keep.

    Raises:
        PasswordTooLong, InvalidCharacter.
    """
    if len(password) > settings.max_clear_passwd:
        raise PasswordTooLong("", f"at most {settings.max_clear_passwd} characters")
    data = to_bytes(password)
    if b"\0" in data or (settings.clear_passwd and has_control(data)):
        raise InvalidCharacter("password", "a control character cannot be stored")


def check_crypted(crypted: str) -> None:
    """Refuse a crypt string that is too long or would break its line.

    Raises:
        PasswordTooLong, InvalidCharacter.
    """
    if len(crypted) > MAX_CRYPTED:
        raise PasswordTooLong("", f"a crypt string has at most {MAX_CRYPTED} characters")
    check_line_field("crypted password", crypted)


def check_directory(path: str) -> None:
    """Refuse a directory over 160 bytes. Raises: DirectoryTooLong."""
    if len(to_bytes(path)) > MAX_DIRECTORY:
        raise DirectoryTooLong(path, f"at most {MAX_DIRECTORY} bytes")


def checked_id(what: str, number: int) -> int:
    """A uid or gid that files can have.

    Args:
        what: ``uid`` or ``gid``, for the error.
        number: 0 to 4294967294.

    Raises:
        NotPermitted: it is not in that range; -1 would leave the files to the caller.
    """
    if not 0 <= number < MAX_ID:
        raise NotPermitted(f"{what} {number}", f"give a number from 0 to {MAX_ID - 1}")
    return number


def checked_quota(quota: str | int) -> str:
    """A quota in its stored form.

    Args:
        quota: NOQUOTA, bytes (``10M`` or an int), a message count (``1000C``), both with a
            comma; ``""`` and 0 are no quota.

    Raises:
        InvalidQuota: it is none of these.
        QuotaTooLong: its stored form has over 20 characters.
    """
    quota = str(quota)
    stored = format_quota(quota)
    if not stored and quota.strip("0"):
        raise InvalidQuota(ascii(quota[:40])[1:-1], "give bytes (10M), a count (1000C) or NOQUOTA")
    if len(stored) > MAX_QUOTA:
        raise QuotaTooLong("quota", f"at most {MAX_QUOTA} characters")
    return stored


def check_line_field(what: str, text: str) -> None:
    """Refuse a colon or a control character in a field of vpasswd. Raises: InvalidCharacter."""
    if ":" in text or has_control(to_bytes(text)):
        raise InvalidCharacter(what, "no colon and no control character")
