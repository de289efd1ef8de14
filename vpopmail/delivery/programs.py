"""Handing a message to programs: commands of delivery lines, and qmail-inject to send it on.

Source: qmail-command(8); auth-and-delivery, forwarding and commands.
"""

from __future__ import annotations

import os

from vpopmail.delivery.actions import BOUNCED, DEFERRED, DELIVERED, ENOUGH
from vpopmail.delivery.child import run_program
from vpopmail.delivery.message import nameless_copy
from vpopmail.formats.text import to_bytes, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from vpopmail.delivery.actions import Forward, Run
    from vpopmail.delivery.delivery import Delivery

# What a program is told: qmail-command(8), and what any program needs. Nothing else of the
# environment reaches it: it could lead the program elsewhere.
_VARIABLES = (
    *("SENDER", "NEWSENDER", "RECIPIENT", "USER", "HOME", "LOCAL", "DTLINE", "RPLINE", "UFLINE"),
    *("HOST", "HOST2", "HOST3", "HOST4", "EXT", "EXT2", "EXT3", "EXT4", "DEFAULT"),
    *("PATH", "LANG", "TZ"),
)
_PATH = "/usr/local/bin:/usr/bin:/bin"
_SHELL = "/bin/sh"
# Codes for which there is no use in trying again. Source: qmail-command(8).
_FOR_EVER = frozenset((64, 65, 70, 76, 77, 78, 100, 112))


def run(delivery: Delivery, action: Run) -> int:
    """Run the command of a line, the message on its standard input. Returns the exit code."""
    environment = program_environment(delivery.envelope.environment)
    if action.default is not None:
        environment["DEFAULT"] = action.default
    delivery.message.rewind()
    words = [_SHELL, "-c", action.command]
    return _delivered(delivery, words, action.directory, environment, delivery.message.fd)


def run_filter(delivery: Delivery, program: str, directory: str) -> int:
    """Run a program that delivers by itself, as qmail's ``preline`` does. Returns the exit code.

    Args:
        delivery: the message.
        program: absolute path.
        directory: absolute: where it runs.

    The message has the lines UFLINE, RPLINE and DTLINE before it.
    """
    envelope = delivery.envelope
    sender = envelope.environment.get("UFLINE", "")
    head = to_bytes(sender + envelope.return_path + envelope.delivered_to)
    copy = nameless_copy([head], delivery.message.chunks())
    try:
        environment = program_environment(envelope.environment)
        return _delivered(delivery, [program], directory, environment, copy)
    finally:
        os.close(copy)


def _delivered(
    delivery: Delivery,
    words: list[str],
    directory: str,
    environment: dict[str, str],
    standard_input: int,
) -> int:
    """Run a program; what its status means for the delivery."""
    try:
        status = _run(delivery, words, directory, environment, standard_input)
    except OSError as error:
        delivery.tell(f"{words[0]} in {directory}: {error.strerror}\n")
        return DEFERRED
    if status in {DELIVERED, ENOUGH}:
        return status
    return BOUNCED if status in _FOR_EVER else DEFERRED


def forward(delivery: Delivery, action: Forward) -> int:
    """Send the message on by qmail-inject. Returns the exit code, which may be qmail-inject's.

    The Return-Path line in front of the message keeps the envelope sender.
    """
    envelope = delivery.envelope
    head = envelope.return_path + envelope.forwarded_to(delivery.recipient, action.address)
    words = [delivery.installation.settings.qmail_inject, "--", action.address]
    copy = nameless_copy([to_bytes(head)], delivery.message.chunks())
    try:
        status = _run(delivery, words, None, program_environment(envelope.environment), copy)
    except OSError:
        delivery.tell("system error, can't open qmail-inject\n")
        return DEFERRED
    finally:
        os.close(copy)
    if status:
        delivery.tell("system error calling qmail-inject\n")
    # A program in the place of qmail-inject must not say that no more lines are wanted.
    return DEFERRED if status < 0 or status == ENOUGH else status


def program_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program: what qmail-local tells, a PATH, and /bin/sh as its shell."""
    environment = {name: given[name] for name in _VARIABLES if name in given}
    environment.setdefault("PATH", _PATH)
    environment["SHELL"] = _SHELL
    return environment


def _run(
    delivery: Delivery,
    words: list[str],
    directory: str | None,
    environment: dict[str, str],
    standard_input: int,
) -> int:
    settings = delivery.installation.settings
    return run_program(
        words,
        directory=directory,
        environment=environment,
        standard_input=standard_input,
        bounds=(settings.program_seconds, settings.program_output),
        tell=lambda data: delivery.tell(to_text(data)),
        owner=delivery.program_owner(),
    )
