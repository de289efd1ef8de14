"""What can be done with a message, as data: a decision is a list of these, in order.

The first action that does not succeed ends the delivery; what stands before it is done by then.
"""

from __future__ import annotations

from vpopmail.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import VqPasswd

# Exit codes of a delivery program. Source: qmail-command(8); auth-and-delivery, exit codes.
DELIVERED = 0
ENOUGH = 99
BOUNCED = 100
DEFERRED = 111


class Action(Record):
    """Base of the actions."""

    __slots__ = ()


class Stop(Action):
    """End the delivery.

    Attributes:
        code: ``DELIVERED`` (also for what is dropped), ``BOUNCED`` or ``DEFERRED``.
        text: what is told to the sender (100) or the log (111); with its line end.
    """

    __slots__ = ("code", "text")

    def __init__(self, code: int, text: str = "") -> None:
        self.code = code
        self.text = text


class Say(Action):
    """Tell qmail's log.

    Attributes:
        text: with its line end.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class MakeHome(Action):
    """Make the home of a user, who gets a place first if he has none; his record is brought up.

    Attributes:
        user: of the recipient's domain.
    """

    __slots__ = ("user",)

    def __init__(self, user: VqPasswd) -> None:
        self.user = user


class ToMailbox(Action):
    """Put the message into the Maildir of a user of the recipient's domain.

    Attributes:
        user: as found; its quota holds. The flags that the domain's limits add are among its own
            where a filter asks for them: with the options ``spamassassin`` or ``maildrop``.
    """

    __slots__ = ("user",)

    def __init__(self, user: VqPasswd) -> None:
        self.user = user


class ToMaildir(Action):
    """Put the message into a Maildir that a delivery line or the default names.

    Attributes:
        path: absolute, or below ``directory``.
        directory: absolute: where the line was found.
        is_catch_all: whether it gets the mail of unknown users: then ``Delivered-To`` names the
            recipient, not the owner of the Maildir.
    """

    __slots__ = ("directory", "is_catch_all", "path")

    def __init__(self, path: str, directory: str, *, is_catch_all: bool = False) -> None:
        self.path = path
        self.directory = directory
        self.is_catch_all = is_catch_all


class Forward(Action):
    """Send the message on, with its envelope sender.

    Attributes:
        address: where to.
    """

    __slots__ = ("address",)

    def __init__(self, address: str) -> None:
        self.address = address


class Run(Action):
    """Hand the message to a command of /bin/sh.

    Attributes:
        command: as in the line.
        directory: absolute: where it runs.
        default: what ``default`` stood for in the name of the alias: the variable DEFAULT; None
            leaves that as qmail-local gave it.
    """

    __slots__ = ("command", "default", "directory")

    def __init__(self, command: str, directory: str, default: str | None = None) -> None:
        self.command = command
        self.directory = directory
        self.default = default
