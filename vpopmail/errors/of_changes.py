"""The errors that only a change, or a question about what changes, can meet.

Use them as names of ``vpopmail.errors``, where the tree is drawn.
"""

from __future__ import annotations

from vpopmail.codes import VA
from vpopmail.errors import InvalidInput, NotFound, Refused, StorageError, VpopmailError

_REFUSED = "password refused"


class InvalidPath(InvalidInput):
    """A path that is not absolute, cannot be one, or leads out of where it must lie."""

    text = "invalid path"


class FieldMissing(InvalidInput):
    """A field of a record is None."""

    code = VA.NULL_POINTER


class PasswordTooLong(InvalidInput):
    """A password over the limit of the profile, or a crypt string over 128 bytes."""

    code = VA.PASSWD_TOO_LONG


class PasswordTooWeak(InvalidInput):
    """A password that etc/password_strength.conf does not allow; the advice names the rule."""

    code = VA.PWSTR_LENGTH
    text = _REFUSED


class PasswordEmpty(PasswordTooWeak):
    """No password was given."""

    code = VA.PWSTR_EMPTY
    text = _REFUSED


class PasswordLength(PasswordTooWeak):
    """Too few characters, or too many."""

    code = VA.PWSTR_LENGTH
    text = _REFUSED


class PasswordLetters(PasswordTooWeak):
    """The share of letters is wrong."""

    code = VA.PWSTR_ALPHA
    text = _REFUSED


class PasswordDigits(PasswordTooWeak):
    """The share of digits is wrong."""

    code = VA.PWSTR_NUMERIC
    text = _REFUSED


class PasswordOthers(PasswordTooWeak):
    """The share of characters that are neither letters nor digits is wrong."""

    code = VA.PWSTR_OTHER
    text = _REFUSED


class PasswordCase(PasswordTooWeak):
    """The mixture of upper-case and lower-case letters is wrong."""

    code = VA.PWSTR_DELTA
    text = _REFUSED


class ClearPasswordTooLong(InvalidInput):
    """A clear password over 128 characters."""

    code = VA.CLEAR_PASSWD_TOO_LONG


class GecosTooLong(InvalidInput):
    """A comment over 48 characters (profile 5.4) or 64 (5.6)."""

    code = VA.GECOS_TOO_LONG


class QuotaTooLong(InvalidInput):
    """A quota over 20 characters."""

    code = VA.QUOTA_TOO_LONG


class InvalidQuota(InvalidInput):
    """A quota that is not NOQUOTA, bytes, a message count or both."""

    code = VA.QUOTA_TOO_LONG
    text = "invalid quota"


class DirectoryTooLong(InvalidInput):
    """A directory over 160 bytes."""

    code = VA.DIR_TOO_LONG


class AliasLineTooLong(InvalidInput):
    """A delivery line of 160 bytes or more."""

    code = VA.ALIAS_LINE_TOO_LONG


class UserNotFound(NotFound):
    """There is no such user."""

    code = VA.USER_DOES_NOT_EXIST


class LimitsNotFound(NotFound):
    """The domain has no limits of its own."""

    text = "no limits of its own"


class AliasNotFound(NotFound):
    """There is no such alias, or the domain has no .qmail-default."""

    code = VA.COULD_NOT_OPEN_DOT_QMAIL
    text = "there is no such alias"


class AlreadyThere(VpopmailError):
    """What was to be made is there already."""


class UserExists(AlreadyThere):
    """There is a user of this name."""

    code = VA.USERNAME_EXISTS


class HomeExists(AlreadyThere):
    """There is something where the home would be, and it is not a leftover of ours."""

    code = VA.EXIST_U_DIR


class DomainExists(AlreadyThere):
    """There is a domain, or an alias domain, of this name."""

    code = VA.DOMAIN_ALREADY_EXISTS


class CatchAllProtected(Refused):
    """The user gets the mail of the domain's unknown users."""

    code = VA.CANNOT_DELETE_CATCHALL


class PasswordChangeForbidden(Refused):
    """A flag of the user or a limit of the domain forbids it.

    The C library has no code of its own for this, and gives the one of a bad name.
    """

    code = VA.ILLEGAL_USERNAME
    text = "password change forbidden"


class BaseDirectoryMissing(StorageError):
    """The directory below which the domain was to be made cannot be entered."""

    code = VA.BAD_V_DIR


class HomeMissing(StorageError):
    """The home of the user could not be removed: it is not there, or not ours."""

    code = VA.BAD_DIR


class HomeNotMade(StorageError):
    """The home of the user could not be made."""

    code = VA.BAD_U_DIR


class DomainsDirectoryNotMade(StorageError):
    """The directory that holds the domains could not be made."""

    code = VA.CAN_NOT_MAKE_DOMAINS_DIR


class DomainDirectoryNotMade(StorageError):
    """The directory of the domain could not be made."""

    code = VA.COULD_NOT_MAKE_DOMAIN_DIR


class FileNotUpdated(StorageError):
    """A file could not be written, or a lock not had in time; its old content stands."""


class AliasUnreadable(StorageError):
    """A dot-qmail file cannot be read, or is something that the library does not touch."""

    code = VA.COULD_NOT_OPEN_DOT_QMAIL


class CryptFailed(StorageError):
    """The password could not be hashed with the scheme that was asked for."""

    code = VA.CRYPT_FAILED
