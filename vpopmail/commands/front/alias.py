"""vpopmail alias: names with delivery lines, as in dot-qmail files."""

from __future__ import annotations

from vpopmail.backends.abstract import ALIASES
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
from vpopmail.errors import AliasExists, AliasLineNotFound, InvalidUserName
from vpopmail.names import split_address

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
    _add_change(noun, "add", _add, "Add lines that an alias does not have; it is made if missing.")
    _add_change(noun, "remove", _remove, "Remove lines that an alias has; it stays, if empty.")
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
    _refuse_default(site, address)
    there = set(site.aliases.find(address) or ())
    for line in lines:
        if line in there:  # it would get each message twice
            raise AliasExists(address, f"it has the line {line} already")
        there.add(line)
    return _change_lines(site.aliases.add, address, lines, dry_run=dry_run)


def _remove(site: Vpopmail, address: str, lines: list[str], dry_run: bool) -> list[Plan]:  # noqa: FBT001
    _refuse_default(site, address)
    there = site.aliases.find(address)
    if there is not None:
        for line in lines:
            if line not in there:
                raise AliasLineNotFound(address, line)
    return _change_lines(site.aliases.remove, address, lines, dry_run=dry_run)


def _change_lines(
    change: Callable[..., Plan], address: str, lines: list[str], *, dry_run: bool
) -> list[Plan]:
    """Change all lines, or none: with --bulk what is before a bad one would count."""
    for line in () if dry_run else lines[1:]:
        change(address, line, dry_run=True)
    return [change(address, line, dry_run=dry_run) for line in lines]


def _set(site: Vpopmail, address: str, lines: list[str], dry_run: bool) -> list[Plan]:  # noqa: FBT001
    _refuse_default(site, address)
    return [site.aliases.set(address, lines, dry_run=dry_run)]


def _delete(site: Vpopmail, arguments: Namespace) -> int:
    def delete(address: str, *, dry_run: bool) -> Plan:
        _refuse_default(site, address)
        return site.aliases.delete(address, dry_run=dry_run)

    bulk.given_once(arguments, "address")
    if arguments.bulk:
        act = lambda values, dry: [delete(values["address"], dry_run=dry)]  # noqa: E731
        return bulk.run_bulk(site, arguments, _ONLY_ADDRESS, act)
    plan = delete(arguments.address, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)


def _refuse_default(site: Vpopmail, address: str) -> None:
    """Where aliases are files it is no alias: without its line no user of the domain gets mail.

    Raises:
        InvalidUserName.
    """
    in_files = ALIASES not in site.installation.backend.facets
    if in_files and split_address(address)[0].lower() == "default":
        advice = "it is the delivery of the whole domain: see vpopmail domain set"
        raise InvalidUserName(address, advice)
