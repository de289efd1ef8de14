"""The VA_* return codes of the C library and their texts.

Source: manual, "Return codes"; the texts are what programs and vpopmaild show to people.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

_PARSE = "parsing database configuration file"

# value, name, text (None: the C library has no text for it)
_TABLE: tuple[tuple[int, str, str | None], ...] = (
    (0, "SUCCESS", "Success"),
    (-1, "ILLEGAL_USERNAME", "Illegal username"),
    (-2, "USERNAME_EXISTS", "Username exists"),
    (-3, "BAD_DIR", "Unable to chdir to vpopmail directory"),
    (-4, "BAD_U_DIR", "Unable to chdir to vpopmail/users directory"),
    (-5, "BAD_D_DIR", "Unable to chdir to vpopmail/domains directory"),
    (-6, "BAD_V_DIR", "Unable to chdir to vpopmail/domains/domain directory"),
    (-7, "EXIST_U_DIR", "User's directory already exists"),
    (-8, "BAD_U_DIR2", "Unable to chdir to user's directory"),
    (-9, "SUBDIR_CREATION", "Creation of user's subdirectories failed"),
    (-10, "USER_DOES_NOT_EXIST", "User does not exist"),
    (-11, "DOMAIN_DOES_NOT_EXIST", "Domain does not exist"),
    (-12, "INVALID_DOMAIN_NAME", "Invalid domain name"),
    (-13, "DOMAIN_ALREADY_EXISTS", "Domain already exists"),
    (-14, "COULD_NOT_MAKE_DOMAIN_DIR", "Could not make domain dir"),
    (-15, "COULD_NOT_OPEN_QMAIL_DEFAULT", "Could not open qmail default"),
    (-16, "CAN_NOT_MAKE_DOMAINS_DIR", "Can not make domains directory"),
    (-17, "COULD_NOT_UPDATE_FILE", "Could not update file"),
    (-18, "CRYPT_FAILED", "Crypt failed"),
    (-19, "COULD_NOT_OPEN_DOT_QMAIL", "Could not open dot qmail file"),
    (-20, "BAD_CHAR", "bad character"),
    (-21, "SQWEBMAIL_PASS_FAIL", None),
    (-22, "BAD_UID", "running as invalid uid"),
    (-23, "NO_AUTH_CONNECTION", "no authentication database connection"),
    (-24, "MEMORY_ALLOC_ERR", "memory allocation error"),
    (-25, "USER_NAME_TOO_LONG", "user name too long"),
    (-26, "DOMAIN_NAME_TOO_LONG", "domain name too long"),
    (-27, "PASSWD_TOO_LONG", "password too long"),
    (-28, "GECOS_TOO_LONG", "gecos too long"),
    (-29, "QUOTA_TOO_LONG", "quota too long"),
    (-30, "DIR_TOO_LONG", "dir too long"),
    (-31, "CLEAR_PASSWD_TOO_LONG", "clear password too long"),
    (-32, "ALIAS_LINE_TOO_LONG", "alias line too long"),
    (-33, "NULL_POINTER", "null pointer"),
    (-34, "INVALID_EMAIL_CHAR", "invalid email character"),
    (-35, "PARSE_ERROR", _PARSE),
    (-36, "CANNOT_READ_LIMITS", "can't read domain limits"),
    (-37, "CANNOT_READ_ASSIGN", "can't read users/assign file"),
    (-38, "CANNOT_OPEN_DATABASE", None),
    (-39, "INVALID_IP_ADDRESS", None),
    (-40, "QUERY_FAILED", None),
    (-41, "STORE_RESULT_FAILED", None),
    (-42, "INVALID_OPEN_MODE", None),
    (-43, "CANNOT_CREATE_DATABASE", None),
    (-44, "CANNOT_CREATE_TABLE", None),
    (-45, "PARSE_ERROR01", _PARSE + " - update server"),
    (-46, "PARSE_ERROR02", _PARSE + " - update port"),
    (-47, "PARSE_ERROR03", _PARSE + " - update user"),
    (-48, "PARSE_ERROR04", _PARSE + " - update password"),
    (-49, "PARSE_ERROR05", _PARSE + " - update database"),
    (-50, "PARSE_ERROR06", _PARSE + " - readonly server"),
    (-51, "PARSE_ERROR07", _PARSE + " - readonly port"),
    (-52, "PARSE_ERROR08", _PARSE + " - readonly user"),
    (-53, "PARSE_ERROR09", _PARSE + " - readonly password"),
    (-54, "PARSE_ERROR10", _PARSE + " - readonly database"),
    (-55, "CANNOT_DELETE_CATCHALL", "can't delete catchall account"),
    (-56, "PASSWD_TOO_SHORT", "password too short"),
    (-66, "NO_AUTH_MODULE", "no authentication module loaded"),
    (-67, "UNKNOWN_UIDGID", "cannot determine my uid or gid"),
    (-68, "INTERNAL_BUFFER_EXCEEDED", "internal buffer limit exceeded"),
    (-69, "PWSTR_EMPTY", None),
    (-70, "PWSTR_LENGTH", None),
    (-71, "PWSTR_ALPHA", None),
    (-72, "PWSTR_NUMERIC", None),
    (-73, "PWSTR_OTHER", None),
    (-74, "PWSTR_DELTA", None),
)

UNKNOWN_ERROR = "Unknown error"


class VA(int):
    """A return code of the C library: an int that prints its name.

    Any int is allowed; one that has no name keeps its number (``VA(-98)``). Zero is success,
    errors are negative. Source: manual, "Return codes".
    """

    __slots__ = ()

    if TYPE_CHECKING:
        SUCCESS: ClassVar[VA]
        ILLEGAL_USERNAME: ClassVar[VA]
        USERNAME_EXISTS: ClassVar[VA]
        BAD_DIR: ClassVar[VA]
        BAD_U_DIR: ClassVar[VA]
        BAD_D_DIR: ClassVar[VA]
        BAD_V_DIR: ClassVar[VA]
        EXIST_U_DIR: ClassVar[VA]
        BAD_U_DIR2: ClassVar[VA]
        SUBDIR_CREATION: ClassVar[VA]
        USER_DOES_NOT_EXIST: ClassVar[VA]
        DOMAIN_DOES_NOT_EXIST: ClassVar[VA]
        INVALID_DOMAIN_NAME: ClassVar[VA]
        DOMAIN_ALREADY_EXISTS: ClassVar[VA]
        COULD_NOT_MAKE_DOMAIN_DIR: ClassVar[VA]
        COULD_NOT_OPEN_QMAIL_DEFAULT: ClassVar[VA]
        CAN_NOT_MAKE_DOMAINS_DIR: ClassVar[VA]
        COULD_NOT_UPDATE_FILE: ClassVar[VA]
        CRYPT_FAILED: ClassVar[VA]
        COULD_NOT_OPEN_DOT_QMAIL: ClassVar[VA]
        BAD_CHAR: ClassVar[VA]
        SQWEBMAIL_PASS_FAIL: ClassVar[VA]
        BAD_UID: ClassVar[VA]
        NO_AUTH_CONNECTION: ClassVar[VA]
        MEMORY_ALLOC_ERR: ClassVar[VA]
        USER_NAME_TOO_LONG: ClassVar[VA]
        DOMAIN_NAME_TOO_LONG: ClassVar[VA]
        PASSWD_TOO_LONG: ClassVar[VA]
        GECOS_TOO_LONG: ClassVar[VA]
        QUOTA_TOO_LONG: ClassVar[VA]
        DIR_TOO_LONG: ClassVar[VA]
        CLEAR_PASSWD_TOO_LONG: ClassVar[VA]
        ALIAS_LINE_TOO_LONG: ClassVar[VA]
        NULL_POINTER: ClassVar[VA]
        INVALID_EMAIL_CHAR: ClassVar[VA]
        PARSE_ERROR: ClassVar[VA]
        CANNOT_READ_LIMITS: ClassVar[VA]
        CANNOT_READ_ASSIGN: ClassVar[VA]
        INVALID_IP_ADDRESS: ClassVar[VA]
        CANNOT_DELETE_CATCHALL: ClassVar[VA]
        UNKNOWN_UIDGID: ClassVar[VA]
        NO_AUTH_MODULE: ClassVar[VA]
        PWSTR_EMPTY: ClassVar[VA]
        PWSTR_LENGTH: ClassVar[VA]
        PWSTR_ALPHA: ClassVar[VA]
        PWSTR_NUMERIC: ClassVar[VA]
        PWSTR_OTHER: ClassVar[VA]
        PWSTR_DELTA: ClassVar[VA]

    def __repr__(self) -> str:
        for value, name, _ in _TABLE:
            if value == self:
                return f"VA.{name}"
        return f"VA({int(self)})"

    __str__ = __repr__


for _value, _name, _ in _TABLE:
    setattr(VA, _name, VA(_value))


def constant(name: str) -> VA | None:
    """What ``vpopmail.VA_SUCCESS`` and its kin mean; the manual spells success VA_SUCCES.

    Args:
        name: with its ``VA_``.
    """
    found: VA | None = getattr(VA, "SUCCESS" if name == "VA_SUCCES" else name[3:], None)
    return found if name[3:].isupper() else None


def verror(code: int) -> str:
    """The text of a return code.

    Args:
        code: any int.

    Returns:
        The text of the C library, byte for byte; ``Unknown error`` for a code without one.

    Source: manual, "Return codes".
    """
    if not isinstance(code, int):
        raise TypeError(f"an int is needed, not {type(code).__name__}")
    for value, _, text in _TABLE:
        if value == code and text is not None:
            return text
    return UNKNOWN_ERROR
