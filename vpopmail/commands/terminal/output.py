"""Standard output and standard error, whose own errors are no trouble of the site's files."""

from __future__ import annotations

import io
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from typing_extensions import Buffer

_STANDARD_OUTPUT = 1
_STANDARD_ERROR = 2
_before: list[TextIO] = []  # kept: one that somebody opened closes the descriptor when it goes


class OutputLost(Exception):
    """Standard output cannot be written, and not because its reader has gone.

    Args:
        strerror: why.
    """

    def __init__(self, strerror: str) -> None:
        super().__init__(strerror)
        self.strerror = strerror


class _Patient(io.FileIO):
    """A descriptor that waits for its reader: who shares it with us may have had it not block."""

    def write(self, data: Buffer) -> int:
        while (written := super().write(data)) is None:
            _wait_for_room(self.fileno())
        return written


class _Output(_Patient):
    def write(self, data: Buffer) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLost(error.strerror or "") from error


class _Complaints(_Patient):
    def write(self, data: Buffer) -> int:
        try:
            return super().write(data)
        except OSError:
            # Nobody hears it: the exit status tells. A warning comes amidst a change, which must
            # not end for want of a reader.
            return memoryview(data).nbytes


def _wait_for_room(descriptor: int) -> None:
    from select import POLLOUT, poll

    room = poll()
    room.register(descriptor, POLLOUT)
    room.poll()


def open_output() -> None:
    """Have standard output raise OutputLost, and standard error be deaf where it cannot be written.

    Both take any text that ``to_text`` made of bytes. Descriptors 1 and 2 must be open, if only to
    /dev/null; what is printed on a standard output that was closed is lost.
    """
    if sys.stdout is not None:
        _before.append(sys.stdout)
        output = _Output(_STANDARD_OUTPUT, "wb", closefd=False)
        sys.stdout = _text(output, by_line=output.isatty())
    if sys.stderr is not None:
        _before.append(sys.stderr)
    sys.stderr = _text(_Complaints(_STANDARD_ERROR, "wb", closefd=False), by_line=True)


def _text(descriptor: io.FileIO, *, by_line: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(descriptor),
        encoding="utf-8",
        errors="surrogateescape",
        line_buffering=by_line,
    )
