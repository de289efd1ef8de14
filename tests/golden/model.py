"""What a recording and our own directories look like to the comparison: entries, trees, snapshots.

Both are kept in the words of the recordings: placeholders for the directories, ``uid:gid``
for the owner, the records for a cdb file.
"""

from __future__ import annotations

import base64
import os
import re
import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

Records = tuple[tuple[bytes, bytes], ...]

# The traditional paths that the recorded cdb files were written with.
TRADITIONAL = {"{VPOPMAILDIR}": "/home/vpopmail", "{QMAILDIR}": "/var/qmail"}
# What a recording looks at; of the scratch directory only what lies below.
ROOTS = (
    "{QMAILDIR}/control",
    "{QMAILDIR}/users",
    "{TMP}",
    "{VPOPMAILDIR}/domains",
    "{VPOPMAILDIR}/etc",
    "{VPOPMAILDIR}/users",
)
MESSAGE_NAME = re.compile(r"\d{9,}\.[0-9A-Za-z_-]+\.[^,:/]+")
CDB_HEADER = 2048


@dataclass(frozen=True)
class Entry:
    """One path of a tree.

    ``records`` is set for a cdb file, ``data`` for any other file, ``target`` for a link.
    ``digest`` and ``raw`` are what is known of the bytes of a cdb file.
    """

    kind: str
    mode: int | None = None
    owner: str | None = None
    data: bytes | None = None
    records: Records | None = None
    target: str | None = None
    links: int = 1
    digest: str | None = None
    raw: bytes | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """The content of a file that is no cdb, as text."""
        return (self.data or b"").decode("utf-8", "surrogateescape")

    def with_text(self, text: str) -> Entry:
        """The same file with another content."""
        return replace(self, data=text.encode("utf-8", "surrogateescape"))

    def with_records(self, records: Records) -> Entry:
        """The same cdb file with other records; nothing is known of its bytes then."""
        if records == self.records:
            return self
        return replace(self, records=records, digest=None, raw=None)

    def same_state(self, other: Entry | None) -> bool:
        """Whether both show one state; the bytes of a cdb file may be known of one only."""
        return other is not None and replace(self, digest=None) == replace(
            other, digest=None
        )


Tree = dict[str, Entry]


def entry_of(recorded: Mapping[str, Any]) -> Entry:
    """The entry that a recording describes.

    A cdb file is given by its records; any other file by its text, or base64 when it is not text.
    """
    kind = recorded["type"]
    mode = int(recorded["mode"], 8) if "mode" in recorded else None
    records = data = None
    raw = base64.b64decode(recorded["base64"]) if "base64" in recorded else None
    if "cdb" in recorded:
        records = tuple((_latin(k), _latin(v)) for k, v in recorded["cdb"])
    elif kind == "file":
        data = (
            raw
            if raw is not None
            else recorded["text"].encode("utf-8", "surrogateescape")
        )
    return Entry(
        kind,
        mode,
        recorded.get("owner"),
        data,
        records,
        recorded.get("target"),
        recorded.get("nlink", 1),
        recorded.get("sha256"),
        raw if records is not None else None,
    )


def tree_of(recorded: Mapping[str, Mapping[str, Any]]) -> Tree:
    """The tree of a ``final``; tables of a database are left out."""
    return {p: entry_of(e) for p, e in recorded.items() if e.get("type") != "table"}


def _latin(text: str) -> bytes:
    return text.encode("latin-1")


def read_cdb(data: bytes) -> Records:
    """The records of a cdb file in file order.

    Written here again, and not taken from the library, so that both cannot share a mistake.
    """
    if len(data) < CDB_HEADER:
        raise ValueError("a cdb file has a header of 2048 bytes")
    end = min(struct.unpack_from("<I", data, 8 * i)[0] for i in range(256))
    at, records = CDB_HEADER, []
    while at < end:
        keylen, length = struct.unpack_from("<II", data, at)
        start = at + 8 + keylen
        records.append((data[at + 8 : start], data[start : start + length]))
        at = start + length
    return tuple(records)


@dataclass(frozen=True)
class Places:
    """Where the placeholders of a recording are on this machine.

    ``database`` has what stands in a recording for a server, and what stands for it here.
    """

    vpopmaildir: Path
    qmaildir: Path
    tmp: Path
    database: tuple[tuple[str, str], ...] = ()

    def _pairs(self) -> tuple[tuple[str, str], ...]:
        return (
            ("{VPOPMAILDIR}", str(self.vpopmaildir)),
            ("{QMAILDIR}", str(self.qmaildir)),
            ("{TMP}", str(self.tmp)),
            ("{BIN}", str(self.tmp.parent / "b")),
            ("{PROG}", "python"),
        )

    def real(self, text: str) -> str:
        """Text of a recording with the directories of this machine."""
        for name, path in (*self._pairs(), *self.database):
            text = text.replace(name, path)
        return text

    def recorded(self, data: bytes) -> bytes:
        """Bytes of ours with the placeholders of a recording."""
        for name, path in (*self._pairs()[:3], *self.database):
            data = data.replace(path.encode(), name.encode())
        return data

    def recorded_text(self, text: str) -> str:
        """Text of ours with the placeholders of a recording."""
        return self.recorded(text.encode("utf-8", "surrogateescape")).decode(
            "utf-8", "surrogateescape"
        )


@dataclass(frozen=True)
class Owners:
    """How owners are written: the numbers, or for a caller who is not root one name for all his own.

    A caller who is not root owns everything, what a recording calls 89:89 and what it calls 0:0.
    """

    uid: int
    gid: int

    @property
    def is_root(self) -> bool:
        """Whether owners can be given, and so compared."""
        return self.uid == 0

    def written(self, uid: int, gid: int) -> str:
        """An owner as entries have it."""
        if not self.is_root and (uid, gid) == (self.uid, self.gid):
            return "own"
        return f"{uid}:{gid}"

    def expected(self, recorded: str | None) -> str | None:
        """The owner of a recording as entries have it here."""
        if not self.is_root and recorded in ("89:89", "0:0"):
            return "own"
        return recorded


def snapshot(places: Places, owners: Owners) -> Tree:
    """Everything below the roots, as it is now."""
    tree: Tree = {}
    for root in ROOTS:
        top = Path(places.real(root))
        if root != "{TMP}" and os.path.lexists(top):
            tree[root] = read_entry(top, places, owners)
        for path in _below(top):
            name = places.recorded_text(str(path))
            tree[_message_placeholder(name, tree)] = read_entry(path, places, owners)
    return tree


def _below(top: Path) -> Iterator[Path]:
    if top.is_symlink() or not top.is_dir():
        return
    for name in sorted(os.listdir(top)):
        yield top / name
        yield from _below(top / name)


def _message_placeholder(path: str, taken: Mapping[str, Entry]) -> str:
    head, _, name = path.rpartition("/")
    if head.rpartition("/")[2] not in ("new", "cur", "tmp"):
        return path
    plain = MESSAGE_NAME.sub("{TIME}.{PID}.{HOST}", name, count=1)
    number, unique = 1, plain
    while plain != name and f"{head}/{unique}" in taken:
        number += 1
        unique = f"{plain}#{number}"
    return f"{head}/{unique}"


def read_entry(path: Path, places: Places, owners: Owners) -> Entry:
    """One path as it is now; links are not followed."""
    info = path.lstat()
    mode, owner = stat.S_IMODE(info.st_mode), owners.written(info.st_uid, info.st_gid)
    if stat.S_ISLNK(info.st_mode):
        return Entry("link", target=places.recorded_text(os.readlink(path)))
    if stat.S_ISDIR(info.st_mode):
        return Entry("dir", mode, owner)
    if not stat.S_ISREG(info.st_mode):
        return Entry("fifo" if stat.S_ISFIFO(info.st_mode) else "other", mode, owner)
    raw = path.read_bytes()
    if is_cdb(path.name):
        records = tuple(
            (places.recorded(k), places.recorded(v)) for k, v in read_cdb(raw)
        )
        records = tuple((k, _own_numbers(v, b"\0", owners)) for k, v in records)
        return Entry("file", mode, owner, records=records, links=info.st_nlink, raw=raw)
    data = places.recorded(raw)
    if path.name == "assign":
        data = _own_numbers(data, b":", owners)
    return Entry("file", mode, owner, data, links=info.st_nlink)


def _own_numbers(data: bytes, separator: bytes, owners: Owners) -> bytes:
    """Where the caller is not root his uid and gid stand for the 89 of the recordings."""
    if owners.is_root:
        return data
    ours = (
        separator + separator.join((b"%d" % owners.uid, b"%d" % owners.gid)) + separator
    )
    return data.replace(ours, separator + b"89" + separator + b"89" + separator)


def is_cdb(name: str) -> bool:
    """Whether a file of this name is a cdb container."""
    return name == "cdb" or name.endswith(".cdb")


def fresh_tree(owners: Owners) -> Tree:
    """The tree that every scenario starts from."""
    vpopmail, root = owners.expected("89:89"), owners.expected("0:0")
    return {
        "{VPOPMAILDIR}/domains": Entry("dir", 0o700, vpopmail),
        "{VPOPMAILDIR}/etc": Entry("dir", 0o755, vpopmail),
        "{VPOPMAILDIR}/etc/vlimits.default": Entry(
            "file", 0o644, vpopmail, b"# no limits\n"
        ),
        "{QMAILDIR}/control": Entry("dir", 0o755, root),
        "{QMAILDIR}/control/me": Entry("file", 0o644, root, b"mail.test\n"),
        "{QMAILDIR}/control/locals": Entry(
            "file", 0o644, root, b"localhost\nmail.test\n"
        ),
        "{QMAILDIR}/users": Entry("dir", 0o755, root),
    }
