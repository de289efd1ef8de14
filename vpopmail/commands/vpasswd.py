"""vpasswd: give a user another password.

It is asked for, twice, at the terminal; without one both lines come from standard input. Better so
than on the command line, which everybody on the machine can read.

DIAGNOSTICS
    0; else ``Error:`` and the reason on standard output, and the code of the C library taken from
    256: 255 no such user or domain, one who may not change his password (which standard error
    tells), who is neither root nor the owner of the domain, or words that do not fit, with the
    usage; 229 the password is too long, 187 to 182 the site's policy refuses it.

Source: manual, "vpasswd"; commands, passwords, quota.
"""

from __future__ import annotations

import sys

from vpopmail.commands.terminal.address import parse_address
from vpopmail.commands.terminal.new_password import NewPassword
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import run_program, show_version
from vpopmail.errors import DomainNotFound, InvalidUserName, NotPermitted, UserNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
vpasswd: usage: vpasswd [options] user@domain [password]
    -v     print the version
    -r[n]  a random password of n characters, which is printed
"""


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vpasswd", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Give the user that the words name another password; the exit status."""
    options, arguments = parse(words, "vr::")
    source = NewPassword(site.settings, arguments[1] if len(arguments) > 1 else None)
    for letter, value in options:
        if letter == "v":
            show_version()
        else:
            source.randomise(value)
    if not arguments:
        raise Misuse
    user, domain = parse_address(site, arguments[0])
    password = source.choose(arguments[0])
    try:
        site.users.change_own_password(user, domain, password)
    except (UserNotFound, DomainNotFound):
        raise InvalidUserName(f"{user}@{domain}") from None
    except NotPermitted as error:
        print(error, file=sys.stderr)
        raise InvalidUserName(f"{user}@{domain}") from None
    source.show(password)
    return 0


if __name__ == "__main__":
    main()
