"""vpopmail: all that an administrator does to a site, in one program with readable options.

What there is to be done is sorted by nouns, each with a page of its own: ``vpopmail NOUN --help``
lists its actions, ``vpopmail NOUN ACTION --help`` the options of one.

    vpopmail domain add example.com
    vpopmail user add joe@example.com --quota 500M
    vpopmail user list example.com --json

All changes take ``--dry-run``, which prints the plan and changes nothing, all listings ``--json``:
one object a line. Passwords are asked for at the terminal or read from standard input, and never
shown. The site is that of the settings (configuration.md); ``--vpopmaildir`` names another one.

It stands beside the programs of the C library (``vadduser`` and its kin), whose options and
answers stay as scripts know them.

BULK
    ``user add``, ``user set``, ``user delete`` and those of ``alias`` take ``--bulk csv`` or
    ``--bulk jsonl`` and read one change a line from standard input. All changes of a domain count
    at once, at the end of the input. A line that is wrong is told on standard error with its
    number and keeps no other from being done, unless ``--strict`` is given. On a terminal it shows
    how far it has come, with a bar if tqdm is there (the extra ``cli``), without colours.

        vpopmail user list --json --hashes | ssh other vpopmail user add --bulk jsonl

DIAGNOSTICS
    0; 2 for words that do not fit; 1 where an action says so: something was found, a line of many
    was bad, the answer was no. Else one line on standard error, which begins with the text of the
    code of the C library, and that code taken from 256: 246 no such user, 245 no such domain, 254
    the user is there already. What is done, but not as it should be, is told there as a line that
    begins with "warning: "; the status does not tell. A signal lets what is being done be undone or
    finished first.

Source: manual, "Command-line utilities"; commands, start, exit, streams.
"""

from __future__ import annotations

import argparse
import sys

from vpopmail.codes import VA, verror
from vpopmail.commands.terminal.running import run_without_site
from vpopmail.log import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from vpopmail.commands.front.arguments import Parser

NOUNS = {
    "domain": "domains, what happens to mail for unknown users, bulletins",
    "alias-domain": "names that stand for domains",
    "user": "users, their passwords, flags and quotas",
    "alias": "names with delivery lines, as in dot-qmail files",
    "limits": "the limits of domains",
    "quota": "what users may keep, and what they keep",
    "relay": "the addresses that may send mail for a while after a login",
    "ip-map": "which domain an address of the server stands for",
    "site": "setting a site up, looking it over, repairing and moving it",
}


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_without_site("vpopmail", lambda words: run(words, settings), usage="")


def run(words: list[str], settings: Mapping[str, object]) -> int:
    """Do what the words say; the exit status."""
    try:
        chosen = make_parser().parse_args(words)
        arguments = noun_parser(chosen.noun).parse_args(chosen.words)
    except SystemExit as end:  # argparse has said it all
        return int(end.code or 0)
    if chosen.vpopmaildir is not None:
        settings = {**settings, "vpopmaildir": chosen.vpopmaildir}
    return _run(arguments, settings)


def make_parser() -> Parser:
    """The parser of what comes before the words of a noun."""
    from vpopmail import __version__
    from vpopmail.commands.front.arguments import Parser, table

    parser = Parser(
        "vpopmail",
        "[OPTION]... NOUN ACTION ...",
        f"Look after a vpopmail site.\n\n{table('nouns', NOUNS)}\n\n"
        "vpopmail NOUN --help lists the actions of one.",
    )
    parser.add_argument("--version", action="version", version=f"vpopmail {__version__}")
    parser.add_argument("--vpopmaildir", metavar="DIR", help="the directory of the site")
    parser.add_argument("noun", choices=NOUNS, metavar="NOUN", help="one of those above")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help=argparse.SUPPRESS)
    return parser


def noun_parser(noun: str) -> argparse.ArgumentParser:
    """The parser of a noun, whose module is imported for it.

    Args:
        noun: one of ``NOUNS``.
    """
    name = f"vpopmail.commands.front.{noun.replace('-', '_')}"
    module: Any = __import__(name, fromlist=["make_parser"])
    parser: argparse.ArgumentParser = module.make_parser()
    return parser


def _run(arguments: argparse.Namespace, settings: Mapping[str, object]) -> int:
    """Do it on the site; what goes wrong becomes a line on standard error."""
    from vpopmail import log
    from vpopmail.commands.front.showing import Warnings, printable
    from vpopmail.commands.terminal.options import Misuse
    from vpopmail.errors import VpopmailError
    from vpopmail.settings import load
    from vpopmail.site import Vpopmail

    log.use_listener(Warnings().show)
    try:
        with Vpopmail(load(dict(settings))) as site:
            code: int = arguments.run(site, arguments)
    except Misuse as misuse:
        told, code = f"{arguments.prog}: {misuse.complaint}", misuse.code
    except VpopmailError as error:
        told, code = error.headline, error.code
    except BrokenPipeError:
        raise
    except OSError as error:
        code = VA.COULD_NOT_UPDATE_FILE
        told = f"{verror(code)}: {reason(error)}"
    else:
        return code
    print(printable(told), file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
