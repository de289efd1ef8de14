"""Files by slices, and times that tell later from earlier."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.safeio import times
from vpopmail.safeio.times import later_than
from vpopmail.safeio.view import FileView


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
