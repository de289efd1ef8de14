"""vsavealiasdomains: the copy of the alias domains that a database keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vpopmail import Vpopmail

from .programs import run

PROGRAM = "vsavealiasdomains"
REALS = {"a.org": "one.org", "b.org": "one.org", "c.org": "two.org"}


@pytest.fixture
def bare(make_site: Callable[..., Vpopmail]) -> Vpopmail:
    """Two domains and three alias domains of a database that has no copy of them yet."""
    site = make_site(backend="sqlite", sql_aliasdomains=False)
    for real in ("one.org", "two.org", "three.org"):
        site.domains.add(real)
    for alias, real in REALS.items():
        site.domains.add_alias(alias, real)
    return site


def copy(site: Vpopmail, make_site: Callable[..., Vpopmail]) -> dict[str, str]:
    store = make_site(backend="sqlite", sql_aliasdomains=True).installation.alias_domains
    assert store is not None
    return dict(store.iterate_alias_domains())


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("-A",), ["a.org", "b.org", "c.org"]),
        (("one.org",), ["a.org", "b.org"]),
        (("B.org",), ["a.org", "b.org"]),
        (("One.org", "b.ORG"), ["b.org"]),
    ],
)
def test_chosen_alias_domains_are_copied(
    bare: Vpopmail, make_site: Callable[..., Vpopmail], words: tuple[str, ...], names: list[str]
) -> None:
    told = "".join(f"Alias: {name} Real domain: {REALS[name]} saved\n" for name in names)
    assert run(bare, PROGRAM, *words) == (0, told, "")
    assert copy(bare, make_site) == {name: REALS[name] for name in names}
    assert run(bare, PROGRAM, *words) == (0, told, "")


def test_what_is_no_alias_domain_any_more_goes_with_all(
    bare: Vpopmail, make_site: Callable[..., Vpopmail]
) -> None:
    run(bare, PROGRAM, "-A")
    bare.domains.delete("c.org")
    assert run(bare, PROGRAM, "-A").code == 0
    assert copy(bare, make_site) == {"a.org": "one.org", "b.org": "one.org"}


@pytest.mark.parametrize("words", [("three.org",), ("two.org", "a.org"), ("two.org", "no.org")])
def test_domain_without_such_an_alias_domain_is_told(bare: Vpopmail, words: tuple[str, ...]) -> None:
    assert run(bare, PROGRAM, *words) == (0, f"No aliases found for domain {words[0]}\n", "")


def test_site_without_alias_domains_is_told(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(backend="sqlite")
    site.domains.add("one.org")
    assert run(site, PROGRAM, "-A") == (0, "No aliases found\n", "")


def test_unknown_domain_is_told(bare: Vpopmail) -> None:
    assert run(bare, PROGRAM, "no.org") == (245, "Error: Domain does not exist\n", "")


def test_site_without_a_copy_is_told(site: Vpopmail) -> None:
    site.domains.add("one.org")
    told = "This site keeps no copy of its alias domains in a database.\n"
    assert run(site, PROGRAM, "-A") == (255, told, "")


@pytest.mark.parametrize("words", [(), ("-Z",)])
def test_usage(bare: Vpopmail, words: tuple[str, ...]) -> None:
    ran = run(bare, PROGRAM, *words)
    assert ran.code == 255
    assert ran.out.startswith("vsavealiasdomains: usage: ")
