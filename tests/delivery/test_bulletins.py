"""Bulletins: one message into every mailbox."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from tests.conftest import needs_root
from vpopmail.errors import DomainNotFound, InvalidInput
from vpopmail.mailstore.maildirsize import FILE

from .conftest import DOMAIN, Place

TEXT = b"From: admin\nSubject: news\n\nbody\n"
BOTH = ("amy@example.com", "joe@example.com")


@pytest.fixture
def bulletin(tmp_path: Path) -> str:
    path = tmp_path / "bulletin"
    path.write_bytes(TEXT)
    return str(path)


def test_each_user_gets_a_copy_of_his_own(place: Place, bulletin: str) -> None:
    sent = place.site.bulletins.send(bulletin)
    assert (sent.delivered, sent.failed) == (BOTH, ())
    text = place.new()[0]
    assert text.startswith(b"To: joe@example.com\nDate: ")
    assert text.endswith(TEXT)
    assert place.new("amy")[0].startswith(b"To: amy@example.com\n")


def test_a_dated_message_gets_no_second_date(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "dated"
    path.write_bytes(b"DATE: today\n" + TEXT)
    place.site.bulletins.send(str(path))
    assert place.new()[0] == b"To: joe@example.com\nDATE: today\n" + TEXT


@pytest.mark.parametrize("way", ["hard link", "symbolic link"])
def test_a_linked_message_is_shared_and_left_alone(place: Place, bulletin: str, way: str) -> None:
    os.chmod(bulletin, 0o644)
    assert place.site.bulletins.send(bulletin, way=way).delivered == BOTH
    assert place.new() == place.new("amy") == [TEXT]
    status = os.stat(bulletin)
    assert (status.st_mode & 0o777, status.st_uid) == (0o644, os.getuid())


def test_a_large_message_is_written_in_pieces(place: Place, bulletin: str) -> None:
    with open(bulletin, "ab") as file:
        file.truncate(1 << 23)
    place.site.bulletins.send(bulletin, exclude=BOTH[:1])
    tracemalloc.start()
    try:
        place.site.bulletins.send(bulletin)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    (path, _) = (place.home() / "Maildir/new").iterdir()
    assert path.stat().st_size > 1 << 23


def test_those_who_are_left_out_get_none(place: Place, bulletin: str) -> None:
    sent = place.site.bulletins.send(bulletin, exclude=["AMY@example.com"])
    assert sent.delivered == ("joe@example.com",)
    assert place.new("amy") == []


def test_a_dry_run_says_who_would_get_it(place: Place, bulletin: str) -> None:
    assert place.site.bulletins.send(bulletin, dry_run=True).delivered == BOTH
    assert place.new() == []
    assert tuple(place.site.bulletins.recipients()) == BOTH


def test_an_alias_domain_stands_for_its_real_one_and_gets_nothing_twice(
    place: Place, bulletin: str
) -> None:
    place.site.domains.add_alias("example.org", DOMAIN)
    place.site.domains.add("other.org")
    assert place.site.bulletins.send(bulletin).delivered == BOTH
    assert place.site.bulletins.send(bulletin, ["example.org"]).delivered == BOTH
    assert len(place.new()) == 2


def test_a_mailbox_that_fails_keeps_no_other_from_its_own(place: Place, bulletin: str) -> None:
    new = place.home("amy") / "Maildir" / "new"
    new.rmdir()
    new.write_text("")
    told: list[tuple[str, str]] = []
    sent = place.site.bulletins.send(bulletin, progress=lambda *what: told.append(what))
    assert sent.delivered == ("joe@example.com",)
    assert sent.failed[0][0] == "amy@example.com"
    assert [address for address, _ in told] == list(BOTH)
    assert told[1][1] == ""


def test_a_missing_home_is_made(place: Place, bulletin: str) -> None:
    os.rename(place.home(), place.top / "away")
    assert place.site.bulletins.send(bulletin).delivered == BOTH
    assert len(place.new()) == 1


def test_it_is_counted_but_no_quota_is_in_its_way(place: Place, bulletin: str) -> None:
    place.site.users.set_quota("joe@example.com", "10S")
    assert place.site.bulletins.send(bulletin).delivered == BOTH
    assert (place.home() / "Maildir" / FILE).read_text().splitlines()[-1].endswith(" 1")


def test_what_is_no_message_is_refused(place: Place, tmp_path: Path, bulletin: str) -> None:
    (tmp_path / "empty").write_text("")
    with pytest.raises(InvalidInput, match="empty"):
        place.site.bulletins.send(str(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError):
        place.site.bulletins.send(str(tmp_path / "none"))
    with pytest.raises(OSError, match="regular"):
        place.site.bulletins.send(str(tmp_path))
    for path in ("a\0b", "a\ud800"):
        with pytest.raises(InvalidInput, match="no path"):
            place.site.bulletins.send(path)
    with pytest.raises(InvalidInput, match="carrier pigeon"):
        place.site.bulletins.send(bulletin, way="carrier pigeon")
    with pytest.raises(DomainNotFound):
        place.site.bulletins.send(bulletin, ["none.org"])
    assert place.new() == []


def test_a_domain_that_is_named_twice_gets_it_once(place: Place, bulletin: str) -> None:
    place.site.domains.add_alias("example.org", DOMAIN)
    assert place.site.bulletins.send(bulletin, [DOMAIN, "example.org", DOMAIN]).delivered == BOTH
    assert len(place.new()) == 1


def test_an_unknown_domain_among_several_is_told_before_anybody_gets_it(
    place: Place, bulletin: str
) -> None:
    with pytest.raises(DomainNotFound):
        place.site.bulletins.send(bulletin, [DOMAIN, "none.example"])
    assert place.new() == []


def test_whoever_is_left_out_may_be_named_by_an_alias_domain(place: Place, bulletin: str) -> None:
    place.site.domains.add_alias("example.org", DOMAIN)
    left_out = ["JOE@Example.ORG", "amy@elsewhere.org", "amy", "", "@", "a\0b@c\0d", "\ud800@x"]
    assert place.site.bulletins.send(bulletin, exclude=left_out).delivered == ("amy@example.com",)


@needs_root
def test_a_copy_belongs_to_the_owner_of_its_domain_and_has_a_name_of_its_own(
    place: Place, bulletin: str
) -> None:
    place.site.domains.add("other.example", uid=65534, gid=65534)
    for name in ("kim", "leo"):
        place.site.users.add(f"{name}@other.example", crypted="*", quota="1000000S")
    place.site.bulletins.send(bulletin, ["other.example"])
    names = set()
    for name in ("kim", "leo"):
        maildir = Path(place.site.users.get(f"{name}@other.example").pw_dir, "Maildir")
        [message] = (maildir / "new").iterdir()
        for path in (message, maildir / "maildirsize"):
            assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)
        assert message.name.endswith(f",S={message.stat().st_size}")
        assert list((maildir / "tmp").iterdir()) == []
        names.add(message.name.partition(",")[0])
    assert len(names) == 2
