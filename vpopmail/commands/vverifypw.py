"""vverifypw: tell whether a password is a user's.

What is not on the command line is asked for: the address on standard input, the password at the
terminal. Flags and limits are not looked at. A wrong answer for a user who does not exist takes as
long as for one who does.

DIAGNOSTICS
    0 ``User authenticated.``; 255 ``Error: authentication failed!``, also for an unknown user and
    for who may not see him, or the usage for words that do not fit.

Source: commands, only in the later release.
"""

from __future__ import annotations

# As all that compares passwords does it.
from _operator import _compare_digest as same_bytes

from vpopmail.commands.terminal.address import parse_address
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.prompt import ask_password, read_line
from vpopmail.commands.terminal.running import Refusal, run_program, show_version
from vpopmail.errors import NotPermitted
from vpopmail.formats.text import to_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
vverifypw: usage: vverifypw [options] [user@domain] [password]
    -v  print the version
    -h  print this
    -e  it is a crypt string, to be compared with the one that is stored
"""


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vverifypw", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Check the password that the words name, or that is asked for; the exit status."""
    options, arguments = parse(words, "hve")
    given = dict(options)
    if "v" in given:
        show_version()
    if "h" in given:
        raise Misuse(code=0)
    address, password, *_ = [*arguments, None, None]
    if address is None:
        print("Please enter the email address: ", end="", flush=True)
        address = read_line()
    if not address:
        raise Misuse
    name, domain = parse_address(site, address)
    if password is None:
        password = ask_password("Enter password: ")
    check = _is_stored if "e" in given else _is_right
    try:
        is_right = check(site, name, domain, password)
    except NotPermitted:
        is_right = False
    if not is_right:
        raise Refusal("Error: authentication failed!")
    print("User authenticated.")
    return 0


def _is_right(site: Vpopmail, name: str, domain: str, password: str) -> bool:
    return site.users.authenticate(name, domain, password) is not None


def _is_stored(site: Vpopmail, name: str, domain: str, crypted: str) -> bool:
    user = site.users.find_in(name, domain)
    if user is None or not user.pw_passwd:
        return False
    return same_bytes(to_bytes(user.pw_passwd), to_bytes(crypted))


if __name__ == "__main__":
    main()
