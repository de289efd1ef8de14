"""Files by slices, and times that tell later from earlier."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.safeio import times, view
from vpopmail.safeio.times import later_than
from vpopmail.safeio.view import FileView, Watched


def view_of(path: Path, data: bytes) -> FileView:
    path.write_bytes(data)
    return FileView(os.open(path, os.O_RDONLY))


def test_a_view_slices_like_its_bytes(tmp_path: Path) -> None:
    data = bytes(range(100))
    view = view_of(tmp_path / "file", data)
    assert len(view) == 100
    for part in (slice(None), slice(3, 7), slice(-5, None), slice(7, 3), slice(90, 300)):
        assert view[part] == data[part]


def test_a_file_cut_short_gives_less_and_does_not_kill(tmp_path: Path) -> None:
    view = view_of(tmp_path / "file", b"0123456789")
    os.truncate(tmp_path / "file", 4)
    assert view[2:8] == b"23"
    assert view[6:8] == b""


def test_a_view_closes_its_descriptor(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    view = view_of(tmp_path / "file", b"")
    del view
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("second", [10**9, 1])
def test_a_view_is_settled_when_the_clock_has_ticked_since_the_last_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: int
) -> None:
    """100 ms, or 2.1 s if the time has no fraction (here: if a second is so short)."""
    monkeypatch.setattr(view, "_SECOND", second)
    path = tmp_path / "file"
    path.write_bytes(b"x")
    changed = path.stat().st_ctime_ns
    tick = 100_000_000 if changed % second else 2_100_000_000

    def settled(now: int) -> bool:
        return FileView(os.open(path, os.O_RDONLY), now).settled

    assert not settled(0)
    assert not settled(changed - 1)  # the file is from the future
    assert not settled(changed + tick)
    assert settled(changed + tick + 1)


@pytest.fixture
def aged(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was just written is old."""
    real = time.time_ns
    monkeypatch.setattr(view, "time_ns", lambda: real() + 10**12)


def change_nothing(path: Path) -> None:
    path.read_bytes()


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"y")


def replace(path: Path) -> None:
    path.with_name("new").write_bytes(path.read_bytes())
    path.with_name("new").rename(path)


def move_away(path: Path) -> None:
    path.rename(path.with_name("old"))


def link(path: Path) -> None:
    os.link(path, path.with_name("second"))


@pytest.mark.usefixtures("aged")
@pytest.mark.parametrize("act", [touch, append, overwrite, replace, move_away, link, os.unlink])
@pytest.mark.parametrize("how", ["look", "glance"])
def test_whatever_is_done_to_a_file_gives_another_view(
    tmp_path: Path, act: Callable[[Path], None], how: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    watched = Watched(str(path))
    look = getattr(watched, how)
    first = look()
    assert first is not None
    change_nothing(path)
    assert look() is first
    act(path)
    second = look()
    assert second is not first
    assert (None if second is None else second[:]) == (path.read_bytes() if path.exists() else None)


@pytest.mark.usefixtures("aged")
@pytest.mark.parametrize("how", ["look", "glance"])
def test_a_directory_tells_of_names_that_come_and_go(tmp_path: Path, how: str) -> None:
    path = tmp_path / "d"
    path.mkdir()
    look = getattr(Watched(str(path), kind=stat.S_IFDIR), how)
    acts = (
        lambda: (path / "a").touch(),
        lambda: (path / "a").rename(path / "b"),
        lambda: (path / "b").unlink(),
        lambda: path.rename(tmp_path / "e"),
        path.mkdir,
    )
    for act in acts:
        before = look()
        assert look() is before
        act()
        assert look() is not before


def test_a_young_file_stays_open_and_is_opened_again_once_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    now = path.stat().st_ctime_ns + 1
    monkeypatch.setattr(view, "time_ns", lambda: now)
    watched = Watched(str(path))
    young = watched.look()
    assert young is not None
    assert not young.settled
    assert not young.single
    assert watched.look() is watched.glance() is young
    now += 10**10
    old = watched.look()
    assert old is not None
    assert old is not young
    assert old.settled
    assert old.single
    assert watched.look() is watched.glance() is old


@pytest.mark.parametrize("kind", [stat.S_IFREG, stat.S_IFDIR])
def test_what_is_of_another_kind_is_refused(tmp_path: Path, kind: int) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "d").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("file" if kind == stat.S_IFREG else "d")
    (tmp_path / "loop").symlink_to("loop")
    right = "file" if kind == stat.S_IFREG else "d"
    for name in ("file", "d", "fifo", "link"):
        watched = Watched(str(tmp_path / name), kind=kind)
        if name == right:
            assert watched.look() is not None
        else:
            with pytest.raises(OSError) as caught:  # noqa: PT011 - asked for next
                watched.look()
            assert caught.value.errno in {errno.EINVAL, errno.ELOOP}
            assert Watched(watched.path, kind=kind, tolerant=True).look() is None
    assert Watched(str(tmp_path / "none"), kind=kind).look() is None
    assert Watched(str(tmp_path / "file" / "x"), kind=kind).look() is None
    assert Watched(str(tmp_path / "link"), kind=kind, follow=True).look() is not None


@given(st.lists(st.integers(0, 2**62), max_size=4))
def test_later_is_later_than_all(known: list[int]) -> None:
    later = later_than(known)
    assert all(later > one for one in known)


def test_without_others_later_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times.time, "time_ns", lambda: 7_000_000_005)
    assert later_than([]) == 7_000_000_005
    assert later_than([6_999_999_999]) == 7_000_000_005


def test_in_the_same_second_a_whole_second_gets_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file system that keeps whole seconds would lose a smaller step."""
    monkeypatch.setattr(times.time, "time_ns", lambda: 7_000_000_005)
    assert later_than([7_000_000_000]) == 8_000_000_000
    assert later_than([7_000_000_004]) == 7_000_000_005
    assert later_than([7_000_000_005]) == 7_000_000_006
    assert later_than([9_000_000_001]) == 9_000_000_002


def test_a_later_time_is_near_now() -> None:
    before = time.time_ns()
    assert before <= later_than([0]) <= time.time_ns()
