"""A table for each domain: which names there can be tables of."""

from __future__ import annotations

import pytest

from vpopmail import VA, Vpopmail, vadddomain
from vpopmail.errors import InvalidDomainName
from vpopmail.testing import sandbox

HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
LONGEST = f"{'a' * 60}.de"


def works(site: Vpopmail, domain: str) -> bool:
    """Whether a domain can be added, and then keeps a user and can be deleted; or none of it."""
    address = f"joe@{domain}"
    try:
        site.domains.add(domain)
    except InvalidDomainName:
        assert domain not in site.domains
        assert vadddomain(domain) == VA.INVALID_DOMAIN_NAME
        return False
    site.users.add(address, crypted=HASH)
    site.users.set_quota(address, "10M")
    assert [user.pw_name for user in site.users.iter(domain)] == ["joe"]
    site.domains.delete(domain)
    assert domain not in site.domains
    return True


@pytest.mark.parametrize(
    ("domain", "refused_by"),
    [
        ("select", ()),
        ("order", ()),
        ("2600.example", ()),
        ("123", ()),
        ("user", ()),
        (LONGEST, ()),
        (f"a{LONGEST}", ("mysql", "pgsql", "sqlite")),
        ("limits", ("mysql", "pgsql", "sqlite")),
        ("dir.control", ("mysql", "pgsql", "sqlite")),
        ("sqlite.org", ("sqlite",)),
        ("sqlite-users.example", ("sqlite",)),
        ("pg.class", ("pgsql",)),
        ("pg.am", ("pgsql",)),
        ("pg-user.example", ()),
    ],
)
def test_a_domain_has_a_table_that_works_or_is_refused(
    database: tuple[str, str], domain: str, refused_by: tuple[str, ...]
) -> None:
    kind, url = database
    # Profile 5.4 takes names without a dot.
    with sandbox(kind, database_url=url, many_domains=False, profile="5.4") as site:
        assert works(site, domain) is (kind not in refused_by)


def test_of_two_domains_of_one_table_the_second_is_refused(database: tuple[str, str]) -> None:
    kind, url = database
    with sandbox(kind, database_url=url, many_domains=False) as site:
        site.domains.add("a-b.example")
        site.users.add("joe@a-b.example", crypted=HASH)
        with pytest.raises(InvalidDomainName, match=r"a-b\.example"):
            site.domains.add("a.b.example")
        assert "joe@a-b.example" in site.users


def test_with_one_table_for_all_such_names_are_names_like_others(database: tuple[str, str]) -> None:
    kind, url = database
    with sandbox(kind, database_url=url, profile="5.4") as site:
        assert all(works(site, domain) for domain in ("sqlite.org", "pg.class", "limits", "select"))
