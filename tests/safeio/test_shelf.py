"""Rows by name, in memory and on the disk: a dict, whatever is in it."""

from __future__ import annotations

import enum
import os
import stat
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.safeio import shelf as module
from vpopmail.safeio.shelf import Shelf

NAMES = st.text(st.characters(), max_size=3) | st.sampled_from(["a", "b", "\udc80", "\ud800", "A", "\0"])
VALUES = st.lists(st.text(st.characters(), max_size=5) | st.integers() | st.booleans(), max_size=4).map(tuple)
ACTS = st.lists(st.tuples(st.sampled_from(["add", "put", "drop", "clear"]), NAMES, VALUES), max_size=40)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more than two rows all go to the disk."""
    monkeypatch.setattr(module, "_MOST", 2)
    monkeypatch.setattr(module, "_PAGE", 3)


@pytest.mark.usefixtures("few")
@given(ACTS)
def test_it_keeps_what_a_dict_would_keep_and_in_its_order(acts: list[tuple[str, str, tuple[object, ...]]]) -> None:
    kept, model = Shelf(), {}
    for act, name, row in acts:
        if act == "put" or (act == "add" and name not in model):
            (kept.put if act == "put" else kept.add)(name, row)  # type: ignore[arg-type]
            model[name] = row
        elif act == "drop":
            kept.drop(name)
            model.pop(name, None)
        elif act == "clear" and len(model) > 5:
            kept.clear()
            model.clear()
        assert kept.get(name) == model.get(name)
        assert len(kept) == len(model)
    assert list(kept.rows()) == list(model.items())
    assert [row for page in kept.pages() for row in page] == list(model.values())
    kept.clear()


class Marker(enum.IntFlag):
    ONE = 1


class Label(str):
    __slots__ = ()


@pytest.mark.usefixtures("few")
def test_texts_and_numbers_of_other_classes_become_plain_ones() -> None:
    kept = Shelf()
    for number in range(5):
        kept.add(f"u{number}", (Label("text"), Marker.ONE, True))
    for _, row in kept.rows():
        assert row == ("text", 1, True)
    kept.clear()


def own_files() -> Iterator[os.stat_result]:
    """The open files of this process that no directory has."""
    for fd in os.listdir("/proc/self/fd"):
        try:
            status = os.stat(f"/proc/self/fd/{fd}")
        except FileNotFoundError:
            continue
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
            yield status


def test_on_the_disk_nobody_finds_it_and_nobody_else_may_read_it(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    before = {status.st_ino for status in own_files()}
    kept = Shelf()
    for number in range(20_000):
        kept.add(f"user{number}", ("secret" * 20,))
    new = [status for status in own_files() if status.st_ino not in before]
    assert new and all(stat.S_IMODE(status.st_mode) == 0o600 for status in new)
    assert os.listdir(tmp_path) == []
    kept.clear()
    assert {status.st_ino for status in own_files()} == before
