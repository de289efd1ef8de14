"""The message that is delivered: an open file, read as often as there are actions."""

from __future__ import annotations

import errno
import os
import stat

from vpopmail.safeio import seam
from vpopmail.safeio.directory import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self

_CHUNK = 1 << 16
_TEMPORARY = "/tmp"  # noqa: S108 - a file without a name is nobody else's
_MARK = b"delivered-to:"
_LONGEST_LINE = 1 << 12  # bytes of which anything is wanted


class NotSeekable(OSError):
    """The message comes through a pipe, and is not to be copied."""


class Message:
    """A message in a file.

    Args:
        fd: descriptor of a regular file; it is read from its beginning.
        is_copy: whether it is closed with this object, else it stays the caller's.
        size: its bytes, if that is known already.

    Attributes:
        size: bytes.
    """

    __slots__ = ("_begin", "fd", "is_copy", "size")

    def __init__(self, fd: int, *, is_copy: bool = False, size: int | None = None) -> None:
        self.fd = fd
        self.is_copy = is_copy
        self.size = os.fstat(fd).st_size if size is None else size
        self._begin = b""  # the first piece: of most messages it is all, and the header is in it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let a copy go."""
        if self.is_copy:
            os.close(self.fd)

    def begin(self) -> bytes:
        """The first piece of the content. Raises: OSError."""
        if not self._begin:
            self._begin = os.pread(self.fd, min(_CHUNK, self.size), 0)
        return self._begin

    def chunks(self) -> Iterator[bytes]:
        """The content in pieces, from the beginning.

        Raises:
            OSError.
        """
        data, at = self.begin(), 0
        while data:
            yield data
            at += len(data)
            data = os.pread(self.fd, _CHUNK, at) if at < self.size else b""

    def rewind(self) -> None:
        """Let a program that reads the descriptor begin at the beginning."""
        os.lseek(self.fd, 0, os.SEEK_SET)

    def identity(self) -> str | None:
        """What tells this message from others in qmail's queue, for as long as it is there.

        None for a copy of a pipe, which is another file at each try.
        """
        status = os.fstat(self.fd)
        if not status.st_nlink:
            return None
        return f"{status.st_dev}.{status.st_ino}.{status.st_mtime_ns}.{status.st_size}"

    def queued_ns(self) -> int | None:
        """When it came into qmail's queue, in nanoseconds; None for a copy of a pipe."""
        status = os.fstat(self.fd)
        return status.st_mtime_ns if status.st_nlink else None

    def delivered_to(self) -> frozenset[str]:
        """The addresses in the Delivered-To lines of its header, lower case.

        Raises:
            OSError.
        """
        found = set()
        for line in self.header_lines() if self._may_have(_MARK) else ():
            if line[: len(_MARK)].lower() == _MARK:
                address = line[len(_MARK) :].removeprefix(b" ").rstrip(b"\r")
                found.add(address.decode("utf-8", "surrogateescape").lower())
        return frozenset(found)

    def _may_have(self, mark: bytes) -> bool:
        """Whether something like a mark, lower case, is in the header: of most new mail not."""
        begin = self.begin()
        end = begin.find(b"\n\n")
        return end < 0 or mark in begin[:end].lower()

    def header_lines(self) -> Iterator[bytes]:
        """The lines up to the first one that begins with its own end, without line ends.

        Of a line that is longer than any address only the beginning is kept.

        Raises:
            OSError.
        """
        rest = b""
        for chunk in self.chunks():
            *lines, rest = (rest[:_LONGEST_LINE] + chunk).split(b"\n")
            for line in lines:
                if line[:1] in {b"", b"\r"}:
                    return
                yield line
        if rest[:1] not in {b"", b"\r"}:
            yield rest


def open_message(fd: int, *, copy: bool) -> Message:
    """The message on a descriptor; of a pipe a copy is made in a file without a name.

    Args:
        fd: open for reading; of a file all of it counts, wherever it stands.
        copy: whether a pipe may be copied.

    Raises:
        NotSeekable: it is a pipe, and may not.
        OSError: it cannot be read or copied.
    """
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode):
        return Message(fd, size=status.st_size)
    if not copy:
        raise NotSeekable(errno.ESPIPE, os.strerror(errno.ESPIPE))
    return Message(nameless_copy(_read_all(fd)), is_copy=True)


def nameless_copy(*parts: Iterable[bytes]) -> int:
    """A descriptor of a file without a name, which holds the parts and stands at its beginning.

    Raises:
        OSError: nothing is left open.
    """
    fd = seam.create_nameless(_TEMPORARY)
    try:
        for part in parts:
            for data in part:
                write_all(fd, data)
        os.lseek(fd, 0, os.SEEK_SET)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _read_all(fd: int) -> Iterator[bytes]:
    while data := os.read(fd, _CHUNK):
        yield data
