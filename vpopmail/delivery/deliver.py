"""One delivery as qmail-local asks for it: environment and message in, exit code out."""

from __future__ import annotations

from vpopmail import errors
from vpopmail.delivery.actions import BOUNCED, DEFERRED
from vpopmail.delivery.decision import decide
from vpopmail.delivery.delivery import Delivery
from vpopmail.delivery.executor import carry_out
from vpopmail.delivery.facts import SiteFacts
from vpopmail.delivery.message import NotSeekable, open_message
from vpopmail.delivery.places import Homes
from vpopmail.delivery.recipient import Envelope, NoRecipient, Recipient, recipient_name
from vpopmail.log import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vpopmail.installation import Installation


def deliver(
    installation: Installation,
    environment: Mapping[str, str],
    fd: int,
    unknown: str,
    tell: Callable[[str], object],
    directory: str = "",
) -> int:
    """Deliver a message.

    Args:
        installation: the site.
        environment: as qmail-command(8) tells: EXT and HOST name the recipient; RPLINE, DTLINE
            and the others are passed on.
        fd: the message.
        unknown: what happens to mail for unknown users, as in .qmail-default.
        tell: gets what is for the sender (of what bounces) or for the log.
        directory: absolute: where the delivery runs; the domain's if it is empty.

    Returns:
        0 delivered or dropped, 99 delivered by a program that wants no more lines, 100 bounced,
        111 to be tried again, or qmail-inject's code. A message is never lost: what is not
        delivered and not bounced is 111.

    Each action of the delivery has a commit point of its own: a link in ``new``, or the end of a
    program.
    """
    try:
        name, host = recipient_name(environment)
    except NoRecipient as error:
        tell(str(error))
        return BOUNCED
    try:
        recipient = Recipient(name, host, installation.domain_lookup.peek(host), directory)
        envelope = Envelope(environment)
        with (
            open_message(fd, copy=installation.settings.make_seekable) as message,
            Homes(installation, recipient.entry) as homes,
        ):
            seen = message.delivered_to() | {envelope.traced_address()}
            actions = decide(SiteFacts(installation, homes), recipient, seen, unknown)
            delivery = Delivery(installation, recipient, envelope, message, homes, tell)
            return carry_out(delivery, actions)
    except NotSeekable as error:
        tell(f"lseek error {error.errno}\n")
    except errors.AccountsLost as error:
        tell(f"vdelivermail: deferred, {error}\n")
    except errors.BackendUnavailable:
        tell("vdelivermail: deferred, database down\n")
    except (errors.VpopmailError, OSError) as error:
        tell(f"vdelivermail: deferred, {reason(error)}\n")
    return DEFERRED
