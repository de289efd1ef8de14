"""Records of users on their own: checked, and read from an open file."""

from __future__ import annotations

from vpopmail.accounts.checks import check_lengths
from vpopmail.capi.status import ask, attempt, check_record, check_text, note
from vpopmail.codes import VA
from vpopmail.errors import FormatError
from vpopmail.formats.text import to_bytes
from vpopmail.formats.vpasswd import next_user
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from vpopmail.records import VqPasswd


def vcheck_vqpw(pw: VqPasswd | None, domain: str | None) -> VA:
    """Check that the fields of a record are there and not too long.

    Args:
        pw: the record.
        domain: its domain.

    Returns:
        VA_SUCCESS, VA_NULL_POINTER, VA_USER_NAME_TOO_LONG, VA_ILLEGAL_USERNAME (one character),
        VA_DOMAIN_NAME_TOO_LONG, VA_PASSWD_TOO_LONG, VA_GECOS_TOO_LONG, VA_DIR_TOO_LONG,
        VA_QUOTA_TOO_LONG, VA_CLEAR_PASSWD_TOO_LONG; the first that applies. Characters are not
        looked at, but VA_BAD_CHAR is for a directory that cannot be stored.
    """
    if pw is None or domain is None:
        return note(VA.NULL_POINTER)
    check_text(domain)
    check_record(pw)
    return attempt(VA(-1), lambda: check_lengths(current().settings, pw, domain))


def vgetent(file: IO[str] | IO[bytes]) -> VqPasswd | None:
    """Read the next user from an open vpasswd file.

    Args:
        file: open for reading, as text or as bytes.

    Returns:
        The user, or None at the end of the file. A malformed line is passed over.
    """
    if not hasattr(file, "readline"):
        raise TypeError(f"an open file is needed, not {type(file).__name__}")
    return ask(None, lambda: next_user(_lines(file)))


def _lines(file: IO[str] | IO[bytes]) -> Iterator[bytes]:
    """Its lines from here on, one read at a time, so that the next call goes on where this ends."""
    try:
        while line := file.readline():
            yield to_bytes(line) if isinstance(line, str) else line
    except UnicodeDecodeError as error:
        raise FormatError("vpasswd", "open it as bytes") from error
    except ValueError as error:
        raise FormatError("vpasswd", "the file is closed") from error
