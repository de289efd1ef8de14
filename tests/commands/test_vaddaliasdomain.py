"""vaddaliasdomain: which of two names is the domain."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import needs_root, open_to_others, tree
from vpopmail import Vpopmail

from .programs import run, run_as

PROGRAM = "vaddaliasdomain"
NOBODY = 65534


@pytest.fixture
def real(site: Vpopmail) -> Vpopmail:
    site.domains.add("example.com")
    return site


@pytest.mark.parametrize("words", [("example.com", "alias.org"), ("Alias.org", "EXAMPLE.com")])
def test_the_one_that_exists_is_the_domain(real: Vpopmail, words: tuple[str, ...]) -> None:
    assert run(real, PROGRAM, *words) == (0, "", "")
    assert real.domains.get("alias.org").realdomain == "example.com"


def test_an_alias_domain_stands_for_the_domain_behind_it(real: Vpopmail) -> None:
    real.domains.add_alias("alias.org", "example.com")
    assert run(real, PROGRAM, "more.org", "alias.org").code == 0
    assert real.domains.get("more.org").realdomain == "example.com"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("example.com", "two.org"), "Both domains already exist, unable to create alias."),
        (("a.org", "b.org"), "Neither 'a.org' or 'b.org'  exist, unable to create alias."),
    ],
)
def test_two_or_none_that_exist_are_refused(
    real: Vpopmail, words: tuple[str, ...], told: str
) -> None:
    real.domains.add("two.org")
    assert run(real, PROGRAM, *words) == (255, f"Error: {told}\n", "")
    assert len(list(real.domains)) == 2


def test_one_name_twice_is_refused_with_the_usage(real: Vpopmail) -> None:
    ran = run(real, PROGRAM, "example.com", "Example.COM")
    assert ran.code == 255
    head, usage = ran.out.split("\n", 1)
    assert head == "Error: real domain and alias domain are the same!"
    assert usage.startswith("vaddaliasdomain: usage: ")


def test_a_name_that_cannot_be_one_is_refused(real: Vpopmail) -> None:
    ran = run(real, PROGRAM, "example.com", "no/name")
    assert ran == (244, "Error: Invalid domain name\n", "")


@pytest.mark.parametrize("words", [(), ("example.com",)])
def test_too_few_names_show_the_usage(real: Vpopmail, words: tuple[str, ...]) -> None:
    ran = run(real, PROGRAM, *words)
    assert ran.code == 255
    assert ran.out.startswith("vaddaliasdomain: usage: ")


@needs_root
def test_nobody_may_not(real: Vpopmail, tmp_path: Path) -> None:
    open_to_others(tmp_path)
    before = tree(tmp_path)
    ran = run_as(NOBODY, real, PROGRAM, "example.com", "alias.org")
    assert ran.code != 0
    assert ran.out.startswith("Error: ")
    assert tree(tmp_path) == before
