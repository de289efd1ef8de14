"""Aliases of domains, in dot-qmail files or a backend: the manager behind ``site.aliases``."""

from __future__ import annotations

from fnmatch import fnmatchcase

from vpopmail.accounts.alias_files import move_alias, names_in_files
from vpopmail.accounts.change import change_and_tell
from vpopmail.accounts.open_batches import find_domain, get_domain, pending_change
from vpopmail.backends.abstract import ALIASES
from vpopmail.errors import (
    AliasLineTooLong,
    AliasNotFound,
    AliasUnreadable,
    FieldMissing,
    InvalidCharacter,
    UserNameTooLong,
)
from vpopmail.formats.text import has_control, to_bytes
from vpopmail.log import warn
from vpopmail.names import (
    check_domain_length,
    check_kind_of_text,
    check_local_part,
    checked_texts,
    fold,
    split_address,
    split_new_address,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vpopmail.accounts.user_change import Decide, UserChange
    from vpopmail.backends.facets import AliasesFacet
    from vpopmail.installation import Installation
    from vpopmail.plan.steps import Plan
    from vpopmail.records import DomainEntry

MAX_LINE = 160


class Aliases:
    """The aliases of a site: names with delivery lines, as in dot-qmail files.

    A new alias is in lower case. An existing one is found by the name that it is listed with, or
    by that name in lower case. ``default`` is not listed; with files it is .qmail-default, for
    which ``site.default_delivery`` is the better way.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    # looking

    def find(self, address: str) -> list[str] | None:
        """The delivery lines of an alias, which may be none; None if there is no such alias.

        Args:
            address: ``alias@domain``; the domain may be an alias domain.

        Raises:
            AliasUnreadable: its file is a link that leads out of the domain, or no file.
            BackendUnavailable.
        """
        return self.find_in(*split(address))

    def find_in(self, alias: str, domain: str) -> list[str] | None:
        """``find``, with alias and domain apart."""
        check_kind_of_text(alias)
        entry = find_domain(self._installation, domain)
        if entry is None:
            return None
        found = _stored(self._facet(entry), entry, alias)
        return None if found is None else found[1]

    def get(self, address: str) -> list[str]:
        """The delivery lines of an alias.

        Raises:
            AliasNotFound: there is none, or no such domain; and what ``find`` raises.
        """
        lines = self.find(address)
        if lines is None:
            raise AliasNotFound(address)
        return lines

    def __contains__(self, address: str) -> bool:
        return self.find(address) is not None

    def names(self, domain: str) -> list[str]:
        """The aliases of a domain without ``default``, sorted without regard to case.

        Of a mailing list made of links only the list itself is listed.

        Raises:
            DomainNotFound, AliasUnreadable, BackendUnavailable.
        """
        entry = get_domain(self._installation, domain)
        names = self._facet(entry).alias_names(entry)
        return sorted(names, key=lambda name: (fold(name), name))

    def iter(self, domain: str, *, names: str | None = None) -> Iterator[tuple[str, list[str]]]:
        """The aliases of a domain with their lines, in the order of ``names``.

        One that cannot be read is passed over, with a warning in the log.

        Args:
            domain: a domain or alias domain.
            names: a pattern as of file names, with ``*``, ``?`` and ``[...]``; None: all.

        Raises:
            DomainNotFound, AliasUnreadable, BackendUnavailable.
        """
        entry = get_domain(self._installation, domain)
        if names is not None:
            check_kind_of_text(names)
        facet = self._facet(entry)
        for name in self.names(domain):
            if names is not None and not fnmatchcase(name, names):
                continue
            try:
                lines = facet.read_alias(entry, name)
            except AliasUnreadable as error:
                warn("an alias of %s is passed over: %s", entry.realdomain, error)
                continue
            if lines is not None:
                yield name, lines

    # changing

    def add(self, address: str, line: str, *, dry_run: bool = False) -> Plan:
        """Add a delivery line to an alias, made if missing; the same line may stand there twice.

        Args:
            address: ``alias@domain``.
            line: as in a dot-qmail file, under 160 bytes, not blank, no control character but
                tabs: ``&joe@example.com``.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the rename of the alias's file, or that of the backend
            that keeps aliases; in a batch it is carried out when the batch ends.

        Raises:
            InvalidUserName, UserNameTooLong, DomainNameTooLong, InvalidDomainName,
            AliasLineTooLong, InvalidCharacter, FieldMissing, DomainNotFound, NotPermitted,
            DomainDirectoryMissing, AliasUnreadable, BackendUnavailable, OSError.

        Source: formats, .qmail-alias.
        """
        return self.add_to(*split_new_address(address), line, dry_run=dry_run)

    def add_to(self, alias: str, domain: str, line: str, *, dry_run: bool = False) -> Plan:
        """``add``, with alias and domain apart."""
        alias = self._checked_new(alias, domain)
        self._check_line(line)

        def decide(change: UserChange) -> None:
            lines = change.aliases.read_alias(change.domain, alias) or []
            change.aliases.set(alias, [*lines, line])

        return self._change("valias_insert", alias, domain, (line,), decide, dry_run=dry_run)

    def set(self, address: str, lines: Iterable[str], *, dry_run: bool = False) -> Plan:
        """Give an alias these delivery lines in the place of those that it has; it may be new.

        Args:
            address: ``alias@domain``.
            lines: each as for ``add``. None at all leaves an alias without lines, for which
                qmail has its own default.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan; see ``add``.

        Raises:
            TypeError: ``lines`` is a text; and what ``add`` raises.
        """
        return self.set_in(*split_new_address(address), lines, dry_run=dry_run)

    def set_in(
        self, alias: str, domain: str, lines: Iterable[str], *, dry_run: bool = False
    ) -> Plan:
        """``set``, with alias and domain apart."""
        alias, given = self._checked_new(alias, domain), checked_texts(lines)
        for line in given:
            self._check_line(line)
        decide = lambda change: change.aliases.set(alias, given)  # noqa: E731
        return self._change("valias_set", alias, domain, (), decide, dry_run=dry_run)

    def remove(self, address: str, line: str, *, dry_run: bool = False) -> Plan:
        """Remove a line from an alias, as often as it stands there; the alias stays, if empty.

        Args:
            address: ``alias@domain``.
            line: the whole line. If the alias does not have it, nothing is changed.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan; see ``add``.

        Raises:
            AliasNotFound, DomainNotFound, NotPermitted, DomainDirectoryMissing, AliasUnreadable,
            BackendUnavailable, OSError.
        """
        return self.remove_from(*split(address), line, dry_run=dry_run)

    def remove_from(self, alias: str, domain: str, line: str, *, dry_run: bool = False) -> Plan:
        """``remove``, with alias and domain apart."""
        check_kind_of_text(alias, line)

        def decide(change: UserChange) -> None:
            found = _stored(change.aliases, change.domain, alias)
            if found is None:
                raise AliasNotFound(f"{alias}@{change.domain.realdomain}")
            name, lines = found
            if line in lines:
                change.aliases.set(name, [one for one in lines if one != line])

        return self._change("valias_remove", alias, domain, (line,), decide, dry_run=dry_run)

    def delete(self, address: str, *, dry_run: bool = False) -> Plan:
        """Delete an alias, whatever its file is; of a link only the link goes.

        Where aliases are files, ``default`` is ``.qmail-default``, the delivery of the whole
        domain: without it qmail-local bounces the mail of all its users. As in C, it is deleted if
        it is asked for; ``site.default_delivery`` and ``site.catch_all`` change it.

        Args:
            address: ``alias@domain``, the alias as it is listed, however odd.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the removal of the file, or that of the backend.

        Raises:
            AliasNotFound, DomainNotFound, NotPermitted, DomainDirectoryMissing,
            BackendUnavailable, OSError.
        """
        return self.delete_from(*split(address), dry_run=dry_run)

    def delete_from(self, alias: str, domain: str, *, dry_run: bool = False) -> Plan:
        """``delete``, with alias and domain apart."""
        check_kind_of_text(alias)

        def decide(change: UserChange) -> None:
            # The first that is there; a second of another case is another alias.
            if not any(change.aliases.delete(name) for name in _spellings(alias)):
                raise AliasNotFound(f"{alias}@{change.domain.realdomain}")

        return self._change("valias_delete", alias, domain, (), decide, dry_run=dry_run)

    def delete_all(self, domain: str, *, dry_run: bool = False) -> Plan:
        """Delete all aliases of a domain but ``default``, the files of mailing lists too.

        Args:
            domain: a domain or alias domain.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the writing of the journal's entry, or that of the
            backend.

        Raises:
            DomainNotFound, NotPermitted, DomainDirectoryMissing, BackendUnavailable, OSError.
        """
        decide = lambda change: change.aliases.delete_all()  # noqa: E731
        return self._change("valias_delete_domain", "", domain, (), decide, dry_run=dry_run)

    # moving

    @property
    def are_in_store(self) -> bool:
        """Whether the account store keeps the aliases; else files do."""
        return ALIASES in self._installation.backend.facets

    def in_files(self, domain: str) -> list[str]:
        """The aliases that have a file, in the order in which ``move_to_store`` can take them.

        Raises:
            DomainNotFound, OSError.
        """
        return names_in_files(get_domain(self._installation, domain))

    def move_to_store(self, address: str, *, dry_run: bool = False) -> Plan:
        """Move an alias from its file into the account store that keeps aliases.

        Mail for it goes the same way before and after, and at every moment between.

        Args:
            address: ``alias@domain``, the alias as ``in_files`` has it.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is that of the account store; the file goes after it.

        Raises:
            ConfigError: aliases are kept in files.
            AliasStays: mail would go another way; a mailing list is told as its advice.
            AliasExists: the store has other lines for it.
            AliasNotFound, DomainNotFound, InvalidUserName, UserNameTooLong, AliasLineTooLong,
            InvalidCharacter, NotPermitted, DomainDirectoryMissing, AliasUnreadable,
            BackendUnavailable, OSError.

        Source: commands, dotqmail2valias.
        """
        alias, domain = split(address)
        entry = get_domain(self._installation, domain)
        alias = self._checked_new(alias, domain)
        return move_alias(self._installation, entry, alias, self._check_line, dry_run=dry_run)

    # deciding

    def check_lengths(self, alias: str, domain: str, line: str = "") -> None:
        """Refuse what is too long for the C library, in its order.

        A line in a database may be as long as its column; storing it looks at that.

        Raises:
            UserNameTooLong, DomainNameTooLong, AliasLineTooLong, InvalidCharacter.
        """
        check_kind_of_text(alias, domain, line)
        self._check_length(alias, domain)
        if len(domain) >= 3:
            check_domain_length(domain)
        limit = self._line_limit
        if limit and len(to_bytes(line)) >= limit:
            raise AliasLineTooLong("the line", f"under {limit} bytes")

    def _check_line(self, line: str) -> None:
        check_kind_of_text(line)
        data, limit = to_bytes(line), self._line_limit
        if limit and len(data) >= limit:
            raise AliasLineTooLong("the line", f"under {limit} bytes")
        if has_control(data.replace(b"\t", b"")):
            raise InvalidCharacter("the line", "one line, without control characters but tabs")
        if not line.strip(" \t"):
            # At the top of a file it would keep qmail-local from delivering at all.
            raise FieldMissing("the line", "a blank one delivers to nobody")

    @property
    def _line_limit(self) -> int:
        """Bytes that a line has fewer of; 0: its store looks at that."""
        backend = self._installation.backend
        return backend.alias_line_limit if ALIASES in backend.facets else MAX_LINE

    def _check_length(self, alias: str, domain: str) -> None:
        most = self._installation.settings.max_user_name
        if len(alias) > most:
            raise UserNameTooLong(f"{alias[:80]}@{domain}", f"at most {most} characters")

    def _checked_new(self, alias: str, domain: str) -> str:
        alias = fold(alias)
        self._check_length(alias, domain)
        check_local_part(alias, domain)
        check_domain_length(fold(domain))
        return alias

    def _facet(self, entry: DomainEntry) -> AliasesFacet:
        change = pending_change(self._installation, entry)
        return self._installation.aliases if change is None else change.aliases

    def _change(
        self,
        command: str,
        alias: str,
        domain: str,
        more: tuple[str, ...],
        decide: Decide,
        *,
        dry_run: bool,
    ) -> Plan:
        entry = get_domain(self._installation, domain)
        subject = address_of(alias, entry.realdomain) if alias else entry.realdomain
        words = f"{command.replace('_', ' ')} {ascii(subject)[1:-1]}"
        event = (command, subject, *more)
        return change_and_tell(self._installation, entry, event, words, decide, dry_run=dry_run)


def split(address: str) -> tuple[str, str]:
    """Alias, in the case given, and domain of an address; see ``split_address``."""
    alias, domain = split_address(address)
    return address[: len(alias)], domain


def address_of(name: str, domain: str) -> str:
    """``name@domain``."""
    return f"{name}@{domain}"


def _spellings(alias: str) -> list[str]:
    """The names that an alias may be stored with; the first that is there counts."""
    return list(dict.fromkeys((alias, fold(alias))))


def _stored(facet: AliasesFacet, entry: DomainEntry, alias: str) -> tuple[str, list[str]] | None:
    for name in _spellings(alias):
        lines = facet.read_alias(entry, name)
        if lines is not None:
            return name, lines
    return None
