"""Aliases: their lines, their names, the dot-qmail helpers; the catch-all."""

from __future__ import annotations

from _thread import _local

from vpopmail.backends.abstract import ALIASES
from vpopmail.capi.status import ask, attempt, check_text, note
from vpopmail.codes import VA
from vpopmail.errors import DomainNotFound, FieldMissing, UserNotFound
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Cursors(_local):
    def __init__(self) -> None:
        self.lines: Iterator[str] = iter(())
        self.names: Iterator[str] = iter(())
        self.all: Iterator[tuple[str, str]] = iter(())


_cursors = _Cursors()


# lines of one alias


def valias_select(alias: str | None, domain: str | None) -> str | None:
    """The first delivery line of an alias, which may be ``""``.

    Args:
        alias: local part; ``default`` is .qmail-default, unless a database keeps aliases.
        domain: domain or alias domain.

    Returns:
        The line; None if the alias is missing, has no line or cannot be read. Then
        ``last_error()`` is VA_NULL_POINTER, VA_USER_NAME_TOO_LONG, VA_DOMAIN_NAME_TOO_LONG,
        VA_DOMAIN_DOES_NOT_EXIST, VA_COULD_NOT_OPEN_DOT_QMAIL or VA_SUCCESS.

    Source: formats, .qmail-alias.
    """
    _cursors.lines = valias_lines(alias, domain)
    return next(_cursors.lines, None)


def valias_select_next() -> str | None:
    """The next line of the alias that ``valias_select`` began with; None at the end."""
    note(VA.SUCCESS)
    return next(_cursors.lines, None)


def valias_lines(alias: str | None, domain: str | None) -> Iterator[str]:
    """The lines that ``valias_select`` gives one by one.

    Args:
        alias: local part.
        domain: domain or alias domain.
    """
    return ask(iter(()), lambda: iter(_lines(*_given(alias, domain))))


def _lines(alias: str, domain: str) -> list[str]:
    site = current()
    site.aliases.check_lengths(alias, domain)
    if site.domains.find(domain) is None:
        raise DomainNotFound(ascii(domain)[1:-1])
    return site.aliases.find_in(alias, domain) or []


# all of a domain


def valias_select_names(domain: str | None) -> str | None:
    """The first alias of a domain by name, without ``default``; None if there is none.

    Args:
        domain: domain or alias domain.
    """
    _cursors.names = valias_names(domain)
    return next(_cursors.names, None)


def valias_select_names_next() -> str | None:
    """The next alias of the domain; None at the end."""
    note(VA.SUCCESS)
    return next(_cursors.names, None)


def valias_select_names_end() -> None:
    """End the listing that ``valias_select_names`` began."""
    _cursors.names = iter(())


def valias_names(domain: str | None) -> Iterator[str]:
    """The names that ``valias_select_names`` gives one by one, sorted without regard to case.

    Args:
        domain: domain or alias domain.
    """
    return ask(iter(()), lambda: iter(current().aliases.names(*_given(domain))))


def valias_select_all(domain: str | None) -> tuple[str, str] | None:
    """The first line of the first alias of a domain.

    Args:
        domain: domain or alias domain.

    Returns:
        (alias, line); None if there is none.
    """
    _cursors.all = valias_all(domain)
    return next(_cursors.all, None)


def valias_select_all_next() -> tuple[str, str] | None:
    """The next line of the domain's aliases; None at the end."""
    note(VA.SUCCESS)
    return next(_cursors.all, None)


def valias_all(domain: str | None) -> Iterator[tuple[str, str]]:
    """The pairs that ``valias_select_all`` gives one by one, in the order of ``valias_names``.

    Args:
        domain: domain or alias domain.
    """
    return ask(iter(()), lambda: iter(_all_lines(*_given(domain))))


def _all_lines(domain: str) -> list[tuple[str, str]]:
    aliases = current().aliases.iter(domain)
    return [(alias, line) for alias, lines in aliases for line in lines]


# changing


def valias_insert(alias: str | None, domain: str | None, alias_line: str | None) -> VA:
    """Add a delivery line to an alias, made if missing.

    Args:
        alias: local part; a new alias is in lower case.
        domain: domain or alias domain.
        alias_line: not blank, under 160 bytes; in a database as long as its column, and without
            the blanks before it.

    Returns:
        VA_SUCCESS, VA_NULL_POINTER (for a blank line too), VA_ILLEGAL_USERNAME,
        VA_USER_NAME_TOO_LONG, VA_DOMAIN_NAME_TOO_LONG, VA_ALIAS_LINE_TOO_LONG, VA_BAD_CHAR; -1 for
        an unknown domain or if the alias cannot be written; then ``last_error()`` says more.

    Its commit point is the rename of the alias's file. Source: formats, .qmail-alias.
    """
    return _status(lambda: _insert(*_given(alias, domain, alias_line)))


def _insert(alias: str, domain: str, line: str) -> None:
    if ALIASES in current().installation.backend.facets:
        line = line.lstrip(" ")
    current().aliases.check_lengths(alias, domain, line)
    current().aliases.add_to(alias, domain, line)


def valias_remove(alias: str | None, domain: str | None, alias_line: str | None) -> VA:
    """Remove a line from an alias; the alias stays, if empty.

    Args:
        alias: local part.
        domain: domain or alias domain.
        alias_line: the whole line.

    Returns:
        VA_SUCCESS, also if the alias has no such line; else as ``valias_insert``, -1 for an
        unknown alias too.

    Its commit point is the rename of the alias's file.
    """
    return _status(lambda: _remove(*_given(alias, domain, alias_line)))


def _remove(alias: str, domain: str, line: str) -> None:
    current().aliases.check_lengths(alias, domain, line)
    current().aliases.remove_from(alias, domain, line)


def valias_delete(alias: str | None, domain: str | None) -> VA:
    """Delete an alias.

    Args:
        alias: local part.
        domain: domain or alias domain.

    Returns:
        VA_SUCCESS; else as ``valias_remove``.

    Its commit point is the removal of the alias's file.
    """
    return _status(lambda: _delete(*_given(alias, domain)))


def _delete(alias: str, domain: str) -> None:
    current().aliases.check_lengths(alias, domain)
    current().aliases.delete_from(alias, domain)


def valias_delete_domain(domain: str | None) -> VA:
    """Delete all aliases of a domain but ``default``.

    Args:
        domain: domain or alias domain.

    Returns:
        VA_SUCCESS, VA_NULL_POINTER; -1 for an unknown domain or if they cannot be deleted.
    """
    return _status(lambda: current().aliases.delete_all(*_given(domain)))


def _status(act: Callable[[], object]) -> VA:
    """What the C functions return: for what is missing or cannot be opened just -1."""
    code = attempt(VA(-1), act)
    return code if code in _TOLD else VA(-1)


_TOLD = (
    VA.SUCCESS,
    VA.NULL_POINTER,
    VA.ILLEGAL_USERNAME,
    VA.USER_NAME_TOO_LONG,
    VA.DOMAIN_NAME_TOO_LONG,
    VA.ALIAS_LINE_TOO_LONG,
    VA.BAD_CHAR,
)


# dot-qmail helpers


def vadddotqmail(alias: str, domain: str, *targets: str) -> VA:
    """Make or replace an alias that delivers to users of the domain and to addresses.

    Args:
        alias: local part.
        domain: domain or alias domain.
        targets: each an address, or the local part of a user, for whom his Maildir is stored.

    Returns:
        VA_SUCCESS, VA_DOMAIN_DOES_NOT_EXIST, VA_USER_DOES_NOT_EXIST (nothing is changed),
        VA_COULD_NOT_OPEN_DOT_QMAIL, VA_BAD_CHAR; the codes of ``valias_insert`` for bad names
        and lines.

    Its commit point is the rename of the alias's file. Source: api, dot-qmail helpers.
    """
    check_text(alias, domain, *targets)
    return attempt(VA.COULD_NOT_OPEN_DOT_QMAIL, lambda: _add_dot_qmail(alias, domain, targets))


def _add_dot_qmail(alias: str, domain: str, targets: tuple[str, ...]) -> None:
    site = current()
    if site.domains.find(domain) is None:
        raise DomainNotFound(ascii(domain)[1:-1])
    site.aliases.set_in(alias, domain, [_line_for(target, domain) for target in targets])


def _line_for(target: str, domain: str) -> str:
    if "@" in target:
        return target
    user = current().users.find_in(target, domain)
    if user is None:
        raise UserNotFound(ascii(f"{target}@{domain}")[1:-1])
    return f"{user.pw_dir}/Maildir/"


def vdeldotqmail(alias: str, domain: str) -> VA:
    """Delete an alias.

    Args:
        alias: local part.
        domain: domain or alias domain.

    Returns:
        VA_SUCCESS, VA_DOMAIN_DOES_NOT_EXIST, VA_COULD_NOT_OPEN_DOT_QMAIL.

    Its commit point is the removal of the alias's file.
    """
    check_text(alias, domain)
    delete = lambda: current().aliases.delete_from(alias, domain)  # noqa: E731
    return attempt(VA.COULD_NOT_OPEN_DOT_QMAIL, delete)


# the catch-all


def isCatchall(user: str, domain: str, dir: str) -> int:  # noqa: A002, N802 - C names
    """1 if the user gets the mail of the domain's unknown users, else 0.

    Args:
        user: local part.
        domain: domain or alias domain.
        dir: unused; the directory is that of the domain.
    """
    check_text(user, domain, dir)
    return int(ask(False, lambda: current().catch_all.protects(domain, user)))


def _given(*texts: str | None) -> list[str]:
    """Arguments that C takes as pointers.

    Raises:
        FieldMissing: one is None.
        TypeError: one is no text.
    """
    present = [text for text in texts if text is not None]
    check_text(*present)
    if len(present) < len(texts):
        raise FieldMissing("an argument", "it is None")
    return present
