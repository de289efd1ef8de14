"""vpopmail ip-map: which domain an address of the server stands for."""

from __future__ import annotations

from vpopmail.commands.front.arguments import Noun, add_dry_run, add_json
from vpopmail.commands.front.showing import report, show_records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from vpopmail.plan.steps import Plan
    from vpopmail.site import Vpopmail


def make_parser() -> ArgumentParser:
    """The parser of the noun."""
    noun = Noun(
        "vpopmail ip-map",
        "Which domain an address of the server stands for, in names without a domain.\n"
        "The option ip_alias_domains lets it have its effect.",
    )
    parser = noun.action(
        "list", _list, "[OPTION]...", "List the addresses.", "Keys of JSON: address, domain."
    )
    add_json(parser)
    parser = noun.action(
        "add",
        _add,
        "[OPTION]... ADDRESS DOMAIN",
        "Let an address stand for one more domain.",
        "Only the first one counts; a database keeps one for each address, and replaces it.",
    )
    _add_pair(parser)
    parser = noun.action(
        "set", _set, "[OPTION]... ADDRESS DOMAIN", "Let an address stand for this domain alone."
    )
    _add_pair(parser)
    parser = noun.action(
        "delete",
        _delete,
        "[OPTION]... ADDRESS [DOMAIN]",
        "Let an address stand for a domain no more.",
    )
    _add_address(parser)
    parser.add_argument("domain", metavar="DOMAIN", nargs="?", help="only this one; else all")
    add_dry_run(parser)
    return noun.parser


def _add_pair(parser: ArgumentParser) -> None:
    _add_address(parser)
    parser.add_argument("domain", metavar="DOMAIN", help="what it stands for")
    add_dry_run(parser)


def _add_address(parser: ArgumentParser) -> None:
    parser.add_argument("address", metavar="ADDRESS", help="an IPv4 or IPv6 address of the server")


def _list(site: Vpopmail, arguments: Namespace) -> int:
    records = ({"address": address, "domain": domain} for address, domain in site.ip_maps)
    return show_records(
        records, lambda one: f"{one['address']}\t{one['domain']}", as_json=arguments.json
    )


def _add(site: Vpopmail, arguments: Namespace) -> int:
    return _put(site, arguments, site.ip_maps.add)


def _set(site: Vpopmail, arguments: Namespace) -> int:
    return _put(site, arguments, site.ip_maps.set)


def _put(site: Vpopmail, arguments: Namespace, put: Callable[..., Plan]) -> int:
    """Map the address to a domain that is there: to another one nobody could log in."""
    site.domains.get(arguments.domain)
    plan = put(arguments.address, arguments.domain, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)


def _delete(site: Vpopmail, arguments: Namespace) -> int:
    plan = site.ip_maps.delete(arguments.address, arguments.domain, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)
