"""What reconcile finds in the set of domains, one kind at a time, on real files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, needs_root, tree
from vpopmail import Vpopmail
from vpopmail.formats import assign, cdb
from vpopmail.upkeep import findings

from .conftest import JOE, Repaired, Told


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def edit_assign(qmail: Path, before: str, after: str) -> None:
    """As an administrator edits it, without running qmail-newu."""
    path = qmail / "users/assign"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    later(path, qmail / "users/cdb")


def later(path: Path, than: Path) -> None:
    os.utime(path, ns=(0, than.stat().st_mtime_ns + 10**9))


def recompile(qmail: Path) -> None:
    """What qmail-newu does."""
    text = (qmail / "users/assign").read_bytes()
    (qmail / "users/cdb").write_bytes(cdb.build(assign.compile_users(text)))
    later(qmail / "users/cdb", qmail / "users/assign")


def test_a_site_in_order_has_no_findings(filled: Vpopmail) -> None:
    report = filled.reconcile(dry_run=True)
    assert not report
    assert str(report) == "nothing found"
    assert (report.findings, report.repaired, report.left) == ([], [], [])


def test_a_site_without_domains_has_no_findings(site: Vpopmail) -> None:
    assert not site.reconcile(dry_run=True)
    assert not site.reconcile()


# users/assign and users/cdb


def test_users_cdb_that_is_older_is_compiled_anew(qmail: Path, repaired: Repaired) -> None:
    later(qmail / "users/assign", qmail / "users/cdb")
    (found,) = repaired(findings.USERS_CDB)
    assert found.subject == f"{qmail}/users/cdb"


@pytest.mark.parametrize("content", [None, b"", b"torn", cdb.build([])])
def test_users_cdb_that_is_lost_is_compiled_anew_and_nothing_else_is_blamed(
    filled: Vpopmail, qmail: Path, repaired: Repaired, content: bytes | None
) -> None:
    (qmail / "users/cdb").unlink()
    if content is not None:
        (qmail / "users/cdb").write_bytes(content)
    repaired(findings.USERS_CDB)
    assert DOMAIN in filled.domains


def test_a_dry_run_tells_of_the_names_that_users_cdb_will_have(
    filled: Vpopmail, qmail: Path
) -> None:
    line = next(text for text in (qmail / "users/assign").read_text().splitlines() if "example.net" in text)
    edit_assign(qmail, line, line + "\n" + line.replace("+example.net-", "+more.example-"))
    before = filled.reconcile(dry_run=True).findings
    assert [found.subject for found in before] == [f"{qmail}/users/cdb", "more.example"]
    done = filled.reconcile().repaired
    assert [(one.kind, one.subject) for one in done] == [(one.kind, one.subject) for one in before]


def test_a_line_added_by_hand_counts_after_a_reconcile(
    filled: Vpopmail, qmail: Path, repaired: Repaired
) -> None:
    line = next(text for text in (qmail / "users/assign").read_text().splitlines() if "example.net" in text)
    edit_assign(qmail, line, line + "\n" + line.replace("+example.net-", "+more.example-"))
    append(qmail / "control/virtualdomains", "more.example:more.example\n")
    append(qmail / "control/rcpthosts", "more.example\n")
    filled.reconcile()
    assert filled.domains.get("more.example").realdomain == "example.net"
    assert not filled.reconcile()


def test_users_assign_without_a_domain_that_counts_is_only_told(
    filled: Vpopmail, qmail: Path, told: Told
) -> None:
    """It may have been damaged: compiling it would stop mail."""
    line = next(text for text in (qmail / "users/assign").read_text().splitlines() if "+example.net-" in text)
    edit_assign(qmail, line + "\n", "")
    (found,) = told(findings.USERS_CDB)
    assert "example.net" in found.what
    assert "example.net" in filled.domains
    filled.rebuild()
    assert not filled.reconcile()


def test_a_malformed_users_assign_is_told_and_users_cdb_stays(qmail: Path, told: Told) -> None:
    before = (qmail / "users/cdb").read_bytes()
    edit_assign(qmail, "+example.net-:", "+example.net-")
    (found,) = told(findings.ASSIGN)
    assert "line" in found.what
    assert (qmail / "users/cdb").read_bytes() == before


def test_a_missing_users_assign_is_told(qmail: Path, told: Told) -> None:
    (qmail / "users/assign").unlink()
    told(findings.ASSIGN)


# lines and directories


def test_a_line_without_its_directory_is_told(
    filled: Vpopmail, told: Told, place: Path
) -> None:
    shutil.rmtree(filled.domains.get("example.net").path)
    (found,) = told(findings.LINE_WITHOUT_DIRECTORY)
    assert found.subject == "example.net"


def test_a_domain_directory_without_a_line_is_told_and_not_touched(
    filled: Vpopmail, told: Told, place: Path
) -> None:
    stray = place.parent / "stray.example"
    stray.mkdir(0o700)
    (stray / ".qmail-default").write_text("x\n")
    (found,) = told(findings.DIRECTORY_WITHOUT_LINE)
    assert found.subject == str(stray)
    assert (stray / ".qmail-default").exists()


def test_a_system_user_in_users_assign_is_no_domain(filled: Vpopmail, qmail: Path) -> None:
    edit_assign(qmail, "+example.net-", "=joe:joe:1000:1000:/home/joe:::\n+joe-:joe:1000:1000:/home/joe:-::\n+example.net-")
    recompile(qmail)
    assert not filled.reconcile(dry_run=True), str(filled.reconcile(dry_run=True))


def test_an_alias_domain_of_a_missing_domain_is_told(filled: Vpopmail, qmail: Path, told: Told) -> None:
    edit_assign(qmail, f"+example.org-:{DOMAIN}", "+example.org-:gone.example")
    recompile(qmail)
    (found,) = told(findings.ALIAS_DOMAIN)
    assert found.subject == "example.org"
    assert "gone.example" in found.what


def test_an_alias_domain_that_leads_elsewhere_than_its_domain_is_told(
    filled: Vpopmail, qmail: Path, told: Told
) -> None:
    line = next(text for text in (qmail / "users/assign").read_text().splitlines() if "+example.org-" in text)
    edit_assign(qmail, line, line.replace("/domains/example.com", "/domains/example.net"))
    recompile(qmail)
    told(findings.ALIAS_DOMAIN)


# control files


@pytest.mark.parametrize("file", ["rcpthosts", "virtualdomains"])
def test_a_missing_control_entry_is_put_in(qmail: Path, repaired: Repaired, file: str) -> None:
    path = qmail / "control" / file
    before = path.read_text()
    path.write_text("".join(line for line in before.splitlines(True) if not line.startswith("example.net")))
    (found,) = repaired(findings.CONTROL_ENTRY_MISSING)
    assert found.subject == "example.net"
    assert path.read_text() == before


def test_a_domain_in_locals_is_taken_out(qmail: Path, repaired: Repaired) -> None:
    (qmail / "control/locals").write_text("localhost\nexample.net\n")
    repaired(findings.CONTROL_ENTRY_MISSING)
    assert (qmail / "control/locals").read_text() == "localhost\n"


def test_a_name_that_virtualdomains_sends_elsewhere_is_told(qmail: Path, told: Told) -> None:
    path = qmail / "control/virtualdomains"
    path.write_text(path.read_text().replace("example.net:example.net", "example.net:joe"))
    told(findings.CONTROL_ENTRY_MISSING)


@pytest.mark.parametrize("file", ["rcpthosts", "virtualdomains"])
def test_a_lost_control_file_is_told_since_other_lines_cannot_be_known(
    qmail: Path, told: Told, file: str
) -> None:
    (qmail / "control" / file).unlink()
    told(findings.CONTROL_ENTRY_MISSING)
    assert not (qmail / "control" / file).exists()


def test_a_control_entry_of_no_domain_is_told(qmail: Path, told: Told) -> None:
    append(qmail / "control/virtualdomains", "gone.example:gone.example\n")
    append(qmail / "control/rcpthosts", "mx.example\n")  # may be another host
    (found,) = told(findings.CONTROL_ENTRY_LEFT)
    assert found.subject == "gone.example"


def test_an_uncompiled_morercpthosts_is_compiled(qmail: Path, repaired: Repaired) -> None:
    (qmail / "control/morercpthosts").write_text("more.example\n")
    repaired(findings.MORERCPTHOSTS)
    index = (qmail / "control/morercpthosts.cdb").read_bytes()
    assert cdb.find(index, b"more.example") == b""


# counters and leftovers


def test_a_wrong_counter_of_domains_is_put_right(
    filled: Vpopmail, place: Path, repaired: Repaired
) -> None:
    path = place.parent / ".dir-control"
    right = path.read_bytes()
    path.write_bytes(right.replace(b"2\n", b"7\n", 1))
    (found,) = repaired(findings.COUNTER)
    assert "7" in found.what
    assert path.read_bytes() == right


def test_next_contents_of_qmails_files_are_removed(
    filled: Vpopmail, qmail: Path, place: Path, repaired: Repaired
) -> None:
    left = [
        qmail / "users/cdb.new.vpopmail",
        qmail / "control/rcpthosts.new.vpopmail",
        qmail / "control/morercpthosts.cdb.new.vpopmail",
        place.parent / ".dir-control.new.vpopmail",
        Path(filled.settings.vpopmaildir, "etc/vlimits.default.new.vpopmail"),
    ]
    for path in left:
        path.write_bytes(b"torn")
    left.append(Path(filled.settings.vpopmaildir, "etc.new.vpopmail"))
    left[-1].mkdir()
    assert {found.subject for found in repaired(findings.LEFTOVER)} == set(map(str, left))
    assert not [path for path in left if path.exists()]


def test_what_a_killed_adoption_left_in_a_directory_is_removed_and_nothing_else(
    place: Path, repaired: Repaired
) -> None:
    for name in ("stray.example", "0/other.example"):
        (place.parent / name).mkdir(parents=True)
        (place.parent / name / ".qmail-default.new.vpopmail").write_bytes(b"torn")
        (place.parent / name / "mail").write_bytes(b"mail")
    assert len(repaired(findings.LEFTOVER)) == 2
    assert sorted(path.name for path in (place.parent / "stray.example").iterdir()) == ["mail"]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_an_adoption_left_is_found_where_only_an_alias_domain_still_leads(
    filled: Vpopmail, qmail: Path, tmp_path: Path, *, elsewhere: bool
) -> None:
    """In a directory of domains, or in one that no domain of its own is in."""
    line = next(text for text in (qmail / "users/assign").read_text().splitlines() if "+example.org-" in text)
    stray = tmp_path / "stray.example" if elsewhere else Path(filled.settings.domains_path, "stray.example")
    edit_assign(qmail, line, f"+example.org-:stray.example:{os.getuid()}:{os.getgid()}:{stray}:-::")
    recompile(qmail)
    left = {stray / ".vpopmail/0123456789abcdef", stray / ".qmail-default.new.vpopmail"}
    (stray / ".vpopmail/0123456789abcdef").mkdir(parents=True)
    (stray / ".qmail-default.new.vpopmail").write_bytes(b"torn")
    (stray / "mail").write_bytes(b"mail")
    for done in (filled.reconcile(dry_run=True), filled.reconcile()):
        found = [one for one in done.findings if one.kind == findings.LEFTOVER]
        assert sorted(one.subject for one in found) == sorted(map(str, left))
        assert all(one.repaired != done.dry_run for one in found), str(done)
    assert [path.name for path in stray.iterdir()] == ["mail"]
    assert findings.LEFTOVER not in {one.kind for one in filled.reconcile().findings}


def test_files_of_killed_c_tools_beside_the_control_files_are_told(qmail: Path, told: Told) -> None:
    for name in ("users/assign.4711", "users/cdb.tmp", "control/rcpthosts.4711", "control/morercpthosts.tmp"):
        (qmail / name).write_bytes(b"x")
    assert len(told(findings.C_LEFTOVER)) == 4
    assert (qmail / "users/cdb.tmp").exists()


def test_a_journal_that_is_no_directory_is_told(filled: Vpopmail, qmail: Path, told: Told) -> None:
    (qmail / "users/.vpopmail").write_bytes(b"")
    told(findings.NOT_PLAIN)


# rights


def test_a_domains_directory_open_to_all_is_closed(place: Path, repaired: Repaired) -> None:
    place.parent.chmod(0o777)
    repaired(findings.MODE)
    assert place.parent.stat().st_mode & 0o7777 == 0o751


def test_qmails_files_are_readable_by_qmail_and_writable_by_root_only(
    qmail: Path, repaired: Repaired
) -> None:
    (qmail / "control/rcpthosts").chmod(0o600)
    (qmail / "users/cdb").chmod(0o666)
    repaired(findings.MODE)
    assert (qmail / "control/rcpthosts").stat().st_mode & 0o777 == 0o644
    assert (qmail / "users/cdb").stat().st_mode & 0o777 == 0o644


# what cannot be looked at


def test_a_missing_qmail_directory_is_a_finding_and_domains_are_still_named(
    filled: Vpopmail, qmail: Path, told: Told
) -> None:
    shutil.rmtree(qmail / "control")
    (found,) = told(findings.UNREADABLE)
    assert found.subject == f"{qmail}/control"


def test_a_domain_that_cannot_be_read_is_a_finding_and_the_others_are_looked_at(
    filled: Vpopmail, place: Path
) -> None:
    (place / "vpasswd").unlink()
    (place / "vpasswd").mkdir()
    home = Path(filled.domains.get("example.net").path)
    (home / "cdb.tmp").write_bytes(b"")
    report = filled.reconcile()
    assert findings.C_LEFTOVER in {found.kind for found in report.repaired}
    assert {found.kind for found in report.left} <= {findings.NOT_PLAIN, findings.UNREADABLE, findings.USERS_LOST}
    assert report.left


def test_domains_that_are_locked_by_another_process_are_a_finding(
    filled: Vpopmail, place: Path, make_site: object
) -> None:
    from vpopmail.safeio.directory import Directory
    from vpopmail.safeio.locks import FileLock

    (place / "cdb.tmp").write_bytes(b"")
    with Directory.open(str(place)) as directory, FileLock(directory, ".vpasswd.lock", 0):
        report = filled.reconcile()
        (found,) = report.left
        assert (found.kind, found.repairable) == (findings.C_LEFTOVER, True)
        assert "locked" in found.remedy
    assert filled.reconcile().repaired
    assert not filled.reconcile()


@needs_root
def test_only_the_domains_asked_for_are_looked_at(filled: Vpopmail, place: Path, qmail: Path) -> None:
    (place / "cdb.tmp").write_bytes(b"")
    (qmail / "users/cdb.tmp").write_bytes(b"")
    assert not filled.reconcile(domains=["example.net"])
    (found,) = filled.reconcile(domains=["EXAMPLE.org"]).repaired
    assert found.subject == str(place / "cdb.tmp")


def test_an_unknown_domain_is_refused(filled: Vpopmail) -> None:
    from vpopmail.errors import DomainNotFound

    with pytest.raises(DomainNotFound):
        filled.reconcile(domains=["nobody.example"])


def test_the_report_has_one_line_for_each_finding_whatever_names_there_are(
    filled: Vpopmail, place: Path
) -> None:
    (place / "cdb.tmp").write_bytes(b"")
    home = place / "odd\nname"
    (home / "Maildir").mkdir(parents=True, mode=0o700)
    report = filled.reconcile(dry_run=True)
    assert len(str(report).splitlines()) == len(report.findings) == 2
    assert str(report).startswith("to repair: leftover of a C tool: ")
    assert str(filled.reconcile()).splitlines()[0].startswith("repaired: ")


def test_every_kind_is_documented_in_one_sentence() -> None:
    kinds = {name: value for name, value in vars(findings).items() if name.isupper() and name[0] != "_"}
    names = {value for value in kinds.values() if isinstance(value, str)}
    assert names == set(findings.KINDS)


def test_a_dry_run_takes_no_lock_and_changes_no_byte_and_no_time(
    filled: Vpopmail, place: Path, qmail: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(place, qmail)
    before = times(tmp_path), tree(tmp_path)
    from vpopmail.safeio import seam

    calls: list[str] = []
    monkeypatch.setattr(seam, "watch", lambda call, _arguments: calls.append(call))
    report = filled.reconcile(dry_run=True)
    assert len({found.kind for found in report.findings}) > 8
    assert calls == []
    assert (times(tmp_path), tree(tmp_path)) == before


def times(path: Path) -> dict[str, tuple[int, int, int]]:
    return {
        str(one): (one.lstat().st_mtime_ns, one.lstat().st_ctime_ns, one.lstat().st_mode)
        for one in [path, *path.rglob("*")]
    }


def spoil(place: Path, qmail: Path) -> None:
    """Something of everything."""
    (place / ".vpopmail/0123456789abcdef").mkdir(parents=True)
    (place / "vpasswd.new.vpopmail").write_bytes(b"")
    (place / "cdb.tmp").write_bytes(b"")
    shutil.rmtree(place / "anna")
    (place / "stray/Maildir").mkdir(parents=True)
    (place / "vpasswd").chmod(0o644)
    (place / ".dir-control").unlink()
    (place / ".dir_control_free").write_text("../..\n")
    (place / "joe/Maildir/maildirsize").write_text("1S\n0 0\n")
    (place / ".qmail-lost").write_text(f"&nobody@{DOMAIN}\n&{JOE}\n")
    later(place / "vpasswd", place / "vpasswd.cdb")
    append(qmail / "control/virtualdomains", "gone.example:gone.example\n")
    later(qmail / "users/assign", qmail / "users/cdb")


def test_all_at_once_is_repaired_in_one_run(filled: Vpopmail, place: Path, qmail: Path) -> None:
    spoil(place, qmail)
    report = filled.reconcile()
    assert [found for found in report.left if found.repairable] == []
    again = filled.reconcile()
    assert again.repaired == []
    assert again.left == report.left or {found.kind for found in again.left} == {found.kind for found in report.left}
