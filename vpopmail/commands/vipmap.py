"""vipmap: show and change which domains the addresses of this server stand for.

With the option ``ip_alias_domains``, who logs in without a domain gets that of the address that
he has connected to. ``-a`` maps an address to a domain, which need not be there yet; with accounts
in files an address may have several, of which the first counts. ``-d`` forgets a pair. Of several
of ``-a -d -p`` the last one counts; without one the map is shown.

DIAGNOSTICS
    0, also without ``ip_alias_domains``, which it then says; 255 with the usage, and if there is no
    such pair to forget; else ``Error:`` and the reason on standard output, and the code of the C
    library taken from 256: 217 no address, 244 no name of a domain.

Source: manual, "vipmap"; commands, IP map.
"""

from __future__ import annotations

import sys

from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import FAILED, run_program, show_version
from vpopmail.errors import IpMapNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
vipmap: usage: vipmap [-v] [-p]
               vipmap [-v] -a ip domain
               vipmap [-v] -d ip domain
    -p  show the map
    -a  map an address of this server to a domain
    -d  forget that an address is mapped to a domain
    -v  print the version
"""
_NOT_CONFIGURED = """\
IP aliases are not compiled into vpopmail
They are an option of the site: with

    ip_alias_domains = true

in etc/vpopmail.toml, logins without a domain get that of the server's address.
"""
_SHOW, _ADD, _DELETE = "p", "a", "d"
_A_PAIR = 2


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vipmap", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Show or change the map; the exit status."""
    if not site.settings.ip_alias_domains:
        print(_NOT_CONFIGURED, end="")
        return 0
    if not words:
        raise Misuse
    options, arguments = parse(words, "vpad")
    action = _SHOW
    for option, _ in options:
        if option == "v":
            show_version()
        else:
            action = option
    if action == _SHOW:
        for address, domain in site.ip_maps:
            print(address, domain)
        return 0
    if len(arguments) < _A_PAIR:
        raise Misuse
    return _change(site, action, *arguments[:_A_PAIR])


def _change(site: Vpopmail, action: str, address: str, domain: str) -> int:
    if action == _ADD:
        site.ip_maps.add(address, domain)
        return 0
    try:
        site.ip_maps.delete(address, domain)
    except IpMapNotFound:
        print(f"Error: {address} is not mapped to {domain}", file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    main()
