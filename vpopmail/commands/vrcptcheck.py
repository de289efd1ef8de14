"""vrcptcheck: whether an address can get mail, for a server that asks before it takes the message.

    vrcptcheck 3<address

For control/recipients of s/qmail, and whatever else can give an address on descriptor 3. Light: it
starts once per recipient. Source: commands, vrcptcheck.
"""

from __future__ import annotations

import os

from vpopmail.errors import VpopmailError
from vpopmail.log import reason, tell_stderr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

EXISTS = 0
UNKNOWN = 1
TROUBLE = 111
LONGEST = 1024  # bytes: more than the longest address of SMTP
_ADDRESS = 3  # the descriptor


def main(**settings: object) -> NoReturn:
    """Check the address on descriptor 3, and end; see ``run``.

    Args:
        settings: options of the site that its launcher names.
    """
    raise SystemExit(run(settings))


def run(settings: Mapping[str, object]) -> int:
    """Check the address on descriptor 3, up to its end, a NUL or the end of a line.

    Args:
        settings: options of the site.

    Returns:
        0 if it can get mail, 1 if it would bounce or be dropped, or is of another site; 111 if
        that cannot be told: then standard error says why.
    """
    try:
        return EXISTS if _can_get_mail(_read(), settings) else UNKNOWN
    except (VpopmailError, OSError) as error:
        told = f"vrcptcheck: {reason(error)}\n"
    except Exception as error:  # noqa: BLE001 - Python's own code, 1, would be an unknown address
        told = f"vrcptcheck: {type(error).__name__}\n"
    tell_stderr(told)
    return TROUBLE


def _can_get_mail(address: bytes, settings: Mapping[str, object]) -> bool:
    from vpopmail.delivery.deliverable import deliverable
    from vpopmail.formats.text import to_text
    from vpopmail.installation import Installation
    from vpopmail.settings import load

    installation = Installation(load(settings))
    return len(address) <= LONGEST and deliverable(installation, to_text(address)) is not None


def _read() -> bytes:
    """What descriptor 3 gives, and one byte more than it may."""
    data = b""
    while len(data) <= LONGEST and (part := os.read(_ADDRESS, LONGEST + 1 - len(data))):
        data += part
    return data.partition(b"\0")[0].partition(b"\n")[0].rstrip(b"\r")


if __name__ == "__main__":
    main()
