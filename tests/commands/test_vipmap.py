"""vipmap as an administrator runs it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_root, open_to_others
from vpopmail import Vpopmail
from vpopmail.commands import vipmap

from . import programs
from .programs import Ran


def run(site: Vpopmail, *words: str, **options: str) -> Ran:
    """Run the program on a site with the option."""
    return programs.run(site, "vipmap", *words, **{"IP_ALIAS_DOMAINS": "yes", **options})


def test_map_is_shown_in_its_order(site: Vpopmail) -> None:
    assert run(site, "-p") == (0, "", "")
    assert run(site, "-a", "192.0.2.11", "example.org") == (0, "", "")
    assert run(site, "-a", "192.0.2.10", "Example.COM") == (0, "", "")
    assert run(site, "-p") == (0, "192.0.2.11 example.org\n192.0.2.10 example.com\n", "")
    path = Path(site.settings.vpopmaildir, "etc/ip_alias_map")
    assert path.read_text() == "192.0.2.11 example.org\n192.0.2.10 example.com\n"


def test_pair_is_forgotten_and_one_that_is_not_there_is_told(site: Vpopmail) -> None:
    site.ip_maps.add("192.0.2.10", "example.com")
    site.ip_maps.add("192.0.2.10", "example.org")
    assert run(site, "-d", "192.0.2.10", "example.com") == (0, "", "")
    assert list(site.ip_maps) == [("192.0.2.10", "example.org")]
    told = "Error: 192.0.2.10 is not mapped to example.com\n"
    assert run(site, "-d", "192.0.2.10", "example.com") == (255, "", told)


def test_same_pair_twice_is_one(site: Vpopmail) -> None:
    for _ in range(2):
        assert run(site, "-a", "192.0.2.10", "example.com") == (0, "", "")
    assert list(site.ip_maps) == [("192.0.2.10", "example.com")]


@pytest.mark.parametrize(
    ("address", "domain", "code"),
    [("192.0.2.300", "example.com", 217), ("host", "example.com", 217), ("192.0.2.1", "a b", 244)],
)
def test_what_is_no_address_or_no_domain_is_refused(
    site: Vpopmail, address: str, domain: str, code: int
) -> None:
    ran = run(site, "-a", address, domain)
    assert ran.code == code
    assert ran.out.startswith("Error: ")
    assert list(site.ip_maps) == []


@pytest.mark.parametrize("words", [(), ("-a",), ("-a", "192.0.2.1"), ("-d", "192.0.2.1"), ("-x",)])
def test_words_that_do_not_fit_get_the_usage(site: Vpopmail, words: tuple[str, ...]) -> None:
    ran = run(site, *words)
    assert ran.code == 255
    assert ran.out.startswith("vipmap: usage: ")
    assert ran.err == ("vipmap: invalid option -- 'x'\n" if words == ("-x",) else "")


def test_version_comes_before_the_map(site: Vpopmail) -> None:
    site.ip_maps.add("192.0.2.10", "example.com")
    ran = run(site, "-v")
    assert ran.code == 0
    assert ran.out.startswith("version: ") and ran.out.endswith("\n192.0.2.10 example.com\n")


def test_without_the_option_it_says_so_and_does_nothing(site: Vpopmail) -> None:
    ran = run(site, "-a", "192.0.2.10", "example.com", IP_ALIAS_DOMAINS="no")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("IP aliases are not compiled into vpopmail\n")
    assert ran.out.count("\n") == 6
    assert list(site.ip_maps) == []


@needs_root
def test_nobody_changes_nothing(make_site: Callable[..., Vpopmail], tmp_path: Path) -> None:
    open_to_others(tmp_path)
    site = make_site(ip_alias_domains=True)
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            os.setuid(65534)
            vipmap.run(site, ["-a", "192.0.2.10", "example.com"])
        except OSError:  # which the frame tells of
            os._exit(3)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    assert list(site.ip_maps) == []
