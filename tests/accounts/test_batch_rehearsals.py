"""Dry runs inside a batch, and a batch that is tried and discarded."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, tree, without_locks
from vpopmail import Vpopmail
from vpopmail.errors import (
    CatchAllProtected,
    DomainExists,
    DomainNotFound,
    UserExists,
    UserNotFound,
)

pytestmark = pytest.mark.usefixtures("on_disk")

JOE = f"joe@{DOMAIN}"
NEW = "new.example"
ALIAS = "alias.example"


def test_a_dry_run_sees_users_that_the_batch_adds_and_deletes(site: Vpopmail, domain: Path) -> None:
    site.users.add("ann@example.com")
    with site.batch():
        site.users.add(JOE)
        site.users.delete("ann@example.com")
        with pytest.raises(UserExists):
            site.users.add(JOE, dry_run=True)
        with pytest.raises(UserExists, match="must end first"):
            site.users.add("ann@example.com", dry_run=True)
        with pytest.raises(UserNotFound):
            site.users.update("ann@example.com", gecos="x", dry_run=True)
        assert not site.users.update(JOE, gecos="Joe", dry_run=True).carried_out
        site.users.delete(JOE, dry_run=True)
        assert site.users.get(JOE).pw_gecos == "joe"
    assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["joe"]
    assert (domain / "joe/Maildir").is_dir()


def test_a_dry_run_sees_the_domains_of_the_batch(site: Vpopmail, domain: Path) -> None:
    assert domain.is_dir()
    with site.batch():
        site.domains.add(NEW, "s3cret-pass")
        site.domains.delete(DOMAIN)
        with pytest.raises(DomainExists):
            site.domains.add(NEW, dry_run=True)
        with pytest.raises(DomainExists, match="must end first"):
            site.domains.add(DOMAIN, dry_run=True)
        with pytest.raises(DomainNotFound):
            site.users.add(JOE, dry_run=True)
        with pytest.raises(UserExists):
            site.users.add(f"postmaster@{NEW}", dry_run=True)
        plan = site.users.add(f"ann@{NEW}", dry_run=True)
        assert f"{NEW}/ann" in str(plan)
        site.domains.add_alias(ALIAS, NEW, dry_run=True)
        site.aliases.add(f"sales@{NEW}", JOE, dry_run=True)
    assert [entry.domain for entry in site.domains] == [NEW]
    assert [user.pw_name for user in site.users.iter(NEW)] == ["postmaster"]
    assert list(site.aliases.iter(NEW)) == []


def test_a_dry_run_sees_files_that_the_batch_changes(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE)
    with site.batch():
        site.catch_all.set(DOMAIN, JOE)
        with pytest.raises(CatchAllProtected):
            site.users.delete(JOE, dry_run=True)
        site.catch_all.delete(DOMAIN, dry_run=True)
        assert site.catch_all.get(DOMAIN) == JOE
    assert site.catch_all.get(DOMAIN) == JOE
    assert (domain / ".qmail-default").read_text().rstrip().endswith("/joe")


def test_a_dry_run_in_a_batch_leaves_the_place_of_the_next_home_as_it_was(
    site: Vpopmail, domain: Path
) -> None:
    with site.batch():
        for number in range(100):
            site.users.add(f"u{number:03}@{DOMAIN}", crypted="x")
    with site.batch():
        first = site.users.add(JOE, dry_run=True)
        assert str(first) == str(site.users.add(JOE))
    assert (domain / "0/joe").is_dir()


def test_a_discarded_batch_changes_nothing(site: Vpopmail, domain: Path, tmp_path: Path) -> None:
    site.users.add("ann@example.com")
    before = without_locks(tree(tmp_path))
    with site.batch() as batch:
        plans = [
            site.domains.add(NEW, "s3cret-pass"),
            site.users.add(JOE),
            site.users.delete("ann@example.com"),
            site.aliases.add("sales@example.com", JOE),
        ]
        batch.discard()
    assert without_locks(tree(tmp_path)) == before
    assert [plan.carried_out for plan in plans] == [False] * 4
    assert batch.plans == []
    assert domain.is_dir()


def test_a_batch_inside_a_batch_discards_both(site: Vpopmail, domain: Path) -> None:
    assert domain.is_dir()
    with site.batch():
        site.users.add(JOE)
        with site.batch() as inner:
            inner.discard()
    assert JOE not in site.users


def test_nobody_is_told_of_a_discarded_batch(site: Vpopmail, domain: Path) -> None:
    assert domain.is_dir()
    told: list[str] = []
    site.events.subscribe(lambda event: told.append(f"{event.when} {event.command}"))
    with site.batch() as batch:
        site.users.add(JOE)
        batch.discard()
    assert told == ["before add_user"]


def test_a_catch_all_set_and_taken_back_can_be_deleted(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE)
    before = (domain / ".qmail-default").read_bytes()
    with site.batch():
        site.catch_all.set(DOMAIN, JOE)
        site.catch_all.delete(DOMAIN)
        site.users.delete(JOE)
    assert JOE not in site.users
    assert (domain / ".qmail-default").read_bytes() == before


def test_a_record_without_home_added_and_deleted_in_a_batch_leaves_nothing(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    import vpopmail

    site.users.add("ann@example.com")
    before = without_locks(tree(tmp_path))
    with site.batch():
        assert vpopmail.vauth_adduser("joe", DOMAIN, "Wonderful-1", "Joe") == 0
        site.users.delete(JOE)
    assert JOE not in site.users
    assert without_locks(tree(tmp_path)) == before
    assert domain.is_dir()


def test_a_record_of_a_user_deleted_in_the_batch_is_refused_at_once(
    site: Vpopmail, domain: Path
) -> None:
    import vpopmail

    site.users.add(JOE)
    with site.batch():
        site.users.delete(JOE)
        code = vpopmail.vauth_adduser("joe", DOMAIN, "Wonderful-1", "Joe")
    assert code == vpopmail.VA.USERNAME_EXISTS
    assert JOE not in site.users
    assert not (domain / "joe").exists()


def test_a_home_that_is_not_there_is_told_after_a_batch(
    site: Vpopmail, domain: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site.users.add(JOE)
    shutil.rmtree(domain / "joe")
    with caplog.at_level(logging.WARNING, "vpopmail"), site.batch():
        site.users.delete(JOE)
    assert JOE not in site.users
    assert JOE in caplog.text


def test_a_domain_without_accounts_takes_aliases_in_the_batch_that_makes_it(
    make_site: Callable[..., Vpopmail],
) -> None:
    site = make_site(backend="null")
    with site.batch():
        site.domains.add(NEW)
        site.aliases.add(f"sales@{NEW}", JOE)
    assert site.aliases.get(f"sales@{NEW}") == [JOE]


@pytest.mark.parametrize("had_delivery", [True, False])
def test_a_directory_that_is_not_adopted_after_all_gets_its_files_back(
    site: Vpopmail, fail: Callable[..., None], had_delivery: bool
) -> None:
    path = Path(site.settings.domains_path, NEW)
    path.mkdir()
    (path / ".qmail-sales").write_bytes(b"old@example.net\n")
    if had_delivery:
        (path / ".qmail-default").write_bytes(b"./Maildir/\n")
    before = tree(path)

    def change() -> None:
        with site.batch():
            site.domains.add(NEW, "s3cret-pass")
            site.aliases.set(f"sales@{NEW}", [JOE])
            site.aliases.set(f"info@{NEW}", [JOE])

    fail("rename", needle="cdb")
    with pytest.raises(OSError):
        change()
    assert {name: what for name, what in without_locks(tree(path)).items() if "vpasswd" not in name} == before
    assert NEW not in site.domains
