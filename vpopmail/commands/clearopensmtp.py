"""clearopensmtp: who has not logged in for long may send mail no more.

SYNOPSIS
    clearopensmtp

For cron, every few minutes. Forgets the addresses whose last login is older than the option
``relay_clear_minutes`` and compiles tcpserver's rules anew.

DIAGNOSTICS
    0, also without roaming users, which it then says; 255 or the code of the error, taken from
    256, for trouble, which stderr tells. A C error code -1 is 255.

Source: commands, clearopensmtp.
"""

from __future__ import annotations

import sys

from vpopmail.codes import VA, verror
from vpopmail.errors import VpopmailError
from vpopmail.settings import load
from vpopmail.site import Vpopmail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_NOT_CONFIGURED = "vpopmail not configure with --enable-roaming-users"  # as the C program has it
_CODES = 256


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    raise SystemExit(run(settings))


def run(settings: dict[str, object]) -> int:
    """Clear the addresses of a site; the exit status."""
    try:
        site = Vpopmail(load(settings))
        site.installation.backend  # noqa: B018 - opened
    except VpopmailError as error:
        print(f"clearopensmtp: {error}", file=sys.stderr)
        print(f"Error - {verror(error.code)}. Initial open.", file=sys.stderr)
        return error.code % _CODES
    if not site.settings.roaming_users:
        print(_NOT_CONFIGURED)
        return 0
    try:
        site.relay.clear()
    except (VpopmailError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return (error.code if isinstance(error, VpopmailError) else VA(-1)) % _CODES
    finally:
        site.close()
    return 0


if __name__ == "__main__":
    main()
