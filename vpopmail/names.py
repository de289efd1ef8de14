"""What a user name, a domain name and an address may look like.

Lookup is tolerant: whatever is stored can be found and deleted. Creation is strict, since a name
becomes a directory, a line of a file and a word of a shell line.
"""

from __future__ import annotations

from vpopmail import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DOMAIN = 96
MIN_DOMAIN = 3
MAX_LABEL = 63
_MIN_LAST_LABEL = 2
_MAX_GIVEN = 253  # characters of a name whose A-label is looked for
SEPARATORS = "@%/"
DEFAULT_DOMAIN_CHARACTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@"
)

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_USER = frozenset(_LETTERS + "0123456789!#$&'*+-./=?^_`{|}~")
_SHELL = frozenset("&|`")
_DOMAIN = frozenset(_LETTERS + "0123456789-.")
_VVALID = frozenset(_LETTERS + "0123456789.-_")
_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
# IDNA 2003 makes another name of these than IDNA 2008 does.
_DISPUTED = frozenset("\u00df\u1e9e\u03c2\u200c\u200d")

# Names of files that lie beside the homes: a home of that name would take their place.
_RESERVED = frozenset(("vpasswd", "cdb.tmp", "lost+found"))
_RESERVED_STARTS = (
    "vpasswd.",
    ".vpasswd",
    ".vpopmail",
    ".qmail",
    ".dir-control",
    ".dir_control",
    ".no-user.msg",
    ".over-quota.msg",
    ".quotawarn.msg",
)


def fold(name: str) -> str:
    """Fold A-Z to lower case and leave every other character alone. Raises: TypeError."""
    if not isinstance(name, str):
        check_kind_of_text(name)
    return name.lower() if name.isascii() else name.translate(_FOLD)


def fold_domain(name: str) -> str:
    """A domain name as it is stored: in lower case, a label outside ASCII as its A-label.

    Args:
        name: any text: ``B\u00fccher.example`` is ``xn--bcher-kva.example``.

    Returns:
        The stored form, by IDNA 2003. A name without an A-label, and one for which IDNA 2008
        has another, only folded: no new domain can have it.
    """
    check_kind_of_text(name)
    if name.isascii():
        return name.lower()
    if len(name) > _MAX_GIVEN or not _DISPUTED.isdisjoint(name):
        return fold(name)
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return fold(name)


def has_user_characters(name: str) -> bool:
    """Whether each character may stand in a user name; an empty name passes."""
    return _USER.issuperset(name)


def has_domain_characters(name: str) -> bool:
    """Whether each character may stand in a domain name; an empty name passes."""
    return _DOMAIN.issuperset(name)


def is_address_character(character: str) -> bool:
    """Whether it is a letter, a digit, ``.``, ``-`` or ``_``."""
    return len(character) == 1 and character in _VVALID


def check_user_length(name: str, maximum: int, *, big_directories: bool, domain: str = "") -> None:
    """Refuse a user name that is too long, or too short for hashed directories.

    Args:
        name: the user name.
        domain: its domain, which the error names too.
        maximum: characters allowed: 32 (profile 5.4) or 64 (5.6).
        big_directories: whether homes are hashed, which takes the names of one character.

    Raises:
        UserNameTooLong, InvalidUserName.
    """
    if len(name) > maximum:
        raise errors.UserNameTooLong(_address(name, domain), f"at most {maximum} characters")
    if len(name) == 1 and big_directories:
        advice = "names of one character are directories of homes"
        raise errors.InvalidUserName(_address(name, domain), advice)


def check_new_user(name: str, domain: str = "") -> None:
    """Refuse a user name that cannot be a new mailbox; else as ``check_local_part``.

    Raises:
        InvalidUserName: what ``check_local_part`` refuses; and a name that a program takes for an
            option, or that means something else in the delivery line that names its home.
    """
    check_local_part(name, domain)
    if name[0] == "-" or not _SHELL.isdisjoint(name):
        advice = "no '-' at its start, and none of & | `"
        raise errors.InvalidUserName(_address(name, domain), advice)


def check_local_part(name: str, domain: str = "") -> None:
    """Refuse a name that cannot be a home or an alias; lengths are checked elsewhere.

    Args:
        name: the local part.
        domain: its domain, which the error names too.

    Raises:
        InvalidUserName: empty, a forbidden character, ``/``, ``.``, ``..``, or the name of a file
            that the domain's directory needs.
    """
    if not name:
        raise errors.InvalidUserName(_address("", domain), "the name is empty")
    if not has_user_characters(name) or "/" in name:
        advice = "a character that a user name cannot have"
        raise errors.InvalidUserName(_address(name, domain), advice)
    if name in {".", ".."} or name in _RESERVED or name.startswith(_RESERVED_STARTS):
        raise errors.InvalidUserName(_address(name, domain), "the name is reserved")


def check_domain_length(name: str) -> None:
    """Refuse a domain name under 3 or over 96 characters.

    Raises:
        InvalidDomainName, DomainNameTooLong.
    """
    if len(name) > MAX_DOMAIN:
        raise errors.DomainNameTooLong(name, f"at most {MAX_DOMAIN} characters")
    if len(name) < MIN_DOMAIN:
        raise errors.InvalidDomainName(name, f"at least {MIN_DOMAIN} characters")


def check_new_domain(name: str) -> None:
    """Refuse a domain name that cannot be a new domain.

    Raises:
        DomainNameTooLong: over 96 characters.
        InvalidDomainName: under 3 characters, a character other than letters, digits, ``-`` and
            ``.``, an empty label, or a label over 63 characters or with ``-`` at an end.
    """
    check_domain_length(name)
    if not has_domain_characters(name):
        raise errors.InvalidDomainName(name, "only letters, digits, '-' and '.'")
    for label in name.split("."):
        if not label or len(label) > MAX_LABEL or label[0] == "-" or label[-1] == "-":
            raise errors.InvalidDomainName(name, f"malformed label '{label[:MAX_LABEL]}'")


def check_last_label(name: str) -> None:
    """Refuse a domain name that no host on the Internet has: without a dot, or ``a.b``.

    Raises:
        InvalidDomainName.

    Source: api, vadddomain's own domain rule [5.6].
    """
    _, dot, last = name.rpartition(".")
    if not dot or len(last) < _MIN_LAST_LABEL:
        advice = "at least one dot, and two characters after the last"
        raise errors.InvalidDomainName(name, advice)


def check_kind_of_text(*texts: str) -> None:
    """Refuse what is no text. Raises: TypeError."""
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"a str is needed, not {type(text).__name__}")


def check_kind_of_number(*numbers: int) -> None:
    """Refuse what is no int. Raises: TypeError."""
    for number in numbers:
        if not isinstance(number, int):
            raise TypeError(f"an int is needed, not {type(number).__name__}")


def checked_texts(texts: Iterable[str]) -> list[str]:
    """A list of the texts. Raises: TypeError, also for one text, which is no list of texts."""
    if isinstance(texts, str | bytes) or not hasattr(texts, "__iter__"):
        raise TypeError(f"a list of str is needed, not {type(texts).__name__}")
    found = list(texts)
    check_kind_of_text(*found)
    return found


def split_whole_address(address: str) -> tuple[str, str]:
    """``split_address`` for an address whose domain must be given.

    Raises:
        InvalidDomainName: it has no domain.
    """
    user, domain = split_address(address)
    if not domain:
        raise errors.InvalidDomainName(address, "give user@domain")
    return user, domain


def split_new_address(address: str) -> tuple[str, str]:
    """``split_whole_address`` for something new, whose domain cannot have an ``@``.

    Raises:
        InvalidDomainName: it has no domain, or more than one ``@``.
    """
    user, domain = split_whole_address(address)
    if "@" in domain:
        raise errors.InvalidDomainName(_shown(address), "one '@' is enough")
    return user, domain


def split_address(address: str) -> tuple[str, str]:
    """Split a folded address at the first ``@``, else the first ``%``, else the first ``/``.

    Returns:
        (user, domain); the domain is ``""`` without a separator.
    """
    check_kind_of_text(address)
    folded = fold(address)
    for separator in SEPARATORS:
        user, found, domain = folded.partition(separator)
        if found:
            return user, domain
    return folded, ""


def cleaned(text: str) -> str:
    """Text from outside with each character outside ``a-zA-Z0-9_-.@`` made ``_``."""
    return "".join(char if char in DEFAULT_DOMAIN_CHARACTERS else "_" for char in text)


def _address(name: str, domain: str) -> str:
    """The address that an error is about, or the name alone if the domain is not known."""
    shown = _shown(name) or "''"
    return f"{shown}@{_shown(domain)}" if domain else shown


def _shown(name: str) -> str:
    """A name from outside as it may stand in an error: one line, not endless."""
    return ascii(name[: MAX_DOMAIN + 1])[1:-1]
