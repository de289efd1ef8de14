"""Reading vpasswd and its index vpasswd.cdb.

The text is the truth. The index counts while it is not older than the text; a process killed
between the two renames leaves an old index, and the text is read instead. If the text is lost,
users are still found in the index, but nothing can be listed or changed.
"""

from __future__ import annotations

import os
import stat

from vpopmail import errors
from vpopmail.formats import cdb, vpasswd
from vpopmail.formats.text import to_bytes
from vpopmail.safeio.view import Watched, open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import VqPasswd
    from vpopmail.safeio.view import FileView

TEXT = "vpasswd"
INDEX = "vpasswd.cdb"
NO_FILE = "it is no plain file: put one in its place, from a backup if need be"
_MOST_KNOWN = 10_000
# An index up to this size is read as a whole once so many users of it were found one by one that
# reading the others costs about as much as they did: one user for each of these bytes.
_LARGEST_READ = 4 << 20
_WORTH = 4096


class Place:
    """Where the two files of a domain are: at a path, or in an open directory.

    Args:
        path: directory of the domain, absolute.
        dir_fd: descriptor of an open directory; then ``path`` is for messages only.
    """

    __slots__ = ("dir_fd", "path")

    def __init__(self, path: str, dir_fd: int | None = None) -> None:
        self.path = path
        self.dir_fd = dir_fd

    def status(self, name: str) -> os.stat_result | None:
        """What lstat says of one of the files; None if it is missing or no plain file."""
        status = self._status(name)
        return status if status is not None and stat.S_ISREG(status.st_mode) else None

    def is_no_file(self, name: str) -> bool:
        """Whether what has the name is no plain file: a link, say, or a directory."""
        status = self._status(name)
        return status is not None and not stat.S_ISREG(status.st_mode)

    def check(self) -> None:
        """Tell a domain without users from one whose directory is not there: not mounted, say.

        Raises:
            OSError: it is not there.
        """
        os.stat(self.path)

    def open(self, name: str) -> int:
        """Open one of the files for reading."""
        return open_file(self._name(name), self.dir_fd)

    def read(self, name: str) -> bytes:
        """All of one of the files."""
        with open(self.open(name), "rb") as file:
            return file.read()

    def watch(self, name: str) -> Watched:
        """One of the files, to be looked at again and again; a link does not count."""
        return Watched(self._name(name), self.dir_fd, tolerant=True)

    def _status(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(self._name(name), dir_fd=self.dir_fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _name(self, name: str) -> str:
        return name if self.dir_fd is not None else f"{self.path}/{name}"


def fresh_index(place: Place) -> os.stat_result | None:
    """The status of the index if it counts: it is there and not older than the text."""
    text = place.status(TEXT)
    index = place.status(INDEX)
    if text is None or index is None or index.st_mtime_ns < text.st_mtime_ns:
        return None
    return index


def lost_text(place: Place) -> str:
    """What to tell of a text that must have been there; ``""`` if nothing is wrong.

    An index without its text is no empty domain: what is written then would lose all its users.
    Nor is one whose text is a link, which C follows.
    """
    if place.status(TEXT) is not None:
        return ""
    if place.is_no_file(TEXT):
        return NO_FILE
    # The text of a first user comes before his index: he may have been added just now.
    if place.status(INDEX) is not None and place.status(TEXT) is None:
        return f"it is missing, but {INDEX} is there: put it back, from a backup if need be"
    return ""


class Lookup:
    """Finds users in one domain, keeping its files open while they do not change.

    Args:
        place: the domain's files.
        clear_passwd: whether the eighth field is kept in the records.
    """

    __slots__ = ("clear_passwd", "current", "index", "place", "records", "text")

    def __init__(self, place: Place, *, clear_passwd: bool) -> None:
        self.place = place
        self.clear_passwd = clear_passwd
        self.text = place.watch(TEXT)
        self.index = place.watch(INDEX)
        # An index and the text that it was last found to be no older than.
        self.current: tuple[FileView, FileView] | None = None
        # An index that was read as a whole, and its records; None if one of them is broken.
        self.records: tuple[FileView | None, dict[bytes, bytes] | None] = (None, None)

    def close(self) -> None:
        """Close the files; the next look opens them again."""
        self.current = None
        self.records = None, None
        self.text.view = self.index.view = None

    def find(self, name: str) -> VqPasswd | None:
        """The user of this name, as a fresh record, or None.

        Raises:
            AccountsLost: there are no files, but there have been users.
            OSError: the files cannot be read.
        """
        index = self.index.glance()
        if index is not None and self._counts(index):
            user: VqPasswd | None = index.known.get(name)
            if user is not None:
                return user.copy()
            try:
                return self._find_in_index(index, name)
            except (errors.FormatError, errors.InvalidCharacter):
                pass  # a broken index: the text knows
        return self._find_in_text(name)

    def _counts(self, index: FileView) -> bool:
        """Whether an index is not older than the text."""
        if self.current is not None:
            known, beside = self.current
            if known is index and self.text.glance() is beside:
                return True
        self.current = None
        text = self.text.look()
        if text is None:
            return True  # the text is lost: better this than nobody, as the C tools have it
        if index.mtime_ns < text.mtime_ns:
            return False
        if index.single and text.single:
            self.current = index, text
        return True

    def _find_in_index(self, index: FileView, name: str) -> VqPasswd | None:
        data = self._read_record(index, to_bytes(name))
        user = None if data is None else self._record(name, data)
        if user is None or not index.settled or len(index.known) >= _MOST_KNOWN:
            return user
        index.known[name] = user
        return user.copy()

    def _read_record(self, index: FileView, key: bytes) -> bytes | None:
        whole, records = self.records
        if whole is not index:
            records = None
            if _is_worth_reading(index):
                records = _read_all(index)
                self.records = index, records
            elif whole is not None:
                self.records = None, None
        if records is not None:
            return records.get(key)
        return cdb.find(index, key)

    def _find_in_text(self, name: str) -> VqPasswd | None:
        view = self.text.look()
        if view is None:
            if self.place.dir_fd is None:  # else it is being changed, which was looked into before
                from vpopmail.backends.cdb.lost import check_users

                check_users(self.place)
            return None
        text = view[:]
        try:
            wanted = to_bytes(name)
        except errors.InvalidCharacter:
            return None  # no line can have the name
        span = vpasswd.find_line(text, wanted)
        if span is None:
            return None
        line = text[span[0] : span[1]].rstrip(b"\n")
        return self._record(name, line[len(wanted) + 1 :])

    def _record(self, name: str, data: bytes) -> VqPasswd | None:
        return vpasswd.parse_lookup(name, data, self.clear_passwd)


def _is_worth_reading(index: FileView) -> bool:
    return index.settled and len(index) <= min(_LARGEST_READ, len(index.known) * _WORTH)


def _read_all(index: FileView) -> dict[bytes, bytes] | None:
    """All records; None if one is broken, which does not concern the others."""
    records: dict[bytes, bytes] = {}
    try:
        for key, data in cdb.iterate(index):
            # Of several for a name the first counts.
            records.setdefault(key, data)
    except errors.FormatError:
        return None
    return records
