"""Reading vpasswd and its index vpasswd.cdb.

The text is the truth. The index counts while it is not older than the text; a process killed
between the two renames leaves an old index, and the text is read instead.
"""

from __future__ import annotations

import os
import stat

from vpopmail.errors import FormatError
from vpopmail.formats import cdb, vpasswd
from vpopmail.formats.text import to_bytes, to_text
from vpopmail.safeio.view import Watched, is_not_plain, open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import VqPasswd
    from vpopmail.safeio.view import FileView

TEXT = "vpasswd"
INDEX = "vpasswd.cdb"
_MOST_KNOWN = 10_000
# All records of an index up to this size are read once so many of them were looked up that it
# costs no more than what was spent: one for each of these bytes of its size.
_LARGEST_LOADED = 4 << 20
_WORTH = 1024


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

    def watch(self, name: str) -> Watched:
        """One of the files, to be looked at again and again."""
        return Watched(self._name(name), self.dir_fd)

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
    """Finds users in one domain, keeping its files open while they do not change.

    Args:
        place: the domain's files.
        clear_passwd: whether the eighth field is kept in the records.
    """

    __slots__ = ("clear_passwd", "current", "index", "loaded", "place", "text")

    def __init__(self, place: Place, *, clear_passwd: bool) -> None:
        self.place = place
        self.clear_passwd = clear_passwd
        self.text = place.watch(TEXT)
        self.index = place.watch(INDEX)
        # An index and the text that it was last found to be no older than.
        self.current: tuple[FileView, FileView] | None = None
        # The index that was last read as a whole, and whether that went well.
        self.loaded: tuple[FileView | None, bool] = (None, False)

    def find(self, name: str) -> VqPasswd | None:
        """The user of this name, as a fresh record, or None.

        Raises:
            OSError: the files cannot be read.
        """
        index = _look(self.index)
        if index is not None and self._counts(index):
            user: VqPasswd | None = index.known.get(name)
            if user is not None:
                return user.copy()
            try:
                return self._find_in_index(index, name)
            except FormatError:
                pass  # a broken index: the text knows
        return self._find_in_text(name)

    def _counts(self, index: FileView) -> bool:
        """Whether an index is not older than the text.

        The index was just looked at by its path: if the text is untouched it is still beside it.
        """
        current = self.current
        if current is not None and current[0] is index and current[1].is_untouched():
            return True
        text = _look(self.text)
        if text is None or index.mtime_ns < text.mtime_ns:
            return False
        self.current = (index, text) if index.single and text.single else None
        return True

    def _find_in_index(self, index: FileView, name: str) -> VqPasswd | None:
        loaded, complete = self.loaded
        if loaded is not index and _is_worth_loading(index):
            complete = self._load(index)
            self.loaded = loaded, complete = index, complete
        if loaded is index and complete:
            user: VqPasswd | None = index.known.get(name)
            return None if user is None else user.copy()
        data = cdb.find(index, to_bytes(name))
        user = None if data is None else self._record(name, data)
        if user is None or not index.settled or len(index.known) >= _MOST_KNOWN:
            return user
        index.known[name] = user
        return user.copy()

    def _load(self, index: FileView) -> bool:
        """Get to know all users; False if a record is broken, which need not concern the others."""
        known: dict[str, VqPasswd | None] = {}
        try:
            for key, data in cdb.iterate(index):
                name = to_text(key)
                # Of several records the first counts.
                if name not in known:
                    known[name] = self._record(name, data)
        except FormatError:
            return False
        index.known.update(known)
        return True

    def _find_in_text(self, name: str) -> VqPasswd | None:
        view = _look(self.text)
        if view is None:
            return None
        text = view[:]
        wanted = to_bytes(name)
        span = vpasswd.find_line(text, wanted)
        if span is None:
            return None
        line = text[span[0] : span[1]].rstrip(b"\n")
        return self._record(name, line[len(wanted) + 1 :])

    def _record(self, name: str, data: bytes) -> VqPasswd | None:
        return vpasswd.parse_lookup(name, data, self.clear_passwd)


def _is_worth_loading(index: FileView) -> bool:
    return index.settled and len(index) <= min(_LARGEST_LOADED, len(index.known) * _WORTH)


def _look(file: Watched) -> FileView | None:
    """The file, if it is there and plain; a link does not count."""
    try:
        return file.look()
    except OSError as error:
        if is_not_plain(error):
            return None
        raise
