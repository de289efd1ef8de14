"""A site that lost a file, or a disk, is not taken for an empty one: mail would bounce."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN
from tests.crash.processes import Killed, in_child
from vpopmail import VA, Vpopmail
from vpopmail.errors import (
    AccountsLost,
    AssignUnreadable,
    BackendUnavailable,
    DomainExists,
    UserNotFound,
)
from vpopmail.safeio import seam

JOE = f"joe@{DOMAIN}"
HASH = "$1$abcdefgh$K2eYkWaGFCU4Ot9LWWHne."


@pytest.fixture
def cdb_path(site: Vpopmail, domain: Path) -> Path:
    """users/cdb of a site with one domain and one user, who gets all mail."""
    assert domain.is_dir()
    site.users.add(JOE, crypted=HASH)
    site.catch_all.set(DOMAIN, JOE)
    return Path(site.settings.users_cdb_path)


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_bytes(b"no cdb")], ids=["lost", "broken"]
)
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


def test_a_domain_that_stands_in_the_text_alone_is_not_made_anew(
    site: Vpopmail, cdb_path: Path
) -> None:
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


# both files of the users of a domain


def lose_users(domain: Path, *more: str) -> None:
    """Remove vpasswd, its index, and further files."""
    for name in ("vpasswd", "vpasswd.cdb", *more):
        (domain / name).unlink()


@pytest.mark.parametrize(
    ("users_big_dir", "more"),
    [(True, ()), (True, (".dir-control",)), (True, (".vpasswd.lock",)), (False, ())],
)
def test_users_whose_files_are_lost_are_not_unknown(
    make_site: Callable[..., Vpopmail], users_big_dir: bool, more: tuple[str, ...]
) -> None:
    site = make_site(users_big_dir=users_big_dir)
    site.domains.add(DOMAIN)
    domain = Path(site.domains.get(DOMAIN).path)
    site.users.add(JOE, crypted=HASH)
    lose_users(domain, *more)
    for ask in (
        lambda: site.users.find(JOE),
        lambda: site.users.check_password(JOE, "x"),
        lambda: site.mail.deliverable(JOE),
        lambda: site.mail.plan(JOE),
        lambda: site.logins.authenticate(JOE, "x", "pop"),
        lambda: list(site.users.iter(DOMAIN)),
    ):
        with pytest.raises(AccountsLost, match="put them back"):
            ask()
    done = site.mail.deliver(JOE, b"Subject: x\n\nx\n")
    assert (done.code, "vpasswd" in done.text) == (111, True)
    with vpopmail.use(site):
        assert vpopmail.vauth_getpw("joe", DOMAIN) is None
        assert vpopmail.last_error() == VA.NO_AUTH_CONNECTION


def test_no_user_is_added_in_the_place_of_lost_ones(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE, crypted=HASH)
    lose_users(domain)
    for act in (
        lambda: site.users.add(f"amy@{DOMAIN}"),
        lambda: site.users.delete(JOE),
        lambda: site.users.set_quota(JOE, "1M"),
    ):
        with pytest.raises(AccountsLost):
            act()
    assert not (domain / "vpasswd").exists()
    (domain / "vpasswd").touch()  # as the advice has it: there are none
    site.users.add(f"amy@{DOMAIN}")
    assert site.users.find(JOE) is None


def test_a_domain_with_lost_users_can_be_deleted(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE, crypted=HASH)
    lose_users(domain)
    site.domains.delete(DOMAIN)
    assert not domain.exists()


def test_users_in_directories_of_hashing_are_found_to_be_lost(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE, crypted=HASH)
    lose_users(domain)
    (domain / "0/A").mkdir(parents=True)
    (domain / "joe").rename(domain / "0/A/joe")
    with pytest.raises(AccountsLost):
        site.users.find(JOE)


@pytest.mark.parametrize("before", ["never", "deleted", "home of nobody", "counted only"])
def test_a_domain_without_users_has_none(site: Vpopmail, domain: Path, before: str) -> None:
    if before == "deleted":
        site.users.add(JOE, crypted=HASH)
        site.users.delete(JOE)
        lose_users(domain)
    if before == "home of nobody":
        (domain / "all/Maildir/new").mkdir(parents=True)
    if before == "counted only":
        (domain / ".dir-control").write_text("7\n")
    assert site.users.find(JOE) is None
    assert list(site.users.iter(DOMAIN)) == []
    site.users.add(JOE, crypted=HASH)
    assert site.users.find(JOE) is not None


def test_reconcile_tells_of_lost_users_and_removes_no_home(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE, crypted=HASH)
    lose_users(domain)
    report = str(site.reconcile())
    assert "put them back" in report
    assert (domain / "joe/Maildir").is_dir()


@pytest.mark.parametrize("killed", [False, True], ids=["added", "killed before it was stored"])
def test_users_of_whom_the_first_is_added_meanwhile_are_not_lost(
    site: Vpopmail, domain: Path, killed: bool
) -> None:
    with suppress(UserNotFound):
        site.users.delete(JOE)  # makes the lock file
    assert not (domain / "vpasswd").exists()

    def look_while_one_is_added() -> object:
        one_at_a_time = iter([killed])

        def notice(event: str, arguments: tuple[object, ...]) -> None:
            if event == "os.scandir" and arguments[0] == str(domain):
                for is_killed in one_at_a_time:
                    with suppress(Killed):
                        in_child(partial(_add_joe, site, is_killed))

        sys.addaudithook(notice)
        return site.users.find(JOE)

    assert in_child(look_while_one_is_added) is None
    assert (domain / "joe/Maildir").is_dir()


def test_users_of_whom_the_first_is_taken_back_meanwhile_are_not_lost(site: Vpopmail, domain: Path) -> None:
    with suppress(Killed):
        in_child(partial(_add_joe, site, True))
    assert (domain / "joe/Maildir").is_dir()

    def look_while_he_is_taken_back() -> object:
        one_at_a_time = iter([None])

        def notice(event: str, arguments: tuple[object, ...]) -> None:
            if event == "open" and arguments[0] == str(domain / ".dir-control"):
                for _ in one_at_a_time:
                    in_child(partial(_finish_leftovers, site))

        sys.addaudithook(notice)
        return site.users.find(JOE)

    assert in_child(look_while_he_is_taken_back) is None
    assert not (domain / "joe").exists()


def _finish_leftovers(site: Vpopmail) -> None:
    with suppress(UserNotFound):
        site.users.delete(JOE)


def _add_joe(site: Vpopmail, killed: bool) -> None:
    def watch(call: str, arguments: tuple[object, ...]) -> None:
        if killed and call == "rename" and arguments[2] == "vpasswd":
            os.kill(os.getpid(), signal.SIGKILL)

    seam.watch = watch
    site.users.add(JOE, crypted=HASH)
