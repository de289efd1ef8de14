"""Which domains there are by the directories that hold them, whatever else lies there."""

from __future__ import annotations

import os
import stat

from vpopmail.errors import BaseDirectoryMissing, InvalidDomainName, VpopmailError
from vpopmail.names import check_new_domain, fold
from vpopmail.plan.journal import JOURNAL
from vpopmail.records import DomainEntry
from vpopmail.safeio.directory import Directory, open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# A directory with one of these is that of a domain: every domain is made with the first, and the
# second is what the cdb backend keeps its users in.
MARKS = (".qmail-default", "vpasswd")
_LEVELS = 3

Identity = tuple[int, int]
Ids = tuple[int, int]


class Trees:
    """The domains found below directories that hold domains.

    Links are read, never followed, except those of root and of the caller.

    Args:
        owner: uid and gid for domains whose directory belongs to root; None leaves these out.

    Attributes:
        domains: for each name the directories found for it, one unless the trees disagree, in
            the order in which hashing fills them.
        aliases: names of symbolic links to one of the domains, with the domain.
        paths: directory of each domain, with its name.
        ownerless: names whose directory belongs to root, with that directory.
        notes: what was passed over or is odd, in sentences.
    """

    def __init__(self, owner: Ids | None) -> None:
        self.owner = owner
        self.domains: dict[str, list[DomainEntry]] = {}
        self.aliases: dict[str, str] = {}
        self.paths: dict[str, str] = {}
        self.ownerless: dict[str, str] = {}
        self.notes: list[str] = []
        self.roots: list[str] = []
        self._seen: dict[Identity, str] = {}
        self._links: list[tuple[str, str, bool]] = []
        self._holder: Ids = (0, 0)

    def search(self, paths: Iterable[str]) -> None:
        """Look below directories that hold domains.

        Args:
            paths: absolute.

        Raises:
            BaseDirectoryMissing: one cannot be opened.
            OSError.
        """
        for path in paths:
            root = path.rstrip("/")
            if not root.startswith("/"):
                raise BaseDirectoryMissing(ascii(path), "give an absolute directory other than /")
            try:
                directory = open_trusted(root)
            except OSError as error:
                raise BaseDirectoryMissing(root, error.strerror or "") from error
            with directory:
                self._look_below(directory, root)
        for path, target, trusted in self._links:
            self._resolve(path, target, trusted=trusted)
        self._links = []

    def is_below(self, path: str) -> bool:
        """Whether a path lies below one of the directories that were searched."""
        return any(path.startswith(f"{root}/") for root in self.roots)

    def _look_below(self, directory: Directory, root: str) -> None:
        status = os.fstat(directory.fd)
        if (status.st_dev, status.st_ino) in self._seen:
            return
        self._seen[status.st_dev, status.st_ino] = root
        self._holder = (status.st_uid, status.st_gid)
        self.roots.append(root)
        if directory.has(JOURNAL):
            self.notes.append(
                f"{root}/{JOURNAL} holds a change of domains that was not finished: look whether "
                "its domain is to be there"
            )
        self._look(directory, root, 0)

    def _look(self, directory: Directory, path: str, level: int) -> None:
        # The directory's own domains first, as hashing fills it before the places in it.
        for name in sorted(directory.names(), key=lambda name: (len(name) == 1, name)):
            status = None if name.startswith(".") else directory.status(name)
            if status is None:
                continue
            inner = f"{path}/{name}"
            if stat.S_ISLNK(status.st_mode):
                target = os.readlink(name, dir_fd=directory.fd)
                trusted = status.st_uid in {0, os.geteuid()}
                self._links.append((inner, target, trusted))
            elif stat.S_ISDIR(status.st_mode):
                self._enter(directory, inner, level)

    def _enter(self, parent: Directory, path: str, level: int) -> None:
        name = path.rpartition("/")[2]
        try:
            with parent.enter(name) as directory:
                if level < _LEVELS and len(name) == 1 and name.isascii() and name.isalnum():
                    self._look(directory, path, level + 1)
                else:
                    self._take(directory, path)
        except OSError as error:
            self._note(path, f"cannot be looked at: {error.strerror}")

    def _take(self, directory: Directory, path: str) -> None:
        """Note the directory as that of a domain, if it is one."""
        name = path.rpartition("/")[2]
        marked = any(directory.has(mark) for mark in MARKS)
        try:
            check_stored(name)
        except VpopmailError as error:
            also = ", though it looks like one's" if marked else ""
            self._note(path, f"has a name that no domain can have{also}: {error.advice}")
            return
        if not marked:
            self._note(path, "has neither .qmail-default nor vpasswd: not taken for a domain")
            return
        status = os.fstat(directory.fd)
        self.paths[path] = name
        self._seen.setdefault((status.st_dev, status.st_ino), path)
        ids = self._ids(path, (status.st_uid, status.st_gid))
        if ids is None:
            self.ownerless.setdefault(name, path)
        else:
            self.domains.setdefault(name, []).append(DomainEntry(name, name, *ids, path))

    def _ids(self, path: str, ids: Ids) -> Ids | None:
        """Who a domain is served as: nobody gets root's rights by a directory."""
        if ids == self.owner:
            return ids
        if ids[0] == 0 and self.owner is not None:
            shown = "{}:{}".format(*self.owner)
            self._note(path, f"belongs to root: taken with {shown}, to whom it must be given")
            return self.owner
        if 0 in ids:
            return None
        if ids != self._holder:
            shown = "{}:{}".format(*ids)
            self._note(path, f"belongs to {shown}, unlike the directory it lies in: taken so")
        return ids

    def _resolve(self, path: str, target: str, *, trusted: bool) -> None:
        """Take a link for an alias domain, or root's for a domain that lies elsewhere."""
        name = path.rpartition("/")[2]
        real = self.paths.get(os.path.normpath(os.path.join(os.path.dirname(path), target)))
        if real is None and trusted:
            real = self._follow(path)
        if real == name:
            return
        if real is None:
            self._note(path, "is a symbolic link to no domain found here: not followed")
            return
        try:
            check_stored(name)
        except VpopmailError as error:
            self._note(path, f"is a symbolic link whose name is no domain's: {error.advice}")
        else:
            self.aliases[name] = real

    def _follow(self, path: str) -> str | None:
        """The domain that a link of root or of the caller leads to."""
        try:
            with open_trusted(path) as directory:
                status = os.fstat(directory.fd)
                seen = self._seen.get((status.st_dev, status.st_ino))
                if seen is None:
                    self._take(directory, path)
                return self.paths.get(path if seen is None else seen)
        except OSError:
            return None

    def _note(self, path: str, what: str) -> None:
        self.notes.append(f"{shown(path)} {what}")


def check_stored(name: str) -> None:
    """Refuse a name that ``vadddomain`` would not have stored.

    Raises:
        InvalidDomainName, DomainNameTooLong.
    """
    if fold(name) != name:
        raise InvalidDomainName(shown(name), "upper case")
    check_new_domain(name)


def shown(text: str) -> str:
    """A name or path from a tree as it may stand in a sentence: one line, plain characters."""
    return ascii(text)[1:-1]
