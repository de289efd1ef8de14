"""What a new user must be like, in the order in which the C library checks it."""

from __future__ import annotations

from vpopmail.errors import (
    ClearPasswordTooLong,
    DirectoryTooLong,
    DomainNameTooLong,
    FieldMissing,
    GecosTooLong,
    InvalidCharacter,
    InvalidInput,
    InvalidQuota,
    NotPermitted,
    PasswordTooLong,
    QuotaTooLong,
)
from vpopmail.formats.maildirsize import format_quota
from vpopmail.formats.text import has_control, to_bytes
from vpopmail.names import (
    MAX_DOMAIN,
    check_domain_length,
    check_kind_of_number,
    check_kind_of_text,
    check_user_length,
)
from vpopmail.records import VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.settings import Settings

MAX_CRYPTED = 128
MAX_QUOTA = 20
MAX_DIRECTORY = 160
MAX_ID = 2**32 - 1
MAX_FLAGS = 2**31 - 1
_TEXTS = ("pw_name", "pw_passwd", "pw_gecos", "pw_dir", "pw_shell")


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
    check_kind_of_text(name, domain, gecos)
    check_line_field("gecos", gecos)
    _check_user_length(settings, name, domain)
    check_domain_length(domain)
    if password is not None:
        check_password(settings, password)
    check_gecos(settings.max_gecos, gecos)


def check_kind_of_user(user: VqPasswd) -> None:
    """Refuse what is no record of a user, or lacks what a home is found by.

    Raises:
        TypeError, FieldMissing.
    """
    if not isinstance(user, VqPasswd):
        raise TypeError(f"a VqPasswd is needed, not {type(user).__name__}")
    for name in ("pw_name", "pw_dir", "pw_shell"):
        if getattr(user, name) is None:
            raise FieldMissing(name, "it is None")


def check_gecos(longest: int, gecos: str) -> None:
    """Refuse a comment over ``longest`` characters, or one that would break its line.

    Raises:
        InvalidCharacter, GecosTooLong.
    """
    check_kind_of_text(gecos)
    check_line_field("gecos", gecos)
    if len(gecos) > longest:
        raise GecosTooLong("gecos", f"at most {longest} characters")


def check_flags(bits: int) -> None:
    """Refuse flag bits outside of 0 to 2147483647. Raises: InvalidInput."""
    if not isinstance(bits, int):
        raise TypeError(f"flags are an int, not {type(bits).__name__}")
    if not 0 <= bits <= MAX_FLAGS:
        raise InvalidInput(f"flags {bits}", f"give bits from 0 to {MAX_FLAGS}")


def check_one_password(password: str | None, crypted: str | None) -> None:
    """Refuse a crypt string that cannot be stored, or that comes with a clear password.

    Raises:
        InvalidInput, PasswordTooLong, InvalidCharacter.
    """
    check_kind_of_text(*(given for given in (password, crypted) if given is not None))
    if crypted is None:
        return
    if password is not None:
        raise InvalidInput("password", "give it clear or crypted, not both")
    check_crypted(crypted)


def check_password(settings: Settings, password: str) -> None:
    """Refuse a clear password that is too long, or that the store could not keep.

    Raises:
        PasswordTooLong, InvalidCharacter.
    """
    check_kind_of_text(password)
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
    _check_crypted_length(crypted)
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
    check_kind_of_number(number)
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
    if not isinstance(quota, str | int):
        raise TypeError(f"a quota is a str or an int, not {type(quota).__name__}")
    quota = str(quota)
    stored = format_quota(quota)
    if not stored and quota.strip("0"):
        raise InvalidQuota(quota, "give bytes (10M), a count (1000C) or NOQUOTA")
    if len(stored) > MAX_QUOTA:
        raise QuotaTooLong("quota", f"at most {MAX_QUOTA} characters")
    return stored


def check_line_field(what: str, text: str) -> None:
    """Refuse a colon or a control character in a field of vpasswd. Raises: InvalidCharacter."""
    if ":" in text or has_control(to_bytes(text)):
        raise InvalidCharacter(what, "no colon and no control character")


def check_lengths(settings: Settings, user: VqPasswd, domain: str) -> None:
    """Refuse a record with a field that is missing or too long, in the C library's order.

    Args:
        settings: of the site, for the lengths.
        user: the record. An empty field is none that is missing, an empty name passes.
        domain: its domain.

    Raises:
        FieldMissing, UserNameTooLong, InvalidUserName, DomainNameTooLong, PasswordTooLong,
        GecosTooLong, DirectoryTooLong, QuotaTooLong, ClearPasswordTooLong.

    Source: api, vcheck_vqpw.
    """
    _check_there(settings, user)
    _check_user_length(settings, user.pw_name, domain)
    if len(domain) > MAX_DOMAIN:
        raise DomainNameTooLong(domain[:MAX_DOMAIN], f"at most {MAX_DOMAIN} characters")
    _check_crypted_length(user.pw_passwd)
    if len(user.pw_gecos) > settings.max_gecos:
        raise GecosTooLong("gecos", f"at most {settings.max_gecos} characters")
    check_directory(user.pw_dir)
    if len(user.pw_shell) > MAX_QUOTA:
        raise QuotaTooLong("quota", f"at most {MAX_QUOTA} characters")
    if settings.clear_passwd and len(user.pw_clear_passwd) > settings.max_clear_passwd:
        raise ClearPasswordTooLong("", f"at most {settings.max_clear_passwd} characters")


def check_record(settings: Settings, user: VqPasswd, domain: str) -> None:
    """Refuse a record that cannot be stored as it is.

    Args:
        settings: of the site, for the lengths.
        user: the record; ``pw_flags`` is not stored and not looked at.
        domain: its domain.

    Raises:
        What check_lengths raises.
        InvalidCharacter: a control character in a field, or a colon in one but the clear password.
        NotPermitted: ``pw_uid`` or ``pw_gid`` is not within 0 to 4294967294.
        TypeError: a field has another type.
    """
    check_lengths(settings, user, domain)
    for field in _TEXTS:
        check_line_field(field, getattr(user, field))
    if settings.clear_passwd and has_control(to_bytes(user.pw_clear_passwd)):
        raise InvalidCharacter("password", "a control character cannot be stored")
    for field in ("pw_uid", "pw_gid"):
        number = getattr(user, field)
        if not isinstance(number, int):
            raise TypeError(f"{field} must be an int")
        checked_id(field, number)


def _check_user_length(settings: Settings, name: str, domain: str) -> None:
    big = settings.users_big_dir
    check_user_length(name, settings.max_user_name, big_directories=big, domain=domain)


def _check_crypted_length(crypted: str) -> None:
    if len(crypted) > MAX_CRYPTED:
        raise PasswordTooLong("", f"a crypt string has at most {MAX_CRYPTED} characters")


def _check_there(settings: Settings, user: VqPasswd) -> None:
    texts = (*_TEXTS, "pw_clear_passwd") if settings.clear_passwd else _TEXTS
    for field in texts:
        value = getattr(user, field)
        if value is None:
            raise FieldMissing(field, "it is None")
        if not isinstance(value, str):
            raise TypeError(f"{field} must be a str")
