"""Aliases, as far as they are kept in files; the catch-all."""

from __future__ import annotations

from vpopmail.accounts.catchall import is_catch_all
from vpopmail.capi.status import ask, attempt, check_text
from vpopmail.codes import VA
from vpopmail.names import fold
from vpopmail.site import current


def valias_insert(alias: str, domain: str, alias_line: str) -> VA:
    """Add a delivery line to an alias, made if missing.

    Returns:
        VA_SUCCESS, VA_ILLEGAL_USERNAME, VA_USER_NAME_TOO_LONG, VA_DOMAIN_NAME_TOO_LONG,
        VA_ALIAS_LINE_TOO_LONG; -1 for an unknown domain or if the file cannot be written.

    Its commit point is the rename of the alias's file. Source: formats, .qmail-alias.
    """
    check_text(alias, domain, alias_line)
    code = attempt(VA(-1), lambda: current().aliases.add_to(alias, domain, alias_line))
    return VA(-1) if code == VA.DOMAIN_DOES_NOT_EXIST else code


def isCatchall(user: str, domain: str, dir: str) -> int:  # noqa: A002, N802, ARG001 - C names
    """1 if the user gets the mail of the domain's unknown users, else 0.

    Args:
        user: local part.
        domain: domain or alias domain.
        dir: unused; the directory is that of the domain.
    """
    check_text(user, domain)
    return int(ask(False, lambda: _is_catch_all(fold(user), domain)))


def _is_catch_all(user: str, domain: str) -> bool:
    installation = current().installation
    entry = installation.resolve(domain)
    if entry is None:
        return False
    with installation.open_domain(entry) as directory:
        return is_catch_all(directory, entry, user)
