"""A directory of JSON files: replaced as a whole, changed under a lock."""

from __future__ import annotations

import fcntl
import json
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vpopmail.errors import BackendUnavailable

if TYPE_CHECKING:
    from vpopmail.settings import Settings

_PAUSE = 0.01  # seconds


class Shelf:
    """Documents by key.

    Args:
        settings: of the site: where it is, who it belongs to, whether files are synced.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.path = f"{settings.vpopmaildir}/shelf"

    def make(self) -> None:
        """Make the directory, if it is missing, for the vpopmail user alone."""
        try:
            os.mkdir(self.path, 0o700)
        except FileExistsError:
            return
        if os.geteuid() == 0:
            os.chown(self.path, self.settings.uid, self.settings.gid)

    def file(self, key: str, ending: str) -> str:
        """The file of a key, whatever characters the key has."""
        return f"{self.path}/{quote(key, safe='', errors='surrogateescape')}.{ending}"

    def read(self, key: str) -> dict[str, Any]:
        """The document of a key; empty if there is none.

        Raises:
            BackendUnavailable: it cannot be read.
        """
        path = self.file(key, "json")
        try:
            with open(path, encoding="ascii") as file:
                found: dict[str, Any] = json.load(file)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise BackendUnavailable(path, type(error).__name__) from error
        return found

    def stage(self, key: str, document: dict[str, Any]) -> None:
        """Write the next document beside the present one; ``publish`` lets it count."""
        with open(self.file(key, "new"), "w", encoding="ascii", opener=_open_private) as file:
            json.dump(document, file)
            file.flush()
            if os.geteuid() == 0:
                os.fchown(file.fileno(), self.settings.uid, self.settings.gid)
            if self.settings.sync:
                os.fsync(file.fileno())

    def publish(self, key: str) -> None:
        """Put the staged document in the place of the old one: one rename."""
        os.rename(self.file(key, "new"), self.file(key, "json"))

    def remove(self, key: str, ending: str = "json") -> bool:
        """Forget a document; whether there was one."""
        try:
            os.unlink(self.file(key, ending))
        except FileNotFoundError:
            return False
        return True

    def sync(self) -> None:
        """Bring what was renamed and removed to the disk."""
        if self.settings.sync:
            fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def lock(self, key: str) -> int:
        """Wait for the lock of a key.

        It excludes other processes, and threads too, since each opens the file for itself; the
        kernel drops it when the process dies. The lock file stays: removing it would let two
        processes hold the lock.

        Returns:
            A descriptor for ``release``.

        Raises:
            BackendUnavailable: somebody else has kept it for ``lock_timeout`` seconds.
        """
        try:
            fd = _open_private(self.file(key, "lock"), os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise BackendUnavailable(key, error.strerror or "") from error
        deadline = time.monotonic() + self.settings.lock_timeout
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(fd)
                    raise BackendUnavailable(key, "locked by another process") from None
                time.sleep(_PAUSE)
            else:
                return fd


    def release(self, fd: int) -> None:
        """Give a lock back."""
        os.close(fd)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
