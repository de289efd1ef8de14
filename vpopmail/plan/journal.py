"""The journal of unfinished changes: what a killed process leaves for the next one.

In the directory where a change takes place lies, while it takes place, ``.vpopmail/<id>/``, the
stage of the change: what is being built for it, and its entry, which says what it is about. The
process that works on it holds a lock on the stage, which ends with the process.

An entry gives no orders. It holds the kind of the change and names, never paths, and whoever
finds it decides by the stores themselves whether the change counts, and works only beneath the
directory in which the journal lies.

What has been built is moved from the stage to its place only after the entry is on the disk. So
while a thing is still on the stage, the thing in its place is a stranger's.
"""

from __future__ import annotations

import errno
import fcntl
import os
from itertools import chain, islice

from vpopmail.errors import FileNotUpdated, FormatError
from vpopmail.log import warn
from vpopmail.safeio.directory import Directory, Owner
from vpopmail.safeio.tree import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self

JOURNAL = ".vpopmail"
ENTRY = "entry"
_HEAD = "vpopmail journal 1"
_END = "end"
_ATTEMPTS = 100
_AT_ONCE = 1000  # lines that are written with one call
_DIGITS = 19
_ESCAPES = ("x", "t", "n", "r")  # after a backslash, beside another one

Fact = tuple[str, ...]


def format_entry(kind: str, facts: Iterable[Fact]) -> bytes:
    """The text of an entry.

    Args:
        kind: the kind of the change, one word.
        facts: tuples of texts; any characters.
    """
    return b"".join(_pieces(kind, facts))


def _pieces(kind: str, facts: Iterable[Fact]) -> Iterator[bytes]:
    """The text of an entry in pieces of many lines."""
    words = ("\t".join(map(_escape, fact)) for fact in facts)
    lines = (f"{line}\n" for line in chain((_HEAD, kind), words, (_END,)))
    while piece := "".join(islice(lines, _AT_ONCE)):
        yield piece.encode("ascii")


def parse_entry(data: bytes) -> tuple[str, list[Fact]]:
    """Kind and facts of an entry.

    Raises:
        FormatError: not an entry, or not all of one.
    """
    try:
        lines = data.decode("ascii").split("\n")
        if len(lines) < 4 or lines[0] != _HEAD or lines[-2:] != [_END, ""]:
            raise FormatError(JOURNAL, "not a complete entry")
        return lines[1], [
            tuple(_unescape(word) for word in line.split("\t")) for line in lines[2:-2]
        ]
    except UnicodeError as error:
        raise FormatError(JOURNAL, "not an entry") from error


# How many words each fact has after its name; the owner of a directory may have written any.
_WORDS = {
    "add": (1, 2),
    "adopt": (2,),
    "delete": (3,),
    "remove": (1,),
    "accepted": (1,),
    "counter": (1,),
    "count": (2,),
    "advance": (0,),
    "reuse": (0,),
    "retreat": (0,),
    "taken": (1,),
    "freed": (1,),
    "changed": (2,),
    "aliased": (2,),
    "refresh": (1,),
    "put": (1,),
    "drop": (1,),
    "stored": (2,),
}
_NUMBERS = ("counter", "count")


def _is_fact(fact: Fact) -> bool:
    name, *words = fact
    if len(words) not in _WORDS.get(name, ()) or any("\0" in word for word in words):
        return False
    return name not in _NUMBERS or all(map(_is_number, words))


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= _DIGITS


def _escape(word: str) -> str:
    return (
        word.encode("utf-8", "surrogateescape")
        .decode("latin-1")
        .encode("unicode_escape")
        .decode("ascii")
    )


def _unescape(word: str) -> str:
    if "\\" not in word:
        return word
    # Python warns of escapes that it does not know, and knows more than ours.
    escapes = word.replace("\\\\", "").split("\\")[1:]
    if not all(escape.startswith(_ESCAPES) for escape in escapes):
        raise FormatError(JOURNAL, "an escape that no entry has")
    return (
        word.encode("ascii")
        .decode("unicode_escape")
        .encode("latin-1")
        .decode("utf-8", "surrogateescape")
    )


class Stage:
    """The stage of one change: a directory of its own, locked while its process lives.

    Attributes:
        directory: the open stage.
    """

    __slots__ = ("directory", "name", "place")

    def __init__(self, place: Directory, name: str, directory: Directory) -> None:
        self.place = place
        self.name = name
        self.directory = directory

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        """Remove the stage, or after an error leave it to the next change."""
        if kind is None:
            self.close()
        else:
            self.abandon()

    def enter(self, kind: str, facts: Iterable[Fact]) -> None:
        """Write the entry; from now on a later process finishes or undoes the change."""
        self.directory.create(ENTRY, _pieces(kind, facts), None)
        self.directory.flush()
        if self.place.sync:
            with self.place.enter(JOURNAL) as journal:
                journal.flush()
        self.place.flush()

    def withdraw(self) -> None:
        """Take the entry back: nothing is left to be finished."""
        self.directory.remove(ENTRY)

    def entry(self) -> tuple[str, list[Fact]] | None:
        """Kind and facts of the entry, if it was written, is whole and can be one of ours."""
        try:
            data = self.directory.read(ENTRY)
            entry = None if data is None else parse_entry(data)
        except (FormatError, OSError):
            return None
        return entry if entry is not None and all(map(_is_fact, entry[1])) else None

    def close(self) -> None:
        """Remove the stage with all that is still on it, the entry first.

        What cannot be removed is left to the next change, and logged: it is no reason to report
        a change that was done as failed.
        """
        if self.directory.fd < 0:
            return
        try:
            self.remove()
        except OSError as error:
            path = f"{self.place.path}/{JOURNAL}/{self.name}"
            warn("%s is left to be removed: %s", path, error)
        finally:
            self.directory.close()

    def remove(self) -> None:
        """Remove the stage with all that is on it, the entry first. Raises: OSError."""
        self.withdraw()
        with self.place.enter(JOURNAL) as journal:
            remove_tree(journal, self.name)
        self.place.remove_directory(JOURNAL)

    def abandon(self) -> None:
        """Leave the stage to the next process: close it without removing anything."""
        self.directory.close()


def begin(place: Directory, owner: Owner) -> Stage:
    """Make a stage in a directory and lock it.

    The stage belongs to this process's user, and nobody else can enter it: what is built there
    is safe from the owner of the directory.

    Args:
        place: the directory in which the change takes place.
        owner: who gets the journal that holds the stages.

    Raises:
        FileNotUpdated: something else has the name of the journal.
        OSError.
    """
    for _ in range(_ATTEMPTS):
        try:
            journal = _journal(place, owner)
        except FileNotFoundError:
            continue
        with journal:
            stage = _begin(place, journal)
        if stage is not None:
            return stage
    raise OSError(errno.EAGAIN, "no stage can be made", f"{place.path}/{JOURNAL}")


def _journal(place: Directory, owner: Owner) -> Directory:
    try:
        return place.make(JOURNAL, owner)
    except FileExistsError:
        try:
            return place.enter(JOURNAL)
        except OSError as error:
            if error.errno not in {errno.ELOOP, errno.ENOTDIR}:
                raise
            path = f"{place.path}/{JOURNAL}"
            raise FileNotUpdated(path, "it is no directory of ours: move it away") from error


def _begin(place: Directory, journal: Directory) -> Stage | None:
    """A stage, or None if another process cleared the journal away just now."""
    name = os.urandom(8).hex()
    try:
        directory = journal.make(name, Owner(os.geteuid(), os.getegid()))
    except FileNotFoundError:
        return None
    if _lock(directory) and journal.has(name):
        return Stage(place, name, directory)
    directory.close()
    return None


def _lock(directory: Directory) -> bool:
    try:
        fcntl.flock(directory.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def leftovers(place: Directory) -> Iterator[Stage]:
    """The stages of dead processes in a directory; the caller closes each.

    Args:
        place: the directory; the caller holds the lock under which changes take place there.

    Raises:
        OSError.
    """
    try:
        journal = place.enter(JOURNAL)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            return  # a stranger's: nothing of ours can be in it
        raise
    with journal:
        for name in journal.names():
            try:
                directory = journal.enter(name)
            except OSError:
                continue
            if _lock(directory) and journal.has(name):
                yield Stage(place, name, directory)
            else:
                directory.close()
    place.remove_directory(JOURNAL)


def left_names(place: Directory) -> list[str]:
    """What ``leftovers`` would find or clear away, by name: only looked at, without a lock.

    ``""`` stands for a journal that is empty. A process that goes on at this moment may end what
    is told here.

    Raises:
        OSError.
    """
    try:
        journal = place.enter(JOURNAL)
    except FileNotFoundError:
        return []
    with journal:
        names = journal.names()
        if not names:
            return [""]
        working = _locked_inodes()
        found = [(name, journal.status(name)) for name in names]
        return [name for name, status in found if status and status.st_ino not in working]


def _locked_inodes() -> set[int]:
    """The inodes on which some process of this system holds an ``flock``."""
    try:
        with open("/proc/locks", encoding="ascii") as file:
            lines = [line.split() for line in file]
    except OSError:
        return set()
    return {int(words[5].rpartition(":")[2]) for words in lines if words[1] == "FLOCK"}


def is_ours(stage: Stage) -> bool:
    """Whether the stage has been made by us, by root, or by the owner of the directory."""
    maker = os.fstat(stage.directory.fd).st_uid
    return maker in {0, os.geteuid(), os.fstat(stage.place.fd).st_uid}


def is_roots(stage: Stage) -> bool:
    """Whether the stage has been made by us or by root, so that nobody else wrote its entry."""
    return os.fstat(stage.directory.fd).st_uid in {0, os.geteuid()}
