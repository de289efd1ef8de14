"""vdeluser: remove a user, and all mail of his.

Nothing is asked. The user's line goes first: from then on he is unknown, whatever happens to this
program; what it leaves of his directory, the next change in the domain removes.

DIAGNOSTICS
    0; else ``Error:`` and the reason on standard output, and the code of the C library taken from
    256: 246 no such user, 245 no such domain, 201 he gets the mail for unknown users, 255 a name
    that cannot be, or words that do not fit, with the usage.

Source: manual, "vdeluser"; commands, users.
"""

from __future__ import annotations

from vpopmail.commands.terminal.address import parse_address
from vpopmail.commands.terminal.running import plain_arguments, run_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
vdeluser: usage: vdeluser [-v] user@domain
    -v  print the version
"""


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vdeluser", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Delete the user that the words name; the exit status."""
    user, domain = parse_address(site, plain_arguments(words)[0])
    site.users.delete(f"{user}@{domain}")
    return 0


if __name__ == "__main__":
    main()
