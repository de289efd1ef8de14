"""vuserinfo: show what is stored of a user, or of all users of a domain.

Nothing is written: what is used of a quota is counted where maildirsize does not tell.

A listing of a large domain is quick as long as vpasswd tells all of it. Where logins are noted in
files, -l, or to show all, opens one in each home, which takes ten times as long and more; give
the fields that are wanted.

DIAGNOSTICS
    0; else a line on standard output. 1 ``Error: unable to setuid`` for who is neither root nor
    the owner of the domain; 255 ``no such user``, or the usage for words that do not fit; 245 no
    such domain.

Source: manual, "vuserinfo"; commands, listings.
"""

from __future__ import annotations

import os

from vpopmail.accounts.lookup import may_look
from vpopmail.commands.terminal.address import parse_address
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import Refusal, run_program, show_version
from vpopmail.commands.terminal.user_listing import FIELDS, UserListing
from vpopmail.errors import NotPermitted
from vpopmail.formats.user_columns import UserColumns
from vpopmail.settings.options import OLD_PROFILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
vuserinfo: usage: vuserinfo [options] user@domain
vuserinfo: usage: vuserinfo [options] -D domain
    -v  print the version
    -a  show all; that is so without a field, too
    -D  all users of a domain
    fields, shown in this order, without their names:
    -n -p -C -u -g -c -d   name, crypted password, clear password, uid, flags,
                           comment, home
    -q -Q -l               quota, how much of it is used, last login
"""
_SEPARATOR = "-" * 42 + "\n"


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vuserinfo", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Show the user or the users that the words name; the exit status."""
    options, arguments = parse(words, "vanpugcCdqQlD:")
    given = dict(options)
    if "v" in given:
        show_version()
    letters = "" if "a" in given else "".join([one for one in FIELDS if one in given])
    domain = given.get("D")
    try:
        if domain is not None:
            _show_all(site, domain, letters)
        elif arguments:
            _show(site, arguments[0], letters)
        else:
            raise Misuse
    except NotPermitted:
        raise _unable() from None
    return 0


def _show(site: Vpopmail, address: str, letters: str) -> None:
    name, domain = parse_address(site, address)
    user = site.users.find_in(name, domain)
    if user is None:
        _check_caller(site, domain)
        raise Refusal(f"no such user {name}@{domain}" if domain else f"no such user {name}")
    print(UserListing(site, domain, letters).text(UserColumns.of([user])), end="")


def _show_all(site: Vpopmail, domain: str, letters: str) -> None:
    _check_caller(site, domain)
    above = "" if site.settings.profile == OLD_PROFILE else _SEPARATOR
    listing = UserListing(site, domain, letters, above)
    for users in site.users.stream_columns(domain):
        print(listing.text(users), end="")


def _check_caller(site: Vpopmail, domain: str) -> None:
    """Refuse who may not see the domain; he need not know either that there is none."""
    entry = site.installation.resolve(domain)
    may = os.geteuid() == 0 if entry is None else may_look(site.installation, entry)
    if not may:
        raise _unable()


def _unable() -> Refusal:
    return Refusal("Error: unable to setuid", 1)


if __name__ == "__main__":
    main()
