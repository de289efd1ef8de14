"""Counting mail, also in Maildirs that their owners have spoilt or that change meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.formats.maildirsize import message_size
from vpopmail.mailstore import counting
from vpopmail.mailstore.counting import count_homes, count_mail, count_steadily
from vpopmail.safeio.directory import Directory


def make_maildir(path: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True)
    return path


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    """A Maildir with three messages that count, of 1577 bytes."""
    path = make_maildir(tmp_path / "Maildir")
    (path / "cur/1.a.host,S=1000:2,S").write_text("short")
    (path / "cur/2.a.host:2,").write_text("y" * 77)
    (path / "cur/4.a.host,S=9000:2,ST").write_text("trashed")
    (path / "new/3.a.host,S=500").write_text("short")
    (path / "new/.hidden").write_text("not counted")
    (path / "tmp/5.a.host").write_text("not counted")
    return path


def counted(path: Path) -> tuple[int, int]:
    with Directory.open(str(path)) as opened:
        return count_mail(opened)


def test_new_and_cur_are_counted(maildir: Path) -> None:
    assert counted(maildir) == (1577, 3)


def test_folders_are_counted_but_the_trash(maildir: Path) -> None:
    for name in (".Sent", ".Sent.2026", ".Trash", "other"):
        (make_maildir(maildir / name) / "cur/1,S=10:2,").touch()
    (maildir / ".file").write_text("x")
    (maildir / ".empty").mkdir()
    assert counted(maildir) == (1597, 5)


def test_a_maildir_without_directories_is_empty(tmp_path: Path) -> None:
    assert counted(tmp_path) == (0, 0)


@given(st.lists(st.integers(0, 10**6), max_size=6, unique=True))
def test_the_sizes_in_the_names_are_summed(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    path = make_maildir(tmp_path_factory.mktemp("m"))
    for size in sizes:
        (path / f"new/{size}.h,S={size}").touch()
    assert counted(path) == (sum(sizes), len(sizes))


# hostile


@pytest.mark.parametrize("part", ["new", "cur", ".Sent"])
def test_nothing_is_counted_through_a_link(maildir: Path, part: str, tmp_path: Path) -> None:
    elsewhere = make_maildir(tmp_path / "elsewhere")
    (elsewhere / "1,S=5").touch()
    (elsewhere / "cur/1,S=5").touch()
    before = counted(maildir)
    inside = {"new": (500, 1), "cur": (1077, 2), ".Sent": (0, 0)}[part]
    if (maildir / part).exists():
        (maildir / part).rename(tmp_path / "away")
    (maildir / part).symlink_to(elsewhere)
    assert counted(maildir) == (before[0] - inside[0], before[1] - inside[1])


def test_a_link_in_place_of_a_message_has_its_own_size(maildir: Path, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 5000)
    (maildir / "new/6.a.host").symlink_to("../../large")
    assert counted(maildir) == (1577 + len("../../large"), 4)


def test_pipes_do_not_stop_the_count_and_directories_are_no_messages(maildir: Path) -> None:
    os.mkfifo(maildir / "new/6.a.host")
    os.mkfifo(maildir / ".pipe")
    (maildir / "new/7.a.host,S=9").mkdir()
    assert counted(maildir) == (1577, 4)


def test_names_that_are_no_text_are_counted(maildir: Path) -> None:
    (Path(os.fsdecode(os.fsencode(maildir / "new") + b"/6.\xff\xfe,S=3"))).touch()
    assert counted(maildir) == (1580, 4)


# mail that comes and goes meanwhile


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object], *, times: int = 1
) -> list[str]:
    """Let something happen after a directory has been counted; gives the directories."""
    count_part, seen = counting._count_part, []

    def count(directory: Directory) -> tuple[int, int]:
        found = count_part(directory)
        seen.append(directory.path)
        if len(seen) <= times:
            happens()
        return found

    monkeypatch.setattr(counting, "_count_part", count)
    return seen


def test_a_message_that_is_moved_is_not_counted_twice(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = lambda: (maildir / "new/3.a.host,S=500").rename(maildir / "cur/3.a.host,S=500:2,S")  # noqa: E731
    seen = meanwhile(monkeypatch, move)
    with Directory.open(str(maildir)) as opened:
        assert count_steadily(opened) == (1577, 3, True)
    assert len(seen) == 4


def test_one_count_that_was_disturbed_is_refused(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: (maildir / "new/6,S=1").touch())
    with pytest.raises(BlockingIOError):
        counted(maildir)


def test_a_folder_that_is_removed_meanwhile_disturbs(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = make_maildir(maildir / ".Sent")
    gone = maildir.parent / "gone"
    seen = meanwhile(monkeypatch, lambda: len(seen) == 4 and sent.rename(gone), times=4)
    with pytest.raises(BlockingIOError):
        counted(maildir)
    assert counted(maildir) == (1577, 3)


def test_a_maildir_never_at_rest_is_counted_five_times(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(range(100))
    come = lambda: (maildir / f"new/9{next(numbers)},S=1").touch()  # noqa: E731
    seen = meanwhile(monkeypatch, come, times=100)
    with Directory.open(str(maildir)) as opened:
        size, count, steady = count_steadily(opened)
    assert not steady
    assert len(seen) == 10
    assert size - 1577 == count - 3 > 0


def test_messages_that_vanish_before_they_are_looked_at(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        (maildir / f"cur/{number}.gone").write_text("gone")

    def size(name: str) -> int | None:
        if name.endswith(".gone"):
            (maildir / "cur" / name).unlink()
        return message_size(name)

    monkeypatch.setattr(counting, "message_size", size)
    with Directory.open(str(maildir)) as opened:
        assert count_steadily(opened) == (1577, 3, True)


# all homes of a domain


def test_homes_are_counted_in_hashed_directories_too(tmp_path: Path) -> None:
    for home in ("ann", "0/bob", "0/A/z/deep", "0/j", ".hidden", "x/y/z/0/too deep"):
        (make_maildir(tmp_path / home / "Maildir") / "new/1,S=7").touch()
    (tmp_path / "no maildir").mkdir()
    (tmp_path / "vpasswd").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "ann")
    with Directory.open(str(tmp_path)) as opened:
        assert count_homes(opened) == (28, 4)
