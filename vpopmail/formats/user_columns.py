"""Some users of a domain, field by field: so a listing of many takes a third of the time.

Lines that are all of one kind are taken apart together, by a few operations on the whole text;
others line by line. Source: formats, vpasswd.
"""

from __future__ import annotations

from itertools import islice

from vpopmail.formats.text import leading_int, to_bytes, to_text
from vpopmail.records import VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_FIELDS = 7
_AT_ONCE = 100


class UserColumns:
    """Some users, one after the other.

    Args:
        The attributes, in this order.

    Attributes:
        pw_name, pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell, pw_clear_passwd, pw_flags:
            those of VqPasswd, each a list with one element a user.
    """

    __slots__ = VqPasswd.__slots__

    def __init__(  # noqa: PLR0913, PLR0917 - the members of the record
        self,
        pw_name: list[str],
        pw_passwd: list[str],
        pw_uid: list[int],
        pw_gid: list[int],
        pw_gecos: list[str],
        pw_dir: list[str],
        pw_shell: list[str],
        pw_clear_passwd: list[str],
        pw_flags: list[int],
    ) -> None:
        self.pw_name = pw_name
        self.pw_passwd = pw_passwd
        self.pw_uid = pw_uid
        self.pw_gid = pw_gid
        self.pw_gecos = pw_gecos
        self.pw_dir = pw_dir
        self.pw_shell = pw_shell
        self.pw_clear_passwd = pw_clear_passwd
        self.pw_flags = pw_flags

    def __len__(self) -> int:
        return len(self.pw_name)

    @classmethod
    def of(cls, users: Sequence[VqPasswd]) -> UserColumns:
        """The columns of records."""
        return cls(
            [user.pw_name for user in users],
            [user.pw_passwd for user in users],
            [user.pw_uid for user in users],
            [user.pw_gid for user in users],
            [user.pw_gecos for user in users],
            [user.pw_dir for user in users],
            [user.pw_shell for user in users],
            [user.pw_clear_passwd for user in users],
            [user.pw_flags for user in users],
        )

    def records(self) -> Iterator[VqPasswd]:
        """Each user as a fresh record."""
        return map(
            VqPasswd,
            self.pw_name,
            self.pw_passwd,
            self.pw_uid,
            self.pw_gid,
            self.pw_gecos,
            self.pw_dir,
            self.pw_shell,
            self.pw_clear_passwd,
            self.pw_flags,
        )


def in_columns(users: Iterable[VqPasswd]) -> Iterator[UserColumns]:
    """Records field by field, some at a time.

    Args:
        users: as they come; read no further than needed.

    Yields:
        Columns of at most 100 users; none without users.
    """
    rest = iter(users)
    while some := list(islice(rest, _AT_ONCE)):
        yield UserColumns.of(some)


def parse_alike(lines: bytes) -> UserColumns | None:
    """The users of lines that all have 7 fields, or all 8 without a colon in the last.

    Args:
        lines: of vpasswd, whole, each with its newline; none at all is fine.

    Returns:
        What ``vpasswd.parse_line`` makes of each; None if the lines are of other kinds.

    Source: formats, vpasswd.
    """
    count = lines.count(b"\n")
    fields = lines.count(b":", 0, lines.find(b"\n") + 1) + 1
    if not count or fields not in {_FIELDS, _FIELDS + 1}:
        return None
    # With the ends of lines as elements of their own it is seen at once whether all are in place.
    parts = to_text(lines).replace("\n", ":\n:").split(":")
    width = fields + 1
    if parts.pop() or len(parts) != count * width or parts[fields::width].count("\n") != count:
        return None
    gids = _numbers(parts[3::width])
    return UserColumns(
        parts[0::width],
        parts[1::width],
        _numbers(parts[2::width]),
        gids,
        parts[4::width],
        parts[5::width],
        parts[6::width],
        parts[7::width] if fields > _FIELDS else [""] * count,
        gids.copy(),
    )


def _numbers(texts: list[str]) -> list[int]:
    # Of a field of numbers most are the same.
    known = {text: leading_int(to_bytes(text)) for text in set(texts)}
    return [known[text] for text in texts]
