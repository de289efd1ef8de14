"""What tells one stored state from another, without saying what is in it: for journal entries."""

from __future__ import annotations

from vpopmail.formats.text import to_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vpopmail.records import VqPasswd

_NONE = ""


def fingerprint(user: VqPasswd | None) -> str:
    """The fingerprint of a record; ``""`` for no user.

    Args:
        user: the record; the clear password does not count, since not every store keeps it.
    """
    if user is None:
        return _NONE
    fields = (user.pw_passwd, user.pw_uid, user.pw_gid, user.pw_gecos, user.pw_dir, user.pw_shell)
    return _digest("\0".join(map(str, fields)))


def fingerprint_of_lines(lines: Sequence[str] | None) -> str:
    """The fingerprint of an alias; ``""`` for none."""
    return _NONE if lines is None else _digest("\n".join(lines))


def _digest(text: str) -> str:
    from hashlib import sha256  # it loads a library of cryptography; few changes need an entry

    return sha256(to_bytes(text)).hexdigest()
