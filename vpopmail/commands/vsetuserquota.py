"""vsetuserquota: say how much a user may keep, or all users of a domain.

A whole domain is one change: all its users have the new quota, or none. What is there already is
counted anew.

DIAGNOSTICS
    0; else ``Error:`` and the reason on standard output, and the code of the C library taken from
    256: 246 no such user, 245 no such domain, 227 what is no quota or too long, 255 a name that
    cannot be, or words that do not fit, with the usage.

Source: manual, "vsetuserquota"; commands, passwords, quota.
"""

from __future__ import annotations

from vpopmail.commands.terminal.address import parse_address
from vpopmail.commands.terminal.running import plain_arguments, run_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
vsetuserquota: [options] user@domain quota
vsetuserquota: [options] domain quota
    -v  print the version
    The quota is bytes (10485760, 1024K or 10M), a number of messages (1000C),
    both with a comma between (10M,1000C), or NOQUOTA. With a domain alone it
    is set for all its users.
"""
_ARGUMENTS = 2


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vsetuserquota", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Set the quota that the words name; the exit status."""
    whose, quota = plain_arguments(words, _ARGUMENTS)[:_ARGUMENTS]
    if "@" in whose:
        user, domain = parse_address(site, whose)
        site.users.change_quota(user, domain, quota.upper())
    else:
        site.users.change_quotas(whose, quota.upper())
    return 0


if __name__ == "__main__":
    main()
