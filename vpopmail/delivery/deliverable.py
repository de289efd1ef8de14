"""Whether an address can get mail, and why: for checks while a message is being received."""

from __future__ import annotations

from vpopmail.accounts.catchall import DEFAULT
from vpopmail.backends.abstract import ALIASES
from vpopmail.formats import dotqmail
from vpopmail.formats.text import to_bytes, to_text
from vpopmail.names import (
    check_kind_of_text,
    fold,
    fold_domain,
    has_domain_characters,
    has_user_characters,
)
from vpopmail.records import BOUNCE_MAIL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory

USER = "user"
ALIAS = "alias"
LIST = "list"
AUTORESPONDER = "autoresponder"
EXTENSION = "extension"
CATCH_ALL = "catch-all"

_LIST_PROGRAMS = ("ezmlm-reject", "ezmlm-send")
_LONGEST_NAME = 255  # bytes that the name of a file can have
_NOBODY = frozenset(("bounce-no-mailbox", "delete", "delete-no-mailbox"))


def deliverable(installation: Installation, address: str) -> str | None:
    """Why mail to an address would be delivered.

    Args:
        installation: the site.
        address: ``user@domain``, any case; the domain may be an alias domain.

    Returns:
        ``"user"``, ``"alias"``, ``"list"``, ``"autoresponder"``, ``"extension"`` (of a user, or
        an alias for all names of one beginning) or ``"catch-all"``; None if it would bounce, be
        dropped as mail for unknown users is, or if the domain is not of this site.

    Raises:
        BackendUnavailable, NotPermitted, OSError.
    """
    check_kind_of_text(address)
    name, at, host = address.rpartition("@")
    name, host = fold(name), fold_domain(host)
    if not (at and name and has_user_characters(name) and has_domain_characters(host)):
        return None
    entry = installation.resolve(host)
    if entry is None:
        return None
    with installation.open_domain(entry) as directory:
        return _Search(installation, entry, directory).find(name)


class _Search:
    """The ways to be found in one domain, in the order in which a delivery goes them."""

    def __init__(
        self, installation: Installation, entry: DomainEntry, directory: Directory
    ) -> None:
        self._installation = installation
        self._entry = entry
        self._directory = directory

    def find(self, name: str) -> str | None:
        ways: tuple[Callable[[str], str | None], ...] = (
            self._by_alias,
            self._by_beginning,
            self._by_alias_of_first,
            self._by_user,
            self._by_extension,
            self._by_catch_all,
        )
        for way in ways:
            found = way(name)
            if found is not None:
                return found or None
        return None

    def _by_alias(self, name: str) -> str | None:
        lines = self._lines(name)
        return None if lines is None else _kind(lines)

    def _by_user(self, name: str) -> str | None:
        user = self._user(name)
        if user is None:
            return None
        return "" if user.pw_gid & BOUNCE_MAIL else USER

    def _by_beginning(self, name: str) -> str | None:
        for beginning in _beginnings(name):
            lines = self._lines(f"{beginning}default")
            if lines is not None:
                return LIST if _kind(lines) == LIST else EXTENSION
        return None

    def _by_alias_of_first(self, name: str) -> str | None:
        """An alias that the backend keeps is for its extensions too, as vdelivermail has it."""
        first, found, _ = name.partition("-")
        if not (found and self._installation.settings.qmail_ext):
            return None
        lines = self._kept(first)
        return EXTENSION if lines else None

    def _by_extension(self, name: str) -> str | None:
        first, _, extension = name.partition("-")
        if not (extension and self._installation.settings.qmail_ext):
            return None
        user = self._user(first)
        return None if user is None or user.pw_gid & BOUNCE_MAIL else EXTENSION

    def _by_catch_all(self, name: str) -> str | None:  # noqa: ARG002 - whatever the name
        data = self._directory.read(DEFAULT)
        action = None if data is None else dotqmail.default_action(data)
        return None if action is None or action in _NOBODY else CATCH_ALL

    def _user(self, name: str) -> VqPasswd | None:
        if not self._is_asked():
            return None
        from vpopmail.accounts.lookup import find_user

        return find_user(self._installation, name, self._entry.realdomain)

    def _is_asked(self) -> bool:
        """Whether qmail-local asks vdelivermail, which knows users and aliases in the backend.

        Without .qmail-default it delivers to aliases in files, and bounces everything else.
        """
        return self._directory.status(DEFAULT) is not None

    def _lines(self, alias: str) -> list[str] | None:
        """The lines of an alias: of its file, which qmail-local takes first, or in the backend."""
        data = None if "/" in alias else self._file(dotqmail.file_name(alias))
        return self._kept(alias) if data is None else to_text(data).split("\n")

    def _kept(self, alias: str) -> list[str] | None:
        """The lines of an alias in the backend."""
        if ALIASES not in self._installation.backend.facets or not self._is_asked():
            return None
        return self._installation.aliases.read_alias(self._entry, alias)

    def _file(self, name: str) -> bytes | None:
        """The content of an alias file; that of a list is a link, whose kind its name tells."""
        if len(to_bytes(name)) > _LONGEST_NAME or self._directory.status(name) is None:
            return None
        try:
            return self._directory.read(name)
        except OSError:
            return _LIST_PROGRAMS[0].encode()  # a link: ezmlm makes its lists so


def _beginnings(name: str) -> Iterator[str]:
    at = name.rfind("-")
    while at >= 0:
        yield name[: at + 1]
        at = name.rfind("-", 0, at)


def _kind(lines: list[str]) -> str:
    """What an alias is, by its first line. Source: formats, mailing lists and autoresponders."""
    first = lines[0] if lines else ""
    if any(program in first for program in _LIST_PROGRAMS):
        return LIST
    return AUTORESPONDER if "autorespond" in first.lstrip("| ").partition(" ")[0] else ALIAS
