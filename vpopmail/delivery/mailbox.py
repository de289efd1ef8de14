"""Putting a message into a Maildir: at the door, through the filters, to the disk."""

from __future__ import annotations

import errno
import os

from vpopmail.delivery.actions import BOUNCED, DEFERRED, DELIVERED
from vpopmail.delivery.places import open_below
from vpopmail.errors import VpopmailError
from vpopmail.formats.text import to_bytes
from vpopmail.mailstore.messages import (
    MessageNotWritten,
    path_in_tmp,
    unique_name,
    write_message,
)
from vpopmail.mailstore.paths import MAILDIR, address_of_maildir
from vpopmail.records import NO_MAILDROP, is_limited
from vpopmail.safeio.directory import Owner, open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vpopmail.delivery.actions import ToMailbox, ToMaildir
    from vpopmail.delivery.delivery import Delivery
    from vpopmail.delivery.message import Message
    from vpopmail.delivery.quota import Door
    from vpopmail.records import VqPasswd
    from vpopmail.safeio.directory import Directory

_SYSTEM_ERROR = "system error\n"


def to_mailbox(delivery: Delivery, action: ToMailbox) -> int:
    """Put the message into the Maildir of a user. Returns the exit code."""
    user = action.user

    def open_it() -> Directory:
        return delivery.homes.open(user.pw_dir).enter(MAILDIR)

    address = f"{user.pw_name}@{delivery.recipient.domain}"
    return _deliver(delivery, open_it, f"{user.pw_dir}/{MAILDIR}", user, address)


def to_maildir(delivery: Delivery, action: ToMaildir) -> int:
    """Put the message into the Maildir that a line names. Returns the exit code."""
    path = action.path
    if not path.startswith("/"):
        path = os.path.normpath(f"{action.directory}/{path}")

    def open_it() -> Directory:
        if not action.path.startswith("/"):
            return open_below(delivery.homes.open(action.directory), action.path)
        maildir = open_trusted(action.path, sync=delivery.installation.settings.file_sync)
        if _is_of_others(delivery, maildir):
            maildir.close()
            raise PermissionError(errno.EACCES, "belongs to somebody else", action.path)
        return maildir

    named = "" if action.is_catch_all else address_of_maildir(path)
    user = _user_of(delivery, address_of_maildir(path), path)
    return _deliver(delivery, open_it, path, user, named or delivery.recipient.address)


def _is_of_others(delivery: Delivery, maildir: Directory) -> bool:
    """Whether root would put mail where the owner of the domain, whose line it is, could not."""
    owner = delivery.program_owner()
    return owner is not None and owner[0] != 0 and os.fstat(maildir.fd).st_uid != owner[0]


def _user_of(delivery: Delivery, address: str, path: str) -> VqPasswd | None:
    """The user of the recipient's domain whose Maildir is at a path, for his quota and flags."""
    name, _, domain = address.rpartition("@")
    if domain != delivery.recipient.domain:
        return None
    from vpopmail.accounts.lookup import find_user

    user = find_user(delivery.installation, name, domain)
    is_his = user is not None and user.pw_dir.rstrip("/") == path.rstrip("/").rpartition("/")[0]
    return user if is_his else None


def _deliver(
    delivery: Delivery,
    open_it: Callable[[], Directory],
    path: str,
    user: VqPasswd | None,
    address: str,
) -> int:
    if not delivery.message.size:
        return DELIVERED  # there is nothing to keep
    try:
        maildir = open_it()
    except (OSError, VpopmailError) as error:
        number = error.errno if isinstance(error, OSError) else errno.ENOENT
        return _not_opened(delivery, number, path_in_tmp(path, unique_name()))
    with maildir:
        return _Mailbox(delivery, maildir, user, address).receive()


class _Mailbox:
    """An open Maildir and the message that comes into it."""

    def __init__(
        self, delivery: Delivery, maildir: Directory, user: VqPasswd | None, address: str
    ) -> None:
        self._delivery = delivery
        self._maildir = maildir
        self._user = user
        self._address = address
        head = delivery.envelope.return_path + f"Delivered-To: {address}\n"
        self._head = to_bytes(head)
        self._owner = _owner(delivery, maildir)

    def receive(self) -> int:
        """Let the message in, or not. Returns the exit code."""
        if self._is_for_maildrop():
            return self._hand_to_maildrop()
        message = self._filtered()
        if message is None:
            return DELIVERED
        try:
            return self._let_in(message) if self._has_door() else self._write(message)
        finally:
            if message is not self._delivery.message:
                message.close()

    def _let_in(self, message: Message) -> int:
        """Write a message if there is room for it; other deliveries wait meanwhile."""
        from vpopmail.delivery.quota import Door
        from vpopmail.mailstore.maildirsize import quota_of, whole_maildir

        with whole_maildir(self._maildir) as whole:
            quota = quota_of(whole) if self._user is None else self._user.pw_shell
            door = Door(self._delivery, whole, quota, self._address, self._owner)
            if not door.hold():
                self._delivery.tell(f"{whole.path} is kept by another delivery\n")
                return DEFERRED
            refusal = door.refusal(len(self._head) + message.size)
            if not refusal:
                return self._write(message, door)
            return DELIVERED if self._is_there(message) else door.bounce(refusal)

    def _is_there(self, message: Message) -> bool:
        """Whether an earlier try wrote it, and was killed before qmail heard of it."""
        queued = self._delivery.message.queued_ns()
        if queued is None:
            return False
        from vpopmail.mailstore.present import has_message

        size = len(self._head) + message.size
        return has_message(self._maildir, lambda: self._parts(message), size, queued)

    def _has_door(self) -> bool:
        """Whether a quota may keep the message out; most mailboxes need none of its modules."""
        if self._user is None or self._delivery.installation.settings.domainquotas:
            return True
        return is_limited(self._user.pw_shell)

    def _is_for_maildrop(self) -> bool:
        user = self._user
        is_on = self._delivery.installation.settings.maildrop
        return is_on and user is not None and not user.pw_flags & NO_MAILDROP

    def _hand_to_maildrop(self) -> int:
        """Let maildrop deliver. Source: auth-and-delivery, options of the build."""
        from vpopmail.delivery.programs import run_filter

        program = self._delivery.installation.settings.maildrop_prog
        return run_filter(self._delivery, program, self._maildir.path.rpartition("/")[0])

    def _write(self, message: Message, door: Door | None = None) -> int:
        try:
            _, size = write_message(self._maildir, self._parts(message), self._owner)
        except MessageNotWritten as error:
            return self._not_written(error)
        if door is not None:
            door.count(size)
        return DELIVERED

    def _parts(self, message: Message) -> Iterator[bytes]:
        """What is written. A small message is one piece, which is written at once."""
        chunks = message.chunks()
        yield self._head + next(chunks, b"")
        yield from chunks

    def _filtered(self) -> Message | None:
        """What is written; None for spam that is to be dropped."""
        message = self._delivery.message
        user = self._user
        if user is not None and self._delivery.installation.settings.spamassassin:
            from vpopmail.delivery.spam import filtered

            return filtered(self._delivery, user, self._address)
        return message

    def _not_written(self, error: MessageNotWritten) -> int:
        number = error.error.errno
        if number == errno.EDQUOT:
            self._delivery.tell("user is over quota\n")
            return BOUNCED
        if not error.was_opened:
            return _not_opened(self._delivery, number, error.path)
        self._delivery.tell(f"write failed errno = {number}\n{_SYSTEM_ERROR}")
        return DEFERRED


def _not_opened(delivery: Delivery, number: int | None, path: str) -> int:
    delivery.tell(f"can not open new email file errno={number} file={path}\n{_SYSTEM_ERROR}")
    return DEFERRED


def _owner(delivery: Delivery, maildir: Directory) -> Owner:
    """Who gets what root writes: the domain's owner; below no domain, the Maildir's."""
    entry = delivery.recipient.entry
    if entry is not None:
        return Owner(entry.uid, entry.gid)
    status = os.fstat(maildir.fd)
    return Owner(status.st_uid, status.st_gid)
