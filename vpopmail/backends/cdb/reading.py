"""Reading vpasswd and its index vpasswd.cdb.

The text is the truth. The index counts while it is not older than the text; a process killed
between the two renames leaves an old index, and the text is read instead.
"""

from __future__ import annotations

import os
import stat

from vpopmail.errors import FormatError
from vpopmail.formats import cdb, vpasswd
from vpopmail.formats.text import to_bytes
from vpopmail.safeio.view import FileView, open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import VqPasswd

TEXT = "vpasswd"
INDEX = "vpasswd.cdb"


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
        try:
            status = os.stat(self._name(name), dir_fd=self.dir_fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return status if stat.S_ISREG(status.st_mode) else None

    def open(self, name: str) -> int:
        """Open one of the files for reading."""
        return open_file(self._name(name), self.dir_fd)

    def read(self, name: str) -> bytes:
        """All of one of the files."""
        with open(self.open(name), "rb") as file:
            return file.read()

    def _name(self, name: str) -> str:
        return name if self.dir_fd is not None else f"{self.path}/{name}"


def fresh_index(place: Place) -> os.stat_result | None:
    """The status of the index if it counts: it is there and not older than the text."""
    text = place.status(TEXT)
    index = place.status(INDEX)
    if text is None or index is None or index.st_mtime_ns < text.st_mtime_ns:
        return None
    return index


class Lookup:
    """Finds users in one domain, keeping the index open while it does not change.

    Args:
        place: the domain's files.
        clear_passwd: whether the eighth field is kept in the records.
    """

    __slots__ = ("clear_passwd", "identity", "place", "view")

    def __init__(self, place: Place, *, clear_passwd: bool) -> None:
        self.place = place
        self.clear_passwd = clear_passwd
        self.identity: tuple[int, ...] = ()
        self.view: FileView | None = None

    def find(self, name: str) -> VqPasswd | None:
        """The user of this name, or None.

        Raises:
            OSError: the files cannot be read.
        """
        index = fresh_index(self.place)
        if index is not None:
            try:
                data = cdb.find(self._open(index), to_bytes(name))
            except (FormatError, FileNotFoundError):
                pass  # a broken index, or one that is just being replaced: the text knows
            else:
                return None if data is None else self._record(name, data)
        return self._find_in_text(name)

    def _open(self, index: os.stat_result) -> FileView:
        identity = (index.st_dev, index.st_ino, index.st_mtime_ns, index.st_size)
        if self.view is None or identity != self.identity:
            self.view = FileView(self.place.open(INDEX))
            self.identity = identity
        return self.view

    def _find_in_text(self, name: str) -> VqPasswd | None:
        if self.place.status(TEXT) is None:
            return None
        text = self.place.read(TEXT)
        wanted = to_bytes(name)
        span = vpasswd.find_line(text, wanted)
        if span is None:
            return None
        line = text[span[0] : span[1]].rstrip(b"\n")
        return self._record(name, line[len(wanted) + 1 :])

    def _record(self, name: str, data: bytes) -> VqPasswd | None:
        return vpasswd.parse_lookup(name, data, self.clear_passwd)
