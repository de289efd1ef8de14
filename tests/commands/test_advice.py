"""What the library advises can be typed: a shell user sees it too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import vpopmail
from vpopmail.commands.vpopmail import NOUNS, noun_parser

PACKAGE = Path(vpopmail.__file__).parent
SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if "testing" not in path.parts]
PROSE = {("user", "not", "")}  # "vpopmail user not found", of the log
_COMMAND = re.compile(rf"\bvpopmail ({'|'.join(NOUNS)}) ([a-z-]+)((?: --[a-z-]+)*)")


def texts(path: Path) -> Iterator[str]:
    """The texts of a module that may be shown to somebody; documentation is not."""
    tree = ast.parse(path.read_text())
    documented = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    # Mistakes of who writes Python are told in Python.
    raised = [
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and "RuntimeError" in ast.unparse(node)
        for part in ast.walk(node)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in (*documented, *raised):
            yield str(node.value)


def test_no_text_advises_a_call_of_python() -> None:
    found = {
        f"{path}: {text}" for path in SOURCES for text in texts(path) if re.search(r"\bsite\.[a-z_.]+\(", text)
    }
    assert sorted(found) == []


def test_every_command_that_a_text_names_is_one_of_the_front_door() -> None:
    named = {found for path in SOURCES for text in texts(path) for found in _COMMAND.findall(text)}
    assert ("site", "repair", "") in named
    assert [one for one in sorted(named - PROSE) if not _is_there(*one)] == []


def _is_there(noun: str, action: str, options: str) -> bool:
    actions = noun_parser(noun)._subparsers._group_actions[0].choices  # type: ignore[union-attr] # as --help
    parser = actions.get(action)  # type: ignore[union-attr]
    return parser is not None and set(options.split()) <= parser._option_string_actions.keys()
