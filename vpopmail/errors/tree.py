"""The errors below the root.

Use them as names of ``vpopmail.errors``, where the tree is drawn.
"""

from __future__ import annotations

from vpopmail.codes import VA
from vpopmail.errors import VpopmailError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_REFUSED = "password refused"


class InvalidInput(VpopmailError):
    """The caller's data is refused; nothing was changed."""

    text = "not allowed"


class InvalidUserName(InvalidInput):
    """A user name with a character, a form or a length that is not allowed."""

    code = VA.ILLEGAL_USERNAME


class UserNameTooLong(InvalidInput):
    """A user name over 32 characters (profile 5.4) or 64 (5.6)."""

    code = VA.USER_NAME_TOO_LONG


class InvalidDomainName(InvalidInput):
    """A domain name with a character or a form that is not allowed."""

    code = VA.INVALID_DOMAIN_NAME


class DomainNameTooLong(InvalidInput):
    """A domain name over 96 characters."""

    code = VA.DOMAIN_NAME_TOO_LONG


class InvalidCharacter(InvalidInput):
    """A character that would break the line it is stored in."""

    code = VA.BAD_CHAR


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


class InvalidIpAddress(InvalidInput):
    """An IP address that is none, or too long for where it would be stored."""

    code = VA.INVALID_IP_ADDRESS
    text = "invalid IP address"


class NotFound(VpopmailError):
    """What was asked for is not there."""


class UserNotFound(NotFound):
    """There is no such user."""

    code = VA.USER_DOES_NOT_EXIST


class DomainNotFound(NotFound):
    """There is no such domain."""

    code = VA.DOMAIN_DOES_NOT_EXIST


class LimitsNotFound(NotFound):
    """The domain has no limits of its own."""

    text = "no limits of its own"


class IpMapNotFound(NotFound):
    """The address stands for no domain, or not for this one."""

    text = "no such IP map"


class AliasNotFound(NotFound):
    """There is no such alias, or the domain has no .qmail-default."""

    code = VA.COULD_NOT_OPEN_DOT_QMAIL
    text = "there is no such alias"


class AliasLineNotFound(NotFound):
    """The alias does not have the delivery line."""

    text = "no such line of the alias"


class AlreadyThere(VpopmailError):
    """What was to be made is there already."""


class UserExists(AlreadyThere):
    """There is a user of this name."""

    code = VA.USERNAME_EXISTS


class HomeExists(AlreadyThere):
    """There is something where the home would be, and it is not a leftover of ours."""

    code = VA.EXIST_U_DIR


class AliasExists(AlreadyThere):
    """There is an alias of this name, with other lines."""

    text = "there is such an alias"


class DomainExists(AlreadyThere):
    """There is a domain, or an alias domain, of this name."""

    code = VA.DOMAIN_ALREADY_EXISTS


class Refused(VpopmailError):
    """The rules forbid it."""


class CatchAllProtected(Refused):
    """The user gets the mail of the domain's unknown users."""

    code = VA.CANNOT_DELETE_CATCHALL


class AliasStays(Refused):
    """The file of an alias cannot be moved into the account store; the advice says why."""

    text = "the alias stays in its file"


class UserInUse(Refused):
    """The user has logged in since the time that was given, or nothing is known of his logins."""

    text = "the user is in use"


class NotPermitted(Refused):
    """The process may not do this: it is neither root nor the owner."""

    code = VA.BAD_UID


class SchemaRefused(Refused):
    """Tables cannot be upgraded without losing something; nothing was changed."""


class PasswordChangeForbidden(Refused):
    """A flag of the user or a limit of the domain forbids it.

    The C library has no code of its own for this, and gives the one of a bad name.
    """

    code = VA.ILLEGAL_USERNAME
    text = "password change forbidden"


class StorageError(VpopmailError):
    """A file, a directory, a lock or a database gave trouble."""

    code = VA.COULD_NOT_UPDATE_FILE


class BaseDirectoryMissing(StorageError):
    """The directory below which the domain was to be made cannot be entered."""

    code = VA.BAD_V_DIR


class DomainDirectoryMissing(StorageError):
    """The directory of the domain, or the one that holds the domains, cannot be entered."""

    code = VA.BAD_D_DIR


class HomeMissing(StorageError):
    """The home of the user could not be removed: it is not there, or not ours."""

    code = VA.BAD_DIR


class HomeNotMade(StorageError):
    """The home of the user could not be made.

    Attributes:
        is_known: whether the account names a home, and that one is missing.
    """

    code = VA.BAD_U_DIR
    is_known = False


class DomainsDirectoryNotMade(StorageError):
    """The directory that holds the domains could not be made."""

    code = VA.CAN_NOT_MAKE_DOMAINS_DIR


class DomainDirectoryNotMade(StorageError):
    """The directory of the domain could not be made."""

    code = VA.COULD_NOT_MAKE_DOMAIN_DIR


class FileNotUpdated(StorageError):
    """A file could not be written, or a lock not had in time; its old content stands."""


class LimitsUnreadable(StorageError):
    """Neither the domain's limits nor etc/vlimits.default can be read."""

    code = VA.CANNOT_READ_LIMITS


class AliasUnreadable(StorageError):
    """A dot-qmail file cannot be read, or is something that the library does not touch."""

    code = VA.COULD_NOT_OPEN_DOT_QMAIL


class AssignUnreadable(StorageError):
    """users/assign cannot be read."""

    code = VA.CANNOT_READ_ASSIGN


class CryptFailed(StorageError):
    """The password could not be hashed with the scheme that was asked for."""

    code = VA.CRYPT_FAILED


class ConversionFailed(StorageError):
    """A conversion did not come to its end everywhere.

    Attributes:
        report: a Converted with what was done, and why the rest was not.
    """

    text = "conversion failed"
    report: Any = None


class BackendUnavailable(StorageError):
    """The account store cannot be reached, locked or written.

    Attributes:
        in_doubt: whether the change may count all the same: the connection broke in the commit,
            and the store did not answer any more.
    """

    code = VA.NO_AUTH_CONNECTION
    in_doubt: bool = False


class AccountsLost(BackendUnavailable):
    """A domain has had users, and what they were kept in is gone."""


class FormatError(VpopmailError):
    """A file does not keep its format; the subject names the file and the line."""

    code = VA.COULD_NOT_UPDATE_FILE
    text = "bad format"


class ConfigError(VpopmailError):
    """A setting is wrong; the text names its source, the key and the allowed values."""

    code = VA.NO_AUTH_CONNECTION
    text = "bad setting"


class UnknownBackend(ConfigError):
    """There is no auth backend of this name, or its driver is not installed."""

    code = VA.NO_AUTH_MODULE
    text = "no such auth backend"
