"""IP maps, and the default domain by the server's address."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import settings_for
from tests.crash.processes import in_children
from vpopmail import VA, Vpopmail
from vpopmail.errors import (
    DomainNameTooLong,
    FileNotUpdated,
    InvalidDomainName,
    InvalidIpAddress,
    IpMapNotFound,
)
from vpopmail.settings import load

Make = Callable[..., Vpopmail]
ONE, TWO = "one.example", "two.example"


@pytest.fixture
def file(site: Vpopmail) -> Path:
    return Path(site.settings.vpopmaildir, "etc/ip_alias_map")


def test_an_address_stands_for_one_domain_after_set(site: Vpopmail, file: Path) -> None:
    plan = site.ip_maps.set("192.0.2.1", ONE)
    assert plan.carried_out and str(plan).startswith("map 192.0.2.1 to one.example")
    site.ip_maps.set("192.0.2.1", TWO)
    assert site.ip_maps.get("192.0.2.1") == TWO
    assert file.read_text() == f"192.0.2.1 {TWO}\n"


def test_what_is_added_counts_when_the_first_one_is_gone(site: Vpopmail) -> None:
    site.ip_maps.add("192.0.2.1", ONE)
    site.ip_maps.add("192.0.2.1", TWO)
    assert site.ip_maps.get("192.0.2.1") == ONE
    site.ip_maps.delete("192.0.2.1", ONE)
    assert site.ip_maps.get("192.0.2.1") == TWO
    assert list(site.ip_maps) == [("192.0.2.1", TWO)]


def test_addresses_and_domains_are_stored_in_one_form(site: Vpopmail) -> None:
    site.ip_maps.set("2001:DB8:0::1", "B\u00fccher.Example")
    assert list(site.ip_maps) == [("2001:db8::1", "xn--bcher-kva.example")]
    site.ip_maps.set("::ffff:192.0.2.1", ONE)
    assert "192.0.2.1" in site.ip_maps
    site.ip_maps.delete("::ffff:192.0.2.1", ONE.upper())
    assert "192.0.2.1" not in site.ip_maps


def test_a_dry_run_changes_nothing(site: Vpopmail, file: Path) -> None:
    assert not site.ip_maps.set("192.0.2.1", ONE, dry_run=True).carried_out
    assert not file.exists()
    site.ip_maps.set("192.0.2.1", ONE)
    assert not site.ip_maps.delete("192.0.2.1", dry_run=True).carried_out
    assert site.ip_maps.get("192.0.2.1") == ONE


@pytest.mark.parametrize("address", ["", "host.example", "192.0.2", "192.0.2.1\n", "#", "1.2.3.4 x"])
def test_what_is_no_address_is_refused(site: Vpopmail, file: Path, address: str) -> None:
    with pytest.raises(InvalidIpAddress):
        site.ip_maps.set(address, ONE)
    assert vpopmail.vadd_ip_map(address, ONE) == -1
    assert not file.exists()


@pytest.mark.parametrize(
    ("domain", "error"),
    [("", InvalidDomainName), ("a b.org", InvalidDomainName), ("a.org\nb", InvalidDomainName),
     ("a" * 97, DomainNameTooLong), ("-a.org", InvalidDomainName)],
)  # fmt: skip
def test_what_can_be_no_domain_is_refused(site: Vpopmail, domain: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        site.ip_maps.add("192.0.2.1", domain)
    assert list(site.ip_maps) == []


def test_what_is_not_there_cannot_be_got_or_deleted(site: Vpopmail) -> None:
    site.ip_maps.set("192.0.2.1", ONE)
    assert site.ip_maps.find("192.0.2.2") is None
    for act in (
        lambda: site.ip_maps.get("192.0.2.2"),
        lambda: site.ip_maps.delete("192.0.2.2"),
        lambda: site.ip_maps.delete("192.0.2.1", TWO),
    ):
        with pytest.raises(IpMapNotFound):
            act()
    assert vpopmail.vdel_ip_map("192.0.2.1", TWO) == 0


def test_odd_lines_can_be_found_and_deleted_and_others_stay(site: Vpopmail, file: Path) -> None:
    file.write_text("# comment\nalone\nold%s.example One.Example\n2001:DB8::1\t ONE more\n")
    assert ("#", "comment") in list(site.ip_maps)
    assert site.ip_maps.get("2001:db8:0::1") == "ONE"
    site.ip_maps.delete("2001:db8::1")
    site.ip_maps.delete("old%s.example")
    assert file.read_text() == "# comment\nalone\n"


def test_a_change_waits_for_the_lock_and_gives_up(site: Vpopmail, file: Path) -> None:
    from vpopmail.safeio.directory import Directory
    from vpopmail.safeio.locks import FileLock

    with Directory.open(str(file.parent)) as etc, FileLock(etc, "ip_alias_map.lock", 0):
        with pytest.raises(FileNotUpdated):
            site.ip_maps.set("192.0.2.1", ONE)
        assert vpopmail.vadd_ip_map("192.0.2.1", ONE) == -1
    assert not file.exists()


def test_no_pair_is_lost_among_many(tmp_path: Path, site: Vpopmail) -> None:
    def add(number: int) -> None:
        with Vpopmail(load(settings_for(tmp_path, lock_timeout=60))) as own:
            for turn in range(8):
                own.ip_maps.set(f"192.0.2.{number * 8 + turn}", f"d{number}.example")
                own.ip_maps.set("198.51.100.1", f"d{number}.example")

    in_children([partial(add, number) for number in range(8)])
    found = list(site.ip_maps)
    assert len(found) == 65
    assert [address for address, _ in found].count("198.51.100.1") == 1


# the C face


def test_the_cursor_gives_what_the_iterator_gives(site: Vpopmail) -> None:
    assert vpopmail.vshow_ip_map(1) == (0, "", "")
    assert vpopmail.vadd_ip_map("192.0.2.1", ONE) == vpopmail.vadd_ip_map("192.0.2.2", TWO) == 0
    shown = [vpopmail.vshow_ip_map(1), vpopmail.vshow_ip_map(0), vpopmail.vshow_ip_map(0)]
    assert shown == [(1, "192.0.2.1", ONE), (1, "192.0.2.2", TWO), (0, "", "")]
    assert list(vpopmail.ip_map_entries()) == [("192.0.2.1", ONE), ("192.0.2.2", TWO)]
    assert vpopmail.vget_ip_map("192.0.2.2") == (0, TWO)
    assert vpopmail.vget_ip_map("192.0.2.3") == (-1, "")


def test_empty_arguments_have_the_codes_of_c(site: Vpopmail) -> None:
    assert vpopmail.vadd_ip_map("", ONE) == -1
    assert vpopmail.vadd_ip_map("192.0.2.1", "") == -10
    assert vpopmail.vdel_ip_map("", ONE) == vpopmail.vdel_ip_map("192.0.2.1", "") == -1
    assert vpopmail.vget_ip_map("") == (-1, "")


def test_a_map_that_cannot_be_read_is_told(site: Vpopmail, file: Path) -> None:
    file.mkdir()
    assert vpopmail.vshow_ip_map(1) == (-1, "", "")
    assert vpopmail.vget_ip_map("192.0.2.1") == (-1, "")
    assert vpopmail.vdel_ip_map("192.0.2.1", ONE) == -1
    assert list(vpopmail.ip_map_entries()) == []


# the default domain


@pytest.fixture
def mapped(make_site: Make, monkeypatch: pytest.MonkeyPatch) -> Vpopmail:
    monkeypatch.delenv("VPOPMAIL_DOMAIN", raising=False)
    site = make_site(ip_alias_domains=True)
    site.ip_maps.set("192.0.2.1", ONE)
    site.ip_maps.set("2001:db8::1", TWO)
    Path(site.settings.vpopmaildir, "etc/defaultdomain").write_text("default.example\n")
    return site


@pytest.mark.parametrize(
    ("address", "domain"),
    [("192.0.2.1", ONE), ("::ffff:192.0.2.1", ONE), ("2001:DB8::1", TWO), ("2001:db8::1%eth0", TWO),
     ("192.0.2.2", "default.example"), ("", "default.example"), ("host", "default.example")],
)  # fmt: skip
def test_the_servers_address_gives_the_domain(
    mapped: Vpopmail, monkeypatch: pytest.MonkeyPatch, address: str, domain: str
) -> None:
    monkeypatch.setenv("TCPLOCALIP", address)
    with vpopmail.use(mapped):
        assert vpopmail.parse_email("Joe") == (VA.SUCCESS, "joe", domain)
        assert vpopmail.vset_default_domain("") == domain
        assert vpopmail.vset_default_domain("given.example") == "given.example"


def test_the_environment_and_control_locals_come_first(
    mapped: Vpopmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TCPLOCALIP", "192.0.2.1")
    with vpopmail.use(mapped):
        Path(mapped.settings.qmaildir, "control/locals").write_text(f"localhost\n{ONE}\n")
        assert vpopmail.vset_default_domain("") == "default.example"
        monkeypatch.setenv("VPOPMAIL_DOMAIN", "env.example")
        assert vpopmail.vset_default_domain("") == "env.example"


def test_without_the_option_the_address_does_not_count(
    mapped: Vpopmail, make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TCPLOCALIP", "192.0.2.1")
    with vpopmail.use(make_site()):
        assert vpopmail.vset_default_domain("") == "default.example"


def test_a_map_that_cannot_be_read_leaves_the_default_domain(
    mapped: Vpopmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TCPLOCALIP", "192.0.2.1")
    path = Path(mapped.settings.vpopmaildir, "etc/ip_alias_map")
    path.unlink()
    os.mkfifo(path)
    with vpopmail.use(mapped):
        assert vpopmail.vset_default_domain("") == "default.example"
