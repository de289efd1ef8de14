"""vadduser: add a user, with a home and a Maildir.

The user is there with password, comment and quota at once, or not at all. The password is asked
for, twice, at the terminal; without one both lines come from standard input. Better so than on the
command line, which everybody on the machine can read.

DIAGNOSTICS
    0; else ``Error:`` and the reason on standard output. 255 for a domain that does not exist, a
    user who does, a name that cannot be, and with the usage for words that do not fit. Otherwise
    the code of the C library taken from 256: 231 the name is too long, 229 the password, 228 the
    comment, 227 the quota or it is none, 236 a character that cannot be stored, 187 to 182 the
    site's policy refuses the password. 251 for who is neither root nor the owner of the domain.

BUGS
    ``-s`` does nothing; it has done nothing for long.

Source: manual, "vadduser"; commands, users.
"""

from __future__ import annotations

import sys

from vpopmail.codes import VA, verror
from vpopmail.commands.terminal.address import parse_address
from vpopmail.commands.terminal.new_password import NewPassword
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import Refusal, run_program, show_version
from vpopmail.errors import NotPermitted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
vadduser: usage: vadduser [options] user@domain [password]
    -v        print the version
    -q quota  what the user may keep: 10M, 1000C, 10M,1000C or NOQUOTA;
              else what the limits of the domain say
    -c text   a comment; else the name of the user
    -e crypt  store this crypt string, and ask for no password
    -n        no password: no login (not with the profile 5.6)
    -r[n]     a random password of n characters, which is printed
    -s        nothing
"""


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vadduser", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Add the user that the words name; the exit status."""
    options, arguments = parse(words, "vsnc:q:e:r::")
    given = dict(options)
    source = NewPassword(site.settings, arguments[1] if len(arguments) > 1 else None)
    if "v" in given:
        show_version()
    if "s" in given:
        print("Warning: The -s option has been temporarily disabled.", file=sys.stderr)
    if "n" in given and not source.is_old:
        raise Misuse("invalid option -- 'n'")
    if "r" in given:
        source.randomise(given["r"])
    if not arguments:
        raise Misuse
    user, domain = parse_address(site, arguments[0])
    _check_new(site, user, domain)
    crypted, password = given.get("e"), None
    if crypted is None and "n" not in given:
        password = source.choose(arguments[0])
    elif source.is_random:
        raise Misuse("-r goes neither with -e nor with -n")
    quota = given.get("q")
    site.users.add_to(
        user,
        domain,
        password,
        crypted=crypted,
        gecos=given.get("c") or "",
        quota=None if quota is None else quota.upper(),
    )
    if password is not None:
        source.show(password)
    return 0


def _check_new(site: Vpopmail, user: str, domain: str) -> None:
    """Refuse what needs no password to be refused."""
    if not domain:
        raise Refusal(
            "You did not use a full email address for the user name\n"
            "Only full email addresses should be used"
        )
    if site.installation.resolve(domain) is None:
        raise Refusal("Error: Domain does not exist")
    try:
        is_there = site.users.find_in(user, domain) is not None
    except NotPermitted as error:
        print(error, file=sys.stderr)
        raise Refusal(f"Error: {verror(VA.BAD_D_DIR)}", VA.BAD_D_DIR) from None
    if is_there:
        raise Refusal("Error: User already exists")


if __name__ == "__main__":
    main()
