"""vpopbull: put a message into the mailbox of every user.

The message is a file with its header lines, but for ``To:``, which each copy gets. Without a
domain all domains of the site are meant, each by its real name. An alias domain stands for the
real one.

Each user's copy is written by way of ``tmp`` and counts as mail that came; quotas keep nobody from
getting it. Links share the one file, so it has to be readable for the owner of the domains and to
stay where it is; its owner and mode are left alone.

DIAGNOSTICS
    A domain that is not there, and a user who could not get it, are told on standard error, and
    the others get theirs; the exit status is then 245 for the domain and 255 for the user. 255
    also for words that do not fit, and for a file that is empty or cannot be read.

Source: manual, "vpopbull"; commands, bulk and upkeep.
"""

from __future__ import annotations

import sys

from vpopmail.codes import VA
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import (
    FAILED,
    complain,
    open_site,
    run_without_site,
    show_version,
)
from vpopmail.errors import InvalidInput
from vpopmail.log import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

NAME = "vpopbull"
USAGE = """\
usage: vpopbull [options] -f file [domain ...]
    -f file  the message: header lines, an empty line, text
    -e file  addresses that do not get it, one a line
    -c       each user gets a copy (the default)
    -h       each user gets a hard link to the file
    -s       each user gets a symbolic link to the file
    -n       nobody gets it: only list who would
    -V       list who gets it
    -v       print the version
"""
_WAYS = {"c": "copy", "h": "hard link", "s": "symbolic link"}


class _Unreadable(Exception):
    """A file that was named cannot be used."""


class Order:
    """What is to be done, as the options say.

    Args:
        options: as they were parsed.

    Attributes:
        message, excluded: paths of the message and of the addresses that do not get it.
        way: how users get it.
        lists, delivers: whether they are listed, and whether they get it.
    """

    def __init__(self, options: list[tuple[str, str | None]]) -> None:
        given = dict(options)
        self.message = given.get("f")
        self.excluded = given.get("e")
        self.way = next((_WAYS[letter] for letter, _ in options[::-1] if letter in _WAYS), "copy")
        self.delivers = "n" not in given
        self.lists = "V" in given or not self.delivers


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """

    def work(words: list[str]) -> int:
        if not words:
            raise Misuse  # even where no site can be opened
        with open_site(NAME, settings) as site:
            return run(site, words)

    run_without_site(NAME, work, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Send the bulletin that the words name; the exit status."""
    options, domains = parse(words, "Vvcshnf:e:")
    if ("v", None) in options:
        show_version()
    order = Order(options)
    if order.message is None and order.delivers:
        print("Error: email_file not specified", file=sys.stderr)
        raise Misuse
    try:
        if order.message is not None and order.delivers:
            _check_message(site, order.message)
        excluded = [] if order.excluded is None else _addresses(order.excluded)
    except _Unreadable as error:
        print(error, file=sys.stderr)
        if isinstance(error.__cause__, OSError):
            complain(NAME, reason(error.__cause__))
        return FAILED
    if domains:
        found, code = _known(site, domains)
    else:
        found, code = _all(site, tells=order.lists), 0
    return _send(site, order, found, excluded) or code


def _check_message(site: Vpopmail, path: str) -> None:
    try:
        site.bulletins.send(path, ())
    except OSError as error:
        raise _Unreadable(f"Could not open file {path}") from error
    except InvalidInput:
        raise _Unreadable(f"Error: {path} is empty") from None


def _addresses(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as lines:
            return [line.strip() for line in lines]
    except OSError as error:
        raise _Unreadable(f"Could not open file {path}") from error


def _known(site: Vpopmail, names: list[str]) -> tuple[list[str], int]:
    """Those of some domains that are there, and the exit status for the others."""
    found = []
    code = 0
    for name in names:
        if name in site.domains:
            found.append(name)
        else:
            print(f"Error: domain {name} does not exist", file=sys.stderr)
            code = VA.DOMAIN_DOES_NOT_EXIST
    return found, code


def _all(site: Vpopmail, *, tells: bool) -> list[str]:
    """The real domains of the site."""
    found = []
    entries = list(site.domains)
    for entry in entries:
        if not entry.is_alias:
            found.append(entry.domain)
        elif tells:
            told = f"skipping {entry.domain} (alias of {entry.realdomain})"
            print(told, file=sys.stderr)
    if not entries:
        print("What now - Success")
    return found


def _send(site: Vpopmail, order: Order, domains: list[str], excluded: list[str]) -> int:
    if not order.delivers or order.message is None:
        for address in site.bulletins.recipients(domains, exclude=excluded):
            print(address)
        return 0

    def tell(address: str, reason: str) -> None:
        if reason:
            home = getattr(site.users.find(address), "pw_dir", "")
            print(f"{address}: ERROR COPYING TO {home}", file=sys.stderr)
            complain(NAME, reason)
        elif order.lists:
            print(address)

    sent = site.bulletins.send(
        order.message, domains, exclude=excluded, way=order.way, progress=tell
    )
    return FAILED if sent.failed else 0


if __name__ == "__main__":
    main()
