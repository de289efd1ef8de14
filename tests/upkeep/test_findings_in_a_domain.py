"""What reconcile finds in one domain, one kind at a time, on real files."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, needs_root
from vpopmail import Vpopmail
from vpopmail.formats import cdb
from vpopmail.safeio.directory import Directory, Owner
from vpopmail.testing import sandbox
from vpopmail.upkeep import findings

from .conftest import JOE, PASSWORD, STRANGER, Repaired, Told, fill
from .test_findings_of_domains import append, later


# leftovers


def test_a_stage_without_entry_goes_with_all_that_is_on_it(place: Path, repaired: Repaired) -> None:
    stage = place / ".vpopmail/0123456789abcdef"
    (stage / "=max/Maildir").mkdir(parents=True)
    (found,) = repaired(findings.LEFTOVER)
    assert found.subject == str(stage)
    assert not (place / ".vpopmail").exists()


def test_a_stage_in_a_domain_of_another_base_is_found_too(
    filled: Vpopmail, tmp_path: Path, repaired: Repaired
) -> None:
    (tmp_path / "far").mkdir()
    filled.domains.add("far.example", dir=str(tmp_path / "far"))
    (tmp_path / "far/domains/.vpopmail/0123456789abcdef").mkdir(parents=True)
    (tmp_path / "far/domains/far.example/.vpopmail/0123456789abcdef").mkdir(parents=True)
    assert len(repaired(findings.LEFTOVER)) == 2


def test_an_empty_journal_is_removed(place: Path, repaired: Repaired) -> None:
    (place / ".vpopmail").mkdir()
    repaired(findings.LEFTOVER)
    assert not (place / ".vpopmail").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="an owner that is wrong")
def test_all_that_a_killed_change_left_is_told_each_once(
    filled: Vpopmail, place: Path, repaired: Repaired
) -> None:
    (place / ".vpopmail/0123456789abcdef").mkdir(parents=True, mode=0o700)
    for name in ("vpasswd", ".qmail-sales"):
        (place / f"{name}.new.vpopmail").write_bytes(b"torn")
        os.chown(place / f"{name}.new.vpopmail", STRANGER, STRANGER)
    subjects = [found.subject for found in repaired(findings.LEFTOVER)]
    assert sorted(Path(subject).name for subject in subjects) == [
        ".qmail-sales.new.vpopmail", "0123456789abcdef", "vpasswd.new.vpopmail",
    ]  # fmt: skip


def test_a_change_that_goes_on_is_no_leftover(filled: Vpopmail, place: Path) -> None:
    with filled.batch() as batch:
        filled.users.add(f"max@{DOMAIN}", PASSWORD)
        assert list((place / ".vpopmail").iterdir())
        assert not filled.reconcile(dry_run=True)
        assert not filled.reconcile()
        batch.discard()


def test_next_contents_that_were_never_put_in_their_places_are_removed(
    place: Path, repaired: Repaired
) -> None:
    for name in ("vpasswd", "vpasswd.cdb", ".dir-control", "joe/lastauth", "joe/Maildir/sqwebmail-pass"):
        (place / f"{name}.new.vpopmail").write_bytes(b"torn")
    before = (place / "vpasswd").read_bytes()
    assert len(repaired(findings.LEFTOVER)) == 5
    assert (place / "vpasswd").read_bytes() == before


def test_notes_of_deliveries_are_no_finding_until_no_queue_has_their_message(
    place: Path, filled: Vpopmail, repaired: Repaired
) -> None:
    notes = place / ".vpopmail.delivered"
    notes.mkdir(mode=0o700)
    (notes / "1.2.3.4.00000000").write_bytes(b"")
    assert not filled.reconcile()
    old = notes / "1.2.3.4.00000001"
    old.write_bytes(b"")
    os.utime(old, (1, 1))
    (found,) = repaired(findings.LEFTOVER)
    assert found.subject == str(old)
    assert [path.name for path in notes.iterdir()] == ["1.2.3.4.00000000"]


def test_a_message_that_nobody_has_written_for_long_is_removed(
    place: Path, filled: Vpopmail, repaired: Repaired
) -> None:
    tmp = place / "joe/Maildir/tmp"
    (tmp / "1795788692.M1P1Q1.host").write_bytes(b"half")
    assert not filled.reconcile()
    old = tmp / "1795788691.M1P1Q1.host"
    old.write_bytes(b"half")
    then = time.time() - 36 * 3600 - 60
    os.utime(old, (then, then))
    (found,) = repaired(findings.LEFTOVER)
    assert found.subject == str(old)
    assert [path.name for path in tmp.iterdir()] == ["1795788692.M1P1Q1.host"]


def test_directories_that_were_being_made_are_removed_and_those_with_something_in_them_stay(
    filled: Vpopmail, place: Path
) -> None:
    (place / "0/A.new.vpopmail").mkdir(parents=True)
    (place / "1.new.vpopmail").mkdir()
    (place.parent / "0/A.new.vpopmail").mkdir(parents=True)
    (place / "full.new.vpopmail/mail").mkdir(parents=True)
    (place / "sales.new.vpopmail").write_bytes(b"")
    report = filled.reconcile()
    assert {found.kind for found in report.findings} == {findings.LEFTOVER}
    assert [found.subject for found in report.left] == [str(place / "full.new.vpopmail")]
    assert len(report.repaired) == 4
    assert (place / "full.new.vpopmail/mail").is_dir()
    assert filled.reconcile().repaired == []


def test_a_next_maildirsize_of_a_dead_process_is_removed_and_that_of_another_host_stays(
    place: Path, repaired: Repaired
) -> None:
    tmp = place / "joe/Maildir/tmp"
    host = os.uname().nodename
    dead = tmp / f"1700000000.999999999N1_NeWmAiLdIrSiZe.{host}"
    other = tmp / f"1700000000.999999999N1_NeWmAiLdIrSiZe.{host}.elsewhere"
    alive = tmp / f"1700000000.{os.getpid()}N1_NeWmAiLdIrSiZe.{host}"
    for path in (dead, other, alive):
        path.write_bytes(b"")
    (found,) = repaired(findings.LEFTOVER)
    assert found.subject == str(dead)
    assert (other.exists(), alive.exists(), dead.exists()) == (True, True, False)


def test_what_c_tools_left_that_is_kept_elsewhere_is_removed(place: Path, repaired: Repaired) -> None:
    (place / "cdb.tmp").write_bytes(b"torn")
    (place / ".dir-control.999999999").write_bytes(b"1\n")
    repaired(findings.C_LEFTOVER)
    assert not (place / "cdb.tmp").exists()


def test_what_c_tools_left_that_may_be_missed_is_told(place: Path, told: Told) -> None:
    (place / "vpasswd.bak.4711").write_bytes(b"joe:x\n")
    (place / ".qmail-sales.new").write_bytes(b"")
    assert len(told(findings.C_LEFTOVER)) == 2


def test_a_live_c_tools_counter_is_not_taken_from_it(filled: Vpopmail, place: Path) -> None:
    (place / f".dir-control.{os.getpid()}").write_bytes(b"1\n")
    assert not filled.reconcile()


# the store


def test_a_stale_index_is_made_anew(place: Path, repaired: Repaired) -> None:
    later(place / "vpasswd", place / "vpasswd.cdb")
    (found,) = repaired(findings.INDEX)
    assert found.subject == str(place / "vpasswd.cdb")


def test_a_missing_index_is_made_anew(place: Path, repaired: Repaired) -> None:
    before = (place / "vpasswd.cdb").read_bytes()
    (place / "vpasswd.cdb").unlink()
    repaired(findings.INDEX)
    assert (place / "vpasswd.cdb").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"torn", cdb.build([(b"joe", b"x:1:0:::")])])
def test_a_young_index_that_is_not_made_of_vpasswd_is_made_anew(
    place: Path, repaired: Repaired, content: bytes
) -> None:
    before = (place / "vpasswd.cdb").read_bytes()
    (place / "vpasswd.cdb").write_bytes(content)
    later(place / "vpasswd.cdb", place / "vpasswd")
    repaired(findings.INDEX)
    assert (place / "vpasswd.cdb").read_bytes() == before


def test_a_user_added_by_hand_is_found_by_c_tools_after_a_reconcile(
    filled: Vpopmail, place: Path
) -> None:
    append(place / "vpasswd", f"zoe:!:1:0:Zoe:{place}/zoe:NOQUOTA:\n")
    later(place / "vpasswd", place / "vpasswd.cdb")
    filled.reconcile()
    assert cdb.find((place / "vpasswd.cdb").read_bytes(), b"zoe") is not None
    assert (place / "zoe/Maildir/new").is_dir()
    assert not filled.reconcile()


def test_malformed_lines_are_told_by_number_and_not_by_content(place: Path, told: Told) -> None:
    lines = (place / "vpasswd").read_text() + "\nsecret:word\n"
    (place / "vpasswd").write_text(lines)
    (place / "vpasswd.cdb").write_bytes(cdb.build([(n, r) for n, _, r in (x.encode().partition(b":") for x in lines.split("\n") if ":" in x)]))
    found = told(findings.MALFORMED_LINE)
    assert [one.subject.rpartition(" ")[2] for one in found] == ["4", "5"]
    assert "secret" not in "\n".join(map(str, found))
    assert "word" not in "\n".join(map(str, found))


def test_a_double_line_is_told(place: Path, told: Told) -> None:
    lines = (place / "vpasswd").read_text()
    lines += next(line for line in lines.splitlines(True) if line.startswith("joe"))
    (place / "vpasswd").write_text(lines)
    (place / "vpasswd.cdb").write_bytes(cdb.build([(n, r) for n, _, r in (x.encode().partition(b":") for x in lines.split("\n") if x)]))
    (found,) = told(findings.DOUBLE_LINE)  # and the counter still counts each user once
    assert "joe" in found.what


def test_lost_users_are_told_and_their_homes_are_not_taken_for_nobodys(
    place: Path, told: Told
) -> None:
    (place / "vpasswd").unlink()
    told(findings.USERS_LOST)


# homes


def test_a_missing_home_is_made_empty(filled: Vpopmail, place: Path, repaired: Repaired) -> None:
    shutil.rmtree(place / "joe")
    before = filled.users.get(JOE).pw_dir
    (found,) = repaired(findings.USER_WITHOUT_HOME)
    assert found.subject.startswith(JOE)
    assert filled.users.get(JOE).pw_dir == before
    assert (place / "joe/Maildir/new").is_dir()
    assert (place / "joe/Maildir/maildirsize").read_text().startswith("10485760S\n")


def test_a_missing_home_in_a_place_of_hashing_is_made_there(
    filled: Vpopmail, place: Path, repaired: Repaired
) -> None:
    lines = (place / "vpasswd").read_text().replace(f"{place}/joe", f"{place}/0/A/joe")
    (place / "vpasswd").write_text(lines)
    (place / "vpasswd.cdb").unlink()
    (place / "0").mkdir(mode=0o700)
    (place / "0/A").mkdir(mode=0o700)
    (place / "joe").rename(place / "0/A/joe")
    filled.reconcile()
    shutil.rmtree(place / "0")
    repaired(findings.USER_WITHOUT_HOME)
    assert (place / "0/A/joe/Maildir").is_dir()


def test_a_home_outside_the_domain_is_told(filled: Vpopmail, place: Path, tmp_path: Path) -> None:
    user = filled.users.get(JOE)
    user.pw_dir = str(tmp_path / "elsewhere")
    text = (place / "vpasswd").read_text().replace(f"{place}/joe", user.pw_dir)
    (place / "vpasswd").write_text(text)
    filled.reconcile()
    report = filled.reconcile()
    assert {found.kind for found in report.findings} == {findings.HOME_ELSEWHERE, findings.HOME_WITHOUT_USER}
    assert not report.repaired
    assert not (tmp_path / "elsewhere").exists()


def test_a_home_that_is_a_link_is_told_and_not_followed(
    place: Path, told: Told, tmp_path: Path
) -> None:
    (place / "joe").rename(tmp_path / "joe")
    (tmp_path / "joe").chmod(0o777)
    (place / "joe").symlink_to(tmp_path / "joe")
    (found,) = told(findings.HOME_ELSEWHERE)
    assert JOE in found.subject
    assert (tmp_path / "joe").stat().st_mode & 0o777 == 0o777


def test_a_home_without_user_is_told_and_its_mail_is_not_touched(place: Path, told: Told) -> None:
    mail = place / "0/gone/Maildir/new/1"
    mail.parent.mkdir(parents=True)
    mail.write_bytes(b"mail")
    (place / "list/archive").mkdir(parents=True)  # of a mailing list
    (found,) = told(findings.HOME_WITHOUT_USER)
    assert found.subject == str(place / "0/gone")
    assert mail.read_bytes() == b"mail"


def test_a_missing_maildir_is_made(place: Path, repaired: Repaired) -> None:
    shutil.rmtree(place / "joe/Maildir")
    repaired(findings.MAILDIR)
    assert (place / "joe/Maildir/cur").is_dir()


def test_a_maildir_that_was_being_made_is_made(place: Path, repaired: Repaired) -> None:
    (place / "joe/Maildir").rename(place / "joe/.Maildir.vpopmail")
    (place / "joe/.Maildir.vpopmail/tmp").rmdir()
    repaired(findings.MAILDIR)
    assert not (place / "joe/.Maildir.vpopmail").exists()
    assert (place / "joe/Maildir/tmp").is_dir()


def test_a_missing_part_of_a_maildir_is_made_and_the_mail_stays(
    place: Path, repaired: Repaired
) -> None:
    (place / "joe/Maildir/cur/1").write_bytes(b"mail")
    (place / "joe/Maildir/tmp").rmdir()
    repaired(findings.MAILDIR)
    assert (place / "joe/Maildir/tmp").is_dir()
    assert (place / "joe/Maildir/cur/1").read_bytes() == b"mail"


@pytest.mark.parametrize("content", ["1S\n0 0\n", "", "10485760S\n" + "1 1\n" * 2000])
def test_a_maildirsize_that_is_stale_or_too_long_is_counted_anew(
    place: Path, repaired: Repaired, content: str
) -> None:
    (place / "joe/Maildir/new/1,S=7").write_bytes(b"1234567")
    path = place / "joe/Maildir/maildirsize"
    path.write_text(content)
    repaired(findings.MAILDIRSIZE)
    assert path.read_text() == "10485760S\n7 1\n"


def test_a_maildirsize_that_is_a_link_is_replaced_and_its_target_stays(
    place: Path, repaired: Repaired, tmp_path: Path
) -> None:
    path = place / "joe/Maildir/maildirsize"
    path.unlink()
    (tmp_path / "target").write_text("mine")
    path.symlink_to(tmp_path / "target")
    repaired(findings.MAILDIRSIZE)
    assert path.read_text() == "10485760S\n0 0\n"
    assert (tmp_path / "target").read_text() == "mine"


# counters


@pytest.mark.parametrize("before", [b"3\n", b"3\n0\n3\n0 0 0\n61 61 61\n0 2 4\n0 0 0\n../..\n"])
def test_a_counter_of_homes_that_is_wrong_or_leads_elsewhere_is_put_right(
    place: Path, repaired: Repaired, before: bytes
) -> None:
    path = place / ".dir-control"
    right = path.read_bytes()
    path.write_bytes(before if b".." in before else right.replace(before, b"99\n", 1))
    repaired(findings.COUNTER)
    assert path.read_bytes() == right


def test_the_next_place_of_a_wrong_counter_stays(place: Path, repaired: Repaired) -> None:
    path = place / ".dir-control"
    path.write_bytes(b"250\n0\n3\n0 0 0\n61 61 61\n0 2 4\n1 0 0\n1\n")
    repaired(findings.COUNTER)
    assert path.read_bytes() == b"3\n0\n3\n0 0 0\n61 61 61\n0 2 4\n1 0 0\n1\n"


def test_lines_that_are_no_places_are_taken_out_of_the_list_of_free_ones(
    place: Path, repaired: Repaired
) -> None:
    path = place / ".dir_control_free"
    path.write_text("# kept\n0\n../../etc\n0/A\n/\n")
    path.chmod(0o600)
    repaired(findings.FREE_PLACES)
    assert path.read_text() == "# kept\n0\n0/A\n"


# aliases, default delivery, limits


@pytest.mark.parametrize(
    "line",
    [f"&nobody@{DOMAIN}", f"nobody@{DOMAIN}", "&Nobody@example.org", "/nowhere/Maildir/", "./nobody/Maildir/"],
)
def test_an_alias_to_a_missing_target_is_told(
    filled: Vpopmail, place: Path, told: Told, line: str
) -> None:
    filled.catch_all.delete(DOMAIN)
    (place / ".qmail-lost").write_text(f"&{JOE}\n{line}\n")
    (place / ".qmail-lost").chmod(0o600)
    (found,) = told(findings.ALIAS_TARGET)
    assert found.subject == f"lost@{DOMAIN}"
    assert "line 2" in found.what


@pytest.mark.parametrize(
    "line",
    [
        f"&{JOE}",
        "&joe@example.org",
        f"sales@{DOMAIN}",
        "&list-subscribe@example.com",
        "&somebody@far.example",
        "&somebody",
        "|/bin/true",
        "# nothing",
        "./joe/Maildir/",
    ],
)
def test_an_alias_that_leads_somewhere_is_no_finding(
    filled: Vpopmail, place: Path, line: str
) -> None:
    filled.catch_all.delete(DOMAIN)
    (place / ".qmail-list-default").write_text("|/usr/bin/ezmlm-manage list\n")
    (place / ".qmail-lost").write_text(f"{line}\n")
    assert not filled.reconcile(dry_run=True), str(filled.reconcile(dry_run=True))


def test_with_a_catch_all_every_address_leads_somewhere(filled: Vpopmail, place: Path) -> None:
    (place / ".qmail-lost").write_text(f"&nobody@{DOMAIN}\n")
    assert not filled.reconcile()


def test_user_and_extension_lead_somewhere_where_extensions_are_delivered(
    filled: Vpopmail, place: Path, make_site: object
) -> None:
    filled.catch_all.delete(DOMAIN)
    (place / ".qmail-lost").write_text(f"&joe-news@{DOMAIN}\n")
    assert filled.reconcile()
    assert not make_site(qmail_ext=True).reconcile()  # type: ignore[operator]


@pytest.mark.parametrize("action", [f"nobody@{DOMAIN}", "nobody@example.org", "{place}/nobody"])
def test_a_catch_all_to_a_missing_user_is_told(place: Path, told: Told, action: str) -> None:
    action = action.format(place=place)
    (place / ".qmail-default").write_text(f"| /v/bin/vdelivermail '' {action}\n")
    (found,) = told(findings.DEFAULT_DELIVERY)
    assert action in found.what


@pytest.mark.parametrize("content", [None, "", "# nothing\n"])
def test_a_default_delivery_that_is_missing_is_told(
    place: Path, told: Told, content: str | None
) -> None:
    (place / ".qmail-default").unlink()
    if content is not None:
        (place / ".qmail-default").write_text(content)
        (place / ".qmail-default").chmod(0o600)
    told(findings.DEFAULT_DELIVERY)


def test_limits_that_cannot_be_read_are_told(filled: Vpopmail, place: Path) -> None:
    (place / ".qmailadmin-limits").unlink()
    (place / ".qmailadmin-limits").mkdir(mode=0o700)
    report = filled.reconcile()
    assert {found.kind for found in report.findings} == {findings.LIMITS}
    assert not report.repaired


# rights


def mode(path: Path) -> int:
    return path.lstat().st_mode & 0o7777


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("", 0o777, 0o751),
        ("", 0o500, 0o700),
        ("vpasswd", 0o644, 0o640),
        ("vpasswd.cdb", 0o666, 0o640),
        (".qmail-default", 0o666, 0o644),
        (".qmail-sales", 0o620, 0o600),
        (".dir-control", 0o602, 0o600),
        ("joe", 0o755, 0o751),
        ("joe", 0o1700, 0o1700),
        ("joe/Maildir", 0o770, 0o750),
        ("joe/Maildir/new", 0o600, 0o700),
    ],
)
def test_what_others_may_read_or_write_is_closed_and_what_the_owner_needs_is_opened(
    filled: Vpopmail, place: Path, repaired: Repaired, name: str, wrong: int, right: int
) -> None:
    (place / name).chmod(wrong)
    if wrong == right:
        assert not filled.reconcile()
    else:
        (found,) = repaired(findings.MODE)
        assert found.subject == str(place / name)
    assert mode(place / name) == right


def test_a_file_with_a_second_name_is_left_alone_and_told(
    place: Path, told: Told, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "mine").chmod(0o666)
    (place / ".qmail-default").unlink()
    os.link(tmp_path / "mine", place / ".qmail-default")
    (tmp_path / "mine").write_text("| /v/bin/vdelivermail '' delete\n")
    told(findings.NOT_PLAIN)
    assert mode(tmp_path / "mine") == 0o666


@pytest.mark.parametrize("name", ["vpasswd.cdb", ".dir_control_free"])
def test_a_link_in_the_place_of_a_file_is_not_followed(
    filled: Vpopmail, place: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "mine").chmod(0o666)
    (place / name).unlink(missing_ok=True)
    (place / name).symlink_to(tmp_path / "mine")
    filled.reconcile()
    assert (tmp_path / "mine").read_text() == "mine"
    assert mode(tmp_path / "mine") == 0o666


def test_a_fifo_and_a_link_in_a_home_hang_nothing_and_stay(
    filled: Vpopmail, place: Path, told: Told, tmp_path: Path
) -> None:
    shutil.rmtree(place / "joe/Maildir/new")
    os.mkfifo(place / "joe/Maildir/new", 0o600)
    (tmp_path / "mine").mkdir(mode=0o777)
    (tmp_path / "mine").chmod(0o777)
    shutil.rmtree(place / "anna/Maildir")
    (place / "anna/Maildir").symlink_to(tmp_path / "mine")
    found = told(findings.NOT_PLAIN)
    assert {one.subject for one in found} == {str(place / "joe/Maildir/new"), str(place / "anna/Maildir")}
    assert mode(tmp_path / "mine") == 0o777


@needs_root
def test_what_root_left_in_a_domain_is_given_to_its_owner(foreign: Vpopmail) -> None:
    assert not foreign.reconcile(), str(foreign.reconcile())
    place = Path(foreign.domains.get(DOMAIN).path)
    names = ("vpasswd", ".qmail-sales", "joe", "joe/Maildir/cur", "")
    for name in names:
        os.chown(place / name, 0, 0)
    report = foreign.reconcile()
    assert {found.subject for found in report.repaired} == {str(place / name) for name in names}
    assert {found.kind for found in report.repaired} == {findings.OWNER}
    assert all((place / name).stat().st_uid == STRANGER for name in names)
    assert not foreign.reconcile()


@needs_root
def test_what_belongs_to_another_user_is_only_told(foreign: Vpopmail) -> None:
    place = Path(foreign.domains.get(DOMAIN).path)
    os.chown(place / "joe", STRANGER + 1, STRANGER)
    report = foreign.reconcile()
    (found,) = report.left
    assert (found.kind, found.subject) == (findings.OWNER, str(place / "joe"))
    assert (place / "joe").stat().st_uid == STRANGER + 1


@needs_root
def test_a_home_and_a_maildir_that_are_made_belong_to_the_owner_of_the_domain(
    foreign: Vpopmail,
) -> None:
    place = Path(foreign.domains.get(DOMAIN).path)
    shutil.rmtree(place / "joe")
    shutil.rmtree(place / "anna/Maildir")
    shutil.rmtree(place / "postmaster/Maildir/tmp")
    (place / "vpasswd.cdb").unlink()
    assert foreign.reconcile().left == []
    for path in [place, *place.rglob("*")]:
        assert path.lstat().st_uid == STRANGER, path
    assert not foreign.reconcile()


def test_only_root_gives_files_away() -> None:
    """Without root the owner of a file is compared, never changed."""
    from vpopmail.safeio.rights import Rights

    status = os.stat("/")
    rights = Rights(Owner(STRANGER, STRANGER), 0, 0)
    assert not rights.is_owner_right(status)
    assert rights.may_give(status) == (os.geteuid() == 0)


# other backends


@pytest.mark.parametrize("backend", ["memory", "null"])
def test_other_backends_are_looked_at_as_far_as_it_has_a_meaning(backend: str) -> None:
    with sandbox(backend) as site:
        if backend == "memory":
            fill(site)
        else:
            site.domains.add(DOMAIN)
        assert not site.reconcile(dry_run=True), str(site.reconcile(dry_run=True))
        place = Path(site.domains.get(DOMAIN).path)
        place.chmod(0o777)
        (place / "cdb.tmp").write_bytes(b"")
        if backend == "memory":
            shutil.rmtree(place / "joe")
        kinds = {found.kind for found in site.reconcile().repaired}
        assert {findings.MODE, findings.C_LEFTOVER} <= kinds
        assert (findings.USER_WITHOUT_HOME in kinds) == (backend == "memory")
        assert not site.reconcile()


def test_a_wrong_counter_of_the_memory_backend_is_put_right() -> None:
    with sandbox("memory") as site:
        fill(site)
        backend = site.installation.backend
        with Directory.open(site.domains.get(DOMAIN).path) as directory:
            backend.delete_dir_control(DOMAIN, directory)  # type: ignore[attr-defined]
        assert {found.kind for found in site.reconcile().repaired} == {findings.COUNTER}
        assert not site.reconcile()
