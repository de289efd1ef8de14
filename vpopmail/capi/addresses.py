"""Names and addresses: validation, parsing, the default domain, the sort key."""

from __future__ import annotations

import os

from vpopmail import names
from vpopmail.access.default_domain import fill_domain, read_default_domain
from vpopmail.capi.status import ask, check_number, check_text, note
from vpopmail.capi.users import vauth_getpw
from vpopmail.codes import VA
from vpopmail.formats import control
from vpopmail.formats.text import to_bytes, to_text
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import VqPasswd


def lowerit(string: str) -> str:
    """Fold A-Z to lower case; nothing is cut."""
    check_text(string)
    return names.fold(string)


def is_username_valid(user: str) -> VA:
    """VA_SUCCESS if each character may stand in a user name, else VA_ILLEGAL_USERNAME."""
    check_text(user)
    return note(VA.SUCCESS if names.has_user_characters(user) else VA.ILLEGAL_USERNAME)


def is_domain_valid(domain: str) -> VA:
    """VA_SUCCESS if each character may stand in a domain name, else VA_INVALID_DOMAIN_NAME.

    Args:
        domain: outside ASCII, what its A-label is made of counts.
    """
    check_text(domain)
    valid = names.has_domain_characters(names.fold_domain(domain))
    return note(VA.SUCCESS if valid else VA.INVALID_DOMAIN_NAME)


def vvalidchar(character: str) -> int:
    """1 for a letter, a digit, ``.``, ``-`` or ``_``; else 0 and VA_INVALID_EMAIL_CHAR."""
    check_text(character)
    valid = names.is_address_character(character)
    note(VA.SUCCESS if valid else VA.INVALID_EMAIL_CHAR)
    return int(valid)


def parse_email(email: str) -> tuple[VA, str, str]:
    """Split an address into user and domain, folded, the domain as its A-label.

    Args:
        email: ``user@domain``; ``%`` and ``/`` separate too.

    Returns:
        (code, user, domain): VA_SUCCESS, or VA_ILLEGAL_USERNAME if either has a character that
        it may not have. A missing domain is the default domain.
    """
    check_text(email)
    user, domain = names.split_address(email)
    domain = names.fold_domain(domain)
    if not (names.has_user_characters(user) and names.has_domain_characters(domain)):
        return note(VA.ILLEGAL_USERNAME), user, domain
    return note(VA.SUCCESS), user, vset_default_domain(domain)


def parse_email_safe(email: str) -> tuple[int, str, str]:
    """Split an address that must have both of its parts, folded, the domain as its A-label.

    Args:
        email: ``user@domain``; no other character separates, and no default domain is filled in.

    Returns:
        (1, user, domain); (0, "", "") for what is no such address.
    """
    check_text(email)
    user, at, domain = email.partition("@")
    if not (user and at and domain):
        note(VA.ILLEGAL_USERNAME)
        return 0, "", ""
    code, user, domain = parse_email(email)
    return (1, user, domain) if code == VA.SUCCESS else (0, "", "")


def user_domain_to_email(user: str, domain: str) -> str:
    """``user@domain``; ``""`` if one of them is empty."""
    check_text(user, domain)
    return f"{user}@{domain}" if user and domain else ""


def vauth_getpw_long(email: str) -> VqPasswd | None:
    """Look up a user by address.

    Args:
        email: ``user@domain``, any case; the domain may be an alias domain.

    Returns:
        As ``vauth_getpw``; for what is no address None, and ``last_error()`` is
        VA_ILLEGAL_USERNAME.
    """
    found, user, domain = parse_email_safe(email)
    return vauth_getpw(user, domain) if found else None


def default_domain() -> str:
    """The first line of etc/defaultdomain, at most 96 characters; ``""`` without the file."""
    return ask("", lambda: read_default_domain(current().settings))


def vset_default_domain(domain: str) -> str:
    """The domain, or if it is empty the default one.

    Args:
        domain: may be ``""``.

    Returns:
        The domain; else VPOPMAIL_DOMAIN of the environment, cleaned; else with the option
        ``ip_alias_domains`` the one that TCPLOCALIP is mapped to, unless control/locals has it;
        else etc/defaultdomain.
    """
    check_text(domain)
    if domain:
        return domain
    given = os.environ.get("VPOPMAIL_DOMAIN")
    local_ip = os.environ.get("TCPLOCALIP", "")
    found = ask(None, lambda: fill_domain(current().installation, given, local_ip))
    # With an IP map that cannot be read the other domain is as good as without a map, as in C.
    return default_domain() if found is None else found


def extract_domain(line: str, file_type: int) -> str:
    """The key by which qmail's files are sorted.

    Args:
        line: a line without newline.
        file_type: 1 for users/assign, 2 for a plain list, 3 for virtualdomains.

    Returns:
        The key; ``""`` for a text that no file can have, then ``last_error()`` is VA_BAD_CHAR.

    Source: formats, sort key.
    """
    check_text(line)
    check_number(file_type)
    return ask("", lambda: to_text(control.sort_key(to_bytes(line), file_type)))
