"""qmail's files, one function each: lines in and out, locks, compilers, signals."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vpopmail
from tests.conftest import needs_root, tree, without_locks
from tests.qmail.test_send import running
from tests.safeio.test_locks import C_STYLE, held_elsewhere
from vpopmail import Vpopmail
from vpopmail.codes import VA
from vpopmail.formats import assign, cdb, control
from vpopmail.safeio import seam

UID, GID = os.getuid(), os.getgid()


def assign_line(name: str, real: str, path: str) -> bytes:
    return f"+{name}-:{real}:{UID}:{GID}:{path}:-::".encode()


@pytest.fixture
def list_file(site: Vpopmail, tmp_path: Path) -> Path:
    """A list that is not qmail's."""
    path = tmp_path / "list"
    path.write_bytes(b"alpha.example\n# ours\nzulu.example\n")
    return path


# update_file, sort_file, remove_lines, remove_line


def test_a_line_goes_to_its_place_and_the_rest_stays(list_file: Path) -> None:
    assert vpopmail.update_file(str(list_file), "mike.example", 2) == 0
    assert b"mike.example" in list_file.read_bytes().split(b"\n")
    assert sorted(list_file.read_bytes().splitlines()) == sorted(
        [b"alpha.example", b"# ours", b"zulu.example", b"mike.example"]
    )


def test_a_line_that_is_there_is_not_doubled(list_file: Path) -> None:
    before = list_file.read_bytes()
    inode = list_file.stat().st_ino
    for _ in range(2):
        assert vpopmail.update_file(str(list_file), "zulu.example", 2) == 0
    assert list_file.read_bytes() == before
    assert list_file.stat().st_ino == inode


def test_a_file_is_made_with_its_line_and_readable_for_qmail(site: Vpopmail, tmp_path: Path) -> None:
    path = tmp_path / "new"
    assert vpopmail.update_file(str(path), "+a.b-:a.b:1:2:/a:-::", 1) == 0
    assert path.read_bytes() == b"+a.b-:a.b:1:2:/a:-::\n.\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "new.lock").stat().st_mode) == 0o600


def test_a_line_of_any_length_is_written_whole(list_file: Path) -> None:
    line = "x" * 5000
    assert vpopmail.update_file(str(list_file), line, 2) == 0
    assert line.encode() in list_file.read_bytes().splitlines()


@needs_root
def test_owner_and_mode_of_a_file_stay(list_file: Path) -> None:
    os.chown(list_file, 1234, 2345)
    list_file.chmod(0o640)
    assert vpopmail.update_file(str(list_file), "mike.example", 2) == 0
    assert vpopmail.remove_lines(str(list_file), ["alpha.example"]) == 1
    assert vpopmail.sort_file(str(list_file), 100, 2) == 0
    status = list_file.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 2345, 0o640)


@needs_root
def test_the_lock_file_belongs_to_the_owner_of_its_directory(
    site: Vpopmail, tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 1234, 2345)
    assert vpopmail.update_file(str(tmp_path / "theirs/list"), "a", 2) == 0
    assert (tmp_path / "theirs/list.lock").stat().st_uid == 1234


@pytest.mark.parametrize("line", ["", "two\nlines", "cr\r", "nul\0", "\x7f"])
def test_a_line_that_would_break_the_file_is_refused(list_file: Path, line: str) -> None:
    before = without_locks(tree(list_file.parent))
    assert vpopmail.update_file(str(list_file), line, 2) == VA.BAD_CHAR
    assert vpopmail.last_error() == VA.BAD_CHAR
    assert without_locks(tree(list_file.parent)) == before


@pytest.mark.parametrize("kind", [0, 4, -1, 2**70])
def test_an_unknown_kind_of_file_is_refused(list_file: Path, kind: int) -> None:
    before = list_file.read_bytes()
    assert vpopmail.update_file(str(list_file), "mike.example", kind) == VA.COULD_NOT_UPDATE_FILE
    assert vpopmail.sort_file(str(list_file), 100, kind) == VA.COULD_NOT_UPDATE_FILE
    assert list_file.read_bytes() == before


@pytest.mark.parametrize("path", ["", "list", "./list", "/", "/tmp/..", "/nul\0", "/" + "x" * 5000, "/\ud800"])
def test_a_path_that_is_not_absolute_is_refused(
    list_file: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(list_file.parent)
    before = tree(list_file.parent)
    assert vpopmail.update_file(path, "mike.example", 2) == -1
    assert vpopmail.sort_file(path, 100, 2) == -1
    assert vpopmail.remove_lines(path, ["zulu.example"]) == -1
    assert vpopmail.remove_line("zulu", path, 0o644, 0) == -1
    assert tree(list_file.parent) == before


def test_a_directory_that_is_missing_is_an_error(site: Vpopmail, tmp_path: Path) -> None:
    path = str(tmp_path / "none/list")
    assert vpopmail.update_file(path, "a", 2) == VA.COULD_NOT_UPDATE_FILE
    assert vpopmail.remove_lines(path, ["a"]) == VA.COULD_NOT_UPDATE_FILE
    assert vpopmail.sort_file(path, 9, 2) == VA.COULD_NOT_UPDATE_FILE


def test_a_list_that_is_a_link_is_refused(list_file: Path) -> None:
    link = list_file.with_name("link")
    link.symlink_to(list_file)
    before = list_file.read_bytes()
    assert vpopmail.update_file(str(link), "mike.example", 2) == VA.COULD_NOT_UPDATE_FILE
    assert list_file.read_bytes() == before
    assert link.is_symlink()


def test_while_a_c_program_has_the_lock_nothing_is_written(list_file: Path) -> None:
    before = list_file.read_bytes()
    with held_elsewhere(C_STYLE, f"{list_file}.lock"):
        assert vpopmail.update_file(str(list_file), "a", 2) == VA.COULD_NOT_UPDATE_FILE
        assert vpopmail.remove_lines(str(list_file), ["zulu.example"]) == VA.COULD_NOT_UPDATE_FILE
        assert vpopmail.sort_file(str(list_file), 9, 2) == VA.COULD_NOT_UPDATE_FILE
        assert vpopmail.remove_line("zulu", str(list_file), 0o644, 0) == -1
    assert list_file.read_bytes() == before
    assert vpopmail.update_file(str(list_file), "a", 2) == 0


def test_a_full_disk_leaves_the_file_as_it_was(
    list_file: Path, fail: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_file.read_bytes()
    for call in ("create", "write", "rename"):
        fail(call)
        assert vpopmail.update_file(str(list_file), "m.example", 2) == VA.COULD_NOT_UPDATE_FILE
        monkeypatch.setattr(seam, "watch", None)
        assert list_file.read_bytes() == before
    assert vpopmail.update_file(str(list_file), "m.example", 2) == 0
    assert sorted(os.listdir(list_file.parent)) == ["list", "list.lock", "q", "v"]


def test_sorting_is_stable_and_puts_the_dot_last(site: Vpopmail, tmp_path: Path) -> None:
    path = tmp_path / "assign"
    lines = [b"+z.org-:2", b".", b"+a.com-:2", b"+z.org-:1", b"+a.com-:1"]
    path.write_bytes(b"\n".join(lines))
    assert vpopmail.sort_file(str(path), 5, 1) == 0
    assert path.read_bytes() == b"+a.com-:2\n+a.com-:1\n+z.org-:2\n+z.org-:1\n.\n"


def test_a_file_that_grew_is_not_sorted(list_file: Path) -> None:
    list_file.write_bytes(b"b\na\n")
    assert vpopmail.sort_file(str(list_file), 1, 2) == VA.MEMORY_ALLOC_ERR
    assert vpopmail.last_error() == VA.MEMORY_ALLOC_ERR
    assert list_file.read_bytes() == b"b\na\n"
    assert vpopmail.sort_file(str(list_file), 2, 2) == 0
    assert list_file.read_bytes() == b"a\nb\n"


def test_removed_lines_are_counted(list_file: Path) -> None:
    list_file.write_bytes(b"a\nb\na\nA\n a\nlast")
    assert vpopmail.remove_lines(str(list_file), ["a", "none", "last"]) == 3
    assert list_file.read_bytes() == b"b\nA\n a\n"
    assert vpopmail.remove_lines(str(list_file), ["a"]) == 0
    assert vpopmail.remove_lines(str(list_file), []) == 0


def test_a_missing_file_loses_nothing_and_stays_missing(site: Vpopmail, tmp_path: Path) -> None:
    assert vpopmail.remove_lines(str(tmp_path / "none"), ["a"]) == 0
    assert not (tmp_path / "none").exists()


def test_lines_that_begin_with_a_text_go(list_file: Path) -> None:
    list_file.write_bytes(b"0/A\nx\n0/A # later\n0/Ab\n")
    assert vpopmail.remove_line("0/A", str(list_file), 0o640, 1) == 1
    assert list_file.read_bytes() == b"x\n0/A # later\n0/Ab\n"
    assert stat.S_IMODE(list_file.stat().st_mode) == 0o640
    assert vpopmail.remove_line("0/A", str(list_file), 0o4644, 0) == 2
    assert list_file.read_bytes() == b"x\n"
    assert stat.S_IMODE(list_file.stat().st_mode) == 0o644
    assert vpopmail.remove_line("0/A", str(list_file), 0o600, 0) == 0
    assert stat.S_IMODE(list_file.stat().st_mode) == 0o644


def test_no_text_and_no_file_are_errors_of_remove_line(list_file: Path) -> None:
    before = list_file.read_bytes()
    assert vpopmail.remove_line("", str(list_file), 0o644, 0) == -1
    assert vpopmail.remove_line("a", f"{list_file}.none", 0o644, 0) == -1
    assert list_file.read_bytes() == before


@pytest.mark.parametrize("wrong", ["text", b"bytes", [b"bytes"], 7])
def test_lines_that_are_no_list_of_text_are_a_type_error(list_file: Path, wrong: object) -> None:
    with pytest.raises(TypeError):
        vpopmail.remove_lines(str(list_file), wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        vpopmail.del_control(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        vpopmail.del_domain_assign(wrong, "a.b", "/a", 1, 1)  # type: ignore[arg-type]


@given(
    lines=st.lists(st.binary(max_size=12).filter(lambda one: b"\n" not in one), max_size=6),
    new=st.text(alphabet="abyz.-:", min_size=1, max_size=9),
    kind=st.sampled_from([2, 3]),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_put_in_and_taken_out_leaves_foreign_lines_byte_for_byte(
    list_file: Path, lines: list[bytes], new: str, kind: int
) -> None:
    lines = sorted(lines, key=lambda line: control.sort_key(line, kind))
    before = b"".join(line + b"\n" for line in lines)
    list_file.write_bytes(before)
    assert vpopmail.update_file(str(list_file), new, kind) == 0
    assert list_file.read_bytes().split(b"\n").count(new.encode()) == max(
        lines.count(new.encode()), 1
    )
    if new.encode() not in lines:
        assert vpopmail.remove_lines(str(list_file), [new]) == 1
    assert list_file.read_bytes() == before


@given(data=st.binary(max_size=60), kind=st.sampled_from([1, 2, 3]))
def test_sorting_keeps_every_line_and_orders_the_keys(data: bytes, kind: int) -> None:
    lines = [line for line in data.removesuffix(b"\n").split(b"\n") if data]
    found = control.sort_lines(data, kind).split(b"\n")[:-1]
    if kind == control.ASSIGN:
        assert found.pop() == b"."
        lines = [line for line in lines if line != b"."]
    assert sorted(found) == sorted(lines)
    keys = [control.sort_key(line, kind) for line in found]
    assert keys == sorted(keys)
    for key in set(keys):
        same = [line for line in lines if control.sort_key(line, kind) == key]
        assert [line for line in found if control.sort_key(line, kind) == key] == same


@given(data=st.binary(max_size=40), start=st.binary(min_size=1, max_size=3), once=st.booleans())
def test_only_lines_that_begin_so_go(data: bytes, start: bytes, once: bool) -> None:
    rest, gone = control.remove_starting(data, start, once=once)
    before = control.split_lines(data)
    matching = sum(line.startswith(start) for line in before)
    assert gone == (min(matching, 1) if once else matching)
    assert len(control.split_lines(rest)) == len(before) - gone


WRITER = """
import sys, vpopmail
vpopmail.configure(vpopmaildir=sys.argv[1], qmaildir=sys.argv[2], vpopuser={uid}, vpopgroup={gid},
                   sync=False, lock_timeout=60)
for number in range(40):
    assert vpopmail.update_file(sys.argv[3], f"{{sys.argv[4]}}{{number}}.example", 2) == 0
    if number % 2:
        assert vpopmail.remove_lines(sys.argv[3], [f"{{sys.argv[4]}}{{number}}.example"]) == 1
"""


def test_two_processes_that_write_at_once_lose_nothing(site: Vpopmail, list_file: Path) -> None:
    program = WRITER.format(uid=UID, gid=GID)
    both = [
        subprocess.Popen(
            [
                *(sys.executable, "-c", program, site.settings.vpopmaildir),
                *(site.settings.qmaildir, str(list_file), letter),
            ]
        )
        for letter in "ab"
    ]
    assert [one.wait() for one in both] == [0, 0]
    expected = {f"{letter}{number}.example" for letter in "ab" for number in range(0, 40, 2)}
    expected |= {"alpha.example", "# ours", "zulu.example"}
    assert set(list_file.read_text().splitlines()) == expected
    assert len(list_file.read_text().splitlines()) == len(expected)


# add_domain_assign, del_domain_assign, del_control, update_newu


@pytest.fixture
def qmaildir(site: Vpopmail) -> Path:
    return Path(site.settings.qmaildir)


def test_an_assigned_name_works_at_once(site: Vpopmail, qmaildir: Path) -> None:
    (qmaildir / "control/locals").write_bytes(b"localhost\nreal.example\n")
    path = f"{site.settings.vpopmaildir}/domains/real.example"
    assert vpopmail.add_domain_assign("Real.Example", "real.example", path, UID, GID) == 0
    assert vpopmail.add_domain_assign("also.example", "real.example", path, UID, GID) == 0
    assert vpopmail.vget_assign("also.example") == (path, UID, GID, "real.example")
    assert (qmaildir / "control/rcpthosts").read_bytes() == b"also.example\nreal.example\n"
    assert (qmaildir / "control/virtualdomains").read_bytes() == (
        b"also.example:also.example\nreal.example:real.example\n"
    )
    assert (qmaildir / "control/locals").read_bytes() == b"localhost\n"


def test_assigning_again_changes_nothing(site: Vpopmail, qmaildir: Path) -> None:
    assert vpopmail.add_domain_assign("a.example", "a.example", "/v/a", UID, GID) == 0
    before = without_locks(tree(qmaildir))
    assert vpopmail.add_domain_assign("a.example", "a.example", "/v/a", UID, GID) == 0
    assert without_locks(tree(qmaildir)) == before


@pytest.mark.parametrize(
    "values",
    [("a.example", "b.example", "/v/a", UID), ("a.example", "a.example", "/v/b", UID),
     ("a.example", "a.example", "/v/a", UID + 1)],
)  # fmt: skip
def test_a_name_is_not_taken_from_another_directory(
    site: Vpopmail, qmaildir: Path, values: tuple[str, str, str, int]
) -> None:
    assert vpopmail.add_domain_assign("a.example", "a.example", "/v/a", UID, GID) == 0
    before = without_locks(tree(qmaildir))
    assert vpopmail.add_domain_assign(*values, GID) == -1
    assert vpopmail.last_error() == VA.DOMAIN_ALREADY_EXISTS
    assert without_locks(tree(qmaildir)) == before


@pytest.mark.parametrize(
    ("name", "path", "uid", "code"),
    [
        ("a.example/", "/v/a", 1, VA.INVALID_DOMAIN_NAME),
        ("a.example", "/v/\ud800", 1, VA.BAD_CHAR),
        ("", "/v/a", 1, VA.INVALID_DOMAIN_NAME),
        ("a..b", "/v/a", 1, VA.INVALID_DOMAIN_NAME),
        ("a:b.example", "/v/a", 1, VA.INVALID_DOMAIN_NAME),
        ("x" * 97, "/v/a", 1, VA.DOMAIN_NAME_TOO_LONG),
        ("a.example", "", 1, VA(-1)),
        ("a.example", "relative", 1, VA(-1)),
        ("a.example", "/v/a:b", 1, VA.BAD_CHAR),
        ("a.example", "/v/a\nb", 1, VA.BAD_CHAR),
        ("a.example", "/v/a", -1, VA.BAD_UID),
        ("a.example", "/v/a", 2**32, VA.BAD_UID),
    ],
)
def test_what_no_line_can_hold_is_not_assigned(
    site: Vpopmail, qmaildir: Path, name: str, path: str, uid: int, code: VA
) -> None:
    before = tree(qmaildir)
    assert vpopmail.add_domain_assign(name, name, path, uid, 1) == -1
    assert vpopmail.last_error() == code
    assert tree(qmaildir) == before


@pytest.mark.parametrize(("real", "code"), [("", VA.INVALID_DOMAIN_NAME), ("a:b", VA.BAD_CHAR)])
def test_a_real_domain_needs_a_name(site: Vpopmail, qmaildir: Path, real: str, code: VA) -> None:
    before = tree(qmaildir)
    assert vpopmail.add_domain_assign("a.example", real, "/v/a", 1, 1) == -1
    assert vpopmail.last_error() == code
    assert tree(qmaildir) == before


def test_unassigning_takes_the_exact_line_and_leaves_the_control_files(
    site: Vpopmail, qmaildir: Path
) -> None:
    for name in ("a.example", "b.example", "c.example"):
        assert vpopmail.add_domain_assign(name, "a.example", "/v/a", UID, GID) == 0
    before = tree(qmaildir / "control")
    names = ["a.example", "b.example", "none.example"]
    assert vpopmail.del_domain_assign(names, "a.example", "/v/a", UID, GID + 1) == 0
    assert vpopmail.vget_assign("a.example") is not None
    assert vpopmail.del_domain_assign(names, "a.example", "/v/a", UID, GID) == 0
    assert (qmaildir / "users/assign").read_bytes() == (
        assign_line("c.example", "a.example", "/v/a") + b"\n.\n"
    )
    assert vpopmail.vget_assign("a.example") is None
    assert vpopmail.vget_assign("c.example") is not None
    assert tree(qmaildir / "control") == before


def test_unassigning_that_fails_changes_nothing(
    site: Vpopmail,
    qmaildir: Path,
    fail: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert vpopmail.add_domain_assign("a.example", "a.example", "/v/a", UID, GID) == 0
    before = without_locks(tree(qmaildir))
    for number in (1, 2):
        fail("rename", number)
        assert vpopmail.del_domain_assign(["a.example"], "a.example", "/v/a", UID, GID) == -1
        monkeypatch.setattr(seam, "watch", None)
        assert without_locks(tree(qmaildir)) == before
    assert vpopmail.vget_assign("a.example") is not None


def test_names_leave_both_lists_and_the_compiled_one(site: Vpopmail, qmaildir: Path) -> None:
    hosts = qmaildir / "control/rcpthosts"
    hosts.write_bytes(b"".join(b"host%d.example\n" % number for number in range(49)))
    names = ["a.example", "b.example", "c.example"]
    for name in names:
        assert vpopmail.add_domain_assign(name, "a.example", "/v/a", UID, GID) == 0
    assert (qmaildir / "control/morercpthosts").read_bytes() == b"b.example\nc.example\n"
    assert vpopmail.del_control(["a.example", "b.example"]) == 0
    assert b"a.example\n" not in hosts.read_bytes()
    assert (qmaildir / "control/morercpthosts").read_bytes() == b"c.example\n"
    compiled = cdb.iterate((qmaildir / "control/morercpthosts.cdb").read_bytes())
    assert [key for key, _ in compiled] == [b"c.example"]
    assert (qmaildir / "control/virtualdomains").read_bytes() == b"c.example:c.example\n"
    assert vpopmail.vget_assign("a.example") is not None
    assert vpopmail.del_control(names) == 0
    assert not (qmaildir / "control/morercpthosts").exists()
    assert not (qmaildir / "control/morercpthosts.cdb").exists()
    assert hosts.stat().st_mode & 0o777 == 0o644


def test_without_the_control_directory_nothing_can_be_deleted(
    site: Vpopmail, qmaildir: Path
) -> None:
    (qmaildir / "control").rename(qmaildir / "gone")
    assert vpopmail.del_control(["a.example"]) == -1
    assert vpopmail.host_in_locals("localhost") == 0
    assert vpopmail.compile_morercpthosts() == VA.COULD_NOT_UPDATE_FILE


def test_a_line_counts_once_it_is_compiled(site: Vpopmail, qmaildir: Path) -> None:
    path = str(qmaildir / "users/assign")
    line = assign_line("a.example", "a.example", "/v/a").decode()
    assert vpopmail.update_file(path, line, 1) == 0
    assert vpopmail.vget_assign("a.example") is None
    assert vpopmail.update_newu() == 0
    assert vpopmail.vget_assign("a.example") == ("/v/a", UID, GID, "a.example")
    assert [entry.domain for entry in vpopmail.domain_entries()] == ["a.example"]
    text = (qmaildir / "users/assign").read_bytes()
    compiled = dict(cdb.iterate((qmaildir / "users/cdb").read_bytes()))
    assert dict(assign.compile_users(text)) == compiled
    assert (qmaildir / "users/cdb").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("text", [b"", b"+no.dot-:no.dot:1:2:/d:-::\n", b"junk\n.\n"])
def test_what_cannot_be_compiled_leaves_the_compiled_file(
    site: Vpopmail, qmaildir: Path, text: bytes
) -> None:
    assert vpopmail.add_domain_assign("a.example", "a.example", "/v/a", UID, GID) == 0
    before = (qmaildir / "users/cdb").read_bytes()
    (qmaildir / "users/assign").write_bytes(text)
    assert vpopmail.update_newu() == VA.COULD_NOT_UPDATE_FILE
    assert (qmaildir / "users/cdb").read_bytes() == before
    assert sorted(os.listdir(qmaildir / "users")) == ["assign", "assign.lock", "cdb"]


def test_the_site_s_own_compiler_is_run_and_believed(
    make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    program = tmp_path / "newu"
    program.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/ran\nexit $(cat {tmp_path}/status)\n")
    program.chmod(0o755)
    with vpopmail.use(make_site(qmail_newu=str(program))):
        assert vpopmail.update_file(f"{tmp_path}/q/users/assign", "+a-:a:1:2:/a:-::", 1) == 0
        (tmp_path / "status").write_text("0")
        assert vpopmail.update_newu() == 0
        (tmp_path / "status").write_text("111")
        assert vpopmail.update_newu() == VA.COULD_NOT_UPDATE_FILE
    assert (tmp_path / "ran").read_text() == "ran\nran\n"


def test_an_empty_list_of_hosts_has_no_compiled_file(site: Vpopmail, qmaildir: Path) -> None:
    more = qmaildir / "control/morercpthosts"
    more.write_bytes(b"a.example\n")
    assert vpopmail.compile_morercpthosts() == 0
    assert more.with_name("morercpthosts.cdb").exists()
    more.write_bytes(b"")
    assert vpopmail.compile_morercpthosts() == 0
    assert not more.with_name("morercpthosts.cdb").exists()


# host_in_locals


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        (b"localhost\nmail.example\n", "mail.example", 1),
        (b"mail.example", "mail.example", 1),
        (b"mail.example\n", "MAIL.example", 0),
        (b"mail.example \n", "mail.example", 0),
        (b"mail.example\n", "localhost", 1),
        (b"", "localhost", 0),
        (b"\xff\n", "x", 0),
    ],
)
def test_a_local_name_is_a_whole_line(
    site: Vpopmail, qmaildir: Path, text: bytes, name: str, found: int
) -> None:
    (qmaildir / "control/locals").write_bytes(text)
    assert vpopmail.host_in_locals(name) == found


def test_without_the_file_no_name_is_local(site: Vpopmail, qmaildir: Path) -> None:
    (qmaildir / "control/locals").unlink(missing_ok=True)
    assert vpopmail.host_in_locals("localhost") == 0


# signal_process


def test_a_signal_reaches_the_program_of_qmail_and_no_other(
    site: Vpopmail, qmaildir: Path, tmp_path: Path
) -> None:
    with running(qmaildir / "bin/qmail-send") as ours, running(tmp_path / "qmail-send") as other:
        assert vpopmail.signal_process("qmail-send", 0) == 0
        assert ours.poll() is None
        assert vpopmail.signal_process("qmail-send", signal.SIGHUP) == 0
        assert ours.wait() == -signal.SIGHUP
        assert other.poll() is None
        assert vpopmail.signal_process(str(tmp_path / "qmail-send"), signal.SIGHUP) == 0
        assert other.wait() == -signal.SIGHUP


def test_this_process_is_never_told() -> None:
    program = (
        "import os, signal, vpopmail.qmail.send as send\n"
        "signal.signal(signal.SIGUSR1, lambda *_: os._exit(7))\n"
        "send.os.listdir = lambda path: [str(os.getpid())]\n"
        "assert send.signal_program('/proc/self/exe', signal.SIGUSR1) == 0"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("name", ["", ".", "..", "../bin/qmail-send", "a\0b", "bin/qmail-send"])
def test_a_name_that_is_no_program_is_refused(site: Vpopmail, name: str) -> None:
    assert vpopmail.signal_process(name, 0) == -1


@pytest.mark.parametrize("number", [-1, 65, 2**70])
def test_a_number_that_is_no_signal_is_refused(site: Vpopmail, number: int) -> None:
    assert vpopmail.signal_process("qmail-send", number) == -1


def test_processes_that_cannot_be_listed_are_an_error(
    site: Vpopmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> list[str]:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr("vpopmail.qmail.send.os.listdir", refuse)
    assert vpopmail.signal_process("qmail-send", 0) == -1
