"""Reads inside a batch see what is pending, whichever way they are made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import vpopmail
from vpopmail import VLimits, Vpopmail, use
from vpopmail.errors import UserNotFound

from tests.conftest import DOMAIN

pytestmark = pytest.mark.usefixtures("on_disk")


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


@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_what_a_pending_user_keeps_and_when_he_logged_in_can_be_asked(
    make_site: Callable[..., Vpopmail], backend: str
) -> None:
    site = make_site(backend=backend)
    site.domains.add(DOMAIN)
    with site.batch():
        site.domains.add("new.example", "Wonderful-1")
        site.domains.add_alias("also.example", DOMAIN)
        for address in (f"joe@{DOMAIN}", "amy@new.example"):
            site.users.add(address, quota="1M")
        site.limits.set(DOMAIN, VLimits(diskquota=1, maxmsgcount=1))
        for address in ("joe@also.example", "amy@new.example"):
            assert site.quotas.usage(address).size == 0
            assert site.quotas.recount(address).count == 0
            assert not site.quotas.is_over(address, 10)
            assert site.quotas.is_over(address, 2**20 + 1)
            assert site.users.last_auth(address) is None
        assert site.quotas.domain_usage("new.example").count == 0
        assert site.quotas.is_domain_over(DOMAIN, 2**20 + 1)
        site.users.delete(f"joe@{DOMAIN}")
        with pytest.raises(UserNotFound):
            site.quotas.usage(f"joe@{DOMAIN}")
    assert site.quotas.usage("amy@new.example").size == 0


def test_last_logins_of_a_deleted_user_are_not_those_of_the_next_one(
    make_site: Callable[..., Vpopmail],
) -> None:
    site = make_site(backend="memory")
    site.domains.add(DOMAIN)
    site.users.add(f"joe@{DOMAIN}")
    site.users.note_login(f"joe@{DOMAIN}", "192.0.2.1")
    site.users.delete(f"joe@{DOMAIN}")
    with site.batch():
        site.users.add(f"joe@{DOMAIN}")
        assert site.users.last_auth(f"joe@{DOMAIN}") is None


@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_pending_aliases_exist_in_the_c_face_too(
    make_site: Callable[..., Vpopmail], backend: str
) -> None:
    site = make_site(backend=backend)
    site.domains.add(DOMAIN)
    site.aliases.add(f"old@{DOMAIN}", "&joe@example.net")
    with vpopmail.use(site), site.batch():
        site.domains.add("new.example")
        for name, domain in (("sales", DOMAIN), ("info", "new.example")):
            path = site.domains.get(domain).path
            assert not vpopmail.isExistingAlias(path, name, domain)
            site.aliases.add(f"{name}@{domain}", "&joe@example.net")
            assert vpopmail.isExistingAlias(path, name, domain)
            assert vpopmail.isExistingAlias(f"{path}/", name, domain)
            assert vpopmail.isExistingAddress(domain, name, path)
            assert not vpopmail.isExistingAlias("/nowhere", name)
        path = site.domains.get(DOMAIN).path
        assert vpopmail.isExistingAlias(path, "old", DOMAIN)
        site.aliases.delete(f"old@{DOMAIN}")
        assert not vpopmail.isExistingAlias(path, "old", DOMAIN)
        if backend == "cdb":
            site.aliases.set(f"list@{DOMAIN}", ["|/usr/bin/ezmlm-reject"])
            assert vpopmail.isValidMailList(path, "list")
