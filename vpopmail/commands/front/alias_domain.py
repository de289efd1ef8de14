"""vpopmail alias-domain: names that stand for domains."""

from __future__ import annotations

from vpopmail.commands.front.arguments import Noun, add_dry_run, add_json
from vpopmail.commands.front.showing import report, show_records
from vpopmail.errors import InvalidDomainName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from vpopmail.site import Vpopmail


def make_parser() -> ArgumentParser:
    """The parser of the noun."""
    noun = Noun(
        "vpopmail alias-domain", "Names that stand for domains: the same users, the same mailboxes."
    )
    parser = noun.action(
        "list",
        _list,
        "[OPTION]... [DOMAIN]",
        "List the alias domains.",
        "Keys of JSON: alias_domain, domain.",
    )
    parser.add_argument("domain", metavar="DOMAIN", nargs="?", help="only those of this domain")
    add_json(parser)
    parser = noun.action("add", _add, "[OPTION]... NAME DOMAIN", "Let a name stand for a domain.")
    _add_names(parser)
    parser = noun.action(
        "set",
        _set,
        "[OPTION]... NAME DOMAIN",
        "Let an alias domain stand for another domain than before.",
    )
    _add_names(parser)
    parser = noun.action(
        "delete", _delete, "[OPTION]... NAME", "Let a name stand for a domain no more."
    )
    parser.add_argument("name", metavar="NAME", help="the alias domain")
    add_dry_run(parser)
    return noun.parser


def _add_names(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the alias domain")
    parser.add_argument("domain", metavar="DOMAIN", help="what it stands for")
    add_dry_run(parser)


def _list(site: Vpopmail, arguments: Namespace) -> int:
    if arguments.domain is None:
        entries = iter(site.domains)
    else:
        entries = site.domains.iter(site.domains.get(arguments.domain).realdomain)
    records = (
        {"alias_domain": entry.domain, "domain": entry.realdomain}
        for entry in entries
        if entry.is_alias
    )
    return show_records(
        records, lambda one: f"{one['alias_domain']}\t{one['domain']}", as_json=arguments.json
    )


def _add(site: Vpopmail, arguments: Namespace) -> int:
    plan = site.domains.add_alias(arguments.name, arguments.domain, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)


def _set(site: Vpopmail, arguments: Namespace) -> int:
    plan = site.domains.update_alias(arguments.name, arguments.domain, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)


def _delete(site: Vpopmail, arguments: Namespace) -> int:
    entry = site.domains.get(arguments.name)
    if not entry.is_alias:
        raise InvalidDomainName(
            entry.domain, "it is a domain of its own: see vpopmail domain delete"
        )
    plan = site.domains.delete(entry.domain, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)
