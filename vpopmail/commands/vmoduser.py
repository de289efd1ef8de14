"""vmoduser: change what is stored of a user, or of all users of a domain.

Flags are set besides those that a user has; ``-x`` takes all of them away first. A whole domain
is one change: all its users are changed, or none.

DIAGNOSTICS
    0; else a line on standard output. 255 with ``no such user``, or with the usage for words that
    do not fit. Else ``Error:`` and the reason, and the code of the C library taken from 256: 245
    no such domain, 236 a character that cannot be stored, 229 the password is too long, 228 the
    comment, 227 the quota or it is none, 226 the directory.

BUGS
    ``-n`` does nothing: vpasswd.cdb always goes with vpasswd, since it is not made anew but only
    changed. ``-D`` moves nothing.

Source: manual, "vmoduser"; commands, users.
"""

from __future__ import annotations

import os

from vpopmail import records
from vpopmail.accounts.user_edits import (
    directory_edits,
    flag_edits,
    gecos_edits,
    password_edits,
    quota_edits,
)
from vpopmail.commands.terminal.address import parse_address
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import Refusal, run_program, show_version
from vpopmail.errors import DomainNotFound, UserNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.accounts.user_edits import Edit
    from vpopmail.site import Vpopmail

USAGE = """\
vmoduser: usage: vmoduser [options] user@domain
vmoduser: usage: vmoduser [options] domain
    -v        print the version
    -h        print this
    -c text   the comment
    -q quota  what he may keep: 10M, 1000C, 10M,1000C or NOQUOTA
    -C clear  a password
    -e crypt  a crypt string instead; no clear password is kept
    -D dir    where the home is; nothing is moved
    -n        nothing
    flags:
    -x        none but those that are named here
    -d -p -s -w -i -r -u   no change of the password, no POP, no SMTP, no webmail,
                           no IMAP, no relaying, no dial-up
    -b        his mail is bounced
    -o        the limits of the domain are not for him
    -f -F -m  no SpamAssassin, spam is deleted, no maildrop
    -a        administrator of his domain in qmailadmin
    -S -E     system administrator, expert; for root only
    -0 -1 -2 -3  of no fixed meaning
"""
_FLAGS = {
    "d": records.NO_PASSWD_CHNG,
    "p": records.NO_POP,
    "s": records.NO_SMTP,
    "w": records.NO_WEBMAIL,
    "i": records.NO_IMAP,
    "b": records.BOUNCE_MAIL,
    "o": records.V_OVERRIDE,
    "r": records.NO_RELAY,
    "u": records.NO_DIALUP,
    "0": records.V_USER0,
    "1": records.V_USER1,
    "2": records.V_USER2,
    "3": records.V_USER3,
    "a": records.QA_ADMIN,
    "S": records.SA_ADMIN,
    "E": records.SA_EXPERT,
    "f": records.NO_SPAMASSASSIN,
    "F": records.DELETE_SPAM,
    "m": records.NO_MAILDROP,
}
_OF_ROOT = "SE"


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vmoduser", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Change the user or the users that the words name; the exit status."""
    options, arguments = parse(words, "D:avunxc:q:dpswibro0123he:C:fFSEm")
    given = dict(options)
    if "v" in given:
        show_version()
    if "h" in given:
        raise Misuse(code=0)
    if not arguments:
        raise Misuse
    whose = arguments[0]
    if "@" not in whose:
        site.users.edit_all(whose, _edits(site, given))
        return 0
    user, domain = parse_address(site, whose)
    try:
        site.users.edit(user, domain, _edits(site, given))
    except (UserNotFound, DomainNotFound):
        raise Refusal(f"no such user {user}@{domain}") from None
    return 0


def _edits(site: Vpopmail, given: dict[str, str | None]) -> list[Edit]:
    """What the options change in a record."""
    bits = 0
    for letter, bit in _FLAGS.items():
        if letter in given and (letter not in _OF_ROOT or os.getuid() == 0):
            bits |= bit
    clear, quota = given.get("C"), given.get("q")
    crypted = given.get("e") if clear is None else None
    return [
        *flag_edits(0 if "x" in given else None, bits, 0),
        *gecos_edits(site.settings, given.get("c")),
        *quota_edits(None if quota is None else quota.upper()),
        *password_edits(site.installation, clear, crypted),
        *directory_edits(given.get("D")),
    ]


if __name__ == "__main__":
    main()
