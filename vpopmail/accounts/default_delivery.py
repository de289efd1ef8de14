"""What happens to mail for unknown users: ``site.default_delivery`` and ``site.catch_all``."""

from __future__ import annotations

from vpopmail.accounts.catchall import DEFAULT, action_for, is_catch_all, user_of
from vpopmail.accounts.change import change_and_tell
from vpopmail.accounts.open_batches import (
    all_entries,
    find_domain,
    get_domain,
    open_batch,
    pending_change,
)
from vpopmail.errors import AliasNotFound, AliasUnreadable, InvalidInput, UserNotFound
from vpopmail.formats import dotqmail
from vpopmail.formats.text import has_control, split_lines, to_bytes
from vpopmail.names import (
    check_kind_of_text,
    fold,
    fold_domain,
    has_domain_characters,
    has_user_characters,
    split_address,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vpopmail.accounts.user_change import UserChange
    from vpopmail.installation import Installation
    from vpopmail.plan.steps import Plan
    from vpopmail.records import DomainEntry

BOUNCE = "bounce-no-mailbox"
_WORDS = frozenset((BOUNCE, "delete"))


class DefaultDelivery:
    """What each domain does with mail for unknown users, as .qmail-default says it.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def find(self, domain: str) -> str | None:
        """The action of a domain; None if it has no .qmail-default that does anything.

        Args:
            domain: a domain or alias domain.

        Returns:
            What vdelivermail is told: ``bounce-no-mailbox``, ``delete``, an address, or an
            absolute directory. If the file does not run vdelivermail, its last line that is
            neither blank nor a comment, as it stands: ``&joe@example.com``, ``|/usr/bin/maildrop``.

        Raises:
            DomainNotFound, DomainDirectoryMissing.
            AliasUnreadable: the file is a link or special, or cannot be opened.
        """
        return self._find(get_domain(self._installation, domain))

    def get(self, domain: str) -> str:
        """The action of a domain; see ``find``.

        Raises:
            AliasNotFound: it has none; and what ``find`` raises.
        """
        action = self.find(domain)
        if action is None:
            raise AliasNotFound(f"default@{domain}", "the domain has no default delivery")
        return action

    def iter(self) -> Iterator[tuple[str, str]]:
        """Each domain that is no alias domain and has an action, with it.

        Raises:
            AssignUnreadable, DomainDirectoryMissing, AliasUnreadable.
        """
        for entry in _entries(self._installation):
            action = self._find(entry)
            if action is not None:
                yield entry.domain, action

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return self.iter()

    def set(self, domain: str, action: str, *, dry_run: bool = False) -> Plan:
        """Give a domain another action; other lines of its .qmail-default stay.

        Replaced is what ``find`` returns. A filter before vdelivermail in its line stays too.

        Args:
            domain: a domain or alias domain.
            action: ``bounce-no-mailbox``, ``delete``, an address, or an absolute directory:
                the home of a user. Nothing else.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the rename of .qmail-default.

        Raises:
            InvalidInput: it is no such action.
            UserNotFound: an address of the domain that nobody has: the mail would come back for
                ever.
            DomainNotFound, NotPermitted, DomainDirectoryMissing, AliasUnreadable,
            BackendUnavailable, OSError.

        Source: formats, .qmail-default.
        """
        action = checked_action(action)

        def choose(change: UserChange) -> str:
            return _own_action(self._installation, change, action)

        return self._set(domain, action, choose, dry_run=dry_run)

    def delete(self, domain: str, *, dry_run: bool = False) -> Plan:
        """Let mail for unknown users bounce, as in a new domain; see ``set``."""
        return self.set(domain, BOUNCE, dry_run=dry_run)

    def _find(self, entry: DomainEntry) -> str | None:
        data = _read(self._installation, entry)
        return None if data is None else dotqmail.default_action(data)

    def _is_own(self, entry: DomainEntry, target: str) -> bool:
        """Whether a domain is this one by any of its names."""
        other = find_domain(self._installation, target)
        return other is not None and other.realdomain == entry.realdomain

    def _set(
        self, domain: str, told: str, choose: Callable[[UserChange], str], *, dry_run: bool
    ) -> Plan:
        """Store the action that ``choose`` gives for the domain as it is under the lock."""
        entry = get_domain(self._installation, domain)
        program = f"{self._installation.settings.bindir}/vdelivermail"

        def decide(change: UserChange) -> None:
            action = choose(change)
            data = _content(change.files.read) or b""
            change.files.put(DEFAULT, dotqmail.with_default_action(data, program, action))

        subject = f"set default delivery of {entry.realdomain}"
        # Whom it is about: a batch that deletes him later forgets it.
        name, found, target = told.rpartition("@")
        user = fold(name) if found and self._is_own(entry, target) else ""
        event = ("set_default_delivery", entry.realdomain, told)
        return change_and_tell(
            self._installation, entry, event, subject, decide, name=user, dry_run=dry_run
        )


class CatchAll(DefaultDelivery):
    """The address of each domain that gets the mail of unknown users.

    Args:
        installation: the site.
    """

    def find(self, domain: str) -> str | None:
        """The address that gets the mail; None if nobody does.

        Args:
            domain: a domain or alias domain.

        Returns:
            ``user@domain`` for a user of the domain, whichever way the file names him, else the
            address of somebody else. None also if the mail goes to a program or to a directory
            that is not the home of a user of the domain.

        Raises:
            DomainNotFound, DomainDirectoryMissing, AliasUnreadable, BackendUnavailable.
        """
        return self._find(get_domain(self._installation, domain))

    def get(self, domain: str) -> str:
        """The address that gets the mail; see ``find``.

        Raises:
            AliasNotFound: nobody does; and what ``find`` raises.
        """
        address = self.find(domain)
        if address is None:
            raise AliasNotFound(f"default@{domain}", "the domain has no catch-all")
        return address

    def iter(self) -> Iterator[tuple[str, str]]:
        """Each domain with a catch-all, and the address; see ``find``."""
        return super().iter()

    def protects(self, domain: str, name: str) -> bool:
        """Whether a user gets the mail, so that he cannot be deleted; False without the domain.

        Args:
            domain: a domain or alias domain.
            name: of the user, any case; he need not exist.

        Raises:
            DomainDirectoryMissing, AliasUnreadable.
        """
        check_kind_of_text(name)
        entry = find_domain(self._installation, domain)
        data = None if entry is None else _read(self._installation, entry)
        return entry is not None and is_catch_all(data, entry, fold(name))

    def set(self, domain: str, address: str, *, dry_run: bool = False) -> Plan:
        """Give the mail of unknown users to a user or to another address.

        For a user of the domain the home is stored, so that he gets the mail as it came and
        cannot be deleted while he is the catch-all. Another address is stored as it is.

        Args:
            domain: a domain or alias domain.
            address: local part of a user, or a whole address.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan; see ``DefaultDelivery.set``.

        Raises:
            UserNotFound: the domain has no such user, nor an alias of this name: the mail would
                come back for ever.
            InvalidInput: it is no address; and what ``DefaultDelivery.set`` raises.
        """
        entry = get_domain(self._installation, domain)
        check_kind_of_text(address)
        whole = _checked_address(address if "@" in address else f"{address}@{entry.realdomain}")
        name, target = split_address(whole)
        if not self._is_own(entry, target):
            return super().set(domain, whole, dry_run=dry_run)

        def choose(change: UserChange) -> str:
            user = change.find(name)
            if user is not None:
                return action_for(change.domain, user)
            if change.aliases.read_alias(change.domain, name) is None:
                raise UserNotFound(f"{name}@{entry.realdomain}", "it cannot be the catch-all")
            return f"{name}@{entry.realdomain}"

        return self._set(domain, f"{name}@{entry.realdomain}", choose, dry_run=dry_run)

    def delete(self, domain: str, *, dry_run: bool = False) -> Plan:
        """Let mail for unknown users bounce; see ``DefaultDelivery.set``."""
        return super().set(domain, BOUNCE, dry_run=dry_run)

    def _find(self, entry: DomainEntry) -> str | None:
        action = super()._find(entry)
        if action is None or action.startswith(("|", ".")):
            return None
        if not action.startswith("/"):
            target = action.removeprefix("&")
            return target if "@" in target else None
        name = user_of(entry, action)
        return f"{name}@{entry.realdomain}" if name and self._has_user(entry, name) else None

    def _has_user(self, entry: DomainEntry, name: str) -> bool:
        batch = open_batch(self._installation)
        store = self._installation.backend if batch is None else batch
        return store.find(entry, name) is not None


def rewrite_default(
    installation: Installation, domain: str, content: str, *, dry_run: bool = False
) -> Plan:
    """Replace the whole .qmail-default of a domain, whatever its lines were.

    Args:
        installation: the site.
        domain: a domain or alias domain.
        content: of the file: lines as in any delivery file, as they stand.
        dry_run: only decide, without locks, and say what would be done.

    Returns:
        The plan. Its commit point is the rename of .qmail-default.

    Raises:
        InvalidInput: nothing that delivers, or a control character in a line.
        DomainNotFound, NotPermitted, DomainDirectoryMissing, BackendUnavailable, OSError.

    Source: commands, vmakedotqmail.
    """
    data = to_bytes(content)
    if dotqmail.default_action(data) is None or any(map(has_control, split_lines(data))):
        raise InvalidInput(content, "no line that says what is done with the mail")
    entry = get_domain(installation, domain)
    subject = f"rewrite .qmail-default of {entry.realdomain}"
    event = ("set_default_delivery", entry.realdomain, content)

    def decide(change: UserChange) -> None:
        change.files.put(DEFAULT, data)

    return change_and_tell(installation, entry, event, subject, decide, dry_run=dry_run)


def checked_action(action: str) -> str:
    """What is done with mail of unknown users, as it is stored.

    Raises:
        InvalidInput: neither a word of vdelivermail, an address nor an absolute directory.
    """
    check_kind_of_text(action)
    if action in _WORDS:
        return action
    if action.startswith("/"):
        if has_control(to_bytes(action)) or ".." in action.split("/"):
            raise InvalidInput(action, "no directory that mail can go to")
        return action
    return _checked_address(action)


def _checked_address(address: str) -> str:
    name, _, domain = address.rpartition("@")
    domain = fold_domain(domain) if not domain.isascii() else domain
    proper = name and domain and has_user_characters(name) and has_domain_characters(domain)
    # The first character tells vdelivermail and qmail-inject what kind of a word it is.
    if not proper or name[0] in "-.|/&#":
        raise InvalidInput(address, "no address, local part or action")
    return f"{name}@{domain}"


def _own_action(installation: Installation, change: UserChange, action: str) -> str:
    """An action as it is stored: an address of the domain itself with the name of the real one.

    Raises:
        UserNotFound: the address is neither that of a user nor of an alias.
    """
    name, found, target = action.rpartition("@")
    if action.startswith("/") or not found:
        return action
    entry = find_domain(installation, target)
    if entry is None or entry.realdomain != change.domain.realdomain:
        return action
    name = fold(name)
    if change.find(name) is None and change.aliases.read_alias(change.domain, name) is None:
        raise UserNotFound(action, "it cannot get the mail of unknown users")
    return f"{name}@{entry.realdomain}"


def _entries(installation: Installation) -> Iterator[DomainEntry]:
    return (entry for entry in all_entries(installation) if not entry.is_alias)


def _read(installation: Installation, entry: DomainEntry) -> bytes | None:
    change = pending_change(installation, entry)
    if change is not None:
        return _content(change.files.read)
    with installation.open_domain(entry) as directory:
        return _content(directory.read)


def _content(read: Callable[[str], bytes | None]) -> bytes | None:
    try:
        return read(DEFAULT)
    except OSError as error:
        raise AliasUnreadable(DEFAULT, error.strerror or "") from error
