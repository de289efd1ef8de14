"""What of a message is done already, kept for the time when qmail tries the rest again.

A message with several actions of which a later one has to wait comes back as a whole. Which
actions are done is written down when it is deferred; a process that is killed writes nothing, and
then they are done twice. The message is known again by its place in qmail's queue.
"""

from __future__ import annotations

from zlib import crc32

from vpopmail.delivery.actions import Forward, MakeHome, Run, Say, Stop, ToMailbox
from vpopmail.errors import DomainDirectoryMissing
from vpopmail.formats.text import join_lines, split_lines, to_bytes
from vpopmail.log import warn
from vpopmail.mailstore.delivered import DIRECTORY, old_names
from vpopmail.safeio.directory import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.delivery.actions import Action
    from vpopmail.delivery.delivery import Delivery
    from vpopmail.safeio.directory import Directory


class Done:
    """The record of one message to one recipient, in a directory of the domain.

    Args:
        delivery: of the message.
        actions: all of them.
    """

    def __init__(self, delivery: Delivery, actions: list[Action]) -> None:
        self._delivery = delivery
        self._name = "" if len(_lasting(actions)) < 2 else _name(delivery)
        # action alone is done or not: the exit code says so
        self._before = self._read() if self._name else []
        self._passed = list(self._before)
        self._now: list[bytes] = []

    def take(self, action: Action) -> bool:
        """Whether an earlier try did this; of two that are alike each is asked for once."""
        key = _key(action)
        if key not in self._passed:
            return False
        self._passed.remove(key)
        return True

    def note(self, action: Action) -> None:
        """Take down that an action is done."""
        if _lasting([action]):
            self._now.append(_key(action))

    def keep(self) -> None:
        """Write the record: the message is going to come again. Trouble is for the log."""
        if not self._name or not self._now:
            return
        entry = self._delivery.recipient.entry
        if entry is None:
            return
        try:
            with self._delivery.installation.open_domain(entry) as domain:
                owner = Owner(entry.uid, entry.gid)
                if not domain.has(DIRECTORY):
                    domain.make_whole(DIRECTORY, owner).close()
                with domain.enter(DIRECTORY) as directory:
                    _remove_old(directory)
                    lines = join_lines([*self._before, *self._now])
                    directory.replace(self._name, [lines], owner)
        except (OSError, DomainDirectoryMissing) as error:
            warn("what was delivered of a message cannot be noted: %s", error)

    def forget(self) -> None:
        """The message does not come again."""
        if self._before:
            self._in_directory(lambda directory: directory.remove(self._name))

    def _read(self) -> list[bytes]:
        found: list[bytes] = []

        def read(directory: Directory) -> None:
            found.extend(split_lines(directory.read(self._name) or b""))

        self._in_directory(read)
        return found

    def _in_directory(self, act: Callable[[Directory], object]) -> None:
        entry = self._delivery.recipient.entry
        if entry is None:
            return
        try:
            with (
                self._delivery.installation.open_domain(entry) as domain,
                domain.enter(DIRECTORY) as directory,
            ):
                act(directory)
        except FileNotFoundError:
            return
        except (OSError, DomainDirectoryMissing) as error:
            warn("what was delivered of a message cannot be read: %s", error)


def _lasting(actions: list[Action]) -> list[Action]:
    """Those that leave something behind, and must not happen twice."""
    return [action for action in actions if not isinstance(action, (Say, Stop, MakeHome))]


def _name(delivery: Delivery) -> str:
    identity = delivery.message.identity()
    if identity is None:
        return ""
    return f"{identity}.{crc32(to_bytes(delivery.recipient.address)):08x}"


def _key(action: Action) -> bytes:
    """What an action is, in a line."""
    if isinstance(action, ToMailbox):
        text = f"mailbox {action.user.pw_name}"
    elif isinstance(action, Forward):
        text = f"forward {action.address}"
    elif isinstance(action, Run):
        text = f"run {action.command}"
    else:
        text = f"maildir {getattr(action, 'path', '')}"
    return ascii(text).encode()


def _remove_old(directory: Directory) -> None:
    for name in old_names(directory):
        directory.remove(name)
