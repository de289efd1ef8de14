"""Reads inside a batch see what is pending, whichever way they are made."""

from __future__ import annotations

import vpopmail
from vpopmail import Vpopmail, use

from tests.conftest import DOMAIN


def names(site: Vpopmail, domain: str) -> list[str]:
    return [user.pw_name for user in site.users.iter(domain)]


def test_listing_users_shows_pending_additions_and_deletions(site: Vpopmail) -> None:
    site.domains.add(DOMAIN)
    site.users.add(f"joe@{DOMAIN}")
    site.users.add(f"kim@{DOMAIN}")
    with site.batch():
        assert names(site, DOMAIN) == ["joe", "kim"]
        site.users.add(f"amy@{DOMAIN}")
        site.users.delete(f"joe@{DOMAIN}")
        assert names(site, DOMAIN.upper()) == ["amy", "kim"]
        site.domains.add("new.org", "secret")
        assert names(site, "new.org") == ["postmaster"]
    assert names(site, DOMAIN) == ["amy", "kim"]


def test_listing_domains_shows_pending_additions_and_deletions(site: Vpopmail) -> None:
    site.domains.add(DOMAIN)
    with site.batch(), use(site):
        assert [entry.domain for entry in site.domains] == [DOMAIN]
        site.domains.add("new.org")
        site.domains.delete(DOMAIN)
        assert [entry.domain for entry in site.domains] == ["new.org"]
        assert vpopmail.vget_assign(DOMAIN) is None
        found = vpopmail.vget_assign("NEW.org")
        assert found is not None
        assert found[3] == "new.org"
    assert [entry.domain for entry in site.domains] == ["new.org"]
