"""vpasswd and vpasswd.cdb: which counts, and what a reader sees."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, tree, without_locks
from vpopmail import Vpopmail
from vpopmail.backends.cdb.reading import Lookup, Place
from vpopmail.errors import BackendUnavailable, FormatError
from vpopmail.formats import cdb, vpasswd
from vpopmail.records import VqPasswd

JOE = f"joe@{DOMAIN}"


def line(name: str, gecos: str) -> bytes:
    user = VqPasswd(name, "x", 1, 0, gecos, f"/home/{name}")
    return vpasswd.format_line(user, clear_passwd=False) + b"\n"


def write(path: Path, text: bytes, index: bytes | None, newer: int) -> None:
    """The two files, the index ``newer`` nanoseconds younger than the text."""
    (path / "vpasswd").write_bytes(text)
    os.utime(path / "vpasswd", ns=(10**18, 10**18))
    if index is not None:
        built = cdb.build(vpasswd.records(index))
        (path / "vpasswd.cdb").write_bytes(built)
        os.utime(path / "vpasswd.cdb", ns=(10**18 + newer, 10**18 + newer))


def look(path: Path, name: str) -> str | None:
    user = Lookup(Place(str(path)), clear_passwd=False).find(name)
    return None if user is None else user.pw_gecos


@pytest.mark.parametrize(
    ("newer", "expected"), [(0, "index"), (1, "index"), (-1, "text")]
)
def test_an_index_counts_unless_it_is_older(tmp_path: Path, newer: int, expected: str) -> None:
    write(tmp_path, line("joe", "text"), line("joe", "index"), newer)
    assert look(tmp_path, "joe") == expected
    assert look(tmp_path, "amy") is None


def test_without_index_the_text_counts(tmp_path: Path) -> None:
    write(tmp_path, line("joe", "text"), None, 0)
    assert look(tmp_path, "joe") == "text"
    (tmp_path / "vpasswd").unlink()
    assert look(tmp_path, "joe") is None


def test_a_directory_that_is_not_there_is_no_domain_without_users(tmp_path: Path) -> None:
    """A disk that is not mounted must not make all mail bounce."""
    with pytest.raises(FileNotFoundError):
        look(tmp_path / "none", "joe")


def test_an_index_without_text_still_finds_users(tmp_path: Path) -> None:
    write(tmp_path, b"", line("joe", "index"), 0)
    (tmp_path / "vpasswd").unlink()
    assert look(tmp_path, "joe") == "index"


def test_a_domain_that_lost_its_text_is_not_taken_for_an_empty_one(
    site: Vpopmail, domain: Path
) -> None:
    site.users.add(f"joe@{DOMAIN}", "secret")
    (domain / "vpasswd").rename(domain / "moved")
    before = without_locks(tree(domain))
    assert site.users.check_password(f"joe@{DOMAIN}", "secret")
    for act in (
        lambda: site.users.add(f"amy@{DOMAIN}"),
        lambda: site.users.set_quota(f"joe@{DOMAIN}", "1M"),
        lambda: site.users.delete(f"joe@{DOMAIN}"),
        lambda: list(site.users.iter(DOMAIN)),
    ):
        with pytest.raises(BackendUnavailable, match="it is missing, but vpasswd.cdb is there"):
            act()
    assert without_locks(tree(domain)) == before
    (domain / "moved").rename(domain / "vpasswd")
    site.users.add(f"amy@{DOMAIN}")
    assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["amy", "joe"]


@pytest.mark.parametrize("kind", ["link", "directory"])
@pytest.mark.parametrize("indexed", [True, False])
def test_a_text_that_is_no_plain_file_is_not_called_missing(
    site: Vpopmail, domain: Path, kind: str, *, indexed: bool
) -> None:
    site.users.add(f"joe@{DOMAIN}", "secret")
    (domain / "vpasswd").rename(domain / "moved")
    if kind == "link":
        (domain / "vpasswd").symlink_to("moved")
    else:
        (domain / "vpasswd").mkdir()
    asks = [
        lambda: site.users.add(f"amy@{DOMAIN}"),
        lambda: site.users.delete(f"joe@{DOMAIN}"),
        lambda: list(site.users.iter(DOMAIN)),
        lambda: list(site.users.stream(DOMAIN)),
    ]
    if not indexed:
        (domain / "vpasswd.cdb").unlink()
        asks.append(lambda: site.users.find(f"joe@{DOMAIN}"))
    for ask in asks:
        with pytest.raises(BackendUnavailable, match="vpasswd: .*: it is no plain file"):
            ask()
    assert f"{domain}/vpasswd: it is no plain file" in str(site.reconcile(dry_run=True))


def test_an_index_that_is_no_plain_file_is_not_called_missing(site: Vpopmail, domain: Path) -> None:
    site.users.add(f"joe@{DOMAIN}")
    (domain / "vpasswd.cdb").unlink()
    (domain / "vpasswd.cdb").symlink_to("vpasswd")
    assert f"{domain}/vpasswd.cdb: it is no plain file" in str(site.reconcile(dry_run=True))


@pytest.mark.parametrize("name", ["vpasswd", "vpasswd.cdb"])
def test_links_do_not_count(tmp_path: Path, name: str) -> None:
    (tmp_path / "d").mkdir()
    write(tmp_path / "d", line("joe", "text"), line("joe", "index"), 0)
    (tmp_path / "d" / name).rename(tmp_path / "moved")
    (tmp_path / "d" / name).symlink_to(tmp_path / "moved")
    assert look(tmp_path / "d", "joe") == ("index" if name == "vpasswd" else "text")


def test_a_lookup_sees_a_replaced_index(tmp_path: Path) -> None:
    write(tmp_path, line("joe", "one"), line("joe", "one"), 0)
    lookup = Lookup(Place(str(tmp_path)), clear_passwd=False)
    before = lookup.find("joe")
    write(tmp_path, line("joe", "two"), line("joe", "two"), 1)
    after = lookup.find("joe")
    assert before is not None
    assert after is not None
    assert (before.pw_gecos, after.pw_gecos) == ("one", "two")


def test_an_index_that_is_just_being_replaced_gives_way_to_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, line("joe", "text"), line("joe", "index"), 0)
    real = os.open

    def open_late(path: str, flags: int, **more: int) -> int:
        if path.endswith("vpasswd.cdb"):
            (tmp_path / "vpasswd.cdb").unlink()
        return real(path, flags, **more)

    monkeypatch.setattr(os, "open", open_late)
    assert look(tmp_path, "joe") == "text"


@pytest.mark.parametrize("count", [1, 20])
def test_added_lines_keep_the_order_and_the_index_follows(
    site: Vpopmail, domain: Path, count: int
) -> None:
    """A few changes splice the index, many build it anew: the bytes are the same."""
    with site.batch():
        for number in range(30):
            site.users.add(f"m{number:02d}@{DOMAIN}", crypted="x")
    with site.batch():
        for number in range(count):
            site.users.add(f"a{number}@{DOMAIN}", crypted="x")
            site.users.delete(f"m{number:02d}@{DOMAIN}")
    text = (domain / "vpasswd").read_bytes()
    names = [one.partition(b":")[0] for one in text.splitlines()]
    assert names == sorted(names)
    assert (domain / "vpasswd.cdb").read_bytes() == cdb.build(vpasswd.records(text))


def test_other_lines_stay_byte_for_byte(site: Vpopmail, domain: Path) -> None:
    odd = b"# comment\n\nzoe:x:1:0:Zoe:/z:NOQUOTA:\nbob:*:1:0::/b:\n"
    (domain / "vpasswd").write_bytes(odd[:-1])
    site.users.add(JOE, password="x")
    text = (domain / "vpasswd").read_bytes()
    kept = [one for one in text.splitlines(True) if not one.startswith(b"joe:")]
    assert b"".join(kept) == odd


@pytest.fixture
def transaction(site: Vpopmail, domain: Path) -> Callable[[], object]:
    entry = site.domains.get(DOMAIN)
    opened = site.installation.open_domain(entry)
    return lambda: site.installation.backend.transaction(entry, opened)


def test_finishing_without_a_commit_builds_a_missing_index(
    site: Vpopmail, domain: Path, transaction: Callable[..., object]
) -> None:
    (domain / "vpasswd").write_bytes(line("joe", "text"))
    for _ in range(2):
        with transaction() as one:  # type: ignore[attr-defined]
            one.lock()
            one.finish()
        index = (domain / "vpasswd.cdb").read_bytes()
        assert index == cdb.build(vpasswd.records(line("joe", "text")))


def test_without_any_text_there_is_nothing_to_finish(
    domain: Path, transaction: Callable[..., object]
) -> None:
    with transaction() as one:  # type: ignore[attr-defined]
        one.lock()
        one.finish()
        assert not (domain / "vpasswd.cdb").exists()
        with pytest.raises(FormatError):
            one.reindex()


def test_what_was_staged_and_not_committed_is_dropped(
    domain: Path, transaction: Callable[..., object]
) -> None:
    with transaction() as one:  # type: ignore[attr-defined]
        one.lock()
        one.add(VqPasswd("joe", "x"))
        one.replace(VqPasswd("joe", "y"))
        assert one.find("joe").pw_passwd == "y"
        one.stage()
    assert not (domain / "vpasswd").exists()
    assert not (domain / "vpasswd.new.vpopmail").exists()


def test_a_symlinked_lock_file_is_no_connection(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    (domain / ".vpasswd.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(BackendUnavailable):
        site.users.add(JOE, password="x")
    assert not (tmp_path / "victim").exists()
