"""A refused login asks the database as often whatever the reason: its time must not tell who is there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vpopmail import VLimits, Vpopmail
from vpopmail.testing import sandbox

from . import raw

DOMAIN = "example.com"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
FACES: dict[str, Callable[[Vpopmail, str], bool]] = {
    "check_password": lambda site, name: site.users.check_password(name, "wrong"),
    "authenticate": lambda site, name: bool(site.logins.authenticate(name, "wrong", "pop")),
}


def selects(url: str) -> int:
    """How many the server has answered."""
    ((_, count),) = raw.run(url, "SHOW GLOBAL STATUS LIKE 'Com_select'")
    return int(count)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("many_domains", [True, False])
def test_each_reason_costs_as_many_selects(mysql_url: str, face: str, *, many_domains: bool) -> None:
    with sandbox("mysql", database_url=mysql_url, mysql_limits=True, many_domains=many_domains) as site:
        site.domains.add(DOMAIN)
        site.users.add(f"joe@{DOMAIN}", crypted=HASH)
        site.limits.set(DOMAIN, VLimits(disable_pop=1))
        refused = FACES[face]
        assert not refused(site, f"joe@{DOMAIN}")  # connected, and the tables known
        counts = []
        for name in (f"joe@{DOMAIN}", f"nobody@{DOMAIN}", "joe@missing.example"):
            before = selects(mysql_url)
            assert not refused(site, name)
            counts.append(selects(mysql_url) - before)
        assert counts[0] >= 1
        assert len(set(counts)) == 1, counts


def test_a_database_that_is_down_is_told_of_domains_that_are_there_only(mysql_url: str) -> None:
    """As with files, where an unknown domain is refused whatever becomes of the accounts."""
    dead = "mysql://root:@127.0.0.1:1/none"
    with sandbox("mysql", database_url=dead, lock_timeout=0) as site:
        assert not site.users.check_password("joe@missing.example", "wrong")
