"""Work in a process of its own, which may be killed in the middle of it."""

from __future__ import annotations

import errno
import gc
import os
import pickle
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vpopmail.safeio import seam

from tests import secrets

from .statements import watch_changes


CTRL_C = 0


class Killed(Exception):
    """The process was killed before it could answer."""


def in_child(work: Callable[[], Any]) -> Any:
    """What ``work`` gives in a forked process.

    Raises:
        Killed: the process was killed.
        AssertionError: it raised; the text has its traceback.
    """
    return _wait(_start(work))


def in_children(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """``in_child`` for several at the same time."""
    children = [_start(work) for work in works]
    return [_wait(child) for child in children]


def _start(work: Callable[[], Any]) -> tuple[int, int]:
    reading, writing = os.pipe()
    gc.freeze()  # or a collection in the child would copy all memory
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _answer(work, writing)
    os.close(writing)
    return pid, reading


def _wait(child: tuple[int, int]) -> Any:
    pid, reading = child
    with open(reading, "rb") as file:
        data = file.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, f"ended by signal {os.WTERMSIG(status)}"
        raise Killed
    good, answer, heard = pickle.loads(data)
    secrets.current.take(heard)
    assert good, answer
    return answer


def _answer(work: Callable[[], Any], writing: int) -> None:
    # Nothing of the test run may go on in the child, whatever happens. What is measured of
    # coverage there is lost anyway.
    sys.settrace(None)
    gc.disable()  # it ends soon
    secrets.current.begin()
    try:
        try:
            answer = (True, work())
        except BaseException:  # noqa: BLE001
            answer = (False, traceback.format_exc())
        os.set_blocking(writing, True)
        with open(writing, "wb") as file:
            file.write(pickle.dumps((*answer, secrets.current.heard())))
    finally:
        os._exit(0)


def kill_before(number: int) -> None:
    """Let this process be killed before its ``number``-th change, see ``statements``."""
    seen = 0

    def notice(_event: str) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    watch_changes(notice)


class FailOnce:
    """Let the ``number``-th file-changing system call fail, while it is entered.

    Args:
        number: from 1.
        code: the errno; CTRL_C for a KeyboardInterrupt in place of an OSError.
    """

    def __init__(self, number: int, code: int) -> None:
        self.number = number
        self.code = code
        self.seen = 0

    def __enter__(self) -> None:
        seam.watch = self

    def __exit__(self, *exception: object) -> None:
        seam.watch = None

    def __call__(self, _call: str, _arguments: tuple[object, ...]) -> None:
        self.seen += 1
        if self.seen == self.number:
            if self.code == CTRL_C:
                raise KeyboardInterrupt
            raise OSError(self.code, os.strerror(self.code))


class FewDescriptors:
    """Let this process open only so many more files, while it is entered.

    Args:
        number: of descriptors that are free.
    """

    code = errno.EMFILE

    def __init__(self, number: int) -> None:
        self.number = number

    def __enter__(self) -> None:
        used = {int(name) for name in os.listdir("/proc/self/fd")}
        free = [fd for fd in range(len(used) + self.number + 1) if fd not in used]
        self.before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[self.number], self.before[1]))

    def __exit__(self, *exception: object) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, self.before)


class Memory:
    """A file system of its own in memory, of which only so much is free while it is entered.

    Args:
        path: an empty directory.
        option: what is short: ``size`` for pages of 4096 bytes, ``nr_inodes`` for files.
    """

    code = errno.ENOSPC

    def __init__(self, path: Path, option: str) -> None:
        self.path = path
        self.option = option
        self.number = 0
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True, capture_output=True)

    def __enter__(self) -> None:
        status = os.statvfs(self.path)
        if self.option == "size":
            pages = status.f_blocks - status.f_bfree + self.number
            # A size of 0 would be no limit at all, to which none can be set again.
            self._remount(f"size={max(pages, 1) * status.f_frsize}")
        else:
            self._remount(f"nr_inodes={status.f_files - status.f_ffree + self.number}")

    def __exit__(self, *exception: object) -> None:
        self._remount("size=1g,nr_inodes=100000")

    def _remount(self, options: str) -> None:
        command = ["mount", "-o", f"remount,{options}", self.path]
        subprocess.run(command, check=True, capture_output=True)

    def close(self) -> None:
        """Unmount it; what is in it is lost."""
        subprocess.run(["umount", "--lazy", self.path], check=True, capture_output=True)


def open_descriptors() -> list[str]:
    """What the descriptors of this process lead to."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))
        except FileNotFoundError:  # the one that lists them
            continue
    # A file that was replaced meanwhile is still the same one to us.
    return sorted(name.removesuffix(" (deleted)") for name in found)
