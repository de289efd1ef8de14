"""vdeldomain: what goes with a domain, and what keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import needs_root, open_to_others, tree
from vpopmail import Vpopmail

from .programs import run, run_as

PROGRAM = "vdeldomain"
NOBODY = 65534
WARNING = "Warning: Alias domains exist:\n   alias.org\n   beta.org\n"
ADVICE = "   use -f to force delete of domain and all aliases\n"


@pytest.fixture
def named(site: Vpopmail) -> Vpopmail:
    """example.com by three names, and other.org."""
    site.domains.add("example.com", "s3cret")
    site.domains.add("other.org")
    for alias in ("beta.org", "alias.org"):
        site.domains.add_alias(alias, "example.com")
    return site


def names(site: Vpopmail) -> list[str]:
    return [entry.domain for entry in site.domains]


def test_domain_with_alias_domains_stays(named: Vpopmail) -> None:
    assert run(named, PROGRAM, "example.com") == (0, WARNING + ADVICE, "")
    assert names(named) == ["alias.org", "beta.org", "example.com", "other.org"]


def test_forced_it_goes_with_them(named: Vpopmail) -> None:
    path = Path(named.domains.get("example.com").path)
    ran = run(named, PROGRAM, "example.com", "-f")
    assert ran == (0, WARNING.replace("exist", "deleted"), "")
    assert names(named) == ["other.org"]
    assert not path.exists()


@pytest.mark.parametrize("words", [(), ("-f",)])
def test_alias_domain_goes_alone(named: Vpopmail, words: tuple[str, ...]) -> None:
    assert run(named, PROGRAM, *words, "BETA.org") == (0, "", "")
    assert names(named) == ["alias.org", "example.com", "other.org"]


def test_domain_of_one_name_goes_unasked(named: Vpopmail) -> None:
    assert run(named, PROGRAM, "other.org") == (0, "", "")
    assert "other.org" not in named.domains


def test_forced_it_may_have_no_alias_domain(named: Vpopmail) -> None:
    assert run(named, PROGRAM, "-f", "other.org") == (0, "", "")


def test_unknown_domain_is_told(named: Vpopmail) -> None:
    assert run(named, PROGRAM, "missing.org") == (245, "Error: Domain does not exist\n", "")


def test_site_that_never_had_a_domain_is_told(site: Vpopmail) -> None:
    told = "Error: Can't get domain entries - can't read users/assign file\n"
    assert run(site, PROGRAM, "example.com") == (219, told, "")


def test_without_a_domain_it_shows_the_usage(named: Vpopmail) -> None:
    ran = run(named, PROGRAM)
    assert ran.code == 0
    assert ran.out.startswith("vdeldomain: usage: ")


def test_unknown_option_deletes_nothing(named: Vpopmail) -> None:
    ran = run(named, PROGRAM, "-Z", "other.org")
    assert (ran.code, ran.err) == (255, "vdeldomain: invalid option -- 'Z'\n")
    assert "other.org" in named.domains


def test_failure_deletes_nothing_and_claims_nothing(named: Vpopmail) -> None:
    control = Path(named.settings.qmaildir, "control/rcpthosts")
    control.unlink()
    control.mkdir()
    ran = run(named, PROGRAM, "-f", "example.com")
    assert ran.code != 0
    assert "deleted" not in ran.out
    assert ran.out.startswith("Error: ")
    assert "Traceback" not in ran.err
    assert names(named) == ["alias.org", "beta.org", "example.com", "other.org"]


@needs_root
def test_nobody_may_not(named: Vpopmail, tmp_path: Path) -> None:
    open_to_others(tmp_path)
    before = tree(tmp_path)
    ran = run_as(NOBODY, named, PROGRAM, "other.org")
    assert ran.code != 0
    assert ran.out.startswith("Error: ")
    assert tree(tmp_path) == before
