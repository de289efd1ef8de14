"""Opening homes and Maildirs that a delivery goes to, and reading the delivery files in them."""

from __future__ import annotations

import errno
import os
import stat

from vpopmail.formats.dotqmail import BLANK, parse
from vpopmail.mailstore.paths import path_below
from vpopmail.safeio.directory import open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

    from vpopmail.formats.dotqmail import DeliveryLine
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry
    from vpopmail.safeio.directory import Directory

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_WRITABLE_BY_OTHERS = 0o022
_LARGEST = 1 << 20  # bytes of a delivery file


class UnsafeFile(OSError):
    """A delivery file that somebody else than the domain's owner may have written."""


class Homes:
    """The homes that a delivery looks into, each opened once; closed when it is over.

    Args:
        installation: the site.
        entry: of the recipient's domain; None if there is none.
    """

    def __init__(self, installation: Installation, entry: DomainEntry | None) -> None:
        self._installation = installation
        self._entry = entry
        self._domain: Directory | None = None
        self._homes: dict[str, Directory] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for directory in (*self._homes.values(), self._domain):
            if directory is not None:
                directory.close()

    def open(self, path: str) -> Directory:
        """A home: of the domain without following links, any other one by root's links only.

        Args:
            path: absolute.

        Returns:
            The open home, which stays this object's.

        Raises:
            OSError, DomainDirectoryMissing.
        """
        home = self._homes.get(path)
        if home is None:
            home = self._homes[path] = self._opened(path)
        return home

    def has(self, path: str) -> bool:
        """Whether a home is there; ``""`` never is.

        Raises:
            OSError, DomainDirectoryMissing: it cannot be told.
        """
        if not path:
            return False
        try:
            self.open(path)
        except FileNotFoundError:
            return False
        return True

    def _opened(self, path: str) -> Directory:
        sync = self._installation.settings.file_sync
        below = None if self._entry is None else path_below(self._entry.path, path)
        if self._entry is None or below is None:
            return open_trusted(path, sync=sync)
        if self._domain is None:
            self._domain = self._installation.open_domain(self._entry, keep=True)
        home = self._domain.enter(below)
        home.sync = sync
        home.path = path
        return home


def open_below(directory: Directory, path: str) -> Directory:
    """Open a directory by a path that does not lead out of another one.

    Args:
        directory: open.
        path: relative, such as ``./Maildir/``; no part of it may be a link.

    Raises:
        OSError: EPERM for a part that leads up.
    """
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise OSError(errno.EPERM, "leads out of the home", path)
    return directory.enter("/".join(parts) or ".")


def read_delivery_file(home: Directory, name: str, owner: int) -> list[DeliveryLine]:
    """The lines of a delivery file, without blank ones; none if it is missing or empty.

    A link is followed, as that of a mailing list in a home, unless root would follow it.

    Args:
        home: open.
        name: of the file.
        owner: uid of the domain's owner, whose programs it may start.

    Raises:
        UnsafeFile: it belongs to somebody else, or others could write it.
        OSError: it cannot be read.
    """
    flags = _READ | os.O_NOFOLLOW if os.geteuid() == 0 else _READ
    try:
        fd = os.open(name, flags, dir_fd=home.fd)
    except FileNotFoundError:
        return []
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # an extension that no file can have
            return []
        raise
    try:
        status = os.fstat(fd)
        ours = status.st_uid in {0, owner} and stat.S_ISREG(status.st_mode)
        if not ours or status.st_mode & _WRITABLE_BY_OTHERS:
            raise UnsafeFile(errno.EPERM, "not a file that only its owner writes", name)
        if status.st_size > _LARGEST:
            raise UnsafeFile(errno.EFBIG, "larger than a delivery file may be", name)
        data = os.read(fd, _LARGEST)
    finally:
        os.close(fd)
    return [line for line in parse(data) if line.kind != BLANK]
