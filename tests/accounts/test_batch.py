"""Many changes with one commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, tree, without_locks
from vpopmail import VLimits, Vpopmail, use, vauth_getpw
from vpopmail.codes import VA
from vpopmail.errors import (
    CatchAllProtected,
    DomainExists,
    DomainNotFound,
    HomeExists,
    LimitsUnreadable,
    UserExists,
    UserNotFound,
)
from vpopmail.formats import cdb, vpasswd
from vpopmail.records import NO_POP
from vpopmail.safeio import seam

JOE = f"joe@{DOMAIN}"


def consistent(domain: Path) -> bool:
    """Whether the index belongs to the text, and each user has a home."""
    text = (domain / "vpasswd").read_bytes()
    users = [vpasswd.parse_line(line) for line in text.splitlines()]
    return cdb.build(vpasswd.records(text)) == (domain / "vpasswd.cdb").read_bytes() and all(
        Path(user.pw_dir, "Maildir/new").is_dir() for user in users
    )


@pytest.mark.parametrize("count", [3, 17, 120])
def test_users_of_a_batch_count_together_at_its_end(
    site: Vpopmail, make_site: Callable[..., Vpopmail], domain: Path, count: int
) -> None:
    site.users.add(f"before@{DOMAIN}", password="x")
    other = make_site()
    plans = []
    with site.batch() as batch:
        for number in range(count):
            plans.append(site.users.add(f"user{number:03d}@{DOMAIN}", crypted="x"))
        plans.append(site.users.delete(f"before@{DOMAIN}"))
        assert not any(plan.carried_out for plan in plans)
        assert f"user000@{DOMAIN}" in site.users
        assert f"before@{DOMAIN}" not in site.users
        assert f"user000@{DOMAIN}" not in other.users
        assert f"before@{DOMAIN}" in other.users
    assert all(plan.carried_out and not plan.unfinished for plan in plans)
    assert [plan.subject for plan in batch.plans] == [f"batch of {count + 1} changes in {DOMAIN}"]
    assert batch.plans[0].carried_out and "commit point" in str(batch.plans[0])
    names = [user.pw_name for user in other.users.iter(DOMAIN)]
    assert names == [f"user{number:03d}" for number in range(count)]
    assert consistent(domain)
    assert not (domain / "before").exists()
    # one counted before the batch; the count goes with the moves: all added, then one deleted
    assert (domain / ".dir-control").read_bytes().split(b"\n")[0] == str(count).encode()


def test_a_domain_and_its_users_in_one_batch(
    site: Vpopmail, make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    other = make_site()
    with site.batch() as batch:
        site.domains.add(DOMAIN, password="secret")
        site.domains.add_alias("alias.example", DOMAIN)
        site.users.add("joe@alias.example", password="x")
        assert JOE in site.users
        assert f"postmaster@{DOMAIN}" in site.users
        assert f"nobody@{DOMAIN}" not in site.users
        assert site.domains.get("alias.example").realdomain == DOMAIN
        with pytest.raises(DomainExists):
            site.domains.add(DOMAIN)
        with pytest.raises(UserExists):
            site.users.add(JOE)
        assert DOMAIN not in other.domains
    assert all(plan.carried_out for plan in batch.plans)
    assert JOE in other.users
    assert other.users.check_password(f"postmaster@{DOMAIN}", "secret")
    assert consistent(tmp_path / "v/domains" / DOMAIN)
    assert not list((tmp_path / "v").rglob(".vpopmail"))


def test_an_error_discards_all(site: Vpopmail, domain: Path, tmp_path: Path) -> None:
    site.users.add(f"amy@{DOMAIN}", password="x")
    before = without_locks(tree(tmp_path))

    def change() -> None:
        with site.batch():
            site.domains.add("new.example", password="x")
            site.users.add(JOE, password="x")
            site.users.delete(f"amy@{DOMAIN}")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        change()
    assert without_locks(tree(tmp_path)) == before
    assert f"amy@{DOMAIN}" in site.users
    assert JOE not in site.users


def test_a_refused_change_in_a_batch_leaves_the_others(site: Vpopmail, domain: Path) -> None:
    (domain / "bob").mkdir()
    (domain / ".qmail-default").write_text(f"| /v/bin/vdelivermail '' amy@{DOMAIN}\n")
    site.users.add(f"amy@{DOMAIN}", password="x")
    with site.batch():
        site.users.add(JOE, password="x")
        with pytest.raises(HomeExists):
            site.users.add(f"bob@{DOMAIN}")
        with pytest.raises(UserNotFound):
            site.users.delete(f"carl@{DOMAIN}")
        with pytest.raises(CatchAllProtected):
            site.users.delete(f"amy@{DOMAIN}")
        with pytest.raises(DomainNotFound):
            site.users.add("joe@none.example")
        with pytest.raises(DomainNotFound):
            site.users.delete("joe@none.example")
    assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["amy", "joe"]


def test_a_home_that_cannot_be_built_is_forgotten(
    site: Vpopmail, domain: Path, fail: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.batch():
        site.users.add(JOE, password="x")
        fail("mkdir", 1, "=amy/Maildir/cur")
        with pytest.raises(OSError):
            site.users.add(f"amy@{DOMAIN}", password="x")
        monkeypatch.setattr(seam, "watch", None)
        assert f"amy@{DOMAIN}" not in site.users
    assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["joe"]
    assert not (domain / "amy").exists()
    assert (domain / ".dir-control").read_bytes().startswith(b"1\n")


def test_a_domain_that_cannot_be_built_is_forgotten(
    site: Vpopmail, tmp_path: Path, fail: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.batch():
        site.domains.add("first.example", password="x")
        fail("mkdir", 1, "postmaster/Maildir/cur")
        with pytest.raises(OSError):
            site.domains.add(DOMAIN, password="x")
        monkeypatch.setattr(seam, "watch", None)
        assert DOMAIN not in site.domains
    assert [entry.domain for entry in site.domains] == ["first.example"]
    assert not (tmp_path / "v/domains" / DOMAIN).exists()


def test_what_was_added_in_a_batch_can_be_deleted_in_it(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    before = without_locks(tree(tmp_path / "q"))
    with site.batch():
        site.users.add(JOE, password="x")
        site.users.delete(JOE)
        assert JOE not in site.users
        site.domains.add("new.example", password="x")
        site.domains.delete("new.example")
        assert "new.example" not in site.domains
    assert JOE not in site.users
    assert not (domain / "joe").exists()
    assert without_locks(tree(tmp_path / "q")) == before
    assert not (tmp_path / "v/domains/new.example").exists()


def test_a_user_deleted_and_added_again_in_a_batch(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE, password="old")
    with site.batch():
        site.users.delete(JOE)
        with pytest.raises(UserExists, match="this batch"):
            site.users.add(JOE, password="new")
    assert JOE not in site.users


def test_domains_deleted_in_a_batch_go_with_their_aliases(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    site.domains.add_alias("alias.example", DOMAIN)
    site.domains.add("second.example", password="x")
    site.domains.add_alias("another.example", "second.example")
    with site.batch():
        plans = [
            site.users.add(JOE, password="x"),
            site.domains.delete(DOMAIN),
            site.domains.delete("another.example"),
        ]
        assert DOMAIN not in site.domains
        assert site.users.find(JOE) is None
    # The user went with the domain before anything of it counted.
    assert [plan.carried_out for plan in plans] == [False, True, True]
    assert [entry.domain for entry in site.domains] == ["second.example"]
    assert not domain.exists()
    assert "postmaster@second.example" in site.users


def test_a_batch_in_a_batch_is_part_of_it(
    site: Vpopmail, make_site: Callable[..., Vpopmail], domain: Path
) -> None:
    other = make_site()
    with site.batch():
        with site.batch():
            site.users.add(JOE, password="x")
        assert JOE not in other.users
        assert JOE in site.users
    assert JOE in other.users


def test_a_batch_is_of_one_site_and_one_thread(
    site: Vpopmail, make_site: Callable[..., Vpopmail], domain: Path
) -> None:
    other = make_site()
    seen: list[bool] = []
    with site.batch():
        site.users.add(JOE, password="x")
        thread = threading.Thread(target=lambda: seen.append(JOE in site.users))
        thread.start()
        thread.join()
        other.users.add(f"amy@{DOMAIN}", password="x")
        assert f"amy@{DOMAIN}" in site.users
    assert seen == [False]
    assert [user.pw_name for user in other.users.iter(DOMAIN)] == ["amy", "joe"]


def test_a_dry_run_in_a_batch_is_no_part_of_it(site: Vpopmail, domain: Path) -> None:
    site.users.add(f"amy@{DOMAIN}", password="x")
    with site.batch() as batch:
        site.users.add(JOE, password="x", dry_run=True)
        site.users.delete(f"amy@{DOMAIN}", dry_run=True)
        site.domains.add("new.example", dry_run=True)
        site.domains.add_alias("alias.example", DOMAIN, dry_run=True)
        site.domains.delete(DOMAIN, dry_run=True)
    assert batch.plans == []
    assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["amy"]


def test_an_empty_batch_changes_nothing(site: Vpopmail, domain: Path, tmp_path: Path) -> None:
    before = tree(tmp_path)
    with site.batch():
        pass
    assert tree(tmp_path) == before


def test_lookups_of_the_c_face_see_the_batch(site: Vpopmail, domain: Path) -> None:
    site.limits.set(DOMAIN, VLimits(disable_pop=1))
    with site.batch():
        site.users.add(JOE, password="x")
        found = vauth_getpw("joe", DOMAIN)
        assert found is not None
        assert found.pw_flags == NO_POP
        assert vauth_getpw("joe", "none.example") is None


def test_without_limits_a_batch_refuses_users(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    (tmp_path / "v/etc/vlimits.default").unlink()
    with site.batch(), pytest.raises(LimitsUnreadable):
        site.users.add(JOE, password="x")
    with pytest.raises(LimitsUnreadable):
        site.domains.add("new.example", password="x")


# what others did since the change was asked for


def test_a_user_added_by_another_meanwhile_discards_the_batch(
    site: Vpopmail, make_site: Callable[..., Vpopmail], domain: Path
) -> None:
    other = make_site()

    def change() -> None:
        with site.batch():
            site.users.add(JOE, password="ours")
            site.users.add(f"amy@{DOMAIN}", password="x")
            other.users.add(JOE, password="theirs")

    with pytest.raises(UserExists, match="meanwhile") as caught:
        change()
    assert caught.value.code == VA.USERNAME_EXISTS
    assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["joe"]
    assert site.users.check_password(JOE, "theirs")
    assert consistent(domain)


def test_a_user_deleted_by_another_meanwhile_discards_the_batch(
    site: Vpopmail, make_site: Callable[..., Vpopmail], domain: Path
) -> None:
    other = make_site()
    site.users.add(JOE, password="x")

    def change() -> None:
        with site.batch():
            site.users.delete(JOE)
            site.users.add(f"amy@{DOMAIN}", password="x")
            other.users.delete(JOE)

    with pytest.raises(UserNotFound, match="meanwhile"):
        change()
    assert list(site.users.iter(DOMAIN)) == []


def test_a_domain_added_by_another_meanwhile_discards_the_batch(
    site: Vpopmail, make_site: Callable[..., Vpopmail], domain: Path
) -> None:
    other = make_site()

    def change() -> None:
        with site.batch():
            site.domains.add("new.example", password="ours")
            site.users.add(JOE, password="x")
            other.domains.add("new.example", password="theirs")

    with pytest.raises(DomainExists, match="meanwhile"):
        change()
    assert site.users.check_password("postmaster@new.example", "theirs")
    assert JOE not in site.users


@pytest.mark.parametrize("name", [DOMAIN, "alias.example"])
def test_a_domain_deleted_by_another_meanwhile_discards_the_batch(
    site: Vpopmail, make_site: Callable[..., Vpopmail], domain: Path, name: str
) -> None:
    site.domains.add_alias("alias.example", DOMAIN)
    other = make_site()

    def change() -> None:
        with site.batch():
            site.domains.delete(name)
            site.domains.add("new.example")
            other.domains.delete(name)

    with pytest.raises(DomainNotFound, match="meanwhile"):
        change()
    assert "new.example" not in site.domains


def test_a_place_taken_by_another_meanwhile_does_not_lose_mail(
    site: Vpopmail, make_site: Callable[..., Vpopmail], domain: Path
) -> None:
    """What turns up where the home goes is not replaced."""
    site.users.add(f"kim@{DOMAIN}")  # a home without any user would be that of a lost one

    def change() -> None:
        with site.batch():
            site.users.add(JOE, password="x")
            (domain / "joe/Maildir").mkdir(parents=True)

    with pytest.raises(OSError):
        change()
    assert JOE not in site.users
    assert (domain / "joe/Maildir").is_dir()


def test_with_sync_a_batch_brings_its_homes_to_the_disk_before_they_count(
    make_site: Callable[..., Vpopmail], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(sync=True)
    site.domains.add("first.example")
    calls: list[str] = []

    def note(kind: str, arguments: tuple[object, ...]) -> None:
        if kind == "rename" and arguments[2] in {"vpasswd", "cdb"}:
            calls.append(str(arguments[2]))
        elif kind == "sync_filesystem":
            calls.append(kind)

    monkeypatch.setattr(seam, "watch", note)
    with use(site), site.batch():
        site.users.add("joe@first.example", password="x")
        site.domains.add(DOMAIN, password="x")
    # The vpasswd of a new domain is on its stage, which counts with users/cdb.
    assert calls[-2:] == ["sync_filesystem", "vpasswd"]
    assert calls.index("sync_filesystem") < calls.index("cdb")
    monkeypatch.setattr(seam, "watch", None)
    site.users.add(JOE, password="x")
    assert JOE in site.users


def test_a_stored_name_does_not_lead_a_home_off_the_stage(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    """The owner of the domain writes vpasswd; root deletes what it names."""
    site.users.add(JOE, password="x")
    (domain / "home").mkdir()
    odd = "joe/../../../../../../escaped"
    with (domain / "vpasswd").open("a") as file:
        file.write(f"{odd}:x:1:0:x:{domain}/home:NOQUOTA:\n")
    (domain / "vpasswd.cdb").unlink()
    with site.batch():
        site.users.delete(JOE)
        site.users.delete_from(odd, DOMAIN)
    assert not (tmp_path / "escaped").exists()
    assert site.users.find_in(odd, DOMAIN) is None


def test_a_batch_is_used_once(site: Vpopmail, domain: Path) -> None:  # noqa: ARG001
    batch = site.batch()
    with batch:
        site.users.add(JOE)
    with pytest.raises(RuntimeError, match="used once"), batch:
        pass
    assert JOE in site.users
