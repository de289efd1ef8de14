"""A file of lines, as qmail's lists are: changed under ``<file>.lock``, as the C tools do it."""

from __future__ import annotations

from vpopmail.errors import FileNotUpdated, InvalidCharacter
from vpopmail.formats import control
from vpopmail.formats.text import has_control, to_bytes
from vpopmail.qmail.control import PUBLIC
from vpopmail.safeio.directory import Owner
from vpopmail.safeio.locks import FileLock
from vpopmail.safeio.paths import open_parent
from vpopmail.safeio.rewriting import rewrite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Self

    from vpopmail.settings import Settings

KINDS = (control.ASSIGN, control.LIST, control.VIRTUALDOMAINS)


class LineFile:
    """One file, locked within a ``with`` block.

    Its owner and mode stay, and so does every line that is not asked for, byte for byte. The
    commit point of each change is a rename.

    Args:
        path: absolute path of the file; it may be missing, its directory may not.
        sync: whether changes are brought to the disk.
        lock_timeout: seconds to wait for another process.

    Raises (all methods):
        InvalidPath, InvalidCharacter, FileNotUpdated, OSError: nothing has changed.
    """

    def __init__(self, path: str, *, sync: bool, lock_timeout: float) -> None:
        self.path = path
        self.directory, self.name = open_parent(path, sync=sync)
        self._lock_timeout = lock_timeout

    @classmethod
    def of(cls, settings: Settings, path: str) -> Self:
        """A file, with the settings of a site."""
        return cls(path, sync=settings.sync, lock_timeout=settings.lock_timeout)

    def __enter__(self) -> Self:
        try:
            status = self.directory.status(".")
            owner = None if status is None else Owner(status.st_uid, status.st_gid)
            name = f"{self.name}.lock"
            self._lock = FileLock(self.directory, name, self._lock_timeout, owner)
            self._lock.acquire()
        except BaseException:
            self.directory.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._lock.release()
        self.directory.close()

    def add(self, line: str, kind: int) -> bool:
        """Put a line in at its place; whether it was not there yet.

        Args:
            line: without newline, not empty.
            kind: 1 for users/assign, 2 for a plain list, 3 for virtualdomains.
        """
        data = to_bytes(line)
        if not data or has_control(data):
            raise InvalidCharacter(self.path, "one line without control characters is needed")
        self._check_kind(kind)
        return self._change(lambda old: control.insert_line(old, data, kind))

    def count(self) -> int:
        """The number of its lines."""
        return control.count_lines(self.directory.read(self.name) or b"")

    def sort(self, kind: int) -> bool:
        """Put the lines into the order of their keys; whether that changed anything."""
        self._check_kind(kind)
        return self._change(lambda old: control.sort_lines(old, kind))

    def remove(self, lines: Iterable[str]) -> int:
        """Take out whole lines; how many went. A missing file stays missing."""
        unwanted = [to_bytes(line) for line in lines]
        return self._remove(lambda old: control.remove_lines(old, unwanted))

    def remove_starting(self, start: str, mode: int, *, once: bool) -> int:
        """Take out the lines that begin with a text; how many went.

        Args:
            start: not empty; case matters.
            mode: permission bits that the file gets if it is written.
            once: whether only the first such line goes.
        """
        data = to_bytes(start)
        if not data or not self.directory.has(self.name):
            raise FileNotUpdated(self.path, "it is missing, or no text is given")
        return self._remove(lambda old: control.remove_starting(old, data, once=once), mode & 0o777)

    def _remove(self, change: Callable[[bytes], tuple[bytes, int]], mode: int | None = None) -> int:
        old = self.directory.read(self.name) or b""
        new, gone = change(old)
        if gone:
            self._change(lambda _: new, mode)
        return gone

    def _change(self, change: Callable[[bytes], bytes], mode: int | None = None) -> bool:
        changed = rewrite(self.directory, self.name, change, new_mode=PUBLIC, mode=mode)
        self.directory.flush()
        return changed

    def _check_kind(self, kind: int) -> None:
        if kind not in KINDS:
            raise FileNotUpdated(self.path, "the kind of file is 1, 2 or 3")
