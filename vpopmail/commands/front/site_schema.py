"""vpopmail site schema: the tables of a site whose accounts are in a database."""

from __future__ import annotations

from vpopmail.commands.front.arguments import add_dry_run, add_json
from vpopmail.commands.front.showing import show_records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from vpopmail.backends.schema_plan import SchemaPlan
    from vpopmail.commands.front.arguments import Noun
    from vpopmail.site import Vpopmail

DIFFERS = 1
_SCRIPT = "With --dry-run it prints a script for the client of the database."


def add_schema(noun: Noun) -> None:
    """Add the action, and what it can do."""
    schema = noun.nested("schema", "Look at the tables of a database, make and upgrade them.")
    parser = schema.action(
        "check",
        _check,
        "[OPTION]...",
        "Compare the tables with those that this release makes; nothing is changed.",
        "It prints the differences, and the upgrade as a script. The exit status is 1 if there\n"
        "are any.\n\nKeys of JSON: table, subject (a column, a key, or empty: the table), found,\n"
        "wanted.",
    )
    add_json(parser)
    parser = schema.action(
        "create", _create, "[OPTION]...", "Make the tables that are missing.", _SCRIPT
    )
    add_dry_run(parser)
    parser = schema.action(
        "upgrade",
        _upgrade,
        "[OPTION]...",
        "Make all tables as this release makes them; C goes on using them.",
        _SCRIPT,
    )
    add_dry_run(parser)


def _check(site: Vpopmail, arguments: Namespace) -> int:
    plan = site.schema.check()
    if arguments.json:
        names = ("table", "subject", "found", "wanted")
        records = ({name: getattr(one, name) for name in names} for one in plan.differences)
        show_records(records, str, as_json=True)
    else:
        print(plan or "nothing differs", end="\n" * (not plan))
    return DIFFERS if plan else 0


def _create(site: Vpopmail, arguments: Namespace) -> int:
    return _told(site.schema.create(dry_run=arguments.dry_run), arguments)


def _upgrade(site: Vpopmail, arguments: Namespace) -> int:
    return _told(site.schema.upgrade(dry_run=arguments.dry_run), arguments)


def _told(plan: SchemaPlan, arguments: Namespace) -> int:
    if arguments.dry_run:
        print(plan, end="")
    return 0
