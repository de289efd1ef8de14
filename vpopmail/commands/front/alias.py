"""vpopmail alias: names with delivery lines, as in dot-qmail files."""

from __future__ import annotations

from vpopmail.commands.front import bulk, columns
from vpopmail.commands.front.arguments import (
    WRONG_USAGE,
    Noun,
    add_bulk,
    add_dry_run,
    add_json,
)
from vpopmail.commands.front.columns import Columns
from vpopmail.commands.front.showing import report, show_record, show_records
from vpopmail.commands.terminal.options import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator, Mapping

    from vpopmail.plan.steps import Plan
    from vpopmail.site import Vpopmail

    Change = Callable[[Vpopmail, str, list[str], bool], list[Plan]]

_WITH_LINES = Columns(
    {"address": columns.text, "lines": columns.lines}, needed=("address", "lines")
)
_ONLY_ADDRESS = Columns({"address": columns.text}, ignored=("lines",))
_KEYS = "Keys of JSON: address, lines (a list)."
_LINE = """\
A line is as in a dot-qmail file: "&joe@example.com", "|program", "./Maildir/". Write -- before one
that begins with "-"."""
_COLUMNS = """\
Columns of --bulk: address, and lines: in JSON a list, in CSV a cell with one a line."""


def make_parser() -> ArgumentParser:
    """The parser of the noun."""
    noun = Noun("vpopmail alias", "Aliases: names with delivery lines, as in dot-qmail files.")
    parser = noun.action(
        "list", _list, "[OPTION]... DOMAIN...", "List the aliases of domains.", _KEYS
    )
    parser.add_argument("domains", metavar="DOMAIN", nargs="+", help="of these")
    parser.add_argument("--names", metavar="PATTERN", help="only these: with *, ? and [...]")
    add_json(parser)
    parser = noun.action("show", _show, "[OPTION]... ADDRESS", "Show an alias.", _KEYS)
    parser.add_argument("address", metavar="ADDRESS", help="alias@domain")
    add_json(parser)
    _add_change(noun, "add", _add, "Add lines to an alias, which is made if it is missing.")
    _add_change(noun, "remove", _remove, "Remove lines from an alias, which stays, if empty.")
    _add_change(noun, "set", _set, "Give an alias these lines in the place of those that it has.")
    parser = noun.action(
        "delete",
        _delete,
        "[OPTION]... ADDRESS | --bulk FORM",
        "Delete an alias.",
        f"{bulk.HOW}\n\nThe column is address; lines are passed over.",
    )
    parser.add_argument("address", metavar="ADDRESS", nargs="?", help="alias@domain")
    add_bulk(parser)
    add_dry_run(parser)
    return noun.parser


def _add_change(noun: Noun, name: str, change: Change, summary: str) -> None:
    parser = noun.action(
        name,
        lambda site, arguments: _run(site, arguments, change),
        "[OPTION]... ADDRESS LINE... | --bulk FORM",
        summary,
        f"{_LINE}\n\n{bulk.HOW}\n\n{_COLUMNS}",
    )
    parser.add_argument("address", metavar="ADDRESS", nargs="?", help="alias@domain")
    parser.add_argument("lines", metavar="LINE", nargs="*", help="a delivery line")
    add_bulk(parser)
    add_dry_run(parser)


def _list(site: Vpopmail, arguments: Namespace) -> int:
    def records() -> Iterator[Mapping[str, object]]:
        for domain in chosen:
            for name, lines in site.aliases.iter(domain, names=arguments.names):
                yield {"address": f"{name}@{domain}", "lines": lines}

    chosen = [site.domains.get(name).realdomain for name in arguments.domains]
    return show_records(records(), _line, as_json=arguments.json)


def _line(record: Mapping[str, object]) -> str:
    return "\t".join([str(record["address"]), *record["lines"]])  # type: ignore[misc]


def _show(site: Vpopmail, arguments: Namespace) -> int:
    lines = site.aliases.get(arguments.address)
    return show_record({"address": arguments.address, "lines": lines}, as_json=arguments.json)


def _run(site: Vpopmail, arguments: Namespace, change: Change) -> int:
    bulk.given_once(arguments, "address", "lines")
    dry_run = arguments.dry_run
    if arguments.bulk:
        act = lambda values, dry: change(site, values["address"], values["lines"], dry)  # noqa: E731
        return bulk.run_bulk(site, arguments, _WITH_LINES, act)
    if not arguments.lines:
        raise Misuse("give lines", WRONG_USAGE)
    if dry_run:
        plans = change(site, arguments.address, arguments.lines, True)
    else:
        with site.batch():  # all lines or none
            plans = change(site, arguments.address, arguments.lines, False)
    for plan in plans:
        report(plan, dry_run=dry_run)
    return 0


def _add(site: Vpopmail, address: str, lines: list[str], dry_run: bool) -> list[Plan]:  # noqa: FBT001
    return [site.aliases.add(address, line, dry_run=dry_run) for line in lines]


def _remove(site: Vpopmail, address: str, lines: list[str], dry_run: bool) -> list[Plan]:  # noqa: FBT001
    return [site.aliases.remove(address, line, dry_run=dry_run) for line in lines]


def _set(site: Vpopmail, address: str, lines: list[str], dry_run: bool) -> list[Plan]:  # noqa: FBT001
    return [site.aliases.set(address, lines, dry_run=dry_run)]


def _delete(site: Vpopmail, arguments: Namespace) -> int:
    bulk.given_once(arguments, "address")
    if arguments.bulk:
        delete = lambda values, dry: [site.aliases.delete(values["address"], dry_run=dry)]  # noqa: E731
        return bulk.run_bulk(site, arguments, _ONLY_ADDRESS, delete)
    plan = site.aliases.delete(arguments.address, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)
