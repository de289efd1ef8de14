"""qmail's lost files made anew from the directories of the domains and from what is left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import needs_root, tree, without_locks
from tests.crash.processes import Killed, in_child, kill_before
from vpopmail.errors import (
    AssignUnreadable,
    BaseDirectoryMissing,
    DomainExists,
    DomainNotFound,
    InvalidCharacter,
    InvalidDomainName,
)
from vpopmail.formats import assign, cdb
from vpopmail.formats.control import sort_key
from vpopmail.qmail import Qmail
from vpopmail.qmail.rebuild import Rebuilt
from vpopmail.records import DomainEntry
from vpopmail.safeio.directory import Directory

UID, GID = (os.geteuid(), os.getegid()) if os.geteuid() else (89, 89)
USERS = ("users/assign", "users/cdb")
CONTROL = ("control/rcpthosts", "control/virtualdomains", "control/morercpthosts", "control/morercpthosts.cdb")  # fmt: skip
ALL = (*USERS, *CONTROL)


class Place:
    """A qmail directory and trees of domains in a temporary directory."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.qmaildir = base / "q"
        for name in ("q/users", "q/control", "domains"):
            (base / name).mkdir(parents=True)
        self.domains = base / "domains"
        os.chown(self.domains, UID, GID)
        self.qmail = Qmail(str(self.qmaildir), sync=False, lock_timeout=0)

    def make(self, name: str, place: str = "", mark: str = ".qmail-default") -> DomainEntry:
        """The directory of a domain, and its entry."""
        path = self.domains / place / name
        path.mkdir(parents=True)
        if mark:
            (path / mark).write_bytes(b"x\n")
        os.chown(path, UID, GID)
        return DomainEntry(name, name, UID, GID, str(path))

    def lose(self, *names: str) -> None:
        for name in names:
            (self.qmaildir / name).unlink(missing_ok=True)

    def file(self, name: str) -> bytes:
        return (self.qmaildir / name).read_bytes()

    def put(self, name: str, data: bytes) -> None:
        (self.qmaildir / name).write_bytes(data)

    def state(self) -> dict[str, object]:
        return without_locks(tree(self.qmaildir))

    def rebuild(self, **more: object) -> Rebuilt:
        return self.qmail.rebuild([str(self.domains)], **more)  # type: ignore[arg-type]


def alias(name: str, real: DomainEntry) -> DomainEntry:
    return DomainEntry(name, real.domain, real.uid, real.gid, real.path)


def names(entries: list[DomainEntry]) -> list[str]:
    return [entry.domain for entry in entries]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def three(place: Place) -> Place:
    """Two domains, one of them hashed, and an alias domain."""
    one, two = place.make("one.example"), place.make("two.example", "0/A")
    place.qmail.add_domains([one, two, alias("also.example", two)])
    return place


# what is made anew


def test_without_any_file_the_domains_come_back_byte_for_byte(place: Place) -> None:
    places = [("", ".qmail-default"), ("0", "vpasswd"), ("0/A", ".qmail-default"), ("Z/z/9", "vpasswd")]
    entries = [place.make(f"d{number}.example", *where) for number, where in enumerate(places)]
    place.qmail.add_domains(entries)
    before = place.state()
    place.lose(*ALL)
    report = place.rebuild()
    assert report.plan.carried_out
    assert report.plan.unfinished == []
    assert report.domains == entries
    assert report.aliases == report.notes == []
    assert place.state() == before
    assert [place.qmail.find(entry.domain) for entry in entries] == entries


def test_many_hashed_domains_come_back(place: Place) -> None:
    entries = [place.make(f"d{n:03}.example", "" if n < 99 else "0" if n < 199 else "1") for n in range(220)]
    place.qmail.add_domains(entries)
    before = place.state()
    place.lose(*ALL)
    assert place.rebuild().domains == entries
    after = place.state()
    assert after == before
    assert len(place.file("control/rcpthosts").splitlines()) == 50
    assert len(place.file("control/morercpthosts").splitlines()) == 170


@pytest.mark.parametrize("lost", [(name,) for name in ALL] + [USERS[:1] + CONTROL, USERS[1:] + CONTROL, CONTROL])
def test_what_is_left_of_either_file_of_users_keeps_alias_domains_and_strangers(
    place: Place, lost: tuple[str, ...]
) -> None:
    place.put("users/assign", b"=joe:joe:7:8:/home/joe:::\n+joe-:joe:7:8:/home/joe:-::\n.\n")
    entries = [place.make(f"d{number:02}.example") for number in range(60)]
    place.qmail.add_domains([*entries, alias("also.example", entries[0])])
    before = place.state()
    place.lose(*lost)
    report = place.rebuild()
    after = place.state()
    assert {name for name in before if before[name] != after[name]} <= set(CONTROL[:1] + CONTROL[2:])
    accepted = [place.file(name).splitlines() for name in ("control/rcpthosts", "control/morercpthosts")]
    assert sorted(accepted[0] + accepted[1]) == sorted(entry.domain.encode() for entry in [*entries, alias("also.example", entries[0])])
    assert dict(cdb.iterate(place.file("control/morercpthosts.cdb"))).keys() == set(accepted[1])
    assert names(report.aliases) == ["also.example"]
    if lost != ("control/rcpthosts",) and lost != CONTROL and not set(CONTROL) <= set(lost):
        assert after == before


def test_nothing_lost_is_nothing_done(three: Place) -> None:
    before = {path: path.stat().st_ino for path in three.qmaildir.rglob("*") if path.is_file()}
    report = three.rebuild()
    assert report.plan.steps == []
    assert report.notes == report.unknown == []
    assert {path: path.stat().st_ino for path in three.qmaildir.rglob("*") if path.is_file()} == before


def test_names_that_are_local_are_taken_out_of_locals(three: Place) -> None:
    three.put("control/locals", b"localhost\ntwo.example\n")
    assert three.rebuild().plan.carried_out
    assert three.file("control/locals") == b"localhost\n"


def test_a_second_tree_is_looked_into(three: Place, tmp_path: Path) -> None:
    other = Place(tmp_path / "other")
    entry = other.make("three.example")
    three.lose(*ALL)
    report = three.qmail.rebuild([f"{three.domains}/", str(other.domains), str(three.domains)])
    assert names(report.domains) == ["one.example", "two.example", "three.example"]
    assert three.qmail.find("three.example") == entry


def test_a_dry_run_says_it_and_writes_nothing(three: Place) -> None:
    three.lose(*ALL)
    shutil.rmtree(three.qmaildir)
    for name in ("users", "control"):
        (three.qmaildir / name).mkdir(parents=True)
    before = tree(three.base)
    report = three.rebuild(dry_run=True)
    assert not report.plan.carried_out
    assert str(report).count("<- commit point") == 1
    assert "found: 2 domains, 0 alias domains" in str(report)
    assert names(report.added) == ["one.example", "two.example"]
    assert f"line made: two.example is two.example:{UID}:{GID}:{three.domains}/0/A/two.example\n" in str(report)
    assert tree(three.base) == before


# alias domains


def test_a_symbolic_link_to_a_domain_is_an_alias_domain(place: Place) -> None:
    real = place.make("real.example", "0")
    links = {
        "a.example": "0/real.example",
        "b.example": real.path,
        "0/c.example": "real.example",
        "0/d.example": "./../0/real.example/",
    }
    for name, target in links.items():
        (place.domains / name).symlink_to(target)
    report = place.rebuild()
    assert sorted(names(report.aliases)) == ["a.example", "b.example", "c.example", "d.example"]
    assert all(place.qmail.find(entry.domain) == alias(entry.domain, real) for entry in report.aliases)
    assert report.notes == []
    assert place.rebuild().plan.steps == []


def test_alias_domains_can_be_given(place: Place) -> None:
    real = place.make("real.example")
    given = {"Also.Example": "REAL.example", "third.example": "also.example"}
    report = place.rebuild(aliases=given)
    assert report.aliases == [alias("also.example", real), alias("third.example", real)]
    report = place.rebuild(aliases=given)
    assert (report.plan.steps, report.added) == ([], [])
    assert len(report.aliases) == 2


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"also.example": "none.example"}, DomainNotFound),
        ({"one.example": "two.example"}, DomainExists),
        ({"also.example": "one.example"}, DomainExists),
        ({"joe": "one.example"}, DomainExists),
        ({"": "one.example"}, InvalidDomainName),
        ({"../up": "one.example"}, InvalidDomainName),
        ({"a\nb.example": "one.example"}, InvalidDomainName),
    ],
)
def test_a_given_alias_that_cannot_be_one_is_refused(
    three: Place, given: dict[str, str], error: type[Exception]
) -> None:
    text = three.file("users/assign")
    three.put("users/assign", b"+joe-:joe:7:8:/home/joe:-::\n" + text)
    three.lose(*CONTROL)
    before = three.state()
    with pytest.raises(error):
        three.rebuild(aliases=given)
    assert three.state() == before


def test_names_without_a_directory_are_said_to_be_unknown(three: Place) -> None:
    three.lose(*USERS)
    report = three.rebuild()
    assert report.aliases == []
    (told,) = [sentence for sentence in report.unknown if sentence.startswith("also.example")]
    assert "control/virtualdomains" in told
    assert three.file("control/rcpthosts") == b"also.example\none.example\ntwo.example\n"
    three.lose(*USERS, "control/virtualdomains")
    three.put("control/locals", b"here.example\n")
    three.put("control/rcpthosts", b"# ours\n.sub.example\nhere.example\nalso.example\n")
    told = "\n".join(three.rebuild().unknown)
    assert "also.example: control/rcpthosts" in told
    assert "here.example" not in told
    assert "ours" not in told
    assert "sub.example" not in told
    assert three.rebuild(aliases={"also.example": "two.example"}).unknown == []


def test_what_lost_files_had_besides_is_said_to_be_unknown(three: Place) -> None:
    three.lose(*ALL)
    told = "\n".join(three.rebuild().unknown)
    for words in ("users/assign and users/cdb", "control/rcpthosts", "control/virtualdomains", "control/locals"):
        assert f"{words} w" in told or f"{words} is missing" in told


# what stays


def test_a_line_that_disagrees_with_its_directory_stays_while_it_leads_somewhere(place: Place) -> None:
    one, two = place.make("one.example"), place.make("two.example")
    moved = place.base / "elsewhere"
    moved.mkdir()
    other = DomainEntry("one.example", "one.example", 4, 5, str(moved))
    owner = DomainEntry("two.example", "two.example", 4, 5, two.path)
    place.qmail.add_domains([other, owner])
    place.lose(*CONTROL)
    report = place.rebuild()
    assert report.domains == [other, owner]
    assert len(report.notes) == 2
    assert all(f"{entry.domain} was kept" in note for entry, note in zip((one, two), report.notes, strict=True))
    assert place.qmail.find("one.example") == other
    assert place.file("control/rcpthosts") == b"one.example\ntwo.example\n"


def test_lines_that_lead_nowhere_follow_the_domain_to_its_directory(place: Place) -> None:
    one = place.make("one.example", "3")
    old = DomainEntry("one.example", "one.example", UID, GID, "/nowhere/domains/one.example")
    lost = DomainEntry("gone.example", "gone.example", UID, GID, f"{place.domains}/gone.example")
    place.qmail.add_domains([old, alias("also.example", old), lost])
    report = place.rebuild()
    assert (report.domains, report.aliases) == ([one], [alias("also.example", one)])
    assert place.qmail.find("one.example") == one
    assert place.qmail.find("also.example") == alias("also.example", one)
    assert place.qmail.find("gone.example") == lost
    assert len(report.notes) == 3
    assert place.file("users/assign").count(b"+one.example-") == 1


def test_a_text_and_a_cdb_that_differ_are_joined_and_the_cdb_decides(place: Place) -> None:
    one, two = place.make("one.example"), place.make("two.example")
    place.qmail.add_domains([one, alias("a.example", one)])
    text = assign.format_line(DomainEntry("one.example", "one.example", 1, 1, one.path))
    extra = assign.format_line(alias("b.example", two))
    place.put("users/assign", b"\n".join([text, extra, b"=new:new:1:1:/home/new:::", b"."]) + b"\n")
    report = place.rebuild()
    assert place.qmail.find("one.example") == one
    assert sorted(names(report.aliases)) == ["a.example", "b.example"]
    assert b"=new:new:1:1:/home/new:::\n" in place.file("users/assign")
    assert len([note for note in report.notes if "put back" in note]) == 1
    assert len([note for note in report.notes if "differ for one.example" in note]) == 1


def test_a_torn_text_is_mended(three: Place) -> None:
    text = three.file("users/assign")
    three.put("users/assign", b"\n.stop\n" + text[: len(text) // 2])
    report = three.rebuild()
    assert three.file("users/assign") == text
    assert len([note for note in report.notes if "malformed" in note]) == 3


def test_a_torn_cdb_is_made_anew(three: Place) -> None:
    before = three.state()
    three.put("users/cdb", three.file("users/cdb")[:2100])
    report = three.rebuild()
    assert three.state() == before
    assert any("users/cdb cannot be read" in note for note in report.notes)


def test_a_line_outside_the_searched_directories_stays_and_is_said(place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path / "other").make("far.example")
    place.make("one.example")
    place.qmail.add_domains([other, DomainEntry("joe", "joe", 7, 8, "/home/joe")])
    place.lose(*CONTROL)
    report = place.rebuild()
    assert names(report.domains) == ["one.example"]
    assert place.qmail.find("far.example") == other
    assert [note.split()[0] for note in report.notes] == ["far.example"]
    assert place.file("control/rcpthosts") == b"one.example\n"


def test_what_virtualdomains_says_otherwise_stays(three: Place) -> None:
    three.put("control/virtualdomains", b"one.example:other\n")
    three.lose("control/rcpthosts")
    report = three.rebuild()
    assert any("'one.example:other'" in note for note in report.notes)
    assert three.file("control/virtualdomains").splitlines()[0:3:2] == [b"also.example:also.example", b"two.example:two.example"]
    assert three.file("control/rcpthosts") == b"also.example\ntwo.example\n"


@pytest.mark.parametrize("more", [(), ("control/virtualdomains",)])
def test_morercpthosts_keeps_other_hosts_when_its_text_is_lost(
    place: Place, more: tuple[str, ...]
) -> None:
    place.put("control/rcpthosts", b"h.example\n" * 50)
    place.put("control/morercpthosts", b".other.example\n")
    place.qmail.add_domains([place.make("one.example")])
    text = place.file("control/morercpthosts")
    assert text == b".other.example\none.example\n" or text == b"one.example\n.other.example\n"
    place.lose("control/morercpthosts", *more)
    place.rebuild()
    assert place.file("control/morercpthosts") == text


# hostile and odd trees


def test_what_is_no_domain_is_told_and_not_written(place: Place) -> None:
    for name in ("-bad.example", "two..dots", "UPPER.example", "a b", "x", "ab", "plain", "new\nline.example", "caf\u00e9.example"):
        place.make(name)
    os.mkdir(os.fsencode(place.domains) + b"/\xff\xfe.example")
    place.make("empty.example", mark="")
    place.make("deep", "1/2/3/4")
    (place.domains / "file.example").write_bytes(b"")
    (place.domains / ".hidden.example").mkdir()
    report = place.rebuild()
    assert names(report.domains) == ["plain"]
    assert place.file("control/rcpthosts") == b"plain\n"
    told = "\n".join(report.notes)
    for name in ("-bad", "two..dots", "UPPER", "a b", "/ab ", "new\\nline", "caf\\xe9", "\\udcff", "empty.example"):
        assert name in told
    assert told.isascii()
    assert "file.example" not in told
    assert "hidden" not in told
    assert len(report.notes) == len(told.splitlines())


def test_a_directory_with_a_colon_refuses_all(tmp_path: Path) -> None:
    place = Place(tmp_path / "a:b")
    place.make("one.example")
    before = place.state()
    with pytest.raises(InvalidCharacter):
        place.rebuild()
    assert place.state() == before


@pytest.mark.parametrize("path", ["", "/", "domains", "/nowhere/domains"])
def test_a_directory_that_cannot_be_looked_into_is_an_error(three: Place, path: str) -> None:
    three.lose(*ALL)
    with pytest.raises(BaseDirectoryMissing):
        three.qmail.rebuild([str(three.domains), path])
    assert not (three.qmaildir / "users/assign").exists()


@needs_root
def test_a_link_of_the_mailbox_owner_is_not_followed(place: Place) -> None:
    outside = place.base / "outside"
    (outside / "evil.example").mkdir(parents=True)
    (outside / "evil.example/vpasswd").write_bytes(b"")
    os.chown(outside / "evil.example", UID, GID)
    (outside / "x.example").mkdir()
    for name, target in {"evil.example": outside / "evil.example", "7": outside, "loop.example": "loop.example"}.items():
        (place.domains / name).symlink_to(target)
        os.lchown(place.domains / name, UID, GID)
    report = place.rebuild()
    assert report.domains == report.aliases == []
    assert len(report.notes) == 3
    assert all("not followed" in note for note in report.notes)


def test_a_link_of_the_administrator_to_another_disk_is_the_domain(place: Place) -> None:
    there = place.base / "disk2/big.example"
    there.mkdir(parents=True)
    (there / "vpasswd").write_bytes(b"")
    os.chown(there, UID, GID)
    (place.domains / "big.example").symlink_to(there)
    (place.domains / "none.example").symlink_to(place.base / "disk2")
    report = place.rebuild()
    assert report.domains == [DomainEntry("big.example", "big.example", UID, GID, str(place.domains / "big.example"))]
    assert place.rebuild().plan.steps == []


def test_links_that_are_no_alias_domain_are_told(place: Place, tmp_path: Path) -> None:
    real, other = place.make("real.example"), place.make("other.example")
    place.qmail.add_domains([alias("known.example", other), DomainEntry("joe.doe", "joe.doe", 7, 8, "/")])
    (place.domains / "0").mkdir()
    for name in ("known.example", "joe.doe", "BAD..x"):
        (place.domains / name).symlink_to("real.example")
    (place.domains / "dangling.example").symlink_to("nowhere")
    (place.domains / "0/real.example").symlink_to("../real.example")
    report = place.rebuild()
    assert report.aliases == [alias("known.example", other)]
    assert place.qmail.find("joe.doe") == DomainEntry("joe.doe", "joe.doe", 7, 8, "/")
    told = "\n".join(report.notes)
    for words in ("known.example was kept", "joe.doe was kept", "BAD..x is a symbolic link whose", "dangling.example is a symbolic link to no"):
        assert words in told
    assert len(report.notes) == 4


def test_a_link_is_known_by_where_it_leads_whatever_its_path_says(place: Place) -> None:
    real = place.make("real.example")
    (place.base / "way").symlink_to(place.domains)
    (place.domains / "also.example").symlink_to(place.base / "way/real.example")
    assert place.rebuild().aliases == [alias("also.example", real)]


def test_a_link_to_a_domain_that_is_left_out_is_left_out(place: Place) -> None:
    place.make("one.example")
    place.make("one.example", "0")
    (place.domains / "also.example").symlink_to("one.example")
    report = place.rebuild()
    assert report.domains == report.aliases == []
    assert any("also.example" in note for note in report.notes)


def test_a_line_to_a_directory_that_is_no_domains_stays_and_is_told(place: Place) -> None:
    place.make("one.example")
    place.make("bare.example", mark="")
    bare = DomainEntry("bare.example", "bare.example", UID, GID, str(place.domains / "bare.example"))
    place.qmail.add_domains([bare])
    report = place.rebuild()
    assert place.qmail.find("bare.example") == bare
    assert any("bare.example, is none of a domain: its line stays" in note for note in report.notes)


def test_a_directory_that_cannot_be_entered_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.make("one.example")
    place.make("two.example")
    enter = Directory.enter

    def refuse(directory: Directory, name: str) -> Directory:
        if name == "one.example":
            raise PermissionError(13, os.strerror(13))
        return enter(directory, name)

    monkeypatch.setattr(Directory, "enter", refuse)
    report = place.rebuild()
    assert names(report.domains) == ["two.example"]
    assert "one.example cannot be looked at: Permission denied" in report.notes[0]


@needs_root
def test_a_directory_of_root_gives_nobody_roots_rights(place: Place) -> None:
    entry = place.make("root.example")
    os.chown(entry.path, 0, 0)
    report = place.rebuild()
    assert report.domains == []
    assert "root.example" in report.unknown[0]
    report = place.rebuild(owner=(UID, GID))
    assert report.domains == [entry]
    assert "belongs to root" in report.notes[0]
    place.lose(*CONTROL)
    assert place.rebuild().domains == [entry]  # its line is there by now


@needs_root
def test_a_directory_of_another_owner_is_told(place: Place) -> None:
    entry = place.make("odd.example")
    os.chown(entry.path, 1234, 1235)
    report = place.rebuild()
    assert "1234:1235" in report.notes[0]
    assert place.qmail.find("odd.example") == DomainEntry("odd.example", "odd.example", 1234, 1235, entry.path)


def test_two_directories_of_one_name_need_a_person_unless_a_line_decides(place: Place) -> None:
    first, second = place.make("one.example"), place.make("one.example", "0")
    report = place.rebuild()
    assert report.domains == []
    assert any(first.path in text and second.path in text for text in report.unknown)
    place.qmail.add_domains([second])
    place.lose(*CONTROL)
    report = place.rebuild()
    assert report.domains == [second]
    assert report.unknown == [] or "one.example has several" not in "".join(report.unknown)
    assert place.file("control/rcpthosts") == b"one.example\n"


def test_an_unfinished_change_of_domains_is_told(place: Place) -> None:
    (place.domains / ".vpopmail").mkdir()
    assert any("not finished" in note for note in place.rebuild().notes)


# failures


CALLS = [("rename", "assign"), ("rename", "cdb"), ("create", "assign"), ("create", "cdb.new.vpopmail"), ("mkdir", None)]  # fmt: skip
# What is not there is not kept on the stage.
FAILURES = [
    (*call, lost)
    for call in CALLS
    for lost in (ALL, USERS[:1], USERS[1:], CONTROL)
    if call != ("create", "assign") or "users/assign" not in lost
]


@pytest.mark.parametrize(("kind", "needle", "lost"), FAILURES)
def test_a_failure_up_to_the_commit_point_changes_nothing(
    three: Place, fail: Callable[..., None], kind: str, needle: object, lost: tuple[str, ...]
) -> None:
    three.lose(*lost)
    if "users/assign" not in lost:
        later = (three.qmaildir / "users/assign").stat().st_mtime_ns + 5 * 10**9
        os.utime(three.qmaildir / "users/assign", ns=(later, later))
    before, times = three.state(), _times(three)
    fail(kind, 1, needle)
    with pytest.raises(OSError):
        three.rebuild()
    assert three.state() == before
    assert _times(three) == times


def _times(place: Place) -> dict[str, int]:
    users = place.qmaildir / "users"
    return {name: (users / name).stat().st_mtime_ns for name in ("assign", "cdb") if (users / name).exists()}


def test_another_change_settles_what_a_killed_one_left(three: Place) -> None:
    """The text is all that is left of the alias domain: no recovery may take it away."""
    three.lose("users/cdb", *CONTROL)
    new = three.make("new.example")
    shutil.copytree(three.qmaildir, three.base / "kept")
    for number in count(1):
        shutil.rmtree(three.qmaildir)
        shutil.copytree(three.base / "kept", three.qmaildir)
        try:
            in_child(partial(_killed_before, three, number))
        except Killed:
            pass
        else:
            break
        counts = _is_there(three)
        three.qmail.add_domains([new])
        assert not list((three.qmaildir / "users").glob("*vpopmail*"))
        assert names(three.qmail.entries()) == ["also.example", "new.example", "one.example", "two.example"]
        published = [b"also.example", b"new.example", b"one.example", b"two.example"]
        assert three.file("control/rcpthosts").splitlines() == (published if counts else [b"new.example"])
    assert number > 20


def _is_there(place: Place) -> bool:
    try:
        return place.qmail.find("one.example") is not None
    except AssignUnreadable:  # lost as before
        return False


def _killed_before(place: Place, number: int) -> None:
    kill_before(number)
    place.rebuild()


# any set of domains

LABEL = st.text("abc", min_size=1, max_size=2)
NAME = st.builds("{}.{}".format, LABEL, st.sampled_from(["example", "test"]))
PLACE = st.sampled_from(["", "0", "0/A", "b/c/d"])
NUMBERS = count()


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("sets")


@given(
    st.dictionaries(NAME, PLACE, min_size=1, max_size=9),
    st.dictionaries(NAME, st.integers(0, 8), max_size=5),
    st.sets(st.sampled_from(ALL)),
)
def test_any_domains_come_back_whatever_was_lost(
    top: Path, reals: dict[str, str], others: dict[str, int], lost: set[str]
) -> None:
    place = Place(top / str(next(NUMBERS)))
    entries = [place.make(name, where) for name, where in reals.items()]
    aliases = [alias(name, entries[number % len(entries)]) for name, number in others.items() if name not in reals]
    place.qmail.add_domains([*entries, *aliases])
    before = place.state()
    place.lose(*lost)
    report = place.rebuild()
    given_aliases = {entry.domain: entry.realdomain for entry in aliases}
    if set(USERS) <= lost:
        told = " ".join(report.unknown)
        assert all(f"{name}: control" in told for name in given_aliases) or set(CONTROL[:2]) <= lost
        report = place.rebuild(aliases=given_aliases)
    assert sorted(names(report.domains)) == sorted(reals)
    assert sorted(names(report.aliases)) == sorted(given_aliases)
    assert place.state() == before
    assert place.rebuild().plan.steps == []
    shutil.rmtree(place.base)


@given(st.lists(st.tuples(st.sampled_from([b"!", b""]), st.binary(max_size=8), st.binary(max_size=30))))
def test_any_records_restore_to_lines_that_compile(records: list[tuple[bytes, bytes, bytes]]) -> None:
    lines = assign.restore_lines((sign + key, data) for sign, key, data in records)
    text = b"".join(line + b"\n" for line in lines) + b".\n"
    assert len(assign.compile_users(text)) == len(lines) + 1


FIELD = st.text("abc/.=-", max_size=5).map(str.encode)


@given(st.lists(st.tuples(st.sampled_from([b"+", b"="]), st.lists(FIELD, min_size=7, max_size=7))))
def test_lines_come_back_from_what_was_compiled_of_them(given_lines: list[tuple[bytes, list[bytes]]]) -> None:
    lines = [sign + b":".join(fields) + b":" for sign, fields in given_lines]
    text = b"".join(line + b"\n" for line in lines) + b".\n"
    assert assign.restore_lines(assign.compile_users(text)) == lines


def test_equal_sort_keys_are_what_the_order_of_a_lost_file_depends_on() -> None:
    assert sort_key(b"+a.b.c.example.com-:", 1) == sort_key(b"+a.b.d.example.com-:", 1)
