"""qmail's files without any account store."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import tree, without_locks
from vpopmail.codes import VA
from vpopmail.errors import AssignUnreadable, FileNotUpdated
from vpopmail.formats import assign, cdb
from vpopmail.plan import journal
from vpopmail.qmail import Qmail
from vpopmail.records import DomainEntry
from vpopmail.safeio.directory import Directory, Owner

ONE = DomainEntry("one.example", "one.example", 89, 90, "/v/domains/one.example")
TWO = DomainEntry("two.example", "two.example", 89, 90, "/v/domains/two.example")
ALIAS = DomainEntry("alias.example", "one.example", 89, 90, "/v/domains/one.example")


@pytest.fixture
def qmaildir(tmp_path: Path) -> Path:
    for name in ("control", "users", "bin"):
        (tmp_path / "q" / name).mkdir(parents=True)
    return tmp_path / "q"


@pytest.fixture
def qmail(qmaildir: Path) -> Qmail:
    return Qmail(str(qmaildir), lock_timeout=0)


def compiled(path: Path) -> dict[bytes, bytes]:
    return dict(cdb.iterate(path.read_bytes()))


def test_added_domains_are_in_all_files(qmail: Qmail, qmaildir: Path) -> None:
    (qmaildir / "control/locals").write_bytes(b"localhost\none.example\n")
    plan = qmail.add_domains([TWO, ALIAS, ONE])
    assert plan.carried_out
    assert plan.unfinished == []
    found = without_locks(tree(qmaildir))
    text = found["users/assign"]
    assert isinstance(text, bytes)
    assert text.splitlines() == [
        b"+alias.example-:one.example:89:90:/v/domains/one.example:-::",
        b"+one.example-:one.example:89:90:/v/domains/one.example:-::",
        b"+two.example-:two.example:89:90:/v/domains/two.example:-::",
        b".",
    ]
    assert dict(assign.compile_users(text)) == compiled(qmaildir / "users/cdb")
    assert found["control/rcpthosts"] == b"alias.example\none.example\ntwo.example\n"
    assert found["control/virtualdomains"] == (
        b"alias.example:alias.example\none.example:one.example\ntwo.example:two.example\n"
    )
    assert found["control/locals"] == b"localhost\n"
    assert qmail.find("ONE.example") == ONE
    assert qmail.entries() == [ALIAS, ONE, TWO]
    assert qmail.entries("alias.example") == [ALIAS, ONE]
    assert qmail.entries("two.example") == [TWO]
    assert qmail.entries("none.example") == []
    assert qmail.count_rcpthosts() == 3
    assert {name for name in found if found[name] != "d"} == {
        *("users/assign", "users/cdb"),
        *("control/rcpthosts", "control/virtualdomains", "control/locals"),
    }


def test_files_are_readable_for_all(qmail: Qmail, qmaildir: Path) -> None:
    qmail.add_domains([ONE])
    for name in ("users/assign", "users/cdb", "control/rcpthosts", "control/virtualdomains"):
        assert (qmaildir / name).stat().st_mode & 0o7777 == 0o644


def test_removing_what_was_added_gives_the_files_back(qmail: Qmail, qmaildir: Path) -> None:
    (qmaildir / "users/assign").write_bytes(b"=joe:joe:1:2:/home/joe:::\n.\n")
    (qmaildir / "control/rcpthosts").write_bytes(b"# ours\n\nlocalhost\n")
    (qmaildir / "control/virtualdomains").write_bytes(b"list.example:lists\n")
    qmail.add_domains([ONE])
    before = without_locks(tree(qmaildir))
    qmail.add_domains([TWO, ALIAS])
    qmail.remove_domains([ALIAS, TWO])
    assert without_locks(tree(qmaildir)) == before
    assert qmail.find("two.example") is None
    assert compiled(qmaildir / "users/cdb")[b"!joe\0"] == b"joe\x001\x002\0/home/joe\0\0"


def test_a_dry_run_touches_nothing(qmail: Qmail, qmaildir: Path) -> None:
    before = tree(qmaildir)
    plan = qmail.add_domains([ONE, TWO, ALIAS, ONE], dry_run=True)
    assert not plan.carried_out
    assert "users/assign with 4 domains" in str(plan)
    assert str(plan).count("<- commit point") == 1
    assert "rcpthosts without one.example" in str(qmail.remove_domains([ONE], dry_run=True))
    assert tree(qmaildir) == before


def test_a_line_that_is_there_already_is_not_doubled(qmail: Qmail, qmaildir: Path) -> None:
    qmail.add_domains([ONE])
    before = without_locks(tree(qmaildir))
    qmail.add_domains([ONE])
    assert without_locks(tree(qmaildir)) == before


def test_a_malformed_line_refuses_all_with_its_number(qmail: Qmail, qmaildir: Path) -> None:
    qmail.add_domains([ONE])
    text = (qmaildir / "users/assign").read_bytes()
    (qmaildir / "users/assign").write_bytes(b"+torn-:line\n" + text)
    before = without_locks(tree(qmaildir))
    for change in (lambda: qmail.add_domains([TWO]), lambda: qmail.remove_domains([ONE])):
        with pytest.raises(FileNotUpdated) as caught:
            change()
        assert caught.value.code == VA.COULD_NOT_UPDATE_FILE
        assert "line 1" in str(caught.value) or "line 2" in str(caught.value)
        assert str(qmaildir / "users/assign") in str(caught.value)
        assert without_locks(tree(qmaildir)) == before


@pytest.mark.parametrize(
    ("kind", "number", "needle"),
    [
        ("rename", 1, "assign"),
        ("rename", 1, "cdb"),
        ("create", 1, "assign.new.vpopmail"),
        ("create", 1, "cdb.new.vpopmail"),
        ("mkdir", 1, None),
    ],
)
@pytest.mark.parametrize("removing", [False, True])
def test_a_failure_up_to_the_commit_point_changes_nothing(
    qmail: Qmail,
    qmaildir: Path,
    fail: Callable[..., None],
    kind: str,
    number: int,
    needle: object,
    removing: bool,
) -> None:
    qmail.add_domains([ONE])
    before = without_locks(tree(qmaildir))
    fail(kind, number, needle)
    with pytest.raises(OSError):
        qmail.remove_domains([ONE]) if removing else qmail.add_domains([TWO])
    assert without_locks(tree(qmaildir)) == before
    assert qmail.entries() == [ONE]


def test_a_failed_first_domain_leaves_no_assign(
    qmail: Qmail, qmaildir: Path, fail: Callable[..., None]
) -> None:
    before = tree(qmaildir)
    fail("rename", 1, "cdb")
    with pytest.raises(OSError):
        qmail.add_domains([ONE])
    assert without_locks(tree(qmaildir)) == before


def test_a_held_lock_refuses_the_change(qmail: Qmail, qmaildir: Path) -> None:
    before = tree(qmaildir)
    with qmail.change() as other:
        other.lock()
        with pytest.raises(FileNotUpdated):
            qmail.add_domains([ONE])
    assert without_locks(tree(qmaildir)) == before


def test_a_control_file_that_is_locked_is_told_and_finished_by_the_next_change(
    qmail: Qmail, qmaildir: Path
) -> None:
    from vpopmail.safeio.locks import FileLock

    with Directory.open(str(qmaildir / "control")) as control, FileLock(
        control, "rcpthosts.lock", 0
    ):
        with pytest.raises(FileNotUpdated):
            qmail.add_domains([ONE])
    assert qmail.find("one.example") == ONE
    qmail.add_domains([ONE])
    assert (qmaildir / "control/rcpthosts").read_bytes() == b"one.example\n"


def test_fifty_lines_fill_rcpthosts_and_more_goes_to_morercpthosts(
    qmail: Qmail, qmaildir: Path
) -> None:
    lines = [b"# comment", *(b"host%02d.example" % number for number in range(48))]
    (qmaildir / "control/rcpthosts").write_bytes(b"\n".join(lines) + b"\n")
    qmail.add_domains([ONE, TWO])
    assert qmail.count_rcpthosts() == 50
    assert (qmaildir / "control/morercpthosts").read_bytes() == b"two.example\n"
    assert compiled(qmaildir / "control/morercpthosts.cdb") == {b"two.example": b""}
    qmail.add_domains([TWO])
    assert (qmaildir / "control/morercpthosts").read_bytes() == b"two.example\n"
    qmail.remove_domains([TWO])
    assert not (qmaildir / "control/morercpthosts").exists()
    assert not (qmaildir / "control/morercpthosts.cdb").exists()
    assert qmail.count_rcpthosts() == 50


def test_morercpthosts_keeps_its_other_names(qmail: Qmail, qmaildir: Path) -> None:
    full = b"".join(b"host%02d.example\n" % number for number in range(60))
    (qmaildir / "control/rcpthosts").write_bytes(full)
    (qmaildir / "control/morercpthosts").write_bytes(b"other.example\n")
    qmail.add_domains([ONE])
    qmail.remove_domains([ONE])
    assert (qmaildir / "control/morercpthosts").read_bytes() == b"other.example\n"
    assert compiled(qmaildir / "control/morercpthosts.cdb") == {b"other.example": b""}
    assert (qmaildir / "control/rcpthosts").read_bytes() == full


def test_a_failed_removal_lets_mail_in_again(
    qmail: Qmail, qmaildir: Path, fail: Callable[..., None]
) -> None:
    (qmaildir / "control/rcpthosts").write_bytes(b"one.example\n")
    (qmaildir / "control/virtualdomains").write_bytes(b"two.example:two.example\n")
    qmail.add_domains([ONE, TWO])
    (qmaildir / "control/rcpthosts").write_bytes(b"one.example\n")
    fail("rename", 1, "cdb")
    with pytest.raises(OSError):
        qmail.remove_domains([ONE, TWO])
    assert (qmaildir / "control/rcpthosts").read_bytes() == b"one.example\n"
    assert qmail.entries() == [ONE, TWO]


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_an_external_newu_compiles_assign(qmaildir: Path, tmp_path: Path) -> None:
    """It is the program that makes users/cdb: here it puts a prepared one in place."""
    (tmp_path / "prepared").write_bytes(
        cdb.build(assign.compile_users(assign.format_line(ONE) + b"\n.\n"))
    )
    newu = script(tmp_path / "newu", f"cp {tmp_path}/prepared {qmaildir}/users/cdb")
    qmail = Qmail(str(qmaildir), lock_timeout=0, newu=newu)
    assert qmail.add_domains([ONE]).unfinished == []
    assert qmail.find("one.example") == ONE


@pytest.mark.parametrize(
    ("text", "words"),
    [("echo no space >&2; echo more >&2; exit 7", "exit status 7; no space"), ("exit 1", "exit status 1")],
)
def test_a_failing_newu_leaves_the_old_state(
    qmail: Qmail, qmaildir: Path, tmp_path: Path, text: str, words: str
) -> None:
    qmail.add_domains([ONE])
    before = without_locks(tree(qmaildir))
    failing = Qmail(str(qmaildir), lock_timeout=0, newu=script(tmp_path / "newu", text))
    with pytest.raises(FileNotUpdated) as caught:
        failing.add_domains([TWO])
    assert caught.value.advice == words
    assert without_locks(tree(qmaildir)) == before


def test_a_newu_that_is_missing_leaves_the_old_state(qmaildir: Path, tmp_path: Path) -> None:
    before = tree(qmaildir)
    qmail = Qmail(str(qmaildir), lock_timeout=0, newu=str(tmp_path / "nothing"))
    with pytest.raises(FileNotUpdated, match="cannot be started"):
        qmail.add_domains([ONE])
    assert without_locks(tree(qmaildir)) == before


def test_an_external_newmrh_compiles_morercpthosts(qmaildir: Path, tmp_path: Path) -> None:
    (qmaildir / "control/rcpthosts").write_bytes(b"h\n" * 50)
    control = qmaildir / "control"
    newmrh = script(tmp_path / "newmrh", f"cp {control}/morercpthosts {control}/morercpthosts.cdb")
    qmail = Qmail(str(qmaildir), lock_timeout=0, newmrh=newmrh)
    qmail.add_domains([ONE])
    assert (control / "morercpthosts.cdb").read_bytes() == b"one.example\n"


def test_a_failing_newmrh_is_told_after_the_domain_counts(qmaildir: Path, tmp_path: Path) -> None:
    (qmaildir / "control/rcpthosts").write_bytes(b"h\n" * 50)
    qmail = Qmail(str(qmaildir), lock_timeout=0, newmrh=script(tmp_path / "newmrh", "exit 1"))
    with pytest.raises(FileNotUpdated):
        qmail.add_domains([ONE])
    assert qmail.find("one.example") == ONE


def test_other_names_of_the_compiled_file(qmaildir: Path) -> None:
    qmail = Qmail(str(qmaildir), cdb_name="assign.cdb", lock_timeout=0)
    qmail.add_domains([ONE])
    assert sorted(os.listdir(qmaildir / "users")) == ["assign", "assign.cdb", "assign.lock"]
    assert qmail.find("one.example") == ONE


# looking up


def test_a_lookup_sees_what_another_process_changed(qmail: Qmail, qmaildir: Path) -> None:
    other = Qmail(str(qmaildir), lock_timeout=0)
    assert qmail.find("one.example") is None
    other.add_domains([ONE])
    assert qmail.find("one.example") == ONE
    other.add_domains([TWO])
    assert qmail.find("two.example") == TWO
    other.remove_domains([ONE])
    assert qmail.find("one.example") is None


def test_a_broken_cdb_is_told_and_no_empty_site(qmail: Qmail, qmaildir: Path) -> None:
    qmail.add_domains([ONE])
    for broken in (b"\xff" * 2048, b"short", b""):
        (qmaildir / "users/cdb").write_bytes(broken)
        with pytest.raises(AssignUnreadable):
            qmail.find("one.example")
    (qmaildir / "users/cdb").write_bytes(cdb.build([(b"!one.example-", b"one.example\x0089")]))
    with pytest.raises(AssignUnreadable):
        qmail.find("one.example")
    assert qmail.find("other.example") is None


def test_a_cdb_that_went_away_is_told_and_no_empty_site(qmail: Qmail, qmaildir: Path) -> None:
    """Else all mail would bounce."""
    qmail.add_domains([ONE])
    assert qmail.find("one.example") == ONE
    (qmaildir / "users/cdb").unlink()
    for ask in (lambda: qmail.find("one.example"), qmail.entries):
        with pytest.raises(AssignUnreadable, match="rebuild"):
            ask()


def test_a_missing_assign_cannot_be_listed(qmail: Qmail, qmaildir: Path) -> None:
    assert qmail.find("one.example") is None
    with pytest.raises(AssignUnreadable) as caught:
        qmail.entries()
    assert caught.value.code == VA.CANNOT_READ_ASSIGN
    assert caught.value.subject == str(qmaildir / "users/assign")


def test_an_assign_newer_than_the_cdb_does_not_count_yet(qmail: Qmail, qmaildir: Path) -> None:
    qmail.add_domains([ONE])
    text = assign.format_line(TWO) + b"\n" + (qmaildir / "users/assign").read_bytes()
    (qmaildir / "users/assign").write_bytes(text)
    later = (qmaildir / "users/cdb").stat().st_mtime_ns + 10**9
    os.utime(qmaildir / "users/assign", ns=(later, later))
    assert qmail.entries() == [ONE]
    (qmaildir / "users/cdb").write_bytes(b"\xff" * 3000)
    os.utime(qmaildir / "users/cdb", ns=(later - 10, later - 10))
    with pytest.raises(AssignUnreadable):
        qmail.entries()


def test_an_entry_with_a_relative_path_is_not_listed(qmail: Qmail, qmaildir: Path) -> None:
    qmail.add_domains([ONE, DomainEntry("odd.example", "odd.example", 1, 1, "odd")])
    assert qmail.entries() == [ONE]


def test_without_control_no_host_is_counted(qmail: Qmail, qmaildir: Path) -> None:
    (qmaildir / "control").rmdir()
    assert qmail.count_rcpthosts() == 0


# what a killed process left


def leave(qmaildir: Path, facts: list[journal.Fact]) -> None:
    with Directory.open(str(qmaildir / "users")) as users:
        stage = journal.begin(users, Owner(os.geteuid(), os.getegid()))
        stage.enter("domains", facts)
        stage.abandon()


def test_an_addition_that_counts_is_finished(qmail: Qmail, qmaildir: Path) -> None:
    qmail.add_domains([ONE])
    wanted = without_locks(tree(qmaildir))
    (qmaildir / "control/rcpthosts").unlink()
    (qmaildir / "control/virtualdomains").unlink()
    leave(qmaildir, [("add", "one.example")])
    (qmaildir / "users/cdb.new.vpopmail").write_bytes(b"torn")
    (qmaildir / "control/rcpthosts.new.vpopmail").write_bytes(b"torn")
    with qmail.change() as change:
        change.lock()
    assert without_locks(tree(qmaildir)) == wanted


def test_an_addition_that_does_not_count_is_undone(qmail: Qmail, qmaildir: Path) -> None:
    qmail.add_domains([ONE])
    wanted = without_locks(tree(qmaildir))
    text = assign.format_line(TWO) + b"\n" + (qmaildir / "users/assign").read_bytes()
    (qmaildir / "users/assign").write_bytes(text)
    (qmaildir / "users/assign.new.vpopmail").write_bytes(b"torn")
    leave(qmaildir, [("add", "two.example")])
    with qmail.change() as change:
        change.lock()
    assert without_locks(tree(qmaildir)) == wanted
    assert qmail.entries() == [ONE]


def test_a_removal_that_does_not_count_lets_mail_in_again(qmail: Qmail, qmaildir: Path) -> None:
    qmail.add_domains([ONE, TWO])
    wanted = without_locks(tree(qmaildir))
    (qmaildir / "control/rcpthosts").write_bytes(b"two.example\n")
    leave(qmaildir, [("remove", "one.example"), ("accepted", "one.example")])
    with qmail.change() as change:
        change.lock()
    assert without_locks(tree(qmaildir)) == wanted


def test_morercpthosts_left_uncompiled_is_compiled(qmail: Qmail, qmaildir: Path) -> None:
    (qmaildir / "control/morercpthosts").write_bytes(b"big.example\n")
    leave(qmaildir, [])
    with qmail.change() as change:
        change.lock()
    assert compiled(qmaildir / "control/morercpthosts.cdb") == {b"big.example": b""}


def test_a_torn_entry_only_clears_what_was_staged(qmail: Qmail, qmaildir: Path) -> None:
    qmail.add_domains([ONE])
    wanted = without_locks(tree(qmaildir))
    leave(qmaildir, [("add", "one.example")])
    (entry,) = (qmaildir / "users/.vpopmail").glob("*/entry")
    entry.write_bytes(entry.read_bytes()[:-2])
    (qmaildir / "users/cdb.new.vpopmail").write_bytes(b"torn")
    with qmail.change() as change:
        change.lock()
    assert without_locks(tree(qmaildir)) == wanted
