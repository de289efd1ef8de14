"""vdelivermail: deliver a message to a user of a virtual domain.

qmail-local runs it by the .qmail-default of a domain, with the message on standard input:
``| vdelivermail '' bounce-no-mailbox``. Source: manual, "vdelivermail".
"""

from __future__ import annotations

import os
import sys

from vpopmail.delivery.actions import DEFERRED
from vpopmail.errors import VpopmailError
from vpopmail.log import reason
from vpopmail.safeio.directory import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from vpopmail.installation import Installation

_ARGUMENTS = 2
_STANDARD_INPUT = 0
_STANDARD_OUTPUT = 1
_STANDARD_ERROR = 2


def main(**settings: object) -> NoReturn:
    """Deliver by the arguments and the environment of this process, and end; see ``run``.

    Args:
        settings: options of the site that its launcher names.
    """
    # Python would take itself apart first, which costs a delivery a tenth of its time; all that
    # was told is written by then.
    os._exit(run(sys.argv[1:], os.environ, settings))


def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    settings: Mapping[str, object],
    directory: str | None = None,
) -> int:
    """Deliver the message on standard input.

    Args:
        arguments: an empty word, and what happens to mail for unknown users.
        environment: as qmail-command(8) tells.
        settings: options of the site.
        directory: from where relative paths begin; None: the one that this process is in.

    Returns:
        The exit code: 0, 99, 100, 111, or qmail-inject's. What was not thought of is 111.
    """
    if len(arguments) != _ARGUMENTS:
        _tell("vdelivermail: invalid syntax in .qmail-default file\n")
        return DEFERRED
    try:
        _check_descriptors()
        return _deliver(arguments[1], environment, settings, directory or os.getcwd())
    except (VpopmailError, OSError, ImportError) as error:
        _tell(f"vdelivermail: deferred, {reason(error)}\n")
    except Exception as error:  # noqa: BLE001 - qmail must try again, whatever it is
        _tell(f"vdelivermail: deferred, {type(error).__name__}\n")
    return DEFERRED


def _deliver(
    unknown: str, environment: Mapping[str, str], settings: Mapping[str, object], directory: str
) -> int:
    from vpopmail.delivery.deliver import deliver
    from vpopmail.installation import Installation
    from vpopmail.settings import load

    installation = Installation(load(settings))
    _become_owner(installation, environment.get("HOST", ""))
    return deliver(installation, environment, _STANDARD_INPUT, unknown, _tell, directory)


def _check_descriptors() -> None:
    """See that none of 0, 1 and 2 is free: the next file opened would be taken for it.

    Raises:
        OSError: there is no standard input, and so no message.
    """
    os.fstat(_STANDARD_INPUT)
    for number in (_STANDARD_OUTPUT, _STANDARD_ERROR):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)


def _become_owner(installation: Installation, host: str) -> None:
    """Let root be the owner of the domain from here on, as qmail-lspawn would have made it."""
    if os.geteuid() != 0:
        return
    entry = installation.resolve(host)
    uid, gid = installation.settings.uid, installation.settings.gid
    if entry is not None:
        uid, gid = entry.uid, entry.gid
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)


def _tell(text: str) -> None:
    """Write to standard output, which qmail-local hands to the sender or to the log."""
    try:
        write_all(_STANDARD_OUTPUT, text.encode("utf-8", "surrogateescape"))
    except OSError:
        return  # nobody listens: that is no trouble of the message


if __name__ == "__main__":
    main()
