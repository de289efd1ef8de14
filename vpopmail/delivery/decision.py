"""What is to be done with a message: decided from facts, without touching anything.

Source: auth-and-delivery, order of decisions; manual, "vdelivermail".
"""

from __future__ import annotations

from vpopmail.delivery.actions import (
    BOUNCED,
    DEFERRED,
    DELIVERED,
    Forward,
    MakeHome,
    Run,
    Say,
    Stop,
    ToMailbox,
    ToMaildir,
)
from vpopmail.formats import dotqmail
from vpopmail.records import BOUNCE_MAIL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from vpopmail.delivery.actions import Action
    from vpopmail.delivery.recipient import Recipient
    from vpopmail.formats.dotqmail import DeliveryLine
    from vpopmail.records import VqPasswd

    class Facts(Protocol):
        """What a decision asks of a site; ``SiteFacts`` answers for a real one.

        Attributes:
            qmail_ext: whether ``user-extension`` is the user's.
            has_aliases: whether the backend keeps aliases.
        """

        qmail_ext: bool
        has_aliases: bool

        def alias(self, recipient: Recipient, name: str) -> list[str] | None:
            """The lines of an alias that the backend keeps; None if it keeps none of the name."""

        def user(self, recipient: Recipient, name: str) -> VqPasswd | None:
            """A user of the recipient's domain."""

        def has_home(self, user: VqPasswd) -> bool:
            """Whether the directory of a user is there."""

        def lines(self, recipient: Recipient, directory: str, file: str) -> list[DeliveryLine]:
            """The delivery lines of a file; none if it is missing or empty."""

        def default_lines(self) -> list[DeliveryLine]:
            """The lines of control/defaultdelivery; none without the option or the file."""

        def no_user_notice(self, recipient: Recipient) -> str | None:
            """What the domain, else the site, tells of unknown users; None if neither does."""


_NO_MAILBOX = "Sorry, no mailbox here by that name. (#5.1.1)\n"
_LOOPING = Stop(BOUNCED, "mail is looping\n")
_PROGRAM = "vdelivermail"
_LONGEST = 255  # characters of the name of a file


def decide(
    facts: Facts, recipient: Recipient, delivered_to: frozenset[str], unknown: str
) -> list[Action]:
    """Decide what is to be done with a message.

    Args:
        facts: of the site.
        recipient: whom it is for.
        delivered_to: the addresses, lower case, that it has been delivered to already.
        unknown: what happens to mail for unknown users: ``bounce-no-mailbox``, ``delete``, a
            directory, an address, or ``|command``.

    Returns:
        The actions, in order. What follows a ``Stop`` is left out.

    Raises:
        What ``facts`` raises: BackendUnavailable, NotPermitted, OSError.
    """
    if delivered_to & {recipient.address, f"{recipient.name}@{recipient.host}"}:
        return [_LOOPING]
    return _until_stop(_decisions(facts, recipient, delivered_to, unknown))


def _until_stop(actions: Iterator[Action]) -> list[Action]:
    found: list[Action] = []
    for action in actions:
        found.append(action)
        if isinstance(action, Stop):
            break
    return found


def _decisions(
    facts: Facts, recipient: Recipient, delivered_to: frozenset[str], unknown: str
) -> Iterator[Action]:
    reader = _Lines(recipient, delivered_to)
    if recipient.entry is not None:
        alias = _find_alias(facts, recipient) if facts.has_aliases else None
        if alias is not None:
            texts, default = alias
            directory = recipient.entry.path
            yield from reader.actions([dotqmail.parse_line(t) for t in texts], directory, default)
            yield Stop(DELIVERED, f"{_PROGRAM}: valiases processed\n")
            return
        user, extension = _find_user(facts, recipient)
        if user is not None:
            yield from _to_user(facts, reader, user, extension)
            return
    yield from _to_nobody(facts, reader, unknown)


def _find_alias(facts: Facts, recipient: Recipient) -> tuple[list[str], str | None] | None:
    """The lines of an alias in the store, and what ``default`` stands for in its name."""
    name = recipient.name
    for candidate, default in _alias_names(name):
        texts = facts.alias(recipient, candidate)
        if texts:
            return texts, default
    if facts.qmail_ext and "-" in name:
        texts = facts.alias(recipient, name.partition("-")[0])
        if texts:
            return texts, None
    return None


def _alias_names(name: str) -> Iterator[tuple[str, str | None]]:
    """The name itself, then its beginnings up to each ``-`` with ``default``, longest first.

    Of a name that is longer than a file can be called, only what could be one is asked for.
    """
    yield name, None
    at = name.rfind("-", 0, _LONGEST)
    while at >= 0:
        yield f"{name[: at + 1]}default", name[at + 1 :]
        at = name.rfind("-", 0, at)


def _find_user(facts: Facts, recipient: Recipient) -> tuple[VqPasswd | None, str]:
    """The user of an address, and the extension that chooses his delivery file."""
    user = facts.user(recipient, recipient.name)
    if not facts.qmail_ext:
        return user, ""
    first, _, extension = recipient.name.partition("-")
    if user is None and extension:
        user = facts.user(recipient, first)
    return user, extension


def _to_user(facts: Facts, reader: _Lines, user: VqPasswd, extension: str) -> Iterator[Action]:
    recipient = reader.recipient
    if user.pw_gid & BOUNCE_MAIL:
        whom = f"{user.pw_name}@{recipient.domain}"
        yield Stop(BOUNCED, f"{_PROGRAM}: account is locked email bounced {whom}\n")
        return
    if not facts.has_home(user):
        yield MakeHome(user)
    else:
        for file in _delivery_files(extension):
            lines = facts.lines(recipient, user.pw_dir, file)
            if lines:
                yield from reader.actions(lines, user.pw_dir)
                return
    lines = [line for line in facts.default_lines() if line.kind != dotqmail.COMMENT]
    if not lines:
        yield ToMailbox(user)
        return
    ours = next((at for at, line in enumerate(lines) if _PROGRAM in line.target), None)
    yield from reader.actions(lines[:ours], user.pw_dir)
    if ours is not None:
        yield ToMailbox(user)


def _delivery_files(extension: str) -> Iterator[str]:
    """The names of a user's delivery file, in the order in which they are looked for."""
    if extension and "/" not in extension:  # which no file has in its name
        for name, _ in _alias_names(extension):
            yield dotqmail.file_name(name)
    if extension:
        yield dotqmail.file_name("default")
    yield ".qmail"


def _to_nobody(facts: Facts, reader: _Lines, unknown: str) -> Iterator[Action]:
    recipient = reader.recipient
    if unknown == "delete":
        yield Stop(DELIVERED)
    elif unknown == "bounce-no-mailbox":
        yield Stop(BOUNCED, facts.no_user_notice(recipient) or _NO_MAILBOX)
    elif "\0" in unknown:
        yield Stop(DEFERRED, f"{_PROGRAM}: a NUL in .qmail-default\n")
    elif unknown.startswith("/"):
        yield from _to_directory(facts, reader, unknown)
    else:
        line = dotqmail.parse_line(unknown)
        if line.kind in {dotqmail.BLANK, dotqmail.COMMENT}:
            yield Stop(DEFERRED, f"{_PROGRAM}: invalid syntax in .qmail-default file\n")
        else:
            yield from reader.actions([line], recipient.directory)


def _to_directory(facts: Facts, reader: _Lines, path: str) -> Iterator[Action]:
    """The catch-all as a directory: that of a home, or a Maildir itself, as the manual has it."""
    path = path.rstrip("/")
    yield Say(f"user does not exist, but will deliver to {path}/\n")
    if path.endswith("/Maildir"):
        yield ToMaildir(f"{path}/", path, is_catch_all=True)
        return
    lines = facts.lines(reader.recipient, path, ".qmail")
    if lines:
        yield from reader.actions(lines, path)
    else:
        yield ToMaildir(f"{path}/Maildir/", path, is_catch_all=True)


class _Lines:
    """Turns delivery lines into actions."""

    __slots__ = ("delivered_to", "recipient")

    def __init__(self, recipient: Recipient, delivered_to: frozenset[str]) -> None:
        self.recipient = recipient
        self.delivered_to = delivered_to

    def actions(
        self, lines: list[DeliveryLine], directory: str, default: str | None = None
    ) -> Iterator[Action]:
        """The actions of lines; comments and blank lines have none."""
        for line in lines:
            if "\0" in line.target:
                yield Stop(DEFERRED, f"{_PROGRAM}: a NUL in a delivery line\n")
            elif line.kind in {dotqmail.PROGRAM, dotqmail.FORWARD} and not line.target.strip():
                yield Stop(DEFERRED, f"{_PROGRAM}: a delivery line without command or address\n")
            elif line.kind == dotqmail.PROGRAM:
                yield Run(line.target, directory, default)
            elif line.kind == dotqmail.MAILDIR:
                yield ToMaildir(line.target, directory)
            elif line.kind == dotqmail.MBOX:
                yield Stop(DEFERRED, f"can't handle mbox delivery for {line.target}")
            elif line.kind == dotqmail.FORWARD:
                looping = line.target.lower() in self.delivered_to
                yield _LOOPING if looping else Forward(line.target)
