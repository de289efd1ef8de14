"""vpopmail site convert: the accounts copied to another store."""

from __future__ import annotations

import sys

from vpopmail.commands.front.arguments import WRONG_USAGE, add_dry_run, add_json
from vpopmail.commands.front.passwords import line_of_input
from vpopmail.commands.front.progress import Progress
from vpopmail.commands.front.showing import printable, show_records
from vpopmail.commands.terminal.options import Misuse
from vpopmail.errors import ConversionFailed
from vpopmail.log import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from vpopmail.commands.front.arguments import Noun
    from vpopmail.settings import Settings
    from vpopmail.site import Vpopmail
    from vpopmail.upkeep.conversion import Converted

NOT_ALL = 1


def add_convert(noun: Noun) -> None:
    """Add the action."""
    parser = noun.action(
        "convert",
        _convert,
        "--to BACKEND [OPTION]... [DOMAIN]...",
        "Copy the accounts to another store, and compare the two.",
        "Nothing is removed, and the site goes on with the store that its settings name. Killed\n"
        "at any moment, the same call goes on. The exit status is 1 if a domain could not be\n"
        "copied.\n\n"
        "Keys of JSON: domain, users, aliases, logins, limits, passed_over (a list), error (null:\n"
        "it was copied).",
    )
    parser.add_argument("domains", metavar="DOMAIN", nargs="*", help="only these; else all")
    parser.add_argument(
        "--to", metavar="BACKEND", required=True, help="cdb, sqlite, mysql, pgsql and others"
    )
    parser.add_argument(
        "--database-url-stdin",
        action="store_true",
        help="read the URL of the target's database, with its password, from standard input",
    )
    parser.add_argument(
        "--option",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a setting of the target that differs; repeatable",
    )
    parser.add_argument(
        "--replace", action="store_true", help="a domain with other accounts there loses them"
    )
    add_json(parser)
    add_dry_run(parser)


def _convert(site: Vpopmail, arguments: Namespace) -> int:
    target = _target(site, arguments)
    with Progress() as progress:
        done: dict[str, int] = {}

        def step(domain: str, users: int) -> None:
            progress.step(users - done.get(domain, 0))
            done[domain] = users

        try:
            converted = site.convert(
                target,
                arguments.domains or None,
                replace=arguments.replace,
                dry_run=arguments.dry_run,
                progress=step,
            )
        except ConversionFailed as error:
            if error.report is None:
                raise
            converted = error.report
    return _told(converted, arguments)


def _target(site: Vpopmail, arguments: Namespace) -> Settings:
    """The settings of the same site with the other store."""
    from vpopmail.settings import OPTIONS, load

    given = {
        name: getattr(site.settings, name)
        for name in ("vpopmaildir", "qmaildir", "vpopuser", "vpopgroup")
    }
    for pair in arguments.option:
        name, found, value = pair.partition("=")
        if not found:
            raise Misuse("--option: give NAME=VALUE", WRONG_USAGE)
        if name in OPTIONS and OPTIONS[name].kind.secret:
            raise Misuse(f"--option: {name} would show a password: see --help", WRONG_USAGE)
        given[name] = value
    given["backend"] = arguments.to
    if arguments.database_url_stdin:
        given["database_url"] = line_of_input("URL")
    elif not site.settings.database_url.startswith(f"{arguments.to}:"):
        given.setdefault("database_url", "")  # it is that of the other store
    return load(given)


def _told(converted: Converted, arguments: Namespace) -> int:
    for domain, error in converted.failed.items():
        print(printable(f"{domain}: {reason(error).removeprefix(f'{domain}: ')}"), file=sys.stderr)
    if not arguments.json:
        lines = str(converted).split("\n")
        for line in lines[: len(lines) - len(converted.failed)]:
            print(printable(line))
        return NOT_ALL if converted.failed else 0
    names = ("domain", "users", "aliases", "logins", "limits", "passed_over")
    records: list[dict[str, object]] = [
        {**{name: getattr(one, name) for name in names}, "error": None} for one in converted.domains
    ]
    nothing = dict.fromkeys(names)
    records += [
        {**nothing, "domain": domain, "error": reason(error)}
        for domain, error in converted.failed.items()
    ]
    show_records(records, str, as_json=True)
    return NOT_ALL if converted.failed else 0
