"""A directory that was there before a domain: what becomes of it when the domain is not made after all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_root, tree, without_locks
from vpopmail import Vpopmail, VqPasswd
from vpopmail.accounts.fingerprints import fingerprint
from vpopmail.errors import DomainExists, HomeExists, UserExists
from vpopmail.plan.journal import format_entry
from vpopmail.safeio import seam

NEW = "new.example"
GOOD = "Wonderful-1"


@pytest.fixture
def path(site: Vpopmail) -> Path:
    """The directory of a domain that is not there, with the mail of joe in it."""
    site.domains.add(NEW)
    site.users.add(f"joe@{NEW}")
    path = Path(site.domains.get(NEW).path)
    kept = path.parent / "kept"
    path.rename(kept)
    site.domains.delete(NEW)
    kept.rename(path)
    return path


def kinds(path: Path) -> dict[str, tuple[object, ...]]:
    """What is below a path with owner and mode; lock files stay."""
    found = {}
    for name, what in without_locks(tree(path)).items():
        status = os.lstat(path / name)
        found[name] = (what, status.st_uid, status.st_gid, oct(status.st_mode))
    return found


def adopt(site: Vpopmail, *, discard: bool) -> None:
    """A batch that takes the directory over and changes all kinds of things in it."""
    with site.batch() as batch:
        site.domains.add(NEW, GOOD)
        site.users.add(f"amy@{NEW}", quota="1M")
        for number in range(101):
            site.users.add(f"u{number:03}@{NEW}", crypted="x")
        site.users.update(f"joe@{NEW}", gecos="Joe")
        site.users.add(f"gone@{NEW}")
        site.users.delete(f"gone@{NEW}")
        site.aliases.add(f"sales@{NEW}", "&joe@example.com")
        if discard:
            batch.discard()


@pytest.mark.parametrize("discard", [True, False])
def test_a_batch_that_does_not_count_leaves_no_homes(
    site: Vpopmail,
    path: Path,
    fail: Callable[..., None],
    discard: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = kinds(path)
    if discard:
        adopt(site, discard=True)
    else:
        fail("rename", needle="cdb")
        with pytest.raises(OSError, match="rename"):
            adopt(site, discard=False)
        monkeypatch.setattr(seam, "watch", None)
    after = kinds(path)
    assert sorted(after) == sorted(before)
    assert {name for name, what in after.items() if what != before[name]} <= {"vpasswd.cdb"}
    site.domains.add(NEW)
    assert [user.pw_gecos for user in site.users.iter(NEW)] == ["joe"]


@pytest.mark.parametrize("discard", [True, False])
@pytest.mark.parametrize("kind", ["link", "private", pytest.param("foreign", marks=needs_root)])
def test_its_default_delivery_is_given_back_as_it_was(
    site: Vpopmail,
    path: Path,
    fail: Callable[..., None],
    kind: str,
    discard: bool,
    tmp_path: Path,
) -> None:
    own = path / ".qmail-default"
    if kind == "link":
        own.unlink()
        (tmp_path / "elsewhere").write_text("./Maildir/\n")
        own.symlink_to(tmp_path / "elsewhere")
    elif kind == "private":
        own.chmod(0o640)
    else:
        os.chown(own, 1234, 1235)
    before = os.lstat(own)
    if discard:
        adopt(site, discard=True)
    else:
        fail("rename", needle="cdb")
        with pytest.raises(OSError, match="rename"):
            adopt(site, discard=False)
    after = os.lstat(own)
    same = ("st_ino", "st_mode", "st_uid", "st_gid", "st_size", "st_mtime_ns")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
    assert own.is_symlink() == (kind == "link")


def test_a_user_who_was_there_is_deleted_with_the_home_in_the_batch_that_adopts(
    site: Vpopmail, path: Path
) -> None:
    with site.batch():
        site.domains.add(NEW)
        site.users.delete(f"joe@{NEW}")
    assert list(site.users.iter(NEW)) == []
    assert not (path / "joe").exists()
    assert not (path / ".vpopmail").exists()


def test_a_user_who_was_there_stays_when_the_batch_that_adopts_fails(
    site: Vpopmail, path: Path, fail: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def change() -> None:
        with site.batch():
            site.domains.add(NEW)
            site.users.delete(f"joe@{NEW}")

    before = tree(path)["vpasswd"]
    fail("rename", needle="cdb")
    with pytest.raises(OSError, match="rename"):
        change()
    monkeypatch.setattr(seam, "watch", None)
    assert tree(path)["vpasswd"] == before
    assert (path / "joe/Maildir").is_dir()


def test_users_who_were_there_are_seen_in_the_batch_that_adopts(site: Vpopmail, path: Path) -> None:
    assert path.is_dir()
    with site.batch():
        site.domains.add(NEW)
        site.users.add(f"amy@{NEW}")
        assert [user.pw_name for user in site.users.iter(NEW)] == ["amy", "joe"]
        assert site.quotas.domain_usage(NEW).count == 0
    assert [user.pw_name for user in site.users.iter(NEW)] == ["amy", "joe"]


def test_a_directory_that_another_process_has_adopted_meanwhile_is_not_given_back(
    site: Vpopmail, path: Path, make_site: Callable[..., Vpopmail]
) -> None:
    other = make_site()

    def change() -> None:
        with site.batch():
            site.domains.add(NEW)
            site.users.add(f"amy@{NEW}")
            other.domains.add(NEW)
            other.catch_all.set(NEW, f"joe@{NEW}")
            other.aliases.add(f"sales@{NEW}", "&joe@example.com")

    with pytest.raises(DomainExists, match="meanwhile"):
        change()
    assert other.catch_all.get(NEW) == f"joe@{NEW}"
    assert other.aliases.get(f"sales@{NEW}") == ["&joe@example.com"]
    assert not (path / "amy").exists()
    assert not (path / ".vpopmail").exists()
    other.users.add(f"amy@{NEW}")


def test_a_dry_run_is_refused_as_the_change_is_if_the_postmaster_was_there(
    site: Vpopmail, path: Path
) -> None:
    site.domains.add(NEW)
    site.users.add(f"postmaster@{NEW}")
    kept = path.parent / "kept"
    path.rename(kept)
    site.domains.delete(NEW)
    kept.rename(path)
    before = kinds(path)
    with pytest.raises(UserExists):
        site.domains.add(NEW, GOOD)
    with pytest.raises(UserExists):
        site.domains.add(NEW, GOOD, dry_run=True)
    assert kinds(path) == before
    site.domains.add(NEW, dry_run=True)


def test_what_a_killed_process_kept_comes_back_before_the_directory_is_adopted_again(
    site: Vpopmail, path: Path, fail: Callable[..., None]
) -> None:
    (path / ".qmail-default").unlink()
    stage = path / ".vpopmail/0123456789abcdef"
    stage.mkdir(parents=True)
    (stage / "-qmail-default").write_bytes(b"./Maildir/\n")
    (stage / "=amy").mkdir()
    fail("rename", needle="cdb")
    with pytest.raises(OSError, match="rename"):
        site.domains.add(NEW)
    assert (path / ".qmail-default").read_bytes() == b"./Maildir/\n"
    assert not (path / ".vpopmail").exists()


def test_a_home_that_nobody_has_used_is_no_hindrance(site: Vpopmail, path: Path) -> None:
    """A killed process may have built it."""
    (path / "postmaster/Maildir/new").mkdir(parents=True)
    site.domains.add(NEW, GOOD)
    assert (path / "postmaster/Maildir/cur").is_dir()


@pytest.mark.parametrize("file", ["Maildir/new/1.mail", "Maildir/.Sent/cur/1.mail", ".qmail"])
def test_a_home_with_something_in_it_stays(site: Vpopmail, path: Path, file: str) -> None:
    kept = path / "postmaster" / file
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x")
    with pytest.raises(HomeExists):
        site.domains.add(NEW, GOOD)
    assert kept.read_bytes() == b"x"


def test_the_homes_of_a_batch_that_has_not_ended_stay(
    site: Vpopmail, path: Path, make_site: Callable[..., Vpopmail]
) -> None:
    with site.batch():
        site.domains.add(NEW)
        site.users.add(f"postmaster@{NEW}")
        with pytest.raises(HomeExists):
            make_site().domains.add(NEW, GOOD)
    assert (path / "postmaster/Maildir/new").is_dir()


def test_what_a_killed_process_stored_goes_before_the_directory_is_adopted_again(
    site: Vpopmail, path: Path
) -> None:
    """But not an account that is another one by now."""
    lines = [f"{name}:*:1:0:x:/nowhere/{name}:NOQUOTA\n" for name in ("amy", "ken")]
    (path / "vpasswd").write_text("".join(lines))
    amy = VqPasswd("amy", "*", 1, 0, "x", "/nowhere/amy", "NOQUOTA")
    stage = path / ".vpopmail/0123456789abcdef"
    stage.mkdir(parents=True)
    facts = [("stored", "amy", fingerprint(amy)), ("stored", "ken", fingerprint(amy))]
    (stage / "entry").write_bytes(format_entry("adopted accounts", facts))
    site.domains.add(NEW)
    assert [user.pw_name for user in site.users.iter(NEW)] == ["ken"]
