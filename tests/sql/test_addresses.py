"""IP maps and relay addresses in tables, of any layout, and what goes with a domain."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from vpopmail import VA, Vpopmail
from vpopmail.backends.facets import IpMapFacet, RelayFacet
from vpopmail.errors import DomainNameTooLong, InvalidCharacter, InvalidIpAddress
from vpopmail.testing import sandbox

from . import raw
from .recorded import DOMAIN, SCHEMAS, kind_of, options_for, statements

LAYOUTS = [name for name in SCHEMAS if {"relay", "ip_alias_map"} <= SCHEMAS[name]["tables"].keys()]
LONG = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"


@contextmanager
def opened(kind: str, url: str, **more: object) -> Iterator[Vpopmail]:
    options = {"database_url": url, "ip_alias_domains": True, "roaming_users": True, "lock_timeout": 5, **more}
    with sandbox(kind, **options) as site:
        yield site


def ip_map(site: Vpopmail) -> IpMapFacet:
    store = site.installation.backend
    assert isinstance(store, IpMapFacet)
    return store


def relay(site: Vpopmail) -> RelayFacet:
    store = site.installation.backend
    assert isinstance(store, RelayFacet)
    return store


def test_an_address_has_one_domain(database: tuple[str, str]) -> None:
    with opened(*database) as site:
        store = ip_map(site)
        assert store.read_ip_map("192.0.2.1") is None
        assert list(store.iterate_ip_map()) == []
        assert not store.delete_ip_map("192.0.2.1", DOMAIN)
        store.write_ip_map("192.0.2.1", "other.example")
        store.write_ip_map("192.0.2.1", DOMAIN)
        store.write_ip_map(LONG, DOMAIN)
        assert store.read_ip_map("192.0.2.1") == DOMAIN
        assert list(store.iterate_ip_map()) == [("192.0.2.1", DOMAIN), (LONG, DOMAIN)]
        assert not store.delete_ip_map("192.0.2.1", "other.example")
        assert store.delete_ip_map("192.0.2.1", DOMAIN)
        assert store.read_ip_map("192.0.2.1") is None
        assert store.read_ip_map("192.0.2.1\0\udcff") is None


def test_the_map_of_a_domain_goes_with_it(database: tuple[str, str]) -> None:
    """C leaves it, and logins at the address go to a domain that is not there."""
    with opened(*database) as site:
        site.domains.add(DOMAIN)
        ip_map(site).write_ip_map("192.0.2.1", DOMAIN)
        ip_map(site).write_ip_map("192.0.2.2", "other.example")
        site.domains.delete(DOMAIN)
        assert list(ip_map(site).iterate_ip_map()) == [("192.0.2.2", "other.example")]


def test_an_address_is_new_once(database: tuple[str, str]) -> None:
    with opened(*database) as site:
        store = relay(site)
        assert store.relay_addresses() == []
        assert store.close_relay(10**10) == 0
        assert store.open_relay("192.0.2.1", 1000) is True
        assert store.open_relay("192.0.2.1", 1001) is False
        assert store.open_relay("192.0.2.1", 1001) is False
        assert store.open_relay(LONG, 1002) is True
        assert sorted(store.relay_addresses()) == [("192.0.2.1", 1001), (LONG, 1002)]
        assert store.close_relay(1000) == 0
        assert store.close_relay(1001) == 1
        assert store.relay_addresses() == [(LONG, 1002)]


def test_of_many_that_open_at_once_one_is_told_that_it_is_new(database: tuple[str, str]) -> None:
    with opened(*database, lock_timeout=20) as site:
        relay(site).open_relay("192.0.2.9", 1)  # makes the table
        start, told = threading.Barrier(4), []

        def login() -> None:
            start.wait()
            told.append(relay(site).open_relay("192.0.2.1", 1000))

        threads = [threading.Thread(target=login) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == [False, False, False, True]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tables_of_c_are_used_as_they_are(layout: str, request: pytest.FixtureRequest) -> None:
    kind = kind_of(layout)
    url = request.getfixturevalue(f"{kind}_url")
    raw.run(url, *statements(layout))
    with opened(kind, url, **options_for(layout)) as site:
        assert relay(site).open_relay("192.0.2.1", 1000)
        ip_map(site).write_ip_map("192.0.2.1", DOMAIN)
        ((stamp,),) = raw.run(url, "SELECT timestamp FROM relay")
        assert stamp == ("1000" if layout.startswith("5.4") else 1000)
        raw.run(url, "INSERT INTO relay (ip_addr, timestamp) VALUES ('192.0.2.2', NULL)")
        if layout.startswith("5.4"):
            raw.run(url, "INSERT INTO relay (ip_addr, timestamp) VALUES ('192.0.2.3', 'x'), ('192.0.2.4', '99999')")
            for store, values in ((relay(site).open_relay, 7), (ip_map(site).write_ip_map, DOMAIN)):
                with pytest.raises(InvalidIpAddress, match="18 characters") as caught:
                    store(LONG, values)  # type: ignore[operator]
                assert caught.value.code == VA.INVALID_IP_ADDRESS
        addresses = dict(relay(site).relay_addresses())
        assert addresses["192.0.2.2"] == 0
        assert relay(site).close_relay(1000) == len(addresses) - ("192.0.2.4" in addresses)
        assert [one for one, _ in relay(site).relay_addresses()] == ["192.0.2.4"] * ("192.0.2.4" in addresses)
        with pytest.raises(DomainNameTooLong):
            ip_map(site).write_ip_map("192.0.2.1", "d" * 97)
        with pytest.raises(InvalidCharacter):
            ip_map(site).write_ip_map("192.0.2.1", "\U0001f600.example")
        assert ip_map(site).read_ip_map("192.0.2.1") == DOMAIN
