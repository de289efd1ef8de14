"""The file maildirsize: when it is believed, how it is written, and what its owner may put there."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import needs_root, tree
from vpopmail.mailstore import maildirsize
from vpopmail.safeio import seam
from vpopmail.safeio.directory import Directory, Owner

from .test_counting import make_maildir, meanwhile

QUOTA = "10000S"
COUNTED = b"10000S\n1577 3\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A Maildir with three messages of 1577 bytes together."""
    made = make_maildir(tmp_path / "home/Maildir")
    (made / "cur/1.a.host,S=1000:2,S").touch()
    (made / "cur/2.a.host:2,").write_text("y" * 77)
    (made / "new/3.a.host,S=500").touch()
    return made


@pytest.fixture
def maildir(path: Path) -> Iterator[Directory]:
    """The same, open."""
    with Directory.open(str(path)) as opened:
        yield opened


def aged(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def usage(maildir: Directory, quota: str = QUOTA, more: tuple[int, int] = (0, 0)) -> object:
    return maildirsize.read_usage(maildir, quota, None, more)


def test_a_missing_file_is_written(maildir: Directory, path: Path) -> None:
    assert usage(maildir) == (1577, 3)
    assert (path / "maildirsize").read_bytes() == COUNTED
    assert stat.S_IMODE((path / "maildirsize").stat().st_mode) == 0o600
    assert os.listdir(path / "tmp") == []


def test_a_young_small_file_is_believed(maildir: Directory, path: Path) -> None:
    (path / "maildirsize").write_text("10000S\n400 2\n100 1\n")
    aged(path / "maildirsize", 800)
    before = tree(path)
    assert usage(maildir) == (500, 3)
    assert tree(path) == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"10000S\n",
        b"9999S\n400 2\n",
        b"10000C\n400 2\n",
        b"\xff\xfe\n1 1\n",
        b"10000S\n-400 2\n",
        b"10000S\n400 -2\n",
        b"10000S\n" + b"1 1\n" * 1279,
    ],
)
def test_a_file_that_says_nothing_or_something_odd_is_counted_anew(
    maildir: Directory, path: Path, content: bytes
) -> None:
    (path / "maildirsize").write_bytes(content)
    assert usage(maildir) == (1577, 3)
    assert (path / "maildirsize").read_bytes() == COUNTED


@pytest.mark.parametrize("seconds", [1000, -1000])
def test_an_old_file_and_one_of_the_future_are_counted_anew(
    maildir: Directory, path: Path, seconds: float
) -> None:
    (path / "maildirsize").write_text("10000S\n1 1\n")
    aged(path / "maildirsize", seconds)
    assert usage(maildir) == (1577, 3)


def test_the_same_quota_in_other_words_is_believed(maildir: Directory, path: Path) -> None:
    (path / "maildirsize").write_text("5C,10000S\n1 1\n")
    assert usage(maildir, "10000S,5C") == (1, 1)


def test_a_verdict_of_many_lines_is_checked_and_one_of_a_single_line_stands(
    maildir: Directory, path: Path
) -> None:
    (path / "maildirsize").write_text("10000S\n9900 9\n")
    assert usage(maildir, more=(200, 1)) == (9900, 9)
    (path / "maildirsize").write_text("10000S\n9000 8\n900 1\n")
    assert usage(maildir, more=(100, 1)) == (9900, 9)
    assert usage(maildir, more=(101, 1)) == (1577, 3)


def test_a_file_that_cannot_be_written_does_not_keep_the_usage_from_being_known(
    maildir: Directory, path: Path, fail: Callable[..., None]
) -> None:
    fail("rename")
    assert usage(maildir) == (1577, 3)
    assert not (path / "maildirsize").exists()
    assert os.listdir(path / "tmp") == []


def test_a_maildir_never_at_rest_gets_no_file(
    maildir: Directory, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path / "maildirsize").write_text("10000S\n")
    numbers = iter(range(100))
    come = lambda: (path / f"new/9{next(numbers)},S=1").touch()  # noqa: E731
    meanwhile(monkeypatch, come, times=100)
    assert usage(maildir) > (1577, 3)  # type: ignore[operator]
    assert not (path / "maildirsize").exists()


# adding


def test_a_line_is_appended_with_one_write(
    maildir: Directory, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path / "maildirsize").write_bytes(COUNTED)
    calls: list[str] = []
    monkeypatch.setattr(seam, "watch", lambda call, _: calls.append(call))
    maildirsize.add_usage(maildir, QUOTA, -77, -1, None)
    assert calls == ["open_append", "write"]
    assert (path / "maildirsize").read_bytes() == COUNTED + b"-77 -1\n"
    assert usage(maildir) == (1500, 2)


def test_adding_to_a_missing_file_counts_all(maildir: Directory, path: Path) -> None:
    maildirsize.add_usage(maildir, QUOTA, 500, 1, None)
    assert (path / "maildirsize").read_bytes() == COUNTED


def test_processes_at_the_same_time_lose_no_line(path: Path) -> None:
    work = f"""
from vpopmail.mailstore import maildirsize
from vpopmail.safeio.directory import Directory
with Directory.open({str(path)!r}, sync=False) as opened:
    input()
    for _ in range(200):
        maildirsize.add_usage(opened, {QUOTA!r}, 10, 1, None)
"""
    (path / "maildirsize").write_bytes(COUNTED)
    command = [sys.executable, "-c", work]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(3)]
    for process in running:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.close()
    assert [process.wait() for process in running] == [0, 0, 0]
    assert (path / "maildirsize").read_bytes() == COUNTED + b"10 1\n" * 600


def test_a_line_that_broke_off_takes_the_file_along(
    maildir: Directory, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path / "maildirsize").write_bytes(COUNTED)
    with monkeypatch.context() as full:
        full.setattr(seam, "write", lambda fd, data: os.write(fd, data[:2]))
        maildirsize.add_usage(maildir, QUOTA, 10, 1, None)
    assert usage(maildir) == (1577, 3)


def test_counters_at_the_same_time_leave_one_whole_file(path: Path) -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            with Directory.open(str(path), sync=False) as opened:
                for _ in range(50):
                    maildirsize.recount(opened, QUOTA, None)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert (path / "maildirsize").read_bytes() == COUNTED
    assert os.listdir(path / "tmp") == []
    assert sorted(os.listdir(path)) == ["cur", "maildirsize", "new", "tmp"]


# what the owner of the Maildir may have put there


@pytest.fixture(params=["link", "dangling link", "pipe", "read pipe", "second name"])
def odd(request: pytest.FixtureRequest, path: Path, tmp_path: Path) -> Iterator[Path]:
    """Something in the place of the file; gives the file behind it, which must stay as it is."""
    behind, place = tmp_path / "behind", path / "maildirsize"
    behind.write_text("10000S\n1 1\n")
    kind, reader = request.param, None
    if kind == "link":
        place.symlink_to(behind)
    elif kind == "dangling link":
        place.symlink_to(tmp_path / "missing")
    elif kind == "second name":
        os.link(behind, place)
    else:
        os.mkfifo(place)
        if kind == "read pipe":
            reader = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
    yield behind
    if reader is not None:
        os.close(reader)
    assert not (tmp_path / "missing").exists()


def test_odd_things_are_not_written_to_but_replaced(
    maildir: Directory, path: Path, odd: Path
) -> None:
    maildirsize.add_usage(maildir, QUOTA, 500, 1, None)
    assert (path / "maildirsize").read_bytes() == COUNTED
    assert (path / "maildirsize").lstat().st_nlink == 1
    assert odd.read_text() == "10000S\n1 1\n"


@pytest.mark.parametrize("odd", ["link", "dangling link", "pipe", "read pipe"], indirect=True)
def test_odd_things_are_not_read(maildir: Directory, path: Path, odd: Path) -> None:
    assert maildirsize.quota_of(maildir) == ""
    assert usage(maildir) == (1577, 3)
    assert not (path / "maildirsize").is_symlink()
    assert odd.exists()


@needs_root
def test_root_does_not_add_to_a_file_of_somebody_else(maildir: Directory, path: Path) -> None:
    (path / "maildirsize").write_text("10000S\n1 1\n")
    os.chown(path / "maildirsize", 1234, 1234)
    with (path / "maildirsize").open() as foreign:
        maildirsize.add_usage(maildir, QUOTA, 500, 1, None)
        assert foreign.read() == "10000S\n1 1\n"
    assert (path / "maildirsize").read_bytes() == COUNTED
    assert (path / "maildirsize").stat().st_uid == os.geteuid()


def test_a_directory_in_the_place_of_the_file_is_told(
    maildir: Directory, path: Path, owner: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    (path / "maildirsize").mkdir()
    assert usage(maildir) == (1577, 3)
    with Directory.open(str(path.parent)) as home:
        maildirsize.refresh_maildirsize(home, QUOTA, owner)
    assert len(caplog.records) == 2
    assert os.listdir(path / "tmp") == []
    with pytest.raises(IsADirectoryError):
        maildirsize.add_usage(maildir, QUOTA, 1, 1, None)


@pytest.mark.parametrize("part", ["tmp", "."])
def test_a_spoilt_maildir_is_passed_over_when_the_quota_changes(
    path: Path, tmp_path: Path, owner: Owner, part: str, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = make_maildir(tmp_path / "elsewhere")
    (path / "maildirsize").write_text("5S\n1 1\n")
    (path / part).rename(tmp_path / "away")
    (path / part).symlink_to(elsewhere)
    before = tree(elsewhere)
    with Directory.open(str(tmp_path / "home")) as home:
        maildirsize.refresh_maildirsize(home, QUOTA, owner)
    assert tree(elsewhere) == before
    assert not (path / "maildirsize").exists()
    assert caplog.records


@needs_root
def test_a_folder_that_was_moved_does_not_lead_elsewhere(path: Path, tmp_path: Path) -> None:
    make_maildir(tmp_path / "moved")
    folder = make_maildir(tmp_path / "moved/.Sent")
    (folder / "maildirfolder").touch()
    os.chown(folder, 1234, 1234)
    with Directory.open(str(folder)) as opened, pytest.raises(PermissionError):
        maildirsize.whole_maildir(opened)


@pytest.mark.parametrize("above", ["nothing", "a part is missing", "a part is a link", "a file"])
def test_the_mark_of_a_folder_leads_up_to_a_maildir_only(
    path: Path, tmp_path: Path, above: str
) -> None:
    (path / "maildirfolder").touch()
    home = path.parent
    if above != "nothing":
        (home / "cur").mkdir()
        (home / "new").mkdir()
    if above == "a part is a link":
        (home / "tmp").symlink_to(tmp_path)
    elif above == "a file":
        (home / "tmp").touch()
    with Directory.open(str(path)) as opened, maildirsize.whole_maildir(opened) as whole:
        assert os.path.sameopenfile(opened.fd, whole.fd)
        assert usage(whole) == (1577, 3)
    assert not (home / "maildirsize").exists()


def test_a_folder_leads_to_its_maildir(path: Path) -> None:
    folder = make_maildir(path / ".Sent")
    (folder / "maildirfolder").touch()
    (folder / "new/1,S=3").touch()
    with (
        Directory.open(str(folder)) as opened,
        maildirsize.whole_maildir(opened) as whole,
    ):
        assert usage(whole) == (1580, 4)
    assert (path / "maildirsize").exists()


# after a quota was changed


def test_refreshing_twice_is_refreshing_once(path: Path, owner: Owner) -> None:
    with Directory.open(str(path.parent)) as home:
        for _ in range(2):
            maildirsize.refresh_maildirsize(home, "700S,3C", owner)
            assert (path / "maildirsize").read_bytes() == b"700S,3C\n1577 3\n"
        for quota in ("NOQUOTA", ""):
            maildirsize.refresh_maildirsize(home, quota, owner)
            assert not (path / "maildirsize").exists()


def test_what_a_killed_process_left_is_removed_and_nothing_else(path: Path, owner: Owner) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    host = os.uname().nodename
    dead = path / f"tmp/1700000000.{process.pid}N1_NeWmAiLdIrSiZe.{host}"
    others = [
        f"1700000000.{os.getpid()}N1_NeWmAiLdIrSiZe.{host}",
        f"1700000000.{process.pid}N1_NeWmAiLdIrSiZe.{host}.example",
        f"1700000000.{process.pid}.{host}",
        f"1700000000.oddN1_NeWmAiLdIrSiZe.{host}",
    ]
    for name in (dead.name, *others):
        (path / "tmp" / name).touch()
    with Directory.open(str(path.parent)) as home:
        maildirsize.refresh_maildirsize(home, QUOTA, owner)
    assert sorted(os.listdir(path / "tmp")) == sorted(others)
    assert (path / "maildirsize").read_bytes() == COUNTED


def test_refreshing_a_home_without_maildir_makes_nothing(
    directory: Directory, owner: Owner
) -> None:
    maildirsize.refresh_maildirsize(directory, QUOTA, owner)
    assert directory.names() == []


def test_trouble_with_the_disk_is_no_spoilt_maildir(
    path: Path, owner: Owner, fail: Callable[..., None]
) -> None:
    fail("write")
    with Directory.open(str(path.parent)) as home, pytest.raises(OSError, match="No space"):
        maildirsize.refresh_maildirsize(home, QUOTA, owner)
    assert os.listdir(path / "tmp") == []


@needs_root
def test_the_file_belongs_to_the_owner_given(path: Path) -> None:
    with Directory.open(str(path.parent)) as home:
        maildirsize.refresh_maildirsize(home, QUOTA, Owner(1234, 2345))
    status = (path / "maildirsize").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 2345, 0o600)


def test_the_quota_of_a_file(maildir: Directory, path: Path) -> None:
    assert maildirsize.quota_of(maildir) == ""
    (path / "maildirsize").write_text("5S,7C\n1 1\n")
    aged(path / "maildirsize", 10**6)
    assert maildirsize.quota_of(maildir) == "5S,7C"
