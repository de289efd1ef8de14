"""vmakedotqmail: give users delivery files of their own, made of control/defaultdelivery.

Where the site has default delivery (the option ``defaultdelivery``), the mail of a user without a
file ``.qmail`` in his home goes where qmail's ``control/defaultdelivery`` says. This program copies
that file into the homes, for qmail's own programs or another delivery agent to find it there.

A file that is there is kept, unless ``-o`` or ``-r`` is given. The files belong to the owner of the
domain, mode 0600. A link of a mailbox owner is never followed, and a home that is not below the
directory of its domain is passed over.

With ``-q`` the ``.qmail-default`` of the domains is replaced, all of its lines: by the text as it
stands, or, for the word ``default``, by the line that lets vdelivermail delete the mail of unknown
users. Users are then left alone, unless ``-o`` or ``-r`` is given as well.

DIAGNOSTICS
    0; a user whose file cannot be written is told on standard error, and the others get theirs:
    then 255. 255 also for a domain that is not there, a site without the option, and words that do
    not fit; 246 for a user who is not there.

Source: commands, programs of the later release.
"""

from __future__ import annotations

import sys

from vpopmail.accounts.default_delivery import rewrite_default
from vpopmail.commands.terminal.address import parse_address
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import FAILED, complain, run_program, show_version
from vpopmail.delivery.own_lines import (
    KEPT,
    REPLACED,
    give_lines,
    read_default_lines,
    remove_lines,
)
from vpopmail.errors import NotPermitted, VpopmailError
from vpopmail.formats.dotqmail import default_delivery
from vpopmail.formats.text import to_text
from vpopmail.log import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.site import Vpopmail

NAME = "vmakedotqmail"
USAGE = """\
vmakedotqmail: usage: vmakedotqmail [options] -u user@domain | -d domain | -A
    -u user@domain  only this user
    -d domain       all users of this domain
    -A              all users of all domains; -a is the same
    -o              replace a .qmail that is there
    -r              remove the .qmail
    -q text         replace the domains' .qmail-default by this text; default: by
                    the line of vdelivermail that deletes the mail of unknown users
    -t              only tell what would be done
    -h              show this text
    -v              print the version
"""
_DOMAINS = frozenset("dAa")
_RULE = "=" * 66
_OWN_PROGRAM = b"vdelivermail"


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program(NAME, run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Write the files that the words ask for; the exit status."""
    options, _ = parse(words, "u:d:Aaorq:thv")
    given = dict(options)
    if "v" in given:
        show_version()
    if "h" in given or not given.keys() & {"u", "q", *_DOMAINS}:
        raise Misuse
    if "q" in given and not given.keys() & _DOMAINS:
        print("If using -q, always pass argument -d <domain> or -A (all)")
        return FAILED
    if not site.settings.defaultdelivery:
        needed = "You must enable defaultdelivery (in etc/vpopmail.toml) to use this program."
        print(needed, file=sys.stderr)
        return FAILED
    try:
        return Work(site, given).do()
    except FileNotFoundError as error:
        complain(NAME, reason(error))
        return FAILED


class Work:
    """What the options ask for.

    Args:
        site: where.
        options: their values by letter.

    Raises:
        FileNotFoundError: there is no control/defaultdelivery.
    """

    def __init__(self, site: Vpopmail, options: dict[str, str | None]) -> None:
        self.site = site
        self.replaces = "o" in options
        self.removes = "r" in options
        self.dry_run = "t" in options
        self.mark = "**TESTING** " if self.dry_run else ""
        self.default = self._default(options.get("q"))
        self.for_users = self.default is None or self.replaces or self.removes
        self.user = options.get("u")
        self.name = options.get("d")
        self.code = 0
        self.content = b""
        if self.for_users and not self.removes:
            self.content = read_default_lines(site.settings)

    def _default(self, text: str | None) -> str | None:
        if text != "default":
            return text
        return to_text(default_delivery(f"{self.site.settings.bindir}/vdelivermail", "delete"))

    def do(self) -> int:
        """Do it; the exit status."""
        if self._is_in_vain():
            print("SKIP (control/defaultdelivery already has vdelivermail)")
        elif self.user is not None:
            self._one(self.user)
        elif self.name is not None:
            self._domain_named(self.name)
        else:
            self._all()
        return self.code

    def _is_in_vain(self) -> bool:
        """Whether a file of a user would hand the mail back to whom it comes from."""
        lines = self.content.split(b"\n")
        return any(_OWN_PROGRAM in line for line in lines if not line.startswith(b"#"))

    def _one(self, address: str) -> None:
        name, host = parse_address(self.site, address)
        user = self.site.users.get(f"{name}@{host}")
        self._user(self.site.domains.get(host), user)

    def _domain_named(self, name: str) -> None:
        entry = self.site.domains.find(name)
        if entry is None:
            print(f"Error: Domain {name} does not exist")
            self.code = FAILED
        else:
            self._domain(entry)

    def _all(self) -> None:
        for entry in self.site.domains:
            if entry.is_alias:
                print(f"SKIP domain: {entry.domain} (alias of {entry.realdomain})")
            else:
                self._domain(entry)

    def _domain(self, entry: DomainEntry) -> None:
        print(f"{_RULE}\nDomain: {entry.realdomain}\n")
        if self.default is not None:
            rewrite_default(
                self.site.installation, entry.realdomain, self.default, dry_run=self.dry_run
            )
            line = self.default.removesuffix("\n")
            print(f'{self.mark}{entry.realdomain}: rewriting .qmail-default: "{line}": DONE')
        if self.for_users:
            for user in self.site.users.iter(entry.realdomain):
                self._user(entry, user)
        print(f"{_RULE}\n")

    def _user(self, entry: DomainEntry, user: VqPasswd) -> None:
        address = f"{user.pw_name}@{entry.realdomain}"
        try:
            told = self._done(entry, user)
        except NotPermitted:
            raise
        except (VpopmailError, OSError) as error:
            complain(NAME, f"{address}: {reason(error)}")
            self.code = FAILED
            return
        if told:
            print(f"{self.mark}{address} {told}")

    def _done(self, entry: DomainEntry, user: VqPasswd) -> str:
        installation = self.site.installation
        if self.removes:
            removed = remove_lines(installation, entry, user, dry_run=self.dry_run)
            return "REMOVED existing .qmail" if removed else ""
        done = give_lines(
            installation, entry, user, self.content, replace=self.replaces, dry_run=self.dry_run
        )
        if done == KEPT:
            return "SKIP (.qmail already exists)"
        return "DONE (existing .qmail overwritten)" if done == REPLACED else "DONE"


if __name__ == "__main__":
    main()
