"""What every action of a delivery works with."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.delivery.message import Message
    from vpopmail.delivery.places import Homes
    from vpopmail.delivery.recipient import Envelope, Recipient
    from vpopmail.installation import Installation


class Delivery:
    """One message on its way to one recipient.

    Args:
        installation: the site.
        recipient: whom it is for.
        envelope: what qmail-local says of it.
        message: the message.
        homes: of the recipient's domain.
        tell: gets what is told to the sender or to the log.
    """

    __slots__ = ("envelope", "homes", "installation", "message", "recipient", "tell")

    def __init__(
        self,
        installation: Installation,
        recipient: Recipient,
        envelope: Envelope,
        message: Message,
        homes: Homes,
        tell: Callable[[str], object],
    ) -> None:
        self.installation = installation
        self.recipient = recipient
        self.envelope = envelope
        self.message = message
        self.homes = homes
        self.tell = tell

    def program_owner(self) -> tuple[int, int] | None:
        """Who programs run as if this is root: the domain's owner. None: as this process."""
        if os.geteuid() != 0:
            return None
        entry, settings = self.recipient.entry, self.installation.settings
        return (settings.uid, settings.gid) if entry is None else (entry.uid, entry.gid)
