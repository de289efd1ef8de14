"""clearopensmtp: who has not logged in for long may send mail no more.

For cron, every few minutes. Forgets the addresses whose last login is older than the option
``relay_clear_minutes`` and compiles tcpserver's rules anew.

DIAGNOSTICS
    0, also without roaming users, which it then says; 255 with the usage for an option, for it has
    none, and if open-smtp cannot be written; else ``Error:`` and the reason on standard output, and
    the code of the C library taken from 256.

Source: manual, "clearopensmtp"; commands, clearopensmtp.
"""

from __future__ import annotations

from vpopmail.commands.terminal.options import parse
from vpopmail.commands.terminal.running import FAILED, complain, run_program
from vpopmail.log import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
clearopensmtp: usage: clearopensmtp
"""
_NAME = "clearopensmtp"
_NOT_CONFIGURED = "vpopmail not configure with --enable-roaming-users"  # as the C program has it


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program(_NAME, run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Clear the addresses of the site; the exit status."""
    parse(words, "")
    if not site.settings.roaming_users:
        print(_NOT_CONFIGURED)
        return 0
    try:
        site.relay.clear()
    except OSError as error:
        print("Error, could not create open-smtp.tmp")
        complain(_NAME, reason(error))
        return FAILED
    return 0


if __name__ == "__main__":
    main()
