"""Last logins in the file lastauth of each home: content the address, time of the file the time."""

from __future__ import annotations

import errno
import os
from stat import S_ISREG
from time import time_ns

from vpopmail.errors import HomeMissing
from vpopmail.safeio import seam
from vpopmail.safeio.directory import Owner, open_trusted
from vpopmail.safeio.view import OPEN_FILE, open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from typing_extensions import Self

    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings

FILE = "lastauth"
_LONGEST = 64
_MOST_OPEN = 64
_FEW = frozenset((errno.EMFILE, errno.ENFILE))
# Through a home, to a file in it: whether its owner lets us list it does not matter.
_ENTER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_NAMES = frozenset(("", ".", ".."))


class FileLastAuth:
    """The last login as a file of the home."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def first_auth_files(self, remote_ip: str) -> dict[str, bytes]:
        """The file that says when the user was made."""
        return {FILE: remote_ip.encode("ascii")}

    def note_new_users(self, domain: str, names: Sequence[str]) -> None:
        """Nothing: the file of the home says it."""

    def read_last_auth(self, domain: DomainEntry, user: VqPasswd) -> tuple[str, int] | None:
        """What the file says; None if it is missing."""
        try:
            with self._home(domain, user) as home, open(open_file(FILE, home.fd), "rb") as file:
                seconds = int(os.fstat(file.fileno()).st_mtime)
                return file.read(_LONGEST).decode("ascii", "replace").strip(), seconds
        except (FileNotFoundError, HomeMissing):
            return None

    def read_last_auths(
        self, domain: DomainEntry, users: Iterable[VqPasswd]
    ) -> Iterator[tuple[VqPasswd, tuple[str, int] | None]]:
        """Each user with what ``read_last_auth`` gives; the domain's directory is opened once."""
        try:
            directory = open_trusted(domain.path, sync=self.settings.sync)
        except OSError:
            yield from ((user, None) for user in users)
            return
        with directory, _Homes(directory) as homes:
            for user in users:
                home = _relative_home(domain, user)
                yield user, None if home is None else homes.read_last_auth(home)

    def write_last_auth(self, domain: DomainEntry, user: VqPasswd, remote_ip: str) -> None:
        """Replace the file; its commit point is the rename.

        From the same address as before only the time changes, which spares the login the disk.
        """
        content = remote_ip.encode("ascii")
        with self._home(domain, user) as home:
            if _renew(home, content, domain.uid):
                return
            try:
                home.replace(FILE, [content], Owner(domain.uid, domain.gid))
            except (FileExistsError, FileNotFoundError):
                return  # another login of the user is noted at this moment

    def restore_last_auths(
        self, domain: DomainEntry, logins: Sequence[tuple[VqPasswd, str, int]]
    ) -> None:
        """Replace the files, with the times of the logins."""
        owner = Owner(domain.uid, domain.gid)
        for user, remote_ip, seconds in logins:
            content = [remote_ip.encode("ascii", "replace")]
            try:
                with self._home(domain, user) as home:
                    home.replace(FILE, content, owner, mtime_ns=seconds * 1_000_000_000)
            except HomeMissing:
                continue

    def _home(self, domain: DomainEntry, user: VqPasswd) -> Directory:
        home = _relative_home(domain, user)
        if home is None:
            raise HomeMissing(user.pw_dir, "it is not below the directory of the domain")
        with open_trusted(domain.path, sync=self.settings.sync) as directory:
            try:
                return directory.enter(home)
            except OSError as error:
                raise HomeMissing(user.pw_dir, error.strerror or "") from error


def _relative_home(domain: DomainEntry, user: VqPasswd) -> str | None:
    # Not by the stored path: below the domain no link of a mailbox owner is followed.
    start = f"{domain.path}/"
    home = user.pw_dir.removeprefix(start)
    if home == user.pw_dir or not _NO_NAMES.isdisjoint(home.split("/")):
        return None
    return home


class _Homes:
    """The homes of a domain.

    The directories that hold many stay open: most users of one come one after the other.

    Args:
        directory: that of the domain, open.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._opened: dict[str, Directory] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()

    def read_last_auth(self, home: str) -> tuple[str, int] | None:
        """What is noted in a home; None if that cannot be read, whatever is there instead."""
        try:
            file = self._open(home)
        except OSError:
            return None
        try:
            status = os.fstat(file)
            if not S_ISREG(status.st_mode):
                return None
            content = os.read(file, _LONGEST)
        finally:
            os.close(file)
        return content.decode("ascii", "replace").strip(), int(status.st_mtime)

    def _open(self, home: str) -> int:
        """The file in a home; where descriptors are few, those that are kept open go for it."""
        try:
            return self._open_below(home)
        except OSError as error:
            if error.errno not in _FEW or not self._opened:
                raise
        self._close()
        return self._open_below(home)

    def _open_below(self, home: str) -> int:
        above, _, name = home.rpartition("/")
        fd = os.open(name, _ENTER, dir_fd=self._above(above).fd)
        try:
            return os.open(FILE, OPEN_FILE, dir_fd=fd)
        finally:
            os.close(fd)

    def _above(self, path: str) -> Directory:
        if not path:
            return self._directory
        directory = self._opened.get(path)
        if directory is None:
            if len(self._opened) >= _MOST_OPEN:
                self._close()
            directory = self._opened[path] = self._directory.enter(path)
        return directory

    def _close(self) -> None:
        while self._opened:
            self._opened.popitem()[1].close()


def _renew(home: Directory, content: bytes, uid: int) -> bool:
    """Set the time of the file if it has this content and owner; whether it has."""
    try:
        fd = open_file(FILE, home.fd)
    except OSError:
        return False  # it is missing, or what it must not be
    try:
        if os.fstat(fd).st_uid != uid or os.read(fd, _LONGEST) != content:
            return False
        seam.set_mtime(fd, time_ns())
    finally:
        os.close(fd)
    return True
