"""docs/backends.md names all that a backend has to have."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from vpopmail.backends import abstract, facets
from vpopmail.backends.abstract import Backend
from vpopmail.backends.transaction import Transaction

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/backends.md").read_text(encoding="utf-8")
CLASSES = [Backend, Transaction, *(one for name, one in vars(facets).items() if name.endswith("Facet"))]


@pytest.mark.parametrize("interface", CLASSES, ids=lambda one: one.__name__)
def test_every_method_of_an_interface_is_named(interface: type) -> None:
    methods = [name for name, what in vars(interface).items() if callable(what) and name[0] != "_"]
    assert methods
    assert [name for name in methods if f"`{name}`" not in TEXT] == []


def test_every_facet_is_in_the_table() -> None:
    constants = {name for name, value in vars(abstract).items() if name.isupper() and isinstance(value, str)}
    assert {"ALIASES", "LIMITS"} <= constants
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", TEXT, re.M)) == constants


def test_the_entry_point_shown_is_that_of_the_example() -> None:
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.M | re.S)
    project = tomllib.loads((ROOT / "tests/third_party/shelf/pyproject.toml").read_text())["project"]
    assert tomllib.loads(shown)["project"]["entry-points"] == project["entry-points"]
