"""Removing and giving away trees, hostile ones too."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_root, tree
from vpopmail.safeio.directory import Directory, Owner
from vpopmail.safeio.tree import give_tree, remove_tree


def test_a_tree_goes_and_its_neighbours_stay(directory: Directory) -> None:
    path = Path(directory.path)
    (path / "home/Maildir/new").mkdir(parents=True)
    (path / "home/Maildir/new/1").write_bytes(b"mail")
    (path / "other").mkdir()
    os.mkfifo(path / "home/fifo")
    assert remove_tree(directory, "home") is True
    assert tree(path) == {"other": "d"}
    assert remove_tree(directory, "home") is False


def test_a_file_or_link_goes_alone(directory: Directory, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/file").write_bytes(b"precious")
    Path(directory.path, "link").symlink_to(tmp_path / "victim")
    Path(directory.path, "file").write_bytes(b"")
    assert remove_tree(directory, "link")
    assert remove_tree(directory, "file")
    assert directory.names() == []
    assert (tmp_path / "victim/file").read_bytes() == b"precious"


def test_links_in_a_tree_are_not_followed(directory: Directory, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/file").write_bytes(b"precious")
    home = Path(directory.path, "home")
    home.mkdir()
    (home / "link").symlink_to(tmp_path / "victim")
    (home / "file").symlink_to(tmp_path / "victim/file")
    assert remove_tree(directory, "home")
    assert (tmp_path / "victim/file").read_bytes() == b"precious"


def test_a_tree_deeper_than_any_stack_goes(directory: Directory) -> None:
    fd = os.dup(directory.fd)
    for _ in range(3000):
        os.mkdir("deep", dir_fd=fd)
        inner = os.open("deep", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(os.open("file", os.O_CREAT, dir_fd=fd))
    os.close(fd)
    assert remove_tree(directory, "deep")
    assert directory.names() == []


def test_trouble_in_the_middle_is_told(directory: Directory, fail: Callable[..., None]) -> None:
    Path(directory.path, "home/Maildir").mkdir(parents=True)
    fail("rmdir", 1, "Maildir")
    with pytest.raises(OSError) as caught:
        remove_tree(directory, "home")
    assert caught.value.errno == errno.ENOSPC
    fail("unlink", 1, "home")
    with pytest.raises(OSError) as caught:
        remove_tree(directory, "home")
    assert caught.value.errno == errno.ENOSPC


@needs_root
def test_a_tree_is_given_away_except_links_and_files_with_other_names(
    directory: Directory, tmp_path: Path
) -> None:
    path = Path(directory.path)
    (path / "a/b").mkdir(parents=True)
    (path / "a/b/file").write_bytes(b"")
    (tmp_path / "victim").write_bytes(b"")
    (path / "a/link").symlink_to(tmp_path / "victim")
    os.link(tmp_path / "victim", path / "a/hard")
    os.mkfifo(path / "a/fifo")
    give_tree(directory, Owner(12345, 12346))
    for name in ("", "a", "a/b", "a/b/file"):
        status = os.lstat(path / name)
        assert (status.st_uid, status.st_gid) == (12345, 12346)
    for name in ("a/link", "a/hard", "a/fifo"):
        assert os.lstat(path / name).st_uid == 0
    assert os.stat(tmp_path / "victim").st_uid == 0


def test_a_tree_too_deep_to_be_given_away_is_refused(directory: Directory, owner: Owner) -> None:
    Path(directory.path, "/".join("d" * 90)).mkdir(parents=True)
    with pytest.raises(OSError) as caught:
        give_tree(directory, owner)
    assert caught.value.errno == errno.ELOOP


def test_giving_a_tree_to_its_owner_changes_nothing(directory: Directory, owner: Owner) -> None:
    path = Path(directory.path)
    (path / "a").mkdir()
    (path / "a/file").write_bytes(b"x")
    before = tree(path)
    give_tree(directory, owner)
    assert tree(path) == before
