"""A site that lost a file, or a disk, is not taken for an empty one: mail would bounce."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN
from vpopmail import VA, Vpopmail
from vpopmail.errors import AssignUnreadable, BackendUnavailable, DomainExists

JOE = f"joe@{DOMAIN}"
HASH = "$1$abcdefgh$K2eYkWaGFCU4Ot9LWWHne."


@pytest.fixture
def cdb_path(site: Vpopmail, domain: Path) -> Path:
    """users/cdb of a site with one domain and one user, who gets all mail."""
    assert domain.is_dir()
    site.users.add(JOE, crypted=HASH)
    site.catch_all.set(DOMAIN, JOE)
    return Path(site.settings.users_cdb_path)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"no cdb")], ids=["lost", "broken"])
def test_users_of_a_lost_index_of_domains_are_not_unknown(
    site: Vpopmail, cdb_path: Path, spoil: Callable[[Path], object]
) -> None:
    spoil(cdb_path)
    for ask in (
        lambda: site.users.find(JOE),
        lambda: site.users.check_password(JOE, "x"),
        lambda: site.domains.get(DOMAIN),
        lambda: list(site.users.iter_all()),
    ):
        with pytest.raises(AssignUnreadable):
            ask()
    assert vpopmail.vauth_getpw("joe", DOMAIN) is None
    assert vpopmail.last_error() == VA.CANNOT_READ_ASSIGN


def test_a_domain_that_stands_in_the_text_alone_is_not_made_anew(site: Vpopmail, cdb_path: Path) -> None:
    cdb_path.unlink()
    with pytest.raises(DomainExists):
        site.domains.add(DOMAIN)
    site.domains.add("new.example")
    assert site.catch_all.get(DOMAIN) == JOE


def test_users_of_a_domain_whose_directory_is_away_are_not_unknown(
    site: Vpopmail, cdb_path: Path, domain: Path
) -> None:
    assert cdb_path.is_file()
    domain.rename(f"{domain}.away")
    for ask in (lambda: site.users.find(JOE), lambda: list(site.users.iter(DOMAIN))):
        with pytest.raises(BackendUnavailable):
            ask()
    assert vpopmail.vauth_getpw("joe", DOMAIN) is None
    assert vpopmail.last_error() == VA.NO_AUTH_CONNECTION


def test_a_new_site_has_no_domains(site: Vpopmail) -> None:
    assert list(site.domains) == []
    assert list(site.users.iter_all()) == []
    assert list(site.limits) == []
