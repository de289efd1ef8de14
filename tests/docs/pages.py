"""The pages of the programs, from the modules that are the programs.

A page is made of the docstring of ``vpopmail.commands.NAME`` and of its usage text, so what a
program says of itself and what is read about it cannot part. The front door has a page for each
noun, of what ``--help`` prints.

Run: python -m tests.docs.pages, to write them anew.
"""

from __future__ import annotations

import importlib
import inspect
import re
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from vpopmail.commands.vpopmail import NOUNS, make_parser, noun_parser
from vpopmail.upkeep.programs import MODULES, PROGRAMS

DOCS = Path(__file__).parents[2] / "docs"
INDEX = "programs.md"
_HEADING = re.compile(r"^([A-Z][A-Z ]+)$", re.M)
_INDENT = re.compile(r"^ {4}", re.M)
_INTRODUCTION = """\
# The programs

One page each, made by `python3 -m tests.docs.pages` from the module of the program. Where they
differ from the programs of C, [differences.md](differences.md) tells why.

| Program | What it does |
|---|---|
"""
_NOT_HERE = """
## Programs of C that are not among them

| Program | Why, and what does it |
|---|---|
| `vlist` | A wrapper of ezmlm for what ezmlm's own programs do, in parts unfinished: `ezmlm-make`, `ezmlm-sub`, `ezmlm-list`. |
| `vusaged`, `vusagec` | They keep in memory what is used of quotas, to spare reading directories; here `maildirsize` does, see [delivery](delivery.md). One that runs is asked if `etc/vusagec.conf` says so ([configuration](configuration.md)). |
| `authvchkpw` | A module for Courier releases that are long gone; the servers of today call [vchkpw](vchkpw.md) or [vchkpw-dovecot](dovecot.md). |
| `vmoduserflags`, `vmoddomain` | Of an abandoned branch; `vpopmail user set --no-pop` and `--pop`, `vpopmail domain set`. |
| `vconfig` | It shows what C was built with; here that is [settings](configuration.md). |
"""


def pages() -> dict[str, str]:
    """The text of each page by its path below docs, and the index."""
    texts = {f"programs/{name}.md": page(name) for name in PROGRAMS}
    texts |= {f"programs/vpopmail-{noun}.md": noun_page(noun) for noun in NOUNS}
    rows = []
    for name in PROGRAMS:
        rows.append(f"| [{name}](programs/{name}.md) | {_summary(name)} |\n")
        for noun in NOUNS if name == "vpopmail" else ():
            rows.append(f"| [vpopmail {noun}](programs/vpopmail-{noun}.md) | {_sentence(NOUNS[noun])}. |\n")
    return {INDEX: _INTRODUCTION + "".join(rows) + _NOT_HERE, **texts}


def page(program: str) -> str:
    """The page of a program."""
    module = _module(program)
    _, _, text = inspect.cleandoc(module.__doc__ or "").partition("\n")
    usage = make_parser().format_help() if program == "vpopmail" else getattr(module, "USAGE", "")
    parts = [f"# {program}", _summary(program)]
    if usage:
        parts.append(f"```\n{usage.strip()}\n```")
    parts.append(_as_markdown(text.strip()))
    return "\n\n".join(parts) + "\n"


def noun_page(noun: str) -> str:
    """The page of a noun of the front door: all that ``--help`` prints of it."""
    parts = [f"# vpopmail {noun}", f"{_sentence(NOUNS[noun])}. Of the program [vpopmail](vpopmail.md)."]
    for parser in parsers(noun_parser(noun)):
        title = [f"## {parser.prog}"] if parser.prog != f"vpopmail {noun}" else []
        parts += [*title, f"```\n{parser.format_help().strip()}\n```"]
    return "\n\n".join(parts) + "\n"


def parsers(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    """A parser and those of its actions."""
    yield parser
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for one in action.choices.values():
                yield from parsers(one)


def _module(program: str) -> object:
    return importlib.import_module(f"vpopmail.commands.{MODULES.get(program, program)}")


def _summary(program: str) -> str:
    """The first line of the docstring without the name, as a sentence."""
    line = inspect.cleandoc(_module(program).__doc__ or "").partition("\n")[0]
    return _sentence(line.partition(": ")[2])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _as_markdown(text: str) -> str:
    """Headings in capitals as headings, what is indented below them as text, code as it is."""
    parts = _HEADING.split(text)
    lines = [parts[0].strip().replace("``", "`")]
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        lines += [f"## {title.capitalize()}", _INDENT.sub("", body).strip().replace("``", "`")]
    return "\n\n".join(line for line in lines if line)


if __name__ == "__main__":
    for name, text in pages().items():
        path = DOCS / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
