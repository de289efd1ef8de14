"""SIGHUP for qmail-send, and for nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vpopmail.qmail import send
from vpopmail.qmail.send import hang_up

CAT = os.path.realpath(shutil.which("cat") or "/bin/cat")


@contextmanager
def running(program: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that dies of SIGHUP and else lives until its input ends."""
    program.parent.mkdir(parents=True, exist_ok=True)
    if not program.exists():
        shutil.copy(CAT, program)
    process = subprocess.Popen(
        ["qmail-send"],
        executable=str(program),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        # A caller such as nohup may have SIGHUP ignored.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    # Once it echoes, it runs the program.
    assert echoes(process)
    try:
        yield process
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def echoes(process: subprocess.Popen[bytes]) -> bool:
    """Whether the program lives, and no signal waits for it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"x")
    return process.stdout.read(1) == b"x"


def test_only_the_qmail_send_of_this_directory_is_told(tmp_path: Path) -> None:
    with running(tmp_path / "q/bin/qmail-send") as ours, running(
        tmp_path / "other/bin/qmail-send"
    ) as other:
        assert hang_up(str(tmp_path / "q")) == 1
        assert ours.wait() == -signal.SIGHUP
        assert other.poll() is None
    assert other.returncode == 0


def test_one_whose_file_was_replaced_is_told(tmp_path: Path) -> None:
    with running(tmp_path / "q/bin/qmail-send") as ours:
        os.unlink(tmp_path / "q/bin/qmail-send")
        shutil.copy(CAT, tmp_path / "q/bin/qmail-send")
        assert hang_up(str(tmp_path / "q")) == 1
        assert ours.wait() == -signal.SIGHUP


def test_without_qmail_nobody_is_told(tmp_path: Path) -> None:
    assert hang_up(str(tmp_path)) == 0


def test_a_process_that_is_gone_is_not_told(tmp_path: Path) -> None:
    child = subprocess.Popen([CAT], stdin=subprocess.DEVNULL)
    child.wait()
    assert send._signal_if(lambda _pid: True, child.pid, signal.SIGHUP) is False


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_one_of_another_user_is_passed_over(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with running(tmp_path / "q/bin/qmail-send") as ours:
        child = os.fork()
        if child == 0:
            try:
                os.setuid(65534)
                os._exit(hang_up(str(tmp_path / "q")))
            finally:
                os._exit(99)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert ours.poll() is None
