"""Work in a process of its own, which may be killed in the middle of it."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from vpopmail.safeio import seam


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
    good, answer = pickle.loads(data)
    assert good, answer
    return answer


def _answer(work: Callable[[], Any], writing: int) -> None:
    # Nothing of the test run may go on in the child, whatever happens.
    try:
        try:
            answer = (True, work())
        except BaseException:  # noqa: BLE001
            answer = (False, traceback.format_exc())
        os.set_blocking(writing, True)
        with open(writing, "wb") as file:
            file.write(pickle.dumps(answer))
    finally:
        os._exit(0)


def kill_before(number: int) -> None:
    """Let this process be killed before its ``number``-th file-changing system call."""
    seen = 0

    def watch(_call: str, _arguments: tuple[object, ...]) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    seam.watch = watch


class FailOnce:
    """Let the ``number``-th file-changing system call fail."""

    def __init__(self, number: int, code: int) -> None:
        self.number = number
        self.code = code
        self.seen = 0

    def __call__(self, _call: str, _arguments: tuple[object, ...]) -> None:
        self.seen += 1
        if self.seen == self.number:
            raise OSError(self.code, os.strerror(self.code))


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
