"""Work beneath an open directory."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_root, tree
from vpopmail.safeio import seam
from vpopmail.safeio.directory import Directory, Owner, write_all
from vpopmail.safeio.locks import FileLock


def test_replace_leaves_new_content_with_mode_and_nothing_else(
    directory: Directory, owner: Owner
) -> None:
    path = Path(directory.path)
    (path / "file").write_bytes(b"old")
    before = os.umask(0o777)
    try:
        directory.replace("file", [b"ne", memoryview(b"w")], owner, mode=0o644)
    finally:
        os.umask(before)
    assert tree(path) == {"file": b"new"}
    assert (path / "file").stat().st_mode & 0o7777 == 0o644


def test_staged_content_counts_from_publish_on(directory: Directory) -> None:
    path = Path(directory.path)
    (path / "file").write_bytes(b"old")
    directory.stage("file", [b"new"], None, mtime_ns=5_000_000_001)
    assert directory.read("file") == b"old"
    directory.publish("file")
    assert tree(path) == {"file": b"new"}
    assert (path / "file").stat().st_mtime_ns == 5_000_000_001


def test_discard_drops_what_was_staged_and_does_nothing_else(directory: Directory) -> None:
    directory.stage("file", [b"new"], None)
    directory.stage("file", [b"newer"], None)
    assert len(directory.names()) == 1
    directory.discard("file")
    directory.discard("file")
    assert directory.names() == []


def _take_lock(directory: Directory) -> None:
    with FileLock(directory, "inner", 0):
        pass


@pytest.mark.parametrize(
    ("refused", "name"),
    [
        (lambda directory: directory.enter("file"), "file"),
        (lambda directory: directory.enter("inner/none"), "inner/none"),
        (lambda directory: directory.status("x" * 256), "x" * 256),
        (lambda directory: directory.read("inner"), "inner"),
        (lambda directory: directory.make("file", Owner(os.getuid(), os.getgid())), "file"),
        (lambda directory: directory.make_whole("file", Owner(os.getuid(), os.getgid()), exact=True), "file"),
        (lambda directory: directory.create("file", [], None), "file"),
        (lambda directory: directory.replace("inner", [], None), "inner.new.vpopmail"),
        (lambda directory: directory.remove("inner"), "inner"),
        (lambda directory: directory.remove_directory("file"), "file"),
        (lambda directory: directory.move("none", directory, "new"), "none"),
        (_take_lock, "inner"),
    ],
)
def test_what_is_refused_is_told_with_its_path(
    directory: Directory, refused: Callable[[Directory], object], name: str
) -> None:
    (Path(directory.path) / "file").touch()
    (Path(directory.path) / "inner").mkdir()
    with pytest.raises(OSError) as caught:
        refused(directory)
    assert caught.value.filename == f"{directory.path}/{name}"


@pytest.mark.parametrize("kind", ["create", "write", "fsync", "rename"])
def test_a_refused_call_leaves_the_old_content(
    directory: Directory, fail: Callable[..., None], kind: str
) -> None:
    path = Path(directory.path)
    (path / "file").write_bytes(b"old")
    fail(kind)
    with pytest.raises(OSError) as caught:
        directory.replace("file", [b"new"], None)
    assert caught.value.errno == errno.ENOSPC
    assert (path / "file").read_bytes() == b"old"
    if kind != "rename":
        assert tree(path) == {"file": b"old"}


def test_without_sync_nothing_is_synced(directory: Directory, fail: Callable[..., None]) -> None:
    directory.sync = False
    fail("fsync")
    directory.replace("file", [b"new"], None)
    assert directory.read("file") == b"new"


def test_a_directory_is_not_replaced_and_nothing_is_left(directory: Directory) -> None:
    os.mkdir("file", dir_fd=directory.fd)
    with pytest.raises(IsADirectoryError):
        directory.replace("file", [b"new"], None)
    assert directory.names() == ["file"]


def test_a_symbolic_link_is_replaced_and_not_written_through(
    directory: Directory, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    Path(directory.path, "file").symlink_to(victim)
    Path(directory.path, "file.new.vpopmail").symlink_to(victim)
    directory.replace("file", [b"new"], None)
    assert victim.read_bytes() == b"precious"
    assert tree(Path(directory.path)) == {"file": b"new"}


def test_reading_through_a_symbolic_link_is_refused(directory: Directory, tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    Path(directory.path, "link").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError) as caught:
        directory.read("link")
    assert caught.value.errno == errno.ELOOP


def test_reading_a_fifo_is_refused_without_waiting(directory: Directory) -> None:
    os.mkfifo(f"{directory.path}/fifo")
    with pytest.raises(OSError) as caught:
        directory.read("fifo")
    assert caught.value.errno == errno.EINVAL


def test_a_missing_file_reads_as_none(directory: Directory) -> None:
    assert directory.read("nothing") is None
    assert directory.status("nothing") is None


def test_a_dangling_link_is_something(directory: Directory) -> None:
    Path(directory.path, "link").symlink_to("nowhere")
    assert directory.has("link")


def test_opening_follows_a_last_link_only_when_asked(directory: Directory, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(directory.path)
    with pytest.raises(NotADirectoryError):
        Directory.open(str(link))
    with Directory.open(str(link), follow=True) as opened:
        assert os.path.samestat(os.fstat(opened.fd), os.stat(directory.path))


def test_enter_takes_several_parts_and_no_link(directory: Directory, owner: Owner) -> None:
    Path(directory.path, "a/b/c").mkdir(parents=True)
    Path(directory.path, "a/b/c/file").write_bytes(b"x")
    with directory.enter("a/b/c") as inner:
        assert inner.read("file") == b"x"
        assert inner.path == f"{directory.path}/a/b/c"
    Path(directory.path, "link").symlink_to("a")
    for path in ("link", "link/b", "a/b/c/file"):
        with pytest.raises(NotADirectoryError):
            directory.enter(path)
    Path(directory.path, "a/link").symlink_to("b")
    with pytest.raises(NotADirectoryError):
        directory.enter("a/link/c")


def test_closing_twice_does_no_harm(directory: Directory) -> None:
    opened = directory.enter(".")
    opened.close()
    other = os.open(directory.path, os.O_RDONLY)
    opened.close()
    os.fstat(other)
    os.close(other)


def test_make_gives_a_private_directory_and_refuses_what_is_there(
    directory: Directory, owner: Owner
) -> None:
    with directory.make("inner", owner) as inner:
        assert os.fstat(inner.fd).st_mode & 0o7777 == 0o700
    with pytest.raises(FileExistsError):
        directory.make("inner", owner)


@needs_root
def test_root_gives_away_what_it_makes(directory: Directory) -> None:
    stranger = Owner(12345, 12346)
    with directory.make("inner", stranger) as inner:
        status = os.fstat(inner.fd)
    directory.replace("file", [b""], stranger)
    for one in (status, os.stat(f"{directory.path}/file")):
        assert (one.st_uid, one.st_gid) == (12345, 12346)


@needs_root
def test_a_directory_that_cannot_be_given_away_is_no_success(
    directory: Directory, fail: Callable[..., None]
) -> None:
    before = len(os.listdir("/proc/self/fd"))
    fail("fchown")
    with pytest.raises(OSError):
        directory.make("inner", Owner(12345, 12346))
    assert len(os.listdir("/proc/self/fd")) == before


def test_remove_tells_whether_there_was_something(directory: Directory) -> None:
    Path(directory.path, "file").write_bytes(b"")
    assert directory.remove("file") is True
    assert directory.remove("file") is False


def test_remove_directory_leaves_what_is_not_empty(directory: Directory) -> None:
    Path(directory.path, "full/empty").mkdir(parents=True)
    Path(directory.path, "file").write_bytes(b"")
    assert directory.remove_directory("full") is False
    assert directory.remove_directory("nothing") is False
    assert directory.remove_directory("full/empty") is True
    assert directory.remove_directory("full") is True
    with pytest.raises(NotADirectoryError):
        directory.remove_directory("file")


def test_move_renames_into_another_directory(directory: Directory, owner: Owner) -> None:
    directory.create("file", [b"x"], None)
    with directory.make("inner", owner) as inner:
        directory.move("file", inner, "moved")
        assert inner.names() == ["moved"]
    assert directory.names() == ["inner"]


def test_create_refuses_what_is_there(directory: Directory) -> None:
    directory.create("file", [b"x"], None)
    with pytest.raises(FileExistsError):
        directory.create("file", [b"y"], None)
    assert directory.read("file") == b"x"


def test_write_all_writes_all_when_each_call_takes_little(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(seam, "write", lambda fd, data: os.write(fd, bytes(data[:3])))
    fd = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    write_all(fd, b"0123456789")
    os.close(fd)
    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_every_change_is_told_before_it_happens(
    directory: Directory, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(seam, "watch", lambda kind, arguments: seen.append(kind))
    fd = seam.create("file", directory.fd)
    seam.write(fd, b"x")
    seam.fchmod(fd, 0o600)
    seam.fchown(fd, owner.uid, owner.gid)
    seam.set_mtime(fd, 1)
    seam.fsync(fd)
    seam.sync_filesystem(fd)
    os.close(fd)
    seam.chown("file", owner.uid, owner.gid, directory.fd)
    seam.rename("file", directory.fd, "other", directory.fd)
    seam.unlink("other", directory.fd)
    seam.mkdir("inner", 0o700, directory.fd)
    seam.rmdir("inner", directory.fd)
    os.close(seam.open_lock("lock", directory.fd))
    assert seen == [
        *("create", "write", "fchmod", "fchown", "set_mtime", "fsync", "sync_filesystem"),
        *("chown", "rename", "unlink", "mkdir", "rmdir", "open_lock"),
    ]


def test_syncing_what_is_not_open_is_an_error() -> None:
    with pytest.raises(OSError) as caught:
        seam.sync_filesystem(-1)
    assert caught.value.errno == errno.EBADF


def test_a_whole_directory_has_owner_and_mode_when_it_has_its_name(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int | None] = []

    def look(*_call: object) -> None:
        status = directory.status("made")
        seen.append(status and status.st_mode & 0o777)

    monkeypatch.setattr(seam, "watch", look)
    directory.make_whole("made", Owner(os.geteuid(), os.getegid()), mode=0o755, exact=True).close()
    assert set(seen) == {None, 0o755}
    assert (Path(directory.path) / "made").stat().st_mode & 0o777 == 0o755
    assert directory.names() == ["made"]


def test_a_whole_directory_takes_nobodys_place(directory: Directory, owner: Owner) -> None:
    (Path(directory.path) / "made").mkdir()
    with pytest.raises(FileExistsError):
        directory.make_whole("made", owner, exact=True)
    assert directory.names() == ["made"]


def test_a_whole_directory_that_another_process_makes_just_now_is_there(
    directory: Directory, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_first(kind: str, _arguments: tuple[object, ...]) -> None:
        if kind == "rename":
            (Path(directory.path) / "made").mkdir()

    monkeypatch.setattr(seam, "watch", make_first)
    with pytest.raises(FileExistsError):
        directory.make_whole("made", owner, exact=True)
    assert directory.names() == ["made"]


def test_a_whole_directory_is_made_though_another_process_cleared_up(
    directory: Directory, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def clear_up(kind: str, _arguments: tuple[object, ...]) -> None:
        calls.append(kind)
        if kind == "rename" and calls.count("rename") == 1:
            (Path(directory.path) / "made.new.vpopmail").rmdir()

    monkeypatch.setattr(seam, "watch", clear_up)
    directory.make_whole("made", owner, exact=True).close()
    assert directory.names() == ["made"]


@pytest.mark.parametrize("length", [242, 243, 255])
def test_a_whole_directory_may_have_the_longest_name(
    directory: Directory, owner: Owner, length: int
) -> None:
    directory.make_whole("x" * length, owner, exact=True).close()
    assert directory.names() == ["x" * length]


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL])
def test_where_a_rename_cannot_refuse_it_is_a_plain_one(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    class Libc:
        def renameat2(self, *_arguments: object) -> int:
            ctypes.set_errno(number)
            return -1

    (Path(directory.path) / "old").mkdir()
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Libc())
    seam.rename_new("old", directory.fd, "new", directory.fd)
    assert directory.names() == ["new"]
