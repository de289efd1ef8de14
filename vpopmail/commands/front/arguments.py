"""The command lines of the front door: parsers whose help is the same on every Python.

Options are long only and usage lines are written out: releases of argparse differ in both.
"""

from __future__ import annotations

import argparse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from vpopmail.site import Vpopmail

    Run = Callable[[Vpopmail, argparse.Namespace], int]

WRONG_USAGE = 2
_WIDTH = 90
_COLUMN = 30  # where the words about an option begin


class _Formatter(argparse.HelpFormatter):
    """Help of one width, whatever terminal it is shown on, whose texts have paragraphs."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=_COLUMN, width=_WIDTH)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Fill each paragraph but tables, whose lines are indented."""
        fill = super()._fill_text
        return "\n\n".join(
            part if "\n  " in part else fill(part, width, indent) for part in text.split("\n\n")
        )


class Parser(argparse.ArgumentParser):
    """A parser that complains in one line.

    Args:
        prog: the words that lead to it: ``vpopmail user add``.
        usage: what follows them; argparse's own would differ from one Python to another.
        description: of what it does.
    """

    def __init__(self, prog: str, usage: str, description: str) -> None:
        super().__init__(
            prog,
            f"{prog} {usage}",
            description,
            formatter_class=_Formatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong on standard error, and end with 2."""
        self.exit(WRONG_USAGE, f"{self.prog}: {message}; {self.prog} --help tells more\n")


class Noun:
    """A parser that has actions, to which a module adds them.

    Args:
        prog: the words that lead to it: ``vpopmail user``.
        description: of what there is to be done.
        parser: one that is there; else it is made.

    Attributes:
        parser: it.
    """

    def __init__(self, prog: str, description: str, parser: Parser | None = None) -> None:
        self.parser = parser or Parser(prog, "ACTION ...", description)
        self._actions = self.parser.add_subparsers(
            metavar="ACTION", required=True, parser_class=Parser, help=argparse.SUPPRESS
        )
        self._summaries: dict[str, str] = {}
        self._description = description

    def action(self, name: str, run: Run, usage: str, summary: str, more: str = "") -> Parser:
        """Add an action.

        Args:
            name: the verb.
            run: does it, and gives the exit status.
            usage: its arguments.
            summary: one sentence.
            more: further paragraphs.
        """
        parser = self._add(name, usage, summary, f"{summary}\n\n{more}".strip())
        parser.set_defaults(run=run, prog=parser.prog)
        return parser

    def nested(self, name: str, summary: str) -> Noun:
        """Add an action that has actions itself.

        Args:
            name: its word.
            summary: one sentence.
        """
        parser = self._add(name, "ACTION ...", summary, summary)
        return Noun(parser.prog, summary, parser)

    def _add(self, name: str, usage: str, summary: str, description: str) -> Parser:
        prog = f"{self.parser.prog} {name}"
        parser: Parser = self._actions.add_parser(
            name, prog=prog, usage=usage, description=description
        )
        self._summaries[name] = summary[:1].lower() + summary[1:].rstrip(".")
        self.parser.description = f"{self._description}\n\n{table('actions', self._summaries)}"
        return parser


def table(title: str, summaries: Mapping[str, str]) -> str:
    """Words with what each means: argparse's own table is not the same on every Python."""
    width = max(map(len, summaries)) + 2
    return "\n".join(
        [f"{title}:", *(f"  {name:{width}}{summary}" for name, summary in summaries.items())]
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option of all listings."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line, in ASCII")


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """The option of all changes."""
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="change nothing; print the plan of what would be done",
    )


def add_bulk(parser: argparse.ArgumentParser) -> None:
    """The options of changes that can come in great number."""
    parser.add_argument(
        "--bulk",
        choices=("csv", "jsonl"),
        help="read many of them from standard input: CSV with a header, or JSON lines",
    )
    parser.add_argument(
        "--strict", action="store_true", help="with --bulk: a bad line lets nothing count"
    )
