"""The one tree of errors; each has the VA_* code that the C face returns for it.

::

    VpopmailError
    ├── InvalidInput                 the caller's data is refused
    │   ├── InvalidUserName          VA_ILLEGAL_USERNAME
    │   ├── UserNameTooLong          VA_USER_NAME_TOO_LONG
    │   ├── InvalidDomainName        VA_INVALID_DOMAIN_NAME
    │   ├── DomainNameTooLong        VA_DOMAIN_NAME_TOO_LONG
    │   ├── InvalidCharacter         VA_BAD_CHAR
    │   ├── InvalidPath              -1
    │   ├── FieldMissing             VA_NULL_POINTER
    │   ├── PasswordTooLong          VA_PASSWD_TOO_LONG
    │   ├── PasswordTooWeak          the site's policy refuses it
    │   │   ├── PasswordEmpty        VA_PWSTR_EMPTY
    │   │   ├── PasswordLength       VA_PWSTR_LENGTH
    │   │   ├── PasswordLetters      VA_PWSTR_ALPHA
    │   │   ├── PasswordDigits       VA_PWSTR_NUMERIC
    │   │   ├── PasswordOthers       VA_PWSTR_OTHER
    │   │   └── PasswordCase         VA_PWSTR_DELTA
    │   ├── ClearPasswordTooLong     VA_CLEAR_PASSWD_TOO_LONG
    │   ├── GecosTooLong             VA_GECOS_TOO_LONG
    │   ├── QuotaTooLong             VA_QUOTA_TOO_LONG
    │   ├── InvalidQuota             VA_QUOTA_TOO_LONG
    │   ├── DirectoryTooLong         VA_DIR_TOO_LONG
    │   ├── AliasLineTooLong         VA_ALIAS_LINE_TOO_LONG
    │   └── InvalidIpAddress         VA_INVALID_IP_ADDRESS
    ├── NotFound
    │   ├── UserNotFound             VA_USER_DOES_NOT_EXIST
    │   ├── DomainNotFound           VA_DOMAIN_DOES_NOT_EXIST
    │   ├── LimitsNotFound           -1
    │   ├── IpMapNotFound            -1
    │   ├── AliasNotFound            VA_COULD_NOT_OPEN_DOT_QMAIL
    │   └── AliasLineNotFound        -1
    ├── AlreadyThere
    │   ├── UserExists               VA_USERNAME_EXISTS
    │   ├── HomeExists               VA_EXIST_U_DIR
    │   ├── AliasExists              -1
    │   └── DomainExists             VA_DOMAIN_ALREADY_EXISTS
    ├── Refused
    │   ├── CatchAllProtected        VA_CANNOT_DELETE_CATCHALL
    │   ├── AliasStays               -1
    │   ├── UserInUse                -1
    │   ├── NotPermitted             VA_BAD_UID
    │   ├── PasswordChangeForbidden  VA_ILLEGAL_USERNAME
    │   └── SchemaRefused            -1
    ├── StorageError                 a file, directory, lock or database gave trouble
    │   ├── BaseDirectoryMissing     VA_BAD_V_DIR
    │   ├── DomainDirectoryMissing   VA_BAD_D_DIR
    │   ├── HomeMissing              VA_BAD_DIR
    │   ├── HomeNotMade              VA_BAD_U_DIR
    │   ├── DomainsDirectoryNotMade  VA_CAN_NOT_MAKE_DOMAINS_DIR
    │   ├── DomainDirectoryNotMade   VA_COULD_NOT_MAKE_DOMAIN_DIR
    │   ├── FileNotUpdated           VA_COULD_NOT_UPDATE_FILE
    │   ├── LimitsUnreadable         VA_CANNOT_READ_LIMITS
    │   ├── AliasUnreadable          VA_COULD_NOT_OPEN_DOT_QMAIL
    │   ├── AssignUnreadable         VA_CANNOT_READ_ASSIGN
    │   ├── ConversionFailed         -1
    │   ├── CryptFailed              VA_CRYPT_FAILED
    │   └── BackendUnavailable       VA_NO_AUTH_CONNECTION
    │       └── AccountsLost         VA_NO_AUTH_CONNECTION
    ├── FormatError                  VA_COULD_NOT_UPDATE_FILE; a file does not keep its format
    └── ConfigError                  VA_NO_AUTH_CONNECTION; a setting is wrong
        └── UnknownBackend           VA_NO_AUTH_MODULE

The text of an error never holds a password, clear or crypted. All but
the root are in ``vpopmail.errors.tree`` and loaded when first asked for: a login need not pay.
"""

from __future__ import annotations

from vpopmail.codes import UNKNOWN_ERROR, VA, verror

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.errors.tree import *  # noqa: F403

_LONGEST = 200  # characters of a subject that are shown


class VpopmailError(Exception):
    """Anything this library refuses or fails to do.

    Args:
        subject: what it is about: a name, an address, a path. Never a password.
        advice: what is wrong with it and what to do, in a few words; may be empty.

    Attributes:
        code: the VA_* code that a C-named function returns for it.
    """

    code: VA = VA(-1)

    def __init__(self, subject: str = "", advice: str = "") -> None:
        super().__init__(subject, advice)
        self.subject = subject
        self.advice = advice

    def __str__(self) -> str:
        parts = (_in_a_line(self.subject), self._words(), self.advice)
        return ": ".join(part for part in parts if part)

    @property
    def headline(self) -> str:
        """One line with what is wrong first: the text of the code, the subject, and more words.

        An error without a code of its own begins with its own words.
        """
        words = self._words()
        first = words if self.code is VpopmailError.code else verror(self.code)
        if first == UNKNOWN_ERROR:
            first = words
        more = "" if words == first else words
        parts = (first, _in_a_line(self.subject), more, self.advice)
        return ": ".join(part for part in parts if part)

    def _words(self) -> str:
        """The text of the class that is nearest: its own words, or those of its own code."""
        for kind in type(self).__mro__:
            if "text" in vars(kind):
                return str(vars(kind)["text"])
            if "code" in vars(kind):
                break
        return verror(self.code)


def _in_a_line(subject: str) -> str:
    """A subject as it may stand in a log: a name from outside may hold line breaks, or no end."""
    if len(subject) > _LONGEST:
        subject = f"{subject[:_LONGEST]}..."
    return subject if subject.isprintable() else ascii(subject)[1:-1]


if not TYPE_CHECKING:
    # Hidden from type checkers, so that they report a name that does not exist.

    def __getattr__(name):
        """Import the classes when one of them is first used."""
        if name == "__all__":
            return sorted(_classes())
        # "tree" is asked for while it is loaded; other modules ask for names with a "_".
        found = _classes().get(name) if name[0] != "_" and name != "tree" else None
        if found is None:
            raise AttributeError(f"module 'vpopmail.errors' has no attribute '{name}'")
        globals()[name] = found
        return found

    def __dir__():
        return sorted({*globals(), *_classes()})

    def _classes():
        # Not "from vpopmail.errors import": that would ask __getattr__ for it.
        tree = __import__("vpopmail.errors.tree", fromlist=["VpopmailError"])
        return {
            name: one
            for name, one in vars(tree).items()
            if isinstance(one, type) and issubclass(one, VpopmailError)
        }
