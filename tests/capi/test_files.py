"""Files and directories by path, in trees whose owner is hostile; descriptors and locks."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN, needs_root, tree
from tests.safeio.test_locks import C_STYLE, held_elsewhere
from vpopmail import Vpopmail
from vpopmail.codes import VA
from vpopmail.safeio import seam

UID, GID = os.getuid(), os.getgid()
THEIRS = (1234, 2345)
NO_PATHS = ["", "relative", "./relative", "..", "/", "/.", "//", "/nul\0", "/\ud800", "/" + "x" * 5000]


def owner(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_uid, status.st_gid


@pytest.fixture
def home(tmp_path: Path, site: Vpopmail, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of somebody, beside one that is not his; the working directory."""
    path = tmp_path / "home"
    (path / "sub/deep").mkdir(parents=True)
    (path / "sub/file").write_bytes(b"mine")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"not his")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.parametrize("path", NO_PATHS)
def test_what_is_no_absolute_path_is_refused(home: Path, path: str) -> None:
    (home.parent / "relative").mkdir()
    before = tree(home.parent)
    assert vpopmail.vdelfiles(path) == -1
    assert vpopmail.r_chown(path, UID, GID) == -1
    assert vpopmail.vmake_maildir(DOMAIN, path) == VA.DOMAIN_DOES_NOT_EXIST
    assert vpopmail.vlimits_read_limits_file(path)[0] == -1
    assert vpopmail.vlimits_write_limits_file(path, vpopmail.VLimits()) == -1
    assert tree(home.parent) == before


# vdelfiles


def test_a_tree_a_file_and_a_link_are_removed(home: Path) -> None:
    (home / "sub/.hidden").write_bytes(b"")
    (home / "file").write_bytes(b"")
    (home / "dangling").symlink_to("nowhere")
    for name in ("file", "dangling", "sub/"):
        assert vpopmail.vdelfiles(f"{home}/{name}") == 0
        assert vpopmail.last_error() == 0
    assert os.listdir(home) == []
    assert vpopmail.vdelfiles(f"{home}/none") == -1
    assert vpopmail.last_error() == -1


@pytest.mark.parametrize("end", ["/.", "/..", "/sub/../.."])
def test_a_path_that_ends_in_dots_removes_nothing(home: Path, end: str) -> None:
    before = tree(home.parent)
    assert vpopmail.vdelfiles(f"{home}{end}") == -1
    assert tree(home.parent) == before


def test_removing_a_tree_leaves_what_its_links_lead_to(home: Path) -> None:
    outside = home.parent / "outside"
    before = tree(outside)
    (home / "sub/directory").symlink_to(outside)
    (home / "sub/file2").symlink_to(outside / "secret")
    os.link(outside / "secret", home / "sub/hard")
    os.mkfifo(home / "sub/pipe")
    (home / "top").symlink_to(outside)
    assert vpopmail.vdelfiles(str(home / "top")) == 0
    assert vpopmail.vdelfiles(str(home / "sub")) == 0
    assert tree(outside) == before
    assert os.listdir(home) == []


@needs_root
def test_a_link_of_a_mailbox_owner_on_the_way_is_not_followed(home: Path) -> None:
    outside = home.parent / "outside"
    (home / "way").symlink_to(outside)
    os.lchown(home / "way", *THEIRS)
    before = tree(outside)
    assert vpopmail.vdelfiles(str(home / "way/secret")) == -1
    assert vpopmail.r_mkdir(str(home / "way/new"), UID, GID) == -1
    assert vpopmail.r_chown(str(home / "way"), *THEIRS) == -1
    assert vpopmail.update_file(str(home / "way/list"), "a", 2) == VA.COULD_NOT_UPDATE_FILE
    assert tree(outside) == before
    assert owner(outside / "secret") == (UID, GID)


def test_what_cannot_be_removed_is_an_error(
    home: Path, fail: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail("rmdir")
    assert vpopmail.vdelfiles(str(home)) == -1
    monkeypatch.setattr(seam, "watch", None)
    assert vpopmail.vdelfiles(str(home)) == 0


# r_mkdir


def test_only_what_is_missing_is_made_and_given(home: Path) -> None:
    (home / "sub").chmod(0o711)
    owners = THEIRS if os.geteuid() == 0 else (UID, GID)
    assert vpopmail.r_mkdir(f"{home}/sub//x/y/", *owners) == 0
    assert owner(home / "sub") == (UID, GID)
    assert stat.S_IMODE((home / "sub").stat().st_mode) == 0o711
    for path in ("sub/x", "sub/x/y"):
        assert owner(home / path) == owners
        assert stat.S_IMODE((home / path).stat().st_mode) == 0o750 & ~umask()
    before = tree(home)
    assert vpopmail.r_mkdir(f"{home}/sub/x/y", UID, GID) == 0
    assert tree(home) == before
    assert owner(home / "sub/x/y") == owners


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_relative_path_is_made_in_the_working_directory(home: Path) -> None:
    assert vpopmail.r_mkdir("home/new/one", UID, GID) == 0
    assert (home / "new/one").is_dir()
    before = tree(home)
    assert vpopmail.r_mkdir("", UID, GID) == 0
    assert tree(home) == before


@pytest.mark.parametrize("path", ["sub/file", "sub/file/x", "none/../x", "nul\0", "x" * 300, "dangling/x"])
def test_what_is_no_directory_is_an_error(home: Path, path: str) -> None:
    (home / "dangling").symlink_to("nowhere")
    before = tree(home)
    assert vpopmail.r_mkdir(f"{home}/{path}", UID, GID) == -1
    assert tree(home) == before


def test_a_very_long_way_is_made_without_a_stack(home: Path) -> None:
    assert vpopmail.r_mkdir(str(home) + "/a" * 1200, UID, GID) == 0
    assert vpopmail.vdelfiles(str(home / "a")) == 0


@pytest.mark.parametrize(("uid", "gid"), [(-1, 0), (0, -1), (2**32 - 1, 0), (0, 2**40)])
def test_an_owner_that_files_cannot_have_is_refused(home: Path, uid: int, gid: int) -> None:
    before = tree(home)
    assert vpopmail.r_mkdir(f"{home}/new", uid, gid) == -1
    assert vpopmail.r_chown(str(home), uid, gid) == -1
    assert tree(home) == before
    assert owner(home / "sub/file") == (UID, GID)


# r_chown


@needs_root
def test_a_tree_is_given_without_what_its_links_lead_to(home: Path) -> None:
    outside = home.parent / "outside"
    (home / "sub/directory").symlink_to(outside)
    (home / "sub/file2").symlink_to(outside / "secret")
    os.link(outside / "secret", home / "sub/hard")
    assert vpopmail.r_chown(f"{home}/", *THEIRS) == 0
    for path in (home, home / "sub", home / "sub/deep", home / "sub/file"):
        assert owner(path) == THEIRS
    for path in (outside, outside / "secret", home / "sub/hard", home.parent):
        assert owner(path) == (UID, GID)


@needs_root
def test_a_link_is_not_a_directory_to_be_given(home: Path) -> None:
    (home.parent / "link").symlink_to(home)
    assert vpopmail.r_chown(str(home.parent / "link"), *THEIRS) == -1
    assert vpopmail.r_chown(str(home / "sub/file"), *THEIRS) == -1
    assert vpopmail.r_chown(str(home / "none"), *THEIRS) == -1
    assert owner(home) == owner(home / "sub/file") == (UID, GID)


# vmake_maildir


@pytest.fixture
def joe(domain: Path) -> Path:
    """The home of a user whose Maildir is lost."""
    assert vpopmail.vadduser("joe", DOMAIN, "secret", "", 0) == 0
    path = domain / "joe"
    assert vpopmail.vdelfiles(str(path / "Maildir")) == 0
    return path


def test_a_lost_maildir_is_made_again(joe: Path) -> None:
    (joe / "lastauth").write_bytes(b"kept")
    assert vpopmail.vmake_maildir(DOMAIN, f"{joe}/") == 0
    assert tree(joe) == {
        "Maildir": "d",
        "Maildir/cur": "d",
        "Maildir/new": "d",
        "Maildir/tmp": "d",
        "lastauth": b"kept",
    }
    for path in (joe / "Maildir", joe / "Maildir/tmp"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_lost_home_is_made_again_with_the_directories_above_it(domain: Path) -> None:
    assert vpopmail.vmake_maildir(DOMAIN, f"{domain}/0/A/joe") == 0
    assert (domain / "0/A/joe/Maildir/new").is_dir()


def test_a_maildir_that_is_there_is_left_alone(joe: Path) -> None:
    assert vpopmail.vmake_maildir(DOMAIN, str(joe)) == 0
    (joe / "Maildir/new/message").write_bytes(b"mail")
    before = tree(joe)
    assert vpopmail.vmake_maildir(DOMAIN, str(joe)) == -1
    assert tree(joe) == before


def test_what_a_killed_call_left_does_not_stop_the_next(
    joe: Path, fail: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 3, 4):
        fail("mkdir", number)
        assert vpopmail.vmake_maildir(DOMAIN, str(joe)) == -1
        assert not (joe / "Maildir").exists()
        monkeypatch.setattr(seam, "watch", None)
    fail("rename")
    assert vpopmail.vmake_maildir(DOMAIN, str(joe)) == -1
    monkeypatch.setattr(seam, "watch", None)
    assert vpopmail.vmake_maildir(DOMAIN, str(joe)) == 0
    assert sorted(os.listdir(joe)) == ["Maildir", "lastauth"]


@pytest.mark.parametrize("end", ["", "/", "/..", "/../other", "/joe/../../x", "-other/joe", "/joe\0", "/\ud800"])
def test_a_home_that_is_not_below_its_domain_is_refused(domain: Path, end: str) -> None:
    before = tree(domain.parent)
    assert vpopmail.vmake_maildir(DOMAIN, f"{domain}{end}") == -1
    assert tree(domain.parent) == before


def test_a_domain_that_cannot_be_entered_says_so(domain: Path) -> None:
    domain.rename(domain.with_name("away"))
    assert vpopmail.vmake_maildir(DOMAIN, f"{domain}/joe") == VA.BAD_DIR
    assert vpopmail.vmake_maildir("none.example", f"{domain}/joe") == VA.DOMAIN_DOES_NOT_EXIST


@needs_root
def test_a_link_in_the_place_of_a_home_is_not_followed(joe: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    vpopmail.vdelfiles(str(joe))
    joe.symlink_to(tmp_path / "outside")
    os.lchown(joe, *THEIRS)
    assert vpopmail.vmake_maildir(DOMAIN, str(joe)) == -1
    assert os.listdir(tmp_path / "outside") == []


# file_exists


def test_a_file_exists_if_it_can_be_read(home: Path) -> None:
    os.mkfifo(home / "pipe")
    (home / "dangling").symlink_to("nowhere")
    for path in ("sub/file", "sub", "pipe"):
        assert vpopmail.file_exists(str(home / path)) == 1
    for path in ("none", "dangling", "sub/file/x", "nul\0", "\ud800"):
        assert vpopmail.file_exists(f"{home}/{path}") == 0
    assert vpopmail.file_exists("home/sub/file") == 1
    assert vpopmail.file_exists("") == 0


# descriptors


@pytest.fixture
def descriptor(home: Path) -> Iterator[int]:
    fd = os.open(home / "sub/file", os.O_RDWR)
    yield fd
    os.close(fd)


def test_a_descriptor_is_copied_as_dup2_does(descriptor: int) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    assert vpopmail.vfd_copy(reading, descriptor) == 0
    assert os.read(reading, 4) == b"mine"
    assert os.get_inheritable(reading)
    assert vpopmail.vfd_copy(descriptor, descriptor) == 0
    os.fstat(descriptor)
    os.close(reading)


def test_a_descriptor_is_moved_and_its_old_number_is_free(descriptor: int) -> None:
    old = os.dup(descriptor)
    new = os.dup(descriptor)
    assert vpopmail.vfd_move(new, old) == 0
    with pytest.raises(OSError):
        os.fstat(old)
    assert os.read(new, 4) == b"mine"
    assert vpopmail.vfd_move(new, new) == 0
    os.fstat(new)
    os.close(new)


@pytest.mark.parametrize(("to", "from_"), [(-1, 0), (0, -1), (2**31, 0), (0, 2**70), (7, 999_999)])
def test_a_number_that_is_no_descriptor_is_an_error(site: Vpopmail, to: int, from_: int) -> None:
    assert vpopmail.vfd_copy(to, from_) == -1
    assert vpopmail.vfd_move(to, from_) == -1
    assert vpopmail.get_write_lock(min(to, from_) if min(to, from_) < 0 else 999_999) == -2


# locks on open files

TRY = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
try:
    fcntl.lockf(fd, (fcntl.LOCK_SH if sys.argv[2] == "read" else fcntl.LOCK_EX) | fcntl.LOCK_NB)
except OSError:
    sys.exit(3)
"""


def others_get(path: Path, kind: str) -> bool:
    import sys

    done = subprocess.run([sys.executable, "-c", TRY, str(path), kind], check=False)
    return done.returncode == 0


def test_a_write_lock_keeps_everybody_out_until_it_is_closed(home: Path) -> None:
    path = home / "sub/file"
    fd = os.open(path, os.O_RDWR)
    assert vpopmail.get_write_lock(fd) == 0
    assert not others_get(path, "read")
    with path.open("rb") as other:
        assert vpopmail.get_read_lock(other.fileno()) == -1
    os.close(fd)
    assert others_get(path, "write")


def test_read_locks_go_together(home: Path) -> None:
    path = home / "sub/file"
    with path.open("rb") as one, path.open("rb") as other:
        assert vpopmail.get_read_lock(one.fileno()) == 0
        assert vpopmail.get_read_lock(other.fileno()) == 0
        assert others_get(path, "read")
        assert not others_get(path, "write")


def test_a_lock_of_a_c_program_is_respected(home: Path) -> None:
    path = home / "sub/file"
    with held_elsewhere(C_STYLE, str(path)), path.open("r+b") as file:
        assert vpopmail.get_write_lock(file.fileno()) == -1
        assert vpopmail.get_read_lock(file.fileno()) == -1


def test_a_descriptor_that_cannot_be_locked_is_minus_two(home: Path) -> None:
    with (home / "sub/file").open("rb") as file:
        assert vpopmail.get_write_lock(file.fileno()) == -2
        assert fcntl.fcntl(file.fileno(), fcntl.F_GETFL) >= 0
    closed = os.dup(0)
    os.close(closed)
    assert vpopmail.get_read_lock(closed) == -2


@pytest.mark.parametrize(
    "call",
    [
        lambda: vpopmail.vdelfiles(b"/x"),
        lambda: vpopmail.r_mkdir("/x", "0", 0),
        lambda: vpopmail.r_chown("/x", 0, None),
        lambda: vpopmail.vmake_maildir(DOMAIN, 7),
        lambda: vpopmail.file_exists(b"/x"),
        lambda: vpopmail.vfd_copy("0", 1),
        lambda: vpopmail.vfd_move(0, None),
        lambda: vpopmail.get_write_lock(None),
        lambda: vpopmail.get_read_lock("0"),
    ],
)
def test_a_wrong_type_is_a_type_error(site: Vpopmail, call: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        call()
