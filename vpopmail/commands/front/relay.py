"""vpopmail relay: the addresses that may send mail for a while after a login.

The library has no plans for them: a login opens the relay in one act and must be quick. A dry run
prints what they would be.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from time import time

from vpopmail.commands.front.arguments import Noun, add_dry_run, add_json
from vpopmail.commands.front.showing import report, show_records, show_time
from vpopmail.errors import InvalidIpAddress
from vpopmail.formats.ip_address import canonical
from vpopmail.plan.steps import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping

    from vpopmail.site import Vpopmail

_MINUTE = 60
_MOST = 1_000_000_000  # minutes


def make_parser() -> ArgumentParser:
    """The parser of the noun."""
    noun = Noun(
        "vpopmail relay",
        "The addresses that may send mail for a while after a login.\n"
        "The option roaming_users lets each login add its own.",
    )
    parser = noun.action(
        "list",
        _list,
        "[OPTION]...",
        "List the addresses.",
        "Keys of JSON: address, last_login (seconds since 1970).",
    )
    add_json(parser)
    parser = noun.action(
        "add",
        _add,
        "[OPTION]... ADDRESS",
        "Let an address send mail from now on, as a login from there does.",
    )
    parser.add_argument("address", metavar="ADDRESS", help="an IPv4 or IPv6 address")
    add_dry_run(parser)
    parser = noun.action(
        "clear",
        _clear,
        "[OPTION]...",
        "Forget the addresses from which nobody has logged in for long.",
    )
    parser.add_argument(
        "--older-than",
        metavar="MINUTES",
        type=_minutes,
        help="how long that is, 0 for all; else what the option relay_clear_minutes says",
    )
    add_dry_run(parser)
    parser = noun.action("rebuild", _rebuild, "[OPTION]...", "Compile the rules of tcpserver anew.")
    add_dry_run(parser)
    return noun.parser


def _minutes(text: str) -> float:
    """Raises: ArgumentTypeError, ValueError."""
    value = float(text)
    if not 0 <= value <= _MOST:  # as it is for what is no number at all, "nan"
        raise ArgumentTypeError(f"give minutes, from 0 to {_MOST}")
    return value


def _list(site: Vpopmail, arguments: Namespace) -> int:
    records = (
        {"address": address, "last_login": seconds} for address, seconds in site.relay.addresses()
    )
    return show_records(records, _line, as_json=arguments.json)


def _line(record: Mapping[str, object]) -> str:
    return f"{record['address']}\t{show_time(int(str(record['last_login'])))}"


def _add(site: Vpopmail, arguments: Namespace) -> int:
    address = canonical(arguments.address)
    if address is None:
        raise InvalidIpAddress(arguments.address)
    if not arguments.dry_run:
        site.relay.open(address)
        return 0
    plan = Plan(f"let {address} send mail")
    plan.add("accounts", f"{address} with the time of now", lambda: None, commit=True)
    return _told(site, plan, ", unless it has the address")


def _clear(site: Vpopmail, arguments: Namespace) -> int:
    minutes = arguments.older_than
    if minutes is None:
        minutes = site.settings.relay_clear_minutes
    if not arguments.dry_run:
        site.relay.clear(minutes * _MINUTE)
        return 0
    until = int(time() - minutes * _MINUTE)
    plan = Plan("forget addresses")
    for address, seconds in site.relay.addresses():
        if seconds <= until:
            plan.add("accounts", f"without {address}", lambda: None, commit=True)
    return _told(site, plan)


def _rebuild(site: Vpopmail, arguments: Namespace) -> int:
    if arguments.dry_run:
        return _told(site, Plan("compile the rules"))
    site.relay.rebuild()
    return 0


def _told(site: Vpopmail, plan: Plan, more: str = "") -> int:
    """Print what would be done, with the compiling that follows it.

    Args:
        site: whose rules are compiled.
        plan: of what goes before.
        more: words about the compiling.
    """
    if site.settings.rebuild_tcpserver_file:
        file = f"{site.settings.tcpserver_file}.cdb"
        plan.add("accounts", f"compile {file}{more}", lambda: None)
    return report(plan, dry_run=True)
