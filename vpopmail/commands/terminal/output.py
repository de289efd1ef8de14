"""Standard output, whose own errors are told apart from those of the site's files."""

from __future__ import annotations

import io
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from typing_extensions import Buffer

_STANDARD_OUTPUT = 1
_before: list[TextIO] = []  # kept: one that somebody opened closes the descriptor when it goes


class OutputLost(Exception):
    """Standard output cannot be written, and not because its reader has gone.

    Args:
        strerror: why.
    """

    def __init__(self, strerror: str) -> None:
        super().__init__(strerror)
        self.strerror = strerror


class _Descriptor(io.FileIO):
    def write(self, data: Buffer) -> int:
        try:
            while (written := super().write(data)) is None:
                _wait_for_room()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLost(error.strerror or "") from error
        return written


def _wait_for_room() -> None:
    """Wait for who reads: one who shares the pipe with us has had it not block."""
    from select import POLLOUT, poll

    room = poll()
    room.register(_STANDARD_OUTPUT, POLLOUT)
    room.poll()


def open_output() -> None:
    """Have standard output raise OutputLost, and take any text that ``to_text`` made of bytes."""
    if sys.stdout is None:
        return  # closed by who started us
    _before.append(sys.stdout)
    descriptor = _Descriptor(_STANDARD_OUTPUT, "wb", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(descriptor),
        encoding="utf-8",
        errors="surrogateescape",
        line_buffering=descriptor.isatty(),
    )
