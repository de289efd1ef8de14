"""dotqmail2valias: move aliases from .qmail files into the tables of a database.

For a site whose account store keeps aliases (the option ``valias``). As long as an alias has a
file, qmail takes that; so each one is stored first, and then its file goes, and at every moment
mail is delivered by one of the two. Killed anywhere, the same call does the rest.

An alias stays in its file, and is told with the reason, where mail would go another way: mailing
lists, aliases that the store has with other lines, lines that it cannot keep, an mbox, a file that
is without lines, executable, or writable by others, an alias with an owner, ``x-owner``, and one
whose mail a file that stays would take, ``x-y`` beside ``x-default``.

DIAGNOSTICS
    0, also if aliases stay; 255 with the usage, and if aliases are kept in files; 245 if a domain
    is not there, the others are done all the same; else ``Error:`` and the reason on standard
    output, and the code of the C library taken from 256.

Source: manual, "dotqmail2valias"; commands, conversions.
"""

from __future__ import annotations

import sys

from vpopmail.codes import VA
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import FAILED, run_program, show_version
from vpopmail.errors import AliasExists, AliasStays, AliasUnreadable, InvalidInput, VpopmailError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
usage: dotqmail2valias [-v] [-d] -a | domain ...
    -a  the aliases of all domains
    -d  show the delivery lines, too
    -v  print the version
"""
_NOT_CONFIGURED = (
    "You must enable valiases (./configure --enable-valias) to use this program.\n"
    "Here that is the option valias of a site whose accounts are in a database."
)


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("dotqmail2valias", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Move the aliases of the domains that the words name; the exit status."""
    if not site.aliases.are_in_store:
        print(_NOT_CONFIGURED, file=sys.stderr)
        return FAILED
    options, domains = parse(words, "avd")
    letters = {letter for letter, _ in options}
    if "v" in letters:
        show_version()
    if "a" in letters:
        domains = [entry.domain for entry in site.domains]
    elif not domains:
        raise Misuse
    codes = [_convert(site, domain, shows="d" in letters) for domain in domains]
    return next(filter(None, codes), 0)


def _convert(site: Vpopmail, domain: str, *, shows: bool) -> int:
    entry = site.domains.find(domain)
    if entry is None:
        print(f"Error, domain {domain} not found in users/cdb.", file=sys.stderr)
        return VA.DOMAIN_DOES_NOT_EXIST
    if entry.is_alias:
        print(f"Skipping {entry.domain} (alias of {entry.realdomain}).", file=sys.stderr)
        print(f"conversion of {entry.domain} failed", file=sys.stderr)
        return 0
    print(f"converting {entry.domain}")
    for alias in site.aliases.in_files(entry.domain):
        _move(site, f"{alias}@{entry.domain}", shows=shows)
    return 0


def _move(site: Vpopmail, address: str, *, shows: bool) -> None:
    print(f"  checking {address}...", end="")
    try:
        site.aliases.move_to_store(address)
    except AliasExists:
        print("valias already exists, skipping.")
    except AliasStays as error:
        print(f"{error.advice}, skipping.")
    except (AliasUnreadable, InvalidInput) as error:
        print(f"{error}, skipping.")
    except (VpopmailError, OSError):
        print()
        raise
    else:
        lines = site.aliases.get(address)
        print(f" converted {len(lines)} entries.")
        for line in lines if shows else ():
            print(f"    {line}")


if __name__ == "__main__":
    main()
