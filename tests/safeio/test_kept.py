"""Directories that are kept open: no other one is ever taken for them."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from tests.conftest import needs_root
from vpopmail.safeio.kept import KeptDirectories


def opened(kept: KeptDirectories, path: Path) -> int:
    """The inode of the directory that is opened."""
    with kept.open(str(path), sync=False) as directory:
        return os.fstat(directory.fd).st_ino


def test_a_directory_is_the_one_at_its_path(tmp_path: Path) -> None:
    kept = KeptDirectories()
    path = tmp_path / "domain"
    path.mkdir()
    assert opened(kept, path) == opened(kept, path) == path.stat().st_ino
    path.rename(tmp_path / "old")
    path.mkdir()
    assert opened(kept, path) == path.stat().st_ino
    path.rmdir()
    with pytest.raises(FileNotFoundError):
        opened(kept, path)


@needs_root
def test_a_link_of_somebody_else_leads_to_no_other_directory(tmp_path: Path) -> None:
    kept = KeptDirectories()
    path, other = tmp_path / "domain", tmp_path / "other"
    path.mkdir()
    other.mkdir()
    opened(kept, path)
    path.rename(tmp_path / "old")
    path.symlink_to(other)
    os.lchown(path, 65534, 65534)
    with pytest.raises(OSError, match="root did not make"):
        opened(kept, path)


def test_each_user_closes_its_own_descriptor_and_all_are_closed_at_the_end(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    kept = KeptDirectories()
    first = kept.open(str(tmp_path), sync=False)
    with kept.open(str(tmp_path), sync=True) as again:
        assert (again.sync, first.sync) == (True, False)
    assert os.fstat(first.fd).st_ino == tmp_path.stat().st_ino
    kept.close()
    assert os.fstat(first.fd).st_ino == tmp_path.stat().st_ino
    first.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_one_that_is_lent_stays_open_while_somebody_works_in_it(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    kept = KeptDirectories()
    opened(kept, tmp_path)
    with kept.open(str(tmp_path), sync=False) as lent:
        kept.close()
        assert os.fstat(lent.fd).st_ino == tmp_path.stat().st_ino
    assert len(os.listdir("/proc/self/fd")) == before


def test_many_directories_hold_few_descriptors(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    kept = KeptDirectories()
    for number in range(100):
        (tmp_path / str(number)).mkdir()
        opened(kept, tmp_path / str(number))
    assert len(os.listdir("/proc/self/fd")) < before + 40
    kept.close()


def test_with_the_last_descriptor_a_directory_is_opened_and_not_kept() -> None:
    kept = KeptDirectories()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
    taken: list[int] = []
    try:
        with pytest.raises(OSError, match="Too many open files"):
            while True:
                taken.append(os.dup(0))
        os.close(taken.pop())
        kept.open("/", sync=False).close()
        taken.append(os.dup(0))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for fd in taken:
            os.close(fd)
