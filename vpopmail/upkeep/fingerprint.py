"""Sums over records, to compare two stores that list them in orders of their own."""

from __future__ import annotations

from hashlib import sha256

from vpopmail.formats.text import to_bytes
from vpopmail.records import NOQUOTA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import VqPasswd

_RING = 1 << 256


class Sum:
    """How many records there are, and a sum of their hashes, which takes no order."""

    __slots__ = ("count", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0

    def add(self, content: bytes) -> None:
        """Add a record."""
        self.count += 1
        self.total = (self.total + int.from_bytes(sha256(content).digest())) % _RING

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sum):
            return NotImplemented
        return (self.count, self.total) == (other.count, other.total)

    __hash__ = None  # type: ignore[assignment]


def content_of(user: VqPasswd, *, clear: bool) -> bytes:
    """What a record says, in bytes; stores that write it differently give the same.

    Args:
        user: the record.
        clear: whether the clear password belongs to it.
    """
    fields = (
        user.pw_name,
        user.pw_passwd,
        user.pw_uid or 1,
        user.pw_gid,
        user.pw_gecos,
        user.pw_dir,
        user.pw_shell or NOQUOTA,
        user.pw_clear_passwd if clear else "",
    )
    return packed(*fields)


def packed(*fields: object) -> bytes:
    """Fields in bytes, so that no two rows of fields give the same."""
    texts = [to_bytes(str(field)) for field in fields]
    return b"".join(b"%d:%b," % (len(text), text) for text in texts)
