"""vpopmail limits: the limits of domains, and those of domains without limits of their own."""

from __future__ import annotations

from vpopmail.commands.front.arguments import WRONG_USAGE, Noun, add_dry_run, add_json
from vpopmail.commands.front.limit_names import NAMES, add_limits, fields_of, values_of
from vpopmail.commands.front.showing import in_words, report, show_record, show_records
from vpopmail.commands.terminal.options import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping

    from vpopmail.site import Vpopmail

_KEYS = f"""\
Keys of JSON: domain, and the limits by the names of the options of "set", with _ for -:
{", ".join(NAMES[:9])}
(numbers or bytes, null: no limit), {", ".join(NAMES[9:19])}
(true or false), {", ".join(NAMES[19:24])},
{", ".join(NAMES[24:])} (lists of create, modify and delete)."""
_NOTE = """\
They are kept for qmailadmin and other programs; only the quotas and what is open to users have
their effect here."""


def make_parser() -> ArgumentParser:
    """The parser of the noun."""
    noun = Noun("vpopmail limits", f"The limits of domains.\n\n{_NOTE}")
    parser = noun.action(
        "list", _list, "[OPTION]...", "List the limits that hold for each domain.", _KEYS
    )
    add_json(parser)
    parser = noun.action(
        "show", _show, "[OPTION]... DOMAIN", "Show the limits that hold for a domain.", _KEYS
    )
    _add_domain(parser)
    add_json(parser)
    parser = noun.action(
        "set",
        _set,
        "OPTION... DOMAIN",
        "Change limits of a domain; what is not named stays.",
    )
    _add_domain(parser)
    add_limits(parser)
    add_dry_run(parser)
    parser = noun.action(
        "delete",
        _delete,
        "[OPTION]... DOMAIN",
        "Forget the limits of a domain: the defaults hold.",
    )
    _add_domain(parser)
    add_dry_run(parser)
    parser = noun.action(
        "show-defaults",
        _show_defaults,
        "[OPTION]...",
        "Show the limits of domains without limits of their own.",
        "Keys of JSON: as those of show, without domain.",
    )
    add_json(parser)
    parser = noun.action(
        "set-defaults",
        _set_defaults,
        "OPTION...",
        "Change the limits of domains without limits of their own; what is not named stays.",
    )
    add_limits(parser)
    add_dry_run(parser)
    return noun.parser


def _add_domain(parser: ArgumentParser) -> None:
    parser.add_argument("domain", metavar="DOMAIN", help="a domain or alias domain")


def _list(site: Vpopmail, arguments: Namespace) -> int:
    records = ({"domain": name, **values_of(limits)} for name, limits in site.limits)
    return show_records(records, _line, as_json=arguments.json)


def _line(record: Mapping[str, object]) -> str:
    """The domain, and what differs from no limits at all."""
    from vpopmail.records import VLimits

    free = values_of(VLimits())
    words = [f"{name}={in_words(record[name])}" for name in free if record[name] != free[name]]
    return " ".join([str(record["domain"]), *words])


def _show(site: Vpopmail, arguments: Namespace) -> int:
    domain = site.domains.get(arguments.domain).realdomain
    record = {"domain": domain, **values_of(site.limits.get(domain))}
    return show_record(record, as_json=arguments.json)


def _given(arguments: Namespace) -> dict[str, int]:
    fields = fields_of(vars(arguments))
    if not fields:
        raise Misuse("say which limit to change: see --help", WRONG_USAGE)
    return fields


def _set(site: Vpopmail, arguments: Namespace) -> int:
    plan = site.limits.update(arguments.domain, dry_run=arguments.dry_run, **_given(arguments))
    return report(plan, dry_run=arguments.dry_run)


def _delete(site: Vpopmail, arguments: Namespace) -> int:
    plan = site.limits.delete(arguments.domain, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)


def _show_defaults(site: Vpopmail, arguments: Namespace) -> int:
    return show_record(values_of(site.limits.defaults()), as_json=arguments.json)


def _set_defaults(site: Vpopmail, arguments: Namespace) -> int:
    plan = site.limits.update_defaults(dry_run=arguments.dry_run, **_given(arguments))
    return report(plan, dry_run=arguments.dry_run)
