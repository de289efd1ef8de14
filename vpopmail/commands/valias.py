"""valias: show, add and delete aliases.

Without an option, and with ``-s``, the delivery lines of an alias are shown, or those of all
aliases of a domain, sorted by alias. ``-i`` adds a line to an alias, which is made if it is not
there; the line is stored as it is given, and delivers as a line of a .qmail file does: to an
address, ``&joe@example.com``, to a program, ``|command``, or into a Maildir, ``/path/Maildir/``.
Of several of ``-n -s -d -i`` the last one counts.

The aliases are those of the account store, if it keeps any, else the .qmail files of the domain.
There ``default`` is the delivery of the whole domain, ``.qmail-default``: after
``-d default@domain`` all its mail bounces, as with the C program; ``vpopmail alias`` refuses that.

DIAGNOSTICS
    0; 255 if there is nothing to show, or the caller may not see it; 254 for an option that is
    none. What cannot be added or deleted is told on standard error, and ends with the code of the
    C library taken from 256: 237 no alias to delete, 245 no such domain.

Source: manual, "valias"; commands, aliases.
"""

from __future__ import annotations

import sys

from vpopmail.commands.terminal.address import parse_address
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import FAILED, fail, run_program, show_version
from vpopmail.errors import AliasNotFound, DomainNotFound, VpopmailError
from vpopmail.names import fold_domain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
valias: usage: valias [-v] [-s] alias@domain | domain
               valias [-v] -n domain
               valias [-v] -i line alias@domain
               valias [-v] -d alias@domain
    -s       show the lines of an alias, or of all aliases of a domain; also without an option
    -n       show the names of the aliases of a domain
    -i line  add a delivery line to an alias
    -d       delete an alias with all its lines
    -v       print the version
"""

_SHOW, _NAMES, _ADD, _DELETE = "s", "n", "i", "d"
_WRONG_OPTION = 254
_NO_DOMAIN = "invalid domain, not in qmail assign file"


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("valias", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Do what the words say about aliases; the exit status."""
    action, line, arguments = _parse(words)
    if not arguments:
        print("must supply alias email address", file=sys.stderr)
        raise Misuse
    try:
        if action == _ADD:
            return _add(site, arguments[0], line)
        if action == _DELETE:
            return _delete(site, arguments[0])
    except VpopmailError as error:
        return fail(error, out=sys.stderr)
    try:
        return _show(site, arguments[0], names=action == _NAMES)
    except DomainNotFound:
        print(_NO_DOMAIN)
    except VpopmailError as error:
        fail(error, out=sys.stderr)
    return FAILED


def _parse(words: list[str]) -> tuple[str, str, list[str]]:
    """What is to be done, the line for it, and the arguments."""
    try:
        options, arguments = parse(words, "vnsdi:")
    except Misuse as misuse:
        raise Misuse(misuse.complaint, _WRONG_OPTION) from None
    action, line = _SHOW, ""
    for option, value in options:
        if option == "v":
            show_version()
        else:
            action, line = option, value or ""
    return action, line, arguments


def _add(site: Vpopmail, address: str, line: str) -> int:
    alias, domain = parse_address(site, address)
    if line in (site.aliases.find_in(alias, domain) or ()):
        print(f"Error: alias {alias}@{domain} -> {line} already exists.", file=sys.stderr)
        return FAILED
    site.aliases.add_to(alias, domain, line)
    return 0


def _delete(site: Vpopmail, address: str) -> int:
    alias, domain = parse_address(site, address)
    try:
        site.aliases.delete_from(alias, domain)
    except AliasNotFound as error:
        print(f"Error: alias {alias}@{domain} does not exist.", file=sys.stderr)
        return error.code
    return 0


def _show(site: Vpopmail, address: str, *, names: bool) -> int:
    if "@" not in address:
        return _show_domain(site, fold_domain(address), names=names)
    if names:
        print("Please enter domain name only.", file=sys.stderr)
        return FAILED
    alias, domain = parse_address(site, address)
    if site.domains.find(domain) is None:
        raise DomainNotFound(domain)
    lines = site.aliases.find_in(alias, domain) or ()
    return _show_lines(site, ((alias, domain, lines),), f"No aliases {alias}@{domain} found")


def _show_domain(site: Vpopmail, domain: str, *, names: bool) -> int:
    missing = f"No aliases found for domain {domain}"
    if not names:
        every = ((alias, domain, lines) for alias, lines in site.aliases.iter(domain))
        return _show_lines(site, every, missing)
    found = site.aliases.names(domain)
    for name in found:
        print(name)
    return 0 if found else _nothing(site, missing)


def _show_lines(
    site: Vpopmail, aliases: Iterable[tuple[str, str, Iterable[str]]], missing: str
) -> int:
    shown = False
    for alias, domain, lines in aliases:
        for line in lines:
            print(f"{alias}@{domain} -> {line}")
            shown = True
    return 0 if shown else _nothing(site, missing)


def _nothing(site: Vpopmail, missing: str) -> int:
    """There was nothing to show; only the later release says so."""
    if site.settings.profile != "5.4":
        print(missing, file=sys.stderr)
    return FAILED


if __name__ == "__main__":
    main()
