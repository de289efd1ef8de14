"""Whom a message is for, and what qmail-local says of it in the environment."""

from __future__ import annotations

from vpopmail.names import fold, has_domain_characters, has_user_characters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from vpopmail.records import DomainEntry

_SHORTEST_DTLINE = 15  # with less there is no address in it
_MARK = "delivered-to: "


class NoRecipient(Exception):
    """The environment names nobody who could get mail: it has to bounce."""


class Recipient:
    """Whom a message is for.

    Args:
        name: local part, folded.
        host: domain of the address, folded; it may be an alias domain.
        entry: of the domain; None if there is no such domain.
        directory: absolute: where the delivery runs, the directory of the domain.

    Attributes:
        domain: the real domain, or ``host`` if there is none.
        address: ``name@domain``.
    """

    __slots__ = ("address", "directory", "domain", "entry", "host", "name")

    def __init__(
        self, name: str, host: str, entry: DomainEntry | None, directory: str = ""
    ) -> None:
        self.name = name
        self.host = host
        self.entry = entry
        self.domain = host if entry is None else entry.realdomain
        self.address = f"{name}@{self.domain}"
        self.directory = directory or ("" if entry is None else entry.path)


class Envelope:
    """What qmail-local says of a message.

    Args:
        environment: with RPLINE, DTLINE and SENDER, as qmail-command(8) tells.

    Attributes:
        return_path: the line ``Return-Path: <...>`` with its end; empty if it is not known.
        delivered_to: the line ``Delivered-To: ...`` with its end, or empty.
    """

    __slots__ = ("delivered_to", "environment", "return_path")

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.return_path = _line(environment.get("RPLINE", ""))
        self.delivered_to = _line(environment.get("DTLINE", ""))

    def traced_address(self) -> str:
        """The address in the Delivered-To line, lower case; empty without one."""
        line = self.delivered_to.lower().rstrip("\n")
        return line[len(_MARK) :] if line.startswith(_MARK) else ""

    def forwarded_to(self, recipient: Recipient, target: str) -> str:
        """The Delivered-To line of a message that is sent on.

        That of qmail-local, without the prefix of the virtual domain; without one it names the
        target. Source: auth-and-delivery, forwarding.
        """
        line = self.delivered_to
        if len(line) < _SHORTEST_DTLINE:
            return f"Delivered-To: {target}\n"
        address = line[len(_MARK) :]
        if "@" in address:
            prefix = f"{recipient.host}-"
            if not address.lower().startswith(prefix):
                prefix = f"{recipient.domain}-"
            if address.lower().startswith(prefix):
                address = address[len(prefix) :]
        return line[: len(_MARK)] + address


def recipient_name(environment: Mapping[str, str]) -> tuple[str, str]:
    """The local part and the domain that qmail-local names, folded.

    Args:
        environment: with EXT and HOST.

    Raises:
        NoRecipient: one is missing, or cannot be a name; the text is for the sender.
    """
    for variable in ("EXT", "HOST"):
        if variable not in environment:
            raise NoRecipient(f"vdelivermail: no {variable} environment varilable\n")
    name, host = fold(environment["EXT"]), fold(environment["HOST"])
    if not has_user_characters(name):
        raise NoRecipient("invalid username\n")
    if not has_domain_characters(host):
        raise NoRecipient("invalid domain name\n")
    return name, host


def _line(text: str) -> str:
    """One header line with its end; what more a variable may hold is left out."""
    first = text.partition("\n")[0]
    return f"{first}\n" if first else ""
