"""Mail of a site: the manager behind ``site.mail``."""

from __future__ import annotations

import os

import attrs

from vpopmail.delivery.actions import DEFERRED
from vpopmail.delivery.decision import decide
from vpopmail.delivery.deliver import deliver
from vpopmail.delivery.deliverable import deliverable
from vpopmail.delivery.facts import SiteFacts
from vpopmail.delivery.message import nameless_copy
from vpopmail.delivery.places import Homes
from vpopmail.delivery.recipient import Recipient
from vpopmail.errors import DomainNotFound, InvalidCharacter
from vpopmail.formats.dotqmail import default_action
from vpopmail.formats.text import has_control, to_bytes
from vpopmail.log import reason
from vpopmail.names import check_kind_of_text, fold, fold_domain, split_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.delivery.actions import Action
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry

_BOUNCE = "bounce-no-mailbox"


@attrs.frozen
class Delivered:
    """What came of a delivery.

    Attributes:
        code: as of vdelivermail: 0 delivered or dropped, 99 a program ended it, 100 bounced, 111 to
            be tried again.
        text: what is told to the sender or to the log.
    """

    code: int
    text: str


class Mail:
    """Deliveries to the addresses of a site.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def deliverable(self, address: str) -> str | None:
        """Why mail to an address would be delivered; see ``vpopmail.delivery.deliverable``."""
        return deliverable(self._installation, address)

    def plan(self, address: str, delivered_to: frozenset[str] = frozenset()) -> list[Action]:
        """What would be done with a message that vdelivermail gets; nothing is touched.

        Args:
            address: ``user@domain``.
            delivered_to: addresses, lower case, that the message has been delivered to already.

        Returns:
            The actions in order. Aliases in files are not among them: qmail-local takes them.

        Raises:
            DomainNotFound, BackendUnavailable, NotPermitted, OSError.
        """
        if not isinstance(delivered_to, frozenset | set):
            raise TypeError(f"a set of str is needed, not {type(delivered_to).__name__}")
        name, host, entry = self._resolved(address)
        recipient = Recipient(name, host, entry)
        with Homes(self._installation, entry) as homes:
            facts = SiteFacts(self._installation, homes)
            return decide(facts, recipient, delivered_to, self._unknown(entry))

    def deliver(self, address: str, message: bytes, sender: str = "") -> Delivered:
        """Deliver a message as vdelivermail does.

        Args:
            address: ``user@domain``.
            message: header and body, with newlines as line ends.
            sender: the envelope sender; ``""`` is that of a bounce.

        Returns:
            What came of it. Its commit points are those of the actions; see ``plan``.

        Raises:
            DomainNotFound.
            InvalidCharacter: a sender that no envelope can have.
        """
        check_kind_of_text(sender)
        if has_control(to_bytes(sender)):
            raise InvalidCharacter(sender, "a control character")
        if not isinstance(message, bytes):
            raise TypeError(f"bytes are needed, not {type(message).__name__}")
        name, host, entry = self._resolved(address)
        environment = _environment(name, host, entry, sender)
        told: list[str] = []
        try:
            fd = nameless_copy([message])
        except OSError as error:
            return Delivered(DEFERRED, f"the message cannot be kept: {reason(error)}\n")
        try:
            code = deliver(self._installation, environment, fd, self._unknown(entry), told.append)
        finally:
            os.close(fd)
        return Delivered(code, "".join(told))

    def _resolved(self, address: str) -> tuple[str, str, DomainEntry]:
        name, host = split_address(address)
        host = fold_domain(host)
        entry = self._installation.resolve(host)
        if entry is None:
            raise DomainNotFound(host)
        return fold(name), host, entry

    def _unknown(self, entry: DomainEntry) -> str:
        """What .qmail-default tells vdelivermail."""
        with self._installation.open_domain(entry) as directory:
            data = directory.read(".qmail-default")
        return (None if data is None else default_action(data)) or _BOUNCE


def _environment(name: str, host: str, entry: DomainEntry, sender: str) -> dict[str, str]:
    """What qmail-local tells. Source: qmail-command(8)."""
    local = f"{entry.realdomain}-{name}"
    return {
        "SENDER": sender,
        "NEWSENDER": sender,
        "RECIPIENT": f"{local}@{host}",
        "USER": entry.realdomain,
        "HOME": entry.path,
        "HOST": host,
        "LOCAL": local,
        "EXT": name,
        "DEFAULT": name,
        "RPLINE": f"Return-Path: <{sender}>\n",
        "DTLINE": f"Delivered-To: {local}@{host}\n",
    }
