"""What a decision asks of a site, asked of the real one."""

from __future__ import annotations

import os

from vpopmail.accounts.lookup import find_in
from vpopmail.backends.abstract import ALIASES
from vpopmail.delivery.places import read_delivery_file
from vpopmail.safeio.directory import open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.delivery.places import Homes
    from vpopmail.delivery.recipient import Recipient
    from vpopmail.formats.dotqmail import DeliveryLine
    from vpopmail.installation import Installation
    from vpopmail.records import VqPasswd

_DEFAULT_DELIVERY = "defaultdelivery"


class SiteFacts:
    """The facts of a site; see ``Facts`` of ``vpopmail.delivery.decision``.

    Args:
        installation: the site.
        homes: of the recipient's domain.
    """

    def __init__(self, installation: Installation, homes: Homes) -> None:
        self._installation = installation
        self._homes = homes
        settings = installation.settings
        self.qmail_ext = settings.qmail_ext
        self.has_aliases = ALIASES in installation.backend.facets
        self._has_filter = settings.spamassassin or settings.maildrop

    def alias(self, recipient: Recipient, name: str) -> list[str] | None:
        """The lines of an alias that the backend keeps.

        Those in files are qmail-local's: it delivers to them before anybody asks here.

        Raises:
            BackendUnavailable, AliasUnreadable.
        """
        if recipient.entry is None:
            return None
        lines = self._installation.aliases.read_alias(recipient.entry, name)
        return None if lines is None else [line for line in lines if line.strip()]

    def user(self, recipient: Recipient, name: str) -> VqPasswd | None:
        """A user of the recipient's domain; the limits are looked at if a filter asks for flags.

        Raises:
            BackendUnavailable, NotPermitted.
        """
        if recipient.entry is None:
            return None
        return find_in(self._installation, recipient.entry, name, limited=self._has_filter)

    def has_home(self, user: VqPasswd) -> bool:
        """Whether the directory of a user is there.

        Raises:
            OSError: it cannot be told.
        """
        return self._homes.has(user.pw_dir)

    def lines(self, recipient: Recipient, directory: str, file: str) -> list[DeliveryLine]:
        """The delivery lines of a file; none if it is missing or empty.

        Raises:
            UnsafeFile, OSError.
        """
        owner = self._installation.settings.uid if recipient.entry is None else recipient.entry.uid
        try:
            return read_delivery_file(self._homes.open(directory), file, owner)
        except FileNotFoundError:
            return []

    def default_lines(self) -> list[DeliveryLine]:
        """The lines of control/defaultdelivery; none without the option or the file.

        Raises:
            OSError.
        """
        settings = self._installation.settings
        if not settings.defaultdelivery:
            return []
        with open_trusted(f"{settings.qmaildir}/control") as control:
            owner = os.fstat(control.fd).st_uid
            return read_delivery_file(control, _DEFAULT_DELIVERY, owner)

    def no_user_notice(self, recipient: Recipient) -> str | None:
        """What the domain, else the site, tells of unknown users; None if neither does."""
        from vpopmail.accounts.notices import NO_USER, notice
        from vpopmail.formats.text import to_text

        try:
            text = notice(self._installation, recipient.domain, NO_USER)
        except OSError:
            return None
        return None if text is None else to_text(text)
