"""vqmaillocal: deliver a message as qmail-local would have vdelivermail do it.

For trying a delivery without qmail, with the words that qmail-lspawn gives to qmail-local and the
message on standard input. What the ``.qmail-default`` of the home says of unknown users holds.
Files of aliases are qmail-local's own business, and are not looked at.

    vqmaillocal -- example.com ~vpopmail/domains/example.com example.com-joe - joe example.com
        amy@example.org ./Maildir/ <message

It prints home, user and domain, and what vdelivermail has to say.

DIAGNOSTICS
    As of qmail-local: 0 delivered, or dropped as the domain wants it; 100 bounced; 111 to be tried
    again, also for words that do not fit, for a message with exit 0 would be lost.

Source: commands, vqmaillocal; qmail-local(8).
"""

from __future__ import annotations

import os
import sys

from vpopmail.commands import vdelivermail
from vpopmail.delivery.actions import DEFERRED
from vpopmail.log import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

USAGE = """\
vqmaillocal: usage: vqmaillocal -- user homedir local dash ext domain sender defaultdelivery
"""

_WORDS = 9
_ENDED_BY_A_PROGRAM = 99
_DEFAULT = ".qmail-default"
_BOUNCE = "bounce-no-mailbox"


def main(**settings: object) -> NoReturn:
    """Deliver by the words of the command line, and end; see ``run``.

    Args:
        settings: options of the site that its launcher names.
    """
    raise SystemExit(run(sys.argv[1:], settings))


def run(words: Sequence[str], settings: Mapping[str, object]) -> int:
    """Deliver the message on standard input.

    Args:
        words: as the usage has them.
        settings: options of the site.

    Returns:
        The exit code: 0, 100 or 111.
    """
    if len(words) != _WORDS or words[0] != "--":
        print("vqmaillocal: wrong number of parameters")
        return DEFERRED
    user, home, local, _dash, ext, domain, sender = words[1:8]
    print(f"{home},{user},{domain}", flush=True)
    told = {
        "SENDER": sender,
        "NEWSENDER": sender,
        "RECIPIENT": f"{local}@{domain}",
        "USER": user,
        "HOME": home,
        "HOST": domain,
        "LOCAL": local,
        "EXT": ext,
        "DEFAULT": ext,
        "RPLINE": _line(f"Return-Path: <{sender}>"),
        "DTLINE": _line(f"Delivered-To: {local}@{domain}"),
    }
    try:
        unknown = _unknown(home)
    except OSError as error:
        print(f"vqmaillocal: {reason(error)}")
        return DEFERRED
    code = vdelivermail.run(["", unknown], {**os.environ, **told}, settings, home)
    return 0 if code == _ENDED_BY_A_PROGRAM else code


def _line(text: str) -> str:
    """A line of a header, as qmail-local makes it of any text."""
    return text.replace("\n", "_") + "\n"


def _unknown(home: str) -> str:
    """What the domain does with mail for unknown users. Raises: OSError."""
    from vpopmail.formats.dotqmail import default_action
    from vpopmail.safeio.directory import open_trusted

    with open_trusted(home, sync=False) as directory:
        data = directory.read(_DEFAULT)
    return (None if data is None else default_action(data)) or _BOUNCE


if __name__ == "__main__":
    main()
