"""Each program has its page, its launcher and its console script."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import pytest

import vpopmail.commands
from vpopmail.upkeep.programs import MODULES, PROGRAMS, SERVING

from .pages import DOCS, INDEX, pages

ROOT = Path(__file__).parents[2]
# Started by another program with descriptors and an environment, from where the launchers are.
NOT_TYPED = SERVING


@pytest.mark.parametrize("name", pages())
def test_page_is_what_the_program_says_of_itself(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert text == pages()[name], "python3 -m tests.docs.pages writes it anew"


def test_there_is_no_page_of_a_program_that_is_not_there() -> None:
    found = {f"programs/{path.name}" for path in (DOCS / "programs").iterdir()}
    assert found == set(pages()) - {INDEX}


def test_each_module_of_the_room_is_a_program() -> None:
    found = {path.stem for path in Path(vpopmail.commands.__path__[0]).glob("[!_]*.py")}
    assert found == {MODULES.get(name, name) for name in PROGRAMS}


@pytest.mark.parametrize("program", PROGRAMS)
def test_usage_begins_with_the_name_of_the_program(program: str) -> None:
    module = importlib.import_module(f"vpopmail.commands.{MODULES.get(program, program)}")
    assert program in (getattr(module, "USAGE", None) or program).partition("\n")[0]


def test_each_program_that_is_typed_is_installed_with_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    typed = [name for name in PROGRAMS if name not in NOT_TYPED]
    assert project["scripts"] == {name: f"vpopmail.commands.{name}:main" for name in typed}
