"""What is fuzzed of deliveries: the header of a message, and what is decided by a delivery file."""

from __future__ import annotations

from vpopmail.delivery.actions import Forward, Run, Stop, ToMaildir
from vpopmail.delivery.decision import decide
from vpopmail.delivery.message import Message, nameless_copy
from vpopmail.delivery.recipient import Envelope, NoRecipient, Recipient, recipient_name
from vpopmail.delivery.spam import is_spam
from vpopmail.formats import dotqmail
from vpopmail.formats.dotqmail import DeliveryLine
from vpopmail.formats.text import to_text
from vpopmail.records import DomainEntry, VqPasswd

ENTRY = DomainEntry("example.com", "example.com", 89, 89, "/d")
OTHER = "other@example.org"


def read_header(data: bytes) -> frozenset[str]:
    """All that a delivery reads of the header; the addresses that the message was delivered to."""
    with Message(nameless_copy([data]), is_copy=True) as message:
        is_spam(message)
        return message.delivered_to()


def headers(data: bytes) -> None:
    """The header of a message: what stands before it counts, what stands in the body does not."""
    with Message(nameless_copy([data]), is_copy=True) as message:
        lines = list(message.header_lines())
    assert data.startswith(b"\n".join(lines))
    assert all(line and not line.startswith(b"\r") and b"\n" not in line for line in lines)
    found = read_header(data)
    mark = f"DELIVERED-TO: {OTHER}\n".encode()
    assert read_header(mark + data) == found | {OTHER}
    assert read_header(data + b"\n\n" + mark) == found


class _Facts:
    """A domain whose users and aliases have the one delivery file."""

    qmail_ext = True
    has_aliases = True

    def __init__(self, file: bytes) -> None:
        self.file = file

    def alias(self, recipient: Recipient, name: str) -> list[str] | None:
        return to_text(self.file).split("\n") if name.startswith("a") else None

    def user(self, recipient: Recipient, name: str) -> VqPasswd | None:
        return VqPasswd(name, pw_dir=f"/d/{name}") if name.startswith("j") else None

    def has_home(self, user: VqPasswd) -> bool:
        return True

    def lines(self, recipient: Recipient, directory: str, file: str) -> list[DeliveryLine]:
        return [line for line in dotqmail.parse(self.file) if line.kind != dotqmail.BLANK]

    def default_lines(self) -> list[DeliveryLine]:
        return self.lines(Recipient("", "", None), "", "")

    def no_user_notice(self, recipient: Recipient) -> str | None:
        return None


def decisions(data: bytes) -> None:
    """Decisions: EXT, HOST and DTLINE in a line each, then the delivery file, also as the default."""
    decision(data)
    decision(data, to_text(_file(data).partition(b"\n")[0]))


def _file(data: bytes) -> bytes:
    return (*data.split(b"\n", 3), b"", b"", b"")[3]


def decision(data: bytes, unknown: str = "bounce-no-mailbox") -> None:
    """One decision, as a program makes it."""
    extension, host, traced = (*data.split(b"\n", 3), b"", b"")[:3]
    file = _file(data)
    given = {"EXT": to_text(extension), "HOST": to_text(host), "DTLINE": to_text(traced)}
    try:
        recipient = Recipient(*recipient_name(given), ENTRY)
    except NoRecipient as error:
        assert str(error).count("\n") == 1
        return
    envelope = Envelope(given)
    assert envelope.forwarded_to(recipient, OTHER).find("\n") == len(
        envelope.forwarded_to(recipient, OTHER)
    ) - 1
    seen = frozenset({envelope.traced_address()})
    actions = decide(_Facts(file), recipient, seen, unknown)
    assert not any(isinstance(action, Stop) for action in actions[:-1])
    for action in actions:
        if isinstance(action, (Forward, Run, ToMaildir)):
            target = getattr(action, "address", None) or getattr(action, "command", None)
            assert "\0" not in (target or getattr(action, "path", ""))
    # Only a line that says so, or a comment, lets nothing be done.
    assert actions or b"#" in file or unknown == "delete"
