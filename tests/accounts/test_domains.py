"""Domains and alias domains on real files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, needs_root, tree, without_locks
from vpopmail import Vpopmail, vadddomain
from vpopmail.accounts import domain_change, domain_tree
from vpopmail.codes import VA
from vpopmail.errors import (
    BackendUnavailable,
    BaseDirectoryMissing,
    DomainDirectoryMissing,
    DomainDirectoryNotMade,
    DomainExists,
    DomainNotFound,
    DomainsDirectoryNotMade,
    FileNotUpdated,
    InvalidDomainName,
    NotPermitted,
    VpopmailError,
)
from vpopmail.plan import journal
from vpopmail.safeio import seam
from vpopmail.safeio.directory import Directory, Owner


def test_a_new_domain_bounces_and_has_no_user(site: Vpopmail, tmp_path: Path) -> None:
    plan = site.domains.add("Example.COM")
    assert plan.carried_out
    assert plan.unfinished == []
    entry = site.domains.get(DOMAIN)
    path = tmp_path / "v/domains/example.com"
    assert (entry.domain, entry.realdomain, entry.path) == (DOMAIN, DOMAIN, str(path))
    assert (entry.uid, entry.gid, entry.is_alias) == (os.getuid(), os.getgid(), False)
    assert tree(path) == {
        ".qmail-default": f"| {tmp_path}/v/bin/vdelivermail '' bounce-no-mailbox\n".encode()
    }
    assert path.stat().st_mode & 0o7777 == 0o700
    assert "EXAMPLE.com" in site.domains
    assert list(site.domains) == [entry]
    assert (tmp_path / "q/control/rcpthosts").read_bytes() == b"example.com\n"


def test_with_a_password_comes_a_postmaster_in_the_same_commit(site: Vpopmail) -> None:
    plan = site.domains.add(DOMAIN, password="secret")
    assert plan.unfinished == []
    assert str(plan).count("<- commit point") == 1
    user = site.users.get(f"postmaster@{DOMAIN}")
    assert user.pw_gecos == "Postmaster"
    assert Path(user.pw_dir, "Maildir/cur").is_dir()
    assert site.users.check_password(f"postmaster@{DOMAIN}", "secret")


def test_an_empty_password_makes_a_postmaster_who_cannot_log_in(site: Vpopmail) -> None:
    site.domains.add(DOMAIN, password="")
    assert site.users.get(f"postmaster@{DOMAIN}").pw_passwd == ""


def test_deleting_gives_the_site_back_as_it_was(site: Vpopmail, tmp_path: Path) -> None:
    site.domains.add("first.example", password="x")
    before = without_locks(tree(tmp_path))
    site.domains.add(DOMAIN, password="x")
    site.domains.add_alias("alias.example", DOMAIN)
    site.domains.add_alias("other.example", "alias.example")
    assert site.domains.get("other.example").realdomain == DOMAIN
    site.domains.delete("other.example")
    assert DOMAIN in site.domains
    plan = site.domains.delete(DOMAIN)
    assert plan.unfinished == []
    after = without_locks(tree(tmp_path))
    assert after == before
    assert "alias.example" not in site.domains


def test_an_alias_domain_has_the_users_of_the_real_one(site: Vpopmail, domain: Path) -> None:
    site.users.add(f"joe@{DOMAIN}", password="x")
    site.domains.add_alias("a.example", DOMAIN)
    assert site.domains.get("a.example").is_alias
    assert site.users.get("joe@a.example") == site.users.get(f"joe@{DOMAIN}")


def test_a_dry_run_decides_and_touches_nothing(site: Vpopmail, domain: Path, tmp_path: Path) -> None:
    before = tree(tmp_path)
    plan = site.domains.add("new.example", password="secret", dry_run=True)
    assert "secret" not in str(plan)
    assert "build the home of postmaster" in str(plan)
    assert not plan.carried_out
    assert not site.domains.add_alias("a.example", DOMAIN, dry_run=True).carried_out
    assert "take the domains away" in str(site.domains.delete(DOMAIN, dry_run=True))
    (tmp_path / "base").mkdir()
    site.domains.add("new.example", dir=str(tmp_path / "base"), dry_run=True)
    (tmp_path / "base").rmdir()
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", VA.INVALID_DOMAIN_NAME),
        ("ab", VA.INVALID_DOMAIN_NAME),
        ("a" * 97, VA.DOMAIN_NAME_TOO_LONG),
        ("a_b.example", VA.INVALID_DOMAIN_NAME),
        ("-a.example", VA.INVALID_DOMAIN_NAME),
        ("a..example", VA.INVALID_DOMAIN_NAME),
        ("../etc", VA.INVALID_DOMAIN_NAME),
        (DOMAIN, VA.DOMAIN_ALREADY_EXISTS),
        ("alias.example", VA.DOMAIN_ALREADY_EXISTS),
    ],
)
def test_a_refused_domain_leaves_everything_as_it_was(
    site: Vpopmail, domain: Path, tmp_path: Path, name: str, code: VA
) -> None:
    site.domains.add_alias("alias.example", DOMAIN)
    before = without_locks(tree(tmp_path))
    for add in (lambda: site.domains.add(name), lambda: site.domains.add_alias(name, DOMAIN)):
        try:
            add()
        except VpopmailError as error:
            assert error.code == code
        else:
            assert name == "ab"  # alias domains have no least length
            site.domains.delete(name)
    assert without_locks(tree(tmp_path)) == before


@pytest.mark.parametrize("name", ["localhost", "delete", "a.b"])
@pytest.mark.parametrize("profile", ["5.4", "5.6"])
def test_later_release_wants_a_name_as_hosts_have_it(
    make_site: Callable[..., Vpopmail], profile: str, name: str
) -> None:
    site = make_site(profile=profile)
    if profile == "5.4":
        site.domains.add(name)
        assert [entry.domain for entry in site.domains.iter()] == [name]
        site.domains.delete(name)
        return
    with pytest.raises(InvalidDomainName, match="at least one dot"):
        site.domains.add(name)
    assert list(site.domains.iter()) == []


@pytest.mark.parametrize("name", ["example.de", "a.xn--p1ai"])
def test_short_name_of_a_host_is_taken(site: Vpopmail, name: str) -> None:
    site.domains.add(name)
    assert name in site.domains


def test_an_alias_of_nothing_is_refused(site: Vpopmail) -> None:
    with pytest.raises(DomainNotFound) as caught:
        site.domains.add_alias("alias.example", "none.example")
    assert caught.value.code == VA.DOMAIN_DOES_NOT_EXIST


@pytest.mark.parametrize(
    ("name", "code"),
    [("none.example", VA.DOMAIN_DOES_NOT_EXIST), ("a" * 97, VA.DOMAIN_NAME_TOO_LONG), ("x", -11)],
)
def test_a_domain_that_is_not_there_cannot_be_deleted(
    site: Vpopmail, name: str, code: int
) -> None:
    with pytest.raises(VpopmailError) as caught:
        site.domains.delete(name)
    assert caught.value.code == code
    with pytest.raises(VpopmailError) as caught:
        site.domains.delete(name, dry_run=True)
    assert caught.value.code == code


def test_another_base_holds_the_domain(site: Vpopmail, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    site.domains.add(DOMAIN, dir=f"{tmp_path}/base/", password="x")
    assert site.domains.get(DOMAIN).path == f"{tmp_path}/base/domains/{DOMAIN}"
    site.domains.delete(DOMAIN)
    assert tree(tmp_path / "base/domains") == {}


def test_a_missing_base_is_told(site: Vpopmail, tmp_path: Path) -> None:
    with pytest.raises(BaseDirectoryMissing) as caught:
        site.domains.add(DOMAIN, dir=f"{tmp_path}/none")
    assert caught.value.code == VA.BAD_V_DIR
    assert DOMAIN not in site.domains


def test_a_base_in_which_domains_is_a_file(site: Vpopmail, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base/domains").touch()
    with pytest.raises(DomainDirectoryMissing) as caught:
        site.domains.add(DOMAIN, dir=f"{tmp_path}/base")
    assert caught.value.code == VA.BAD_D_DIR


def test_a_base_in_which_domains_cannot_be_made(
    site: Vpopmail, tmp_path: Path, fail: Callable[..., None]
) -> None:
    (tmp_path / "base").mkdir()
    fail("mkdir", 1, "domains.new.vpopmail")
    with pytest.raises(DomainsDirectoryNotMade) as caught:
        site.domains.add(DOMAIN, dir=f"{tmp_path}/base")
    assert caught.value.code == VA.CAN_NOT_MAKE_DOMAINS_DIR


def test_a_base_in_which_domains_is_made_by_another_just_now(
    site: Vpopmail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "base").mkdir()

    def make_first(kind: str, arguments: tuple[object, ...]) -> None:
        if kind == "mkdir" and arguments[0] == "domains.new.vpopmail":
            (tmp_path / "base/domains").mkdir()

    monkeypatch.setattr(seam, "watch", make_first)
    site.domains.add(DOMAIN, dir=f"{tmp_path}/base")
    assert (tmp_path / "base/domains" / DOMAIN).is_dir()


def test_a_path_that_becomes_too_long_is_refused(site: Vpopmail, tmp_path: Path) -> None:
    base = tmp_path / ("x" * (150 - len(str(tmp_path))))
    base.mkdir()
    with pytest.raises(VpopmailError) as caught:
        site.domains.add("a-rather-long.example", dir=str(base))
    assert caught.value.code == VA.DIR_TOO_LONG


def test_a_directory_that_is_there_is_adopted_with_what_is_in_it(
    site: Vpopmail, tmp_path: Path
) -> None:
    path = tmp_path / "v/domains" / DOMAIN
    (path / "joe/Maildir").mkdir(parents=True)
    (path / "joe/file").write_bytes(b"kept")
    (path / ".qmail-default").write_bytes(b"old\n")
    plan = site.domains.add(DOMAIN, password="x")
    assert f"take over {path}" in str(plan)
    assert (path / "joe/file").read_bytes() == b"kept"
    assert b"bounce-no-mailbox" in (path / ".qmail-default").read_bytes()
    assert f"postmaster@{DOMAIN}" in site.users


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("/tmp")])
def test_something_else_in_the_domains_place_is_refused(
    site: Vpopmail, tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "v/domains" / DOMAIN)
    before = without_locks(tree(tmp_path))
    with pytest.raises(DomainDirectoryNotMade) as caught:
        site.domains.add(DOMAIN)
    assert caught.value.code == VA.COULD_NOT_MAKE_DOMAIN_DIR
    assert without_locks(tree(tmp_path)) == before


def test_a_domains_directory_that_is_a_link_is_followed_for_adding(
    site: Vpopmail, tmp_path: Path
) -> None:
    """The administrator may have moved all domains to another disk."""
    (tmp_path / "v/domains").rename(tmp_path / "disk")
    (tmp_path / "v/domains").symlink_to(tmp_path / "disk")
    site.domains.add(DOMAIN)
    assert (tmp_path / "disk" / DOMAIN).is_dir()
    site.domains.delete(DOMAIN)
    assert not (tmp_path / "disk" / DOMAIN).exists()


def test_a_domain_that_is_a_link_goes_as_a_link(site: Vpopmail, domain: Path, tmp_path: Path) -> None:
    domain.rename(tmp_path / "moved")
    domain.symlink_to(tmp_path / "moved")
    site.domains.delete(DOMAIN)
    assert not domain.is_symlink()
    assert (tmp_path / "moved/.qmail-default").exists()


@pytest.mark.parametrize("what", ["directory", "parent"])
def test_a_domain_without_directory_can_be_deleted(
    site: Vpopmail, tmp_path: Path, what: str
) -> None:
    (tmp_path / "base").mkdir()
    site.domains.add(DOMAIN, dir=f"{tmp_path}/base")
    (tmp_path / "base").rename(tmp_path / "gone") if what == "parent" else (
        tmp_path / "base/domains" / DOMAIN
    ).rename(tmp_path / "gone")
    assert site.domains.delete(DOMAIN).unfinished == []
    assert DOMAIN not in site.domains


@needs_root
def test_another_owner_without_a_name_gets_the_domain(site: Vpopmail, tmp_path: Path) -> None:
    site.domains.add(DOMAIN, password="x", uid=54321, gid=54322)
    path = tmp_path / "v/domains" / DOMAIN
    for one in (path, *path.rglob("*")):
        assert (one.stat().st_uid, one.stat().st_gid) == (54321, 54322)
    site.users.add(f"joe@{DOMAIN}", password="x")
    assert (path / "joe/Maildir").stat().st_uid == 54321
    assert (path / "vpasswd").stat().st_uid == 54321
    assert not (path / ".vpopmail").exists()
    site.domains.delete(DOMAIN)


@needs_root
def test_the_domains_of_another_user_are_counted_in_that_users_home(
    site: Vpopmail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home/domains").mkdir(parents=True)

    class Passwd:
        pw_dir = str(tmp_path / "home")

    monkeypatch.setattr(domain_tree.pwd, "getpwuid", lambda uid: Passwd)
    site.domains.add(DOMAIN, uid=54321, gid=54322)
    assert (tmp_path / "home/domains/.dir-control").read_bytes().startswith(b"1\n")


def test_the_hundredth_domain_goes_into_the_first_directory(
    site: Vpopmail, tmp_path: Path
) -> None:
    counter = tmp_path / "v/domains/.dir-control"
    counter.write_text("99\n0\n3\n0 0 0\n61 61 61\n0 2 4\n0 0 0\n\n")
    site.domains.add(DOMAIN)
    assert site.domains.get(DOMAIN).path == f"{tmp_path}/v/domains/0/{DOMAIN}"
    assert counter.read_bytes().startswith(b"100\n")
    site.domains.delete(DOMAIN)
    assert not (tmp_path / "v/domains/0" / DOMAIN).exists()
    assert counter.read_bytes().startswith(b"99\n")


@pytest.mark.parametrize(
    ("kind", "needle"),
    [
        ("mkdir", ".vpopmail"),
        ("mkdir", f"={DOMAIN}"),
        ("create", ".qmail-default"),
        ("create", "vpasswd.new.vpopmail"),
        ("create", "entry"),
        ("rename", f"={DOMAIN}"),
        ("rename", "vpasswd"),
        ("rename", "assign"),
        ("create", "cdb.new.vpopmail"),
        ("rename", "cdb"),
    ],
)
def test_a_failure_up_to_the_commit_point_changes_nothing(
    site: Vpopmail, tmp_path: Path, fail: Callable[..., None], kind: str, needle: str
) -> None:
    site.domains.add("first.example", password="x")
    (tmp_path / "v/domains/.dir-control").write_text(
        "99\n0\n3\n0 0 0\n61 61 61\n0 2 4\n0 0 0\n\n"
    )
    before = without_locks(tree(tmp_path))
    fail(kind, 1, needle)
    with pytest.raises(OSError):
        site.domains.add(DOMAIN, password="x")
    assert without_locks(tree(tmp_path)) == before
    assert DOMAIN not in site.domains


@pytest.mark.parametrize(
    ("kind", "needle"), [("create", "entry"), ("create", "cdb.new.vpopmail"), ("rename", "cdb")]
)
def test_a_failed_deletion_changes_nothing(
    site: Vpopmail, tmp_path: Path, fail: Callable[..., None], kind: str, needle: str
) -> None:
    site.domains.add(DOMAIN, password="x")
    before = without_locks(tree(tmp_path))
    fail(kind, 1, needle)
    with pytest.raises(OSError):
        site.domains.delete(DOMAIN)
    assert without_locks(tree(tmp_path)) == before


def test_a_count_that_fails_is_noted_and_finished_by_the_next_change(
    site: Vpopmail,
    make_site: Callable[..., Vpopmail],
    tmp_path: Path,
    fail: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail("rename", 1, ".dir-control")
    plan = site.domains.add(DOMAIN)
    assert len(plan.unfinished) == 1
    monkeypatch.setattr(seam, "watch", None)
    make_site().domains.add("second.example")
    assert (tmp_path / "v/domains/.dir-control").read_bytes().startswith(b"2\n")
    assert not (tmp_path / "v/domains/.vpopmail").exists()


def test_users_that_change_keep_the_domain_from_being_deleted(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    entry = site.domains.get(DOMAIN)
    before = without_locks(tree(tmp_path))
    with site.installation.open_domain(entry) as opened:
        with site.installation.backend.transaction(entry, opened) as other:
            other.lock()
            with pytest.raises(BackendUnavailable):
                site.domains.delete(DOMAIN)
    assert without_locks(tree(tmp_path)) == before


def test_a_domain_added_while_we_wait_for_the_lock_exists(
    site: Vpopmail, make_site: Callable[..., Vpopmail], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_site()
    real = domain_change.DomainChange.lock
    calls: list[int] = []

    def lock(self: domain_change.DomainChange, *paths: str) -> None:
        calls.append(1)
        if len(calls) == 1:
            other.domains.add(DOMAIN)
        real(self, *paths)

    monkeypatch.setattr(domain_change.DomainChange, "lock", lock)
    with pytest.raises(DomainExists):
        site.domains.add(DOMAIN)
    assert DOMAIN in other.domains


def test_a_user_for_a_domain_deleted_meanwhile_is_refused(
    site: Vpopmail, make_site: Callable[..., Vpopmail], domain: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from vpopmail.accounts.user_change import UserChange

    other = make_site()
    real = UserChange.lock

    def lock(self: UserChange) -> None:
        other.domains.delete(DOMAIN)
        real(self)

    monkeypatch.setattr(UserChange, "lock", lock)
    with pytest.raises(DomainNotFound, match="just now"):
        site.users.add(f"joe@{DOMAIN}", password="x")
    assert not domain.exists()


def test_a_domain_replaced_meanwhile_does_not_get_the_user(
    site: Vpopmail, domain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vpopmail.accounts.user_change import UserChange

    real = UserChange.lock

    def lock(self: UserChange) -> None:
        domain.rename(domain.with_name("old"))
        if replaced:
            domain.mkdir()
        real(self)

    monkeypatch.setattr(UserChange, "lock", lock)
    for replaced in (False, True):
        with pytest.raises(DomainNotFound):
            site.users.add(f"joe@{DOMAIN}", password="x")
        if not replaced:
            domain.with_name("old").rename(domain)


# the null backend: qmail's files only


def test_without_accounts_domains_can_be_added_and_deleted(
    make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    site = make_site(backend="null")
    before = without_locks(tree(tmp_path))
    assert site.domains.add(DOMAIN).unfinished == []
    assert (tmp_path / "v/domains" / DOMAIN / ".qmail-default").exists()
    with pytest.raises(BackendUnavailable):
        site.domains.add("other.example", password="x")
    with pytest.raises(BackendUnavailable):
        site.users.add(f"joe@{DOMAIN}", password="x")
    assert list(site.users.iter(DOMAIN)) == []
    assert site.users.find(f"joe@{DOMAIN}") is None
    site.domains.delete(DOMAIN)
    after = without_locks(tree(tmp_path))
    for name in ("v/domains/.dir-control", "q/users/assign", "q/users/cdb"):
        after.pop(name)
    assert {name: what for name, what in after.items() if what != b""} == before


# what a killed process left


def leave(path: Path, kind: str, facts: list[journal.Fact], staged: str = "") -> None:
    with Directory.open(str(path)) as place:
        stage = journal.begin(place, Owner(os.geteuid(), os.getegid()))
        if staged:
            stage.directory.make(staged, Owner(os.geteuid(), os.getegid())).close()
        stage.enter(kind, facts)
        stage.abandon()


def test_a_domain_that_does_not_count_is_taken_away(site: Vpopmail, tmp_path: Path) -> None:
    site.domains.add("first.example")
    before = without_locks(tree(tmp_path / "v"))
    (tmp_path / "v/domains/0" / DOMAIN / "joe").mkdir(parents=True)
    leave(tmp_path / "v/domains", "domain directories", [("add", DOMAIN, "0")])
    site.domains.add_alias("alias.example", "first.example")
    assert without_locks(tree(tmp_path / "v")) == before


def test_an_adopted_domain_that_does_not_count_stays(site: Vpopmail, tmp_path: Path) -> None:
    site.domains.add("first.example")
    (tmp_path / "v/domains" / DOMAIN / "joe").mkdir(parents=True)
    leave(tmp_path / "v/domains", "domain directories", [("adopt", DOMAIN, "")])
    site.domains.add_alias("alias.example", "first.example")
    assert (tmp_path / "v/domains" / DOMAIN / "joe").is_dir()


def test_a_deleted_domain_that_counts_is_taken_away(site: Vpopmail, tmp_path: Path) -> None:
    site.domains.add("first.example")
    (tmp_path / "v/domains" / DOMAIN).mkdir()
    uid = str(os.getuid())
    leave(
        tmp_path / "v/domains",
        "domain directories",
        [("delete", DOMAIN, "", DOMAIN), ("counter", uid), ("count", "1", "0"), ("retreat",)],
    )
    site.domains.add_alias("alias.example", "first.example")
    assert not (tmp_path / "v/domains" / DOMAIN).exists()
    assert (tmp_path / "v/domains/.dir-control").read_bytes().startswith(b"0\n")


def test_the_counter_of_a_user_without_a_name_is_passed_over(
    site: Vpopmail, tmp_path: Path
) -> None:
    site.domains.add("first.example")
    facts: list[journal.Fact] = [("count", "1", "0"), ("add", "first.example", "")]
    facts += [("counter", "54321"), ("count", "0", "0"), ("advance",)]
    leave(tmp_path / "v/domains", "domain directories", facts)
    site.domains.add_alias("alias.example", "first.example")
    assert (tmp_path / "v/domains/.dir-control").read_bytes().startswith(b"1\n")


@pytest.mark.parametrize(
    "fact",
    [
        ("add", "victim", "../.."),
        ("add", "../../victim", ""),
        ("add", "..", "0"),
        ("add", ".vpopmail", ""),
        ("delete", "none.example", "../..", "victim"),
        ("delete", "none.example", "", "../../victim"),
    ],
)
def test_an_entry_that_leads_elsewhere_is_not_followed(
    site: Vpopmail, tmp_path: Path, fact: journal.Fact
) -> None:
    (tmp_path / "victim").mkdir()
    site.domains.add("first.example")
    leave(tmp_path / "v/domains", "domain directories", [fact])
    site.domains.add_alias("alias.example", "first.example")
    assert (tmp_path / "victim").is_dir()
    assert (tmp_path / "v/domains/first.example/.qmail-default").exists()


def test_an_empty_or_torn_entry_is_only_cleared_away(site: Vpopmail, tmp_path: Path) -> None:
    site.domains.add("first.example")
    before = without_locks(tree(tmp_path / "v"))
    leave(tmp_path / "v/domains", "domain directories", [], "=built")
    leave(tmp_path / "v/domains", "domain directories", [("add", "first.example", "")])
    torn = next((tmp_path / "v/domains/.vpopmail").glob("*/entry"))
    torn.write_bytes(torn.read_bytes()[:-3])
    site.domains.add_alias("alias.example", "first.example")
    assert without_locks(tree(tmp_path / "v")) == before


def test_users_that_do_not_count_are_taken_away(site: Vpopmail, domain: Path) -> None:
    site.users.add(f"amy@{DOMAIN}", password="x")
    before = without_locks(tree(domain))
    (domain / "0/A/joe/Maildir").mkdir(parents=True)
    leave(domain, "users", [("add", "joe", "0/A"), ("count", "1", "0"), ("advance",)])
    (domain / "vpasswd.new.vpopmail").write_bytes(b"torn")
    site.users.add(f"bob@{DOMAIN}", password="x")
    site.users.delete(f"bob@{DOMAIN}")
    assert without_locks(tree(domain)) == before


def test_a_place_with_other_homes_stays_when_one_is_taken_away(
    site: Vpopmail, domain: Path
) -> None:
    (domain / "0/A/joe").mkdir(parents=True)
    (domain / "0/other").mkdir()
    leave(domain, "users", [("add", "joe", "0/A"), ("add", "amy", "z/z")])
    site.users.add(f"bob@{DOMAIN}", password="x")
    assert not (domain / "0/A").exists()
    assert (domain / "0/other").is_dir()


def test_a_deletion_that_counts_is_finished(site: Vpopmail, domain: Path) -> None:
    site.users.add(f"amy@{DOMAIN}", password="x")
    (domain / "joe").mkdir()
    leave(
        domain,
        "users",
        [("delete", "joe", "", "joe"), ("count", "1", "0"), ("retreat",), ("freed", "0/A")],
    )
    site.users.add(f"bob@{DOMAIN}", password="x")
    assert not (domain / "joe").exists()
    # The place that the deletion had freed is given to the next user.
    assert site.users.get(f"bob@{DOMAIN}").pw_dir == f"{domain}/0/A/bob"


def test_a_stage_that_is_the_home_itself_is_a_strangers(site: Vpopmail, domain: Path) -> None:
    """While the home is still on the stage, what is in its place was there before."""
    (domain / "joe").mkdir()
    (domain / "joe/file").write_bytes(b"precious")
    leave(domain, "users", [("add", "joe", "")], "=joe")
    site.users.add(f"bob@{DOMAIN}", password="x")
    assert (domain / "joe/file").read_bytes() == b"precious"
    assert not (domain / ".vpopmail").exists()


@pytest.mark.parametrize("needle", ["cdb", "assign"])
def test_a_failed_adoption_leaves_the_directory_without_our_users(
    site: Vpopmail, tmp_path: Path, fail: Callable[..., None], needle: str
) -> None:
    path = tmp_path / "v/domains" / DOMAIN
    (path / "joe").mkdir(parents=True)
    (path / "joe/file").write_bytes(b"kept")
    fail("rename", 1, needle)
    with pytest.raises(OSError):
        site.domains.add(DOMAIN, password="x")
    assert (path / "joe/file").read_bytes() == b"kept"
    assert not (path / "postmaster").exists()
    assert b"postmaster" not in b"".join(
        one.read_bytes() for one in path.glob("vpasswd*") if one.suffix != ".cdb"
    )
    assert DOMAIN not in site.domains


def test_an_adoption_that_fails_at_once_leaves_what_was_there(
    site: Vpopmail, tmp_path: Path, fail: Callable[..., None]
) -> None:
    path = tmp_path / "v/domains" / DOMAIN
    path.mkdir()
    (path / ".qmail-default").write_bytes(b"old\n")
    before = len(os.listdir("/proc/self/fd"))
    fail("rename", 1, ".qmail-default")
    with pytest.raises(OSError):
        site.domains.add(DOMAIN, password="x")
    assert (path / ".qmail-default").read_bytes() == b"old\n"
    assert len(os.listdir("/proc/self/fd")) <= before
    assert DOMAIN not in site.domains


# alias domains


def test_an_alias_domain_can_stand_for_another_domain(site: Vpopmail, tmp_path: Path) -> None:
    site.domains.add(DOMAIN)
    site.domains.add("other.org")
    site.domains.add_alias("alias.org", DOMAIN)
    control = tree(tmp_path / "q/control")
    plan = site.domains.update_alias("Alias.org", "other.org")
    assert plan.carried_out
    assert site.domains.get("alias.org").realdomain == "other.org"
    assert site.domains.get("alias.org").path == site.domains.get("other.org").path
    assert site.domains.aliases("other.org") == ["alias.org"]
    assert site.domains.aliases(DOMAIN) == []
    assert tree(tmp_path / "q/control") == control
    assert (tmp_path / "q/users/assign").read_text().count("+alias.org-:") == 1


def test_only_an_alias_domain_can_stand_for_another(site: Vpopmail, tmp_path: Path) -> None:
    site.domains.add(DOMAIN)
    site.domains.add("other.org")
    before = tree(tmp_path)
    with pytest.raises(InvalidDomainName):
        site.domains.update_alias(DOMAIN, "other.org")
    with pytest.raises(DomainNotFound):
        site.domains.update_alias("missing.org", DOMAIN)
    site.domains.add_alias("alias.org", DOMAIN)
    before = tree(tmp_path)
    with pytest.raises(DomainNotFound):
        site.domains.update_alias("alias.org", "missing.org")
    site.domains.update_alias("alias.org", "other.org", dry_run=True)
    assert tree(tmp_path) == before


def test_alias_domains_change_in_a_batch(site: Vpopmail) -> None:
    site.domains.add(DOMAIN)
    site.domains.add_alias("alias.org", DOMAIN)
    with site.batch():
        site.domains.add("other.org")
        site.domains.add_alias("new.org", DOMAIN)
        site.domains.update_alias("alias.org", "other.org")
        site.domains.update_alias("new.org", "other.org")
        assert site.domains.aliases("other.org") == ["alias.org", "new.org"]
    assert site.domains.aliases("other.org") == ["alias.org", "new.org"]
    assert site.domains.get("alias.org").path == site.domains.get("other.org").path


# a lost users/assign


@pytest.mark.parametrize("batch", [False, True])
def test_domains_are_not_added_to_a_lost_users_assign(
    site: Vpopmail, tmp_path: Path, *, batch: bool
) -> None:
    site.domains.add(DOMAIN)
    site.domains.add_alias("alias.org", DOMAIN)
    (tmp_path / "q/users/assign").unlink()
    before = without_locks(tree(tmp_path / "q"))

    def add() -> None:
        if not batch:
            site.domains.add("other.org")
            return
        with site.batch():
            site.domains.add("other.org")

    with pytest.raises(FileNotUpdated, match="rebuild"):
        add()
    with pytest.raises(FileNotUpdated, match="rebuild"):
        site.domains.add_alias("more.org", DOMAIN)
    assert vadddomain("other.org") == VA.COULD_NOT_UPDATE_FILE
    assert without_locks(tree(tmp_path / "q")) == before
    site.rebuild()
    site.domains.add("other.org")
    assert {entry.domain for entry in site.domains} == {DOMAIN, "alias.org", "other.org"}


@needs_root
def test_a_dry_run_is_refused_to_whom_the_change_is(
    make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    site = make_site()
    site.domains.add(DOMAIN)
    for path in (tmp_path, *tmp_path.parents):
        if str(path).startswith("/tmp/"):
            path.chmod(0o755)

    def as_stranger() -> bool:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        for dry_run in (True, False):
            with pytest.raises(NotPermitted):
                site.domains.add_alias("alias.org", DOMAIN, dry_run=dry_run)
        return True

    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = 0 if as_stranger() else 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_users_are_counted_as_the_counter_says(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(users_big_dir=True)
    site.domains.add(DOMAIN, "s3cret")
    site.domains.add_alias("alias.org", DOMAIN)
    site.users.add(f"joe@{DOMAIN}")
    assert site.domains.count_users(DOMAIN) == site.domains.count_users("ALIAS.org") == 2
    counter = Path(site.domains.get(DOMAIN).path, ".dir-control")
    counter.unlink()
    assert site.domains.count_users(DOMAIN) == 0
    counter.symlink_to("vpasswd")
    assert site.domains.count_users(DOMAIN) == 0
    with pytest.raises(DomainNotFound):
        site.domains.count_users("missing.org")
