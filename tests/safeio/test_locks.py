"""Lock files: who is kept out, and what is no lock file."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import needs_root
from vpopmail.codes import VA
from vpopmail.errors import FileNotUpdated
from vpopmail.safeio import locks
from vpopmail.safeio.directory import Directory, Owner
from vpopmail.safeio.locks import FileLock

C_STYLE = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.lockf(fd, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
OURS = """
import sys
from vpopmail.safeio.directory import Directory
from vpopmail.safeio.locks import FileLock
lock = FileLock(Directory.open(sys.argv[1].rpartition("/")[0]), sys.argv[1].rpartition("/")[2], 0)
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""
TRY_C_STYLE = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
try:
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    sys.exit(3)
"""


@contextmanager
def held_elsewhere(program: str, path: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.communicate()


@pytest.mark.parametrize("program", [C_STYLE, OURS], ids=["c-style", "ours"])
def test_a_lock_of_another_process_keeps_us_out_until_it_ends(
    directory: Directory, program: str
) -> None:
    lock = FileLock(directory, "lock", 0)
    with held_elsewhere(program, f"{directory.path}/lock"):
        with pytest.raises(FileNotUpdated) as caught:
            lock.acquire()
        assert caught.value.code == VA.COULD_NOT_UPDATE_FILE
        assert caught.value.subject == f"{directory.path}/lock"
    with lock:
        assert lock.fd >= 0


def test_our_lock_keeps_a_c_program_out(directory: Directory) -> None:
    command = [sys.executable, "-c", TRY_C_STYLE, f"{directory.path}/lock"]
    with FileLock(directory, "lock", 0):
        assert subprocess.run(command, check=False).returncode == 3
    assert subprocess.run(command, check=False).returncode == 0


def test_closing_another_descriptor_of_the_file_does_not_drop_the_lock(
    directory: Directory,
) -> None:
    command = [sys.executable, "-c", TRY_C_STYLE, f"{directory.path}/lock"]
    with FileLock(directory, "lock", 0):
        os.close(os.open(f"{directory.path}/lock", os.O_RDWR))
        assert subprocess.run(command, check=False).returncode == 3


def test_a_thread_keeps_another_out(directory: Directory) -> None:
    refused: list[BaseException] = []

    def take() -> None:
        try:
            FileLock(directory, "lock", 0).acquire()
        except FileNotUpdated as error:
            refused.append(error)

    with FileLock(directory, "lock", 0):
        thread = threading.Thread(target=take)
        thread.start()
        thread.join()
    assert len(refused) == 1


def test_waiting_ends_when_the_holder_gives_the_lock_back(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = FileLock(directory, "lock", 0)
    first.acquire()
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            first.release()

    monkeypatch.setattr(locks.time, "sleep", pause)
    with FileLock(directory, "lock", 3600) as second:
        assert second.fd >= 0
    assert pauses == sorted(pauses)
    assert len(pauses) == 3


def test_a_lock_file_replaced_while_waiting_is_not_trusted(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = FileLock(directory, "lock", 0)
    first.acquire()

    def replace(seconds: float) -> None:
        os.unlink(f"{directory.path}/lock")
        Path(directory.path, "lock").write_bytes(b"")
        first.release()

    monkeypatch.setattr(locks.time, "sleep", replace)
    with FileLock(directory, "lock", 3600) as second:
        assert os.path.samestat(os.fstat(second.fd), os.stat(f"{directory.path}/lock"))


def test_a_lock_file_removed_while_waiting_is_made_again(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = FileLock(directory, "lock", 0)
    first.acquire()

    def remove(seconds: float) -> None:
        os.unlink(f"{directory.path}/lock")
        first.release()

    monkeypatch.setattr(locks.time, "sleep", remove)
    with FileLock(directory, "lock", 3600):
        assert directory.names() == ["lock"]


def test_the_lock_file_stays_and_can_be_locked_again(directory: Directory) -> None:
    lock = FileLock(directory, "lock", 0)
    lock.release()
    for _ in range(2):
        with lock:
            pass
        assert directory.names() == ["lock"]
    assert os.stat(f"{directory.path}/lock").st_mode & 0o7777 == 0o600


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_fifo_with_reader(path: Path) -> None:
    os.mkfifo(path)
    global reader
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def make_symlink(path: Path) -> None:
    path.with_name("victim").write_bytes(b"precious")
    path.symlink_to("victim")


def make_hard_link(path: Path) -> None:
    path.with_name("victim").write_bytes(b"precious")
    os.link(path.with_name("victim"), path)


@pytest.mark.parametrize(
    ("make", "error", "number"),
    [
        (make_fifo, OSError, errno.ENXIO),
        (make_fifo_with_reader, FileNotUpdated, None),
        (make_symlink, OSError, errno.ELOOP),
        (make_hard_link, FileNotUpdated, None),
        (Path.mkdir, OSError, errno.EISDIR),
    ],
)
def test_what_is_no_plain_file_is_no_lock_file(
    directory: Directory,
    make: Callable[[Path], object],
    error: type[Exception],
    number: int | None,
) -> None:
    make(Path(directory.path, "lock"))
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(error) as caught:
        FileLock(directory, "lock", 0, Owner(os.geteuid(), os.getegid())).acquire()
    assert getattr(caught.value, "errno", None) == number
    assert len(os.listdir("/proc/self/fd")) == before
    victim = Path(directory.path, "victim")
    assert not victim.exists() or victim.read_bytes() == b"precious"


def test_trouble_other_than_a_holder_is_told(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(locks.fcntl, "fcntl", refuse)
    with pytest.raises(OSError) as caught:
        FileLock(directory, "lock", 0).acquire()
    assert caught.value.errno == errno.ENOLCK


@needs_root
def test_root_gives_a_lock_file_to_its_owner_but_only_an_empty_one(directory: Directory) -> None:
    stranger = Owner(12345, 12346)
    for _ in range(2):
        with FileLock(directory, "lock", 0, stranger):
            status = os.stat(f"{directory.path}/lock")
            assert (status.st_uid, status.st_gid) == (12345, 12346)
    Path(directory.path, "data").write_bytes(b"precious")
    with FileLock(directory, "data", 0, stranger):
        assert os.stat(f"{directory.path}/data").st_uid == 0
