"""Asking SpamAssassin what it thinks of a message.

Source: auth-and-delivery, options of the build; spamc(1).
"""

from __future__ import annotations

import os

from vpopmail.delivery.child import run_program
from vpopmail.delivery.message import Message, nameless_copy
from vpopmail.delivery.programs import program_environment
from vpopmail.formats.text import to_text
from vpopmail.records import DELETE_SPAM, NO_SPAMASSASSIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.delivery.delivery import Delivery
    from vpopmail.records import VqPasswd

_MARK = b"x-spam-flag:"


def filtered(delivery: Delivery, user: VqPasswd, address: str) -> Message | None:
    """The message as SpamAssassin marks it; as it is if that cannot be asked.

    Args:
        delivery: of the message.
        user: whose flags hold, those of the limits too.
        address: his, by which SpamAssassin finds his preferences.

    Returns:
        None for spam that the user wants deleted.

    Raises:
        OSError: the copy cannot be written.
    """
    if user.pw_flags & NO_SPAMASSASSIN:
        return delivery.message
    marked = _marked(delivery, address)
    if not (user.pw_flags & DELETE_SPAM and is_spam(marked)):
        return marked
    if marked is not delivery.message:
        marked.close()
    return None


def is_spam(message: Message) -> bool:
    """Whether a line ``X-Spam-Flag: YES`` is in the header."""
    return any(
        line[: len(_MARK)].lower() == _MARK and line[len(_MARK) :].strip().lower() == b"yes"
        for line in message.header_lines()
    )


def _marked(delivery: Delivery, address: str) -> Message:
    settings = delivery.installation.settings
    copy = nameless_copy()
    delivery.message.rewind()
    try:
        status = run_program(
            [settings.spamc_prog, "-f", "-u", address],
            directory=None,
            environment=program_environment(delivery.envelope.environment),
            standard_input=delivery.message.fd,
            bounds=(settings.program_seconds, settings.program_output),
            tell=lambda data: delivery.tell(to_text(data)),
            owner=delivery.program_owner(),
            standard_output=copy,
        )
    except OSError as error:
        delivery.tell(f"{settings.spamc_prog}: {error.strerror}\n")
        status = -1
    marked = Message(copy, is_copy=True)
    if status == 0 and marked.size:
        return marked
    os.close(copy)
    return delivery.message
