"""Running a program for a delivery: within its time, its output within bounds.

Imported when there is one to run: a plain delivery does not pay for it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CHUNK = 1 << 16
_READS = 16  # of what a pipe holds
_MILLISECONDS = 1000


def run_program(
    words: list[str],
    *,
    directory: str | None,
    environment: Mapping[str, str],
    standard_input: int,
    tell: Callable[[bytes], object],
    bounds: tuple[int, int],
    standard_output: int | None = None,
    owner: tuple[int, int] | None = None,
) -> int:
    """Run a program and wait for it.

    Args:
        words: program and arguments.
        directory: where it runs, absolute; None: here.
        environment: all that it gets.
        standard_input: descriptor; a file is read from where it stands.
        tell: gets the output, standard error too.
        bounds: seconds that it may run before its group is killed, 0 for ever; and bytes of its
            output that are told: more is read and dropped.
        standard_output: descriptor that gets the standard output instead, all of it.
        owner: uid and gid that it runs as, with no other groups; None: this process's.

    Returns:
        Its exit status, or minus the signal that ended it.

    Raises:
        OSError: it cannot be started.
    """
    seconds, most_output = bounds
    begin, end = os.pipe()
    output = _Output(begin, most_output, tell)
    try:
        try:
            process = subprocess.Popen(  # noqa: S603 - what the owner of the mailbox or site wrote
                words,
                cwd=directory,
                env=environment,
                stdin=standard_input,
                stdout=end if standard_output is None else standard_output,
                stderr=end,
                user=None if owner is None else owner[0],
                group=None if owner is None else owner[1],
                extra_groups=None if owner is None else [],
                start_new_session=True,
            )
        finally:
            os.close(end)
        status = _status(process, output, seconds)
        # A program that goes on in the background may keep the pipe: it is not waited for.
        output.drain()
    finally:
        os.close(begin)
    return status


class _Output:
    """The output of a program, of which the beginning is passed on."""

    def __init__(self, fd: int, most: int, tell: Callable[[bytes], object]) -> None:
        self.fd = fd
        self.open = True
        self._left = most
        self._tell = tell
        os.set_blocking(fd, False)

    def drain(self) -> None:
        """Take what is there now, and not what one who never stops writes meanwhile."""
        for _ in range(_READS):
            try:
                data = os.read(self.fd, _CHUNK)
            except BlockingIOError:
                return
            self.open = bool(data)
            if not data:
                return
            if self._left > 0:
                self._tell(data[: self._left])
                self._left -= len(data)


def _status(process: subprocess.Popen[bytes], output: _Output, seconds: int) -> int:
    """How it ended; it does not outlive its time, nor this process's trouble with it."""
    in_time = False
    try:
        in_time = _wait(process, output, seconds)
    finally:
        if not in_time:
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
    return status


def _wait(process: subprocess.Popen[bytes], output: _Output, seconds: int) -> bool:
    """Wait until the program ends; False if it does not in its time."""
    end = time.monotonic() + seconds
    ended = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(output.fd, select.POLLIN)
        while True:
            left = (end - time.monotonic()) * _MILLISECONDS if seconds else None
            if left is not None and left <= 0:
                return False
            ready = {fd for fd, _ in poll.poll(left)}
            output.drain()
            if ended in ready:
                return True
            if not output.open and output.fd in ready:
                poll.unregister(output.fd)
    finally:
        os.close(ended)
