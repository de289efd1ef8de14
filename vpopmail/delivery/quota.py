"""Quotas at the door: whether a message may come in, and the warning that there is little room.

Source: auth-and-delivery, quota; formats, maildirsize.
"""

from __future__ import annotations

import time

from vpopmail.delivery.actions import BOUNCED
from vpopmail.formats import maildirsize as text_format
from vpopmail.formats.text import to_bytes, to_text
from vpopmail.mailstore import maildirsize
from vpopmail.records import is_limited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.delivery.delivery import Delivery
    from vpopmail.safeio.directory import Directory, Owner

_MARK = "quotawarn"
_MARK_MODE = 0o644
_DAY = 86400
_NEARLY_FULL = 90  # per cent
_USER_IS_OVER = "user is over quota\n"
_DOMAIN_IS_OVER = "domain is over quota\n"


class Door:
    """The door of one Maildir.

    Args:
        delivery: of the message.
        maildir: open; that of a folder is the whole Maildir's.
        quota: as stored; ``""`` and NOQUOTA limit nothing.
        address: of its owner, for the warning.
        owner: who gets what is written.
    """

    def __init__(
        self, delivery: Delivery, maildir: Directory, quota: str, address: str, owner: Owner
    ) -> None:
        self._delivery = delivery
        self._maildir = maildir
        self._quota = quota
        self._address = address
        self._owner = owner
        self._told_by_daemon = False

    def hold(self) -> bool:
        """Keep other deliveries out until the Maildir is closed, for as many as there is room for.

        Returns:
            False if another one kept this one out for ``lock_timeout`` seconds.
        """
        if not is_limited(self._quota):
            return True
        from vpopmail.safeio.locks import lock_directory

        try:
            return lock_directory(
                self._maildir.fd, self._delivery.installation.settings.lock_timeout
            )
        except OSError:  # a file system without: then as other programs do it, who take none
            return True

    def refusal(self, size: int) -> str:
        """Why there is no room for a message; warn of a Maildir that is nearly full.

        Args:
            size: bytes that would be added.

        Returns:
            What to tell the sender; ``""`` if there is room.

        Raises:
            OSError: what is used cannot be found out.
        """
        if is_limited(self._quota):
            used = self._used(size)
            if text_format.is_over(self._quota, used[0] + size, used[1] + 1):
                return _USER_IS_OVER
            if text_format.percentage(self._quota, *used) >= _NEARLY_FULL:
                self._warn()
        return _DOMAIN_IS_OVER if self._is_domain_over(size) else ""

    def bounce(self, text: str) -> int:
        """Tell the sender, by the notice of the domain or site if there is one, and the owner.

        Args:
            text: as ``refusal`` gives it.

        Returns:
            ``BOUNCED``.
        """
        from vpopmail.accounts.notices import OVER_QUOTA

        told = self._notice(OVER_QUOTA)
        self._delivery.tell(text if told is None else to_text(told))
        self._warn()
        self._delivery.tell("\n")
        return BOUNCED

    def count(self, size: int, messages: int = 1) -> None:
        """Note in maildirsize what has come. Trouble is for the log: the message is there."""
        if self._told_by_daemon or not is_limited(self._quota):
            return
        try:
            maildirsize.add_usage(self._maildir, self._quota, size, messages, self._owner)
        except OSError as error:
            from vpopmail.log import warn

            warn("%s/maildirsize: %s", self._maildir.path, error)

    def _used(self, size: int) -> tuple[int, int]:
        from vpopmail.mailstore.usage_daemon import ask_daemon

        told = ask_daemon(self._delivery.installation.settings, self._address)
        self._told_by_daemon = told is not None
        if told is not None:
            return told
        return maildirsize.read_usage(self._maildir, self._quota, self._owner, (size, 1))

    def _is_domain_over(self, size: int) -> bool:
        installation = self._delivery.installation
        if not installation.settings.domainquotas or self._delivery.recipient.entry is None:
            return False
        from vpopmail.accounts.quotas import Quotas

        return Quotas(installation).is_domain_over(self._delivery.recipient.domain, size)

    def _warn(self) -> None:
        """Put the warning into the Maildir, at most once a day; trouble with it does not matter."""
        try:
            if self._is_due():
                self._write_warning()
        except OSError as error:
            from vpopmail.log import warn

            warn("the quota warning of %s: %s", self._maildir.path, error)

    def _is_due(self) -> bool:
        """Whether the last warning is a day old; from now on it is not."""
        status = self._maildir.status(_MARK)
        if status is not None and status.st_mtime > time.time() - _DAY:
            return False
        if status is not None:
            self._maildir.remove(_MARK)
        self._maildir.create(_MARK, [], self._owner, mode=_MARK_MODE)
        return True

    def _write_warning(self) -> None:
        from vpopmail.accounts.notices import QUOTA_WARNING
        from vpopmail.formats.mail_date import format_date
        from vpopmail.mailstore.messages import MessageNotWritten, write_message

        text = self._notice(QUOTA_WARNING)
        if text is None:
            return
        head = f"Delivered-To: {self._address}\nDate: {format_date(time.time())}\n"
        try:
            _, size = write_message(self._maildir, [to_bytes(head), text], self._owner)
        except MessageNotWritten as error:
            raise error.error from error
        self.count(size)

    def _notice(self, file: str) -> bytes | None:
        from vpopmail.accounts.notices import notice

        return notice(self._delivery.installation, self._delivery.recipient.domain, file)
