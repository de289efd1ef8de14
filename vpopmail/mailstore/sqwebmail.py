"""The copy of the crypted password that SqWebMail reads: Maildir/sqwebmail-pass.

Source: api, vsqwebmail_pass.
"""

from __future__ import annotations

from vpopmail.formats.text import to_bytes
from vpopmail.mailstore.paths import MAILDIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.safeio.directory import Directory, Owner

FILE = "sqwebmail-pass"
PATH = f"{MAILDIR}/{FILE}"


def format_pass(crypted: str) -> bytes:
    """The content of the file.

    Args:
        crypted: the crypt string.
    """
    return b"\t%b\n" % to_bytes(crypted)


def write_pass(home: Directory, crypted: str, owner: Owner) -> None:
    """Replace the file in the Maildir of a home.

    Args:
        home: the open home.
        crypted: the crypt string.
        owner: who gets the file, mode 0600.

    Its commit point is the rename of the file. Raises: OSError.
    """
    with home.enter(MAILDIR) as maildir:
        maildir.replace(FILE, [format_pass(crypted)], owner)
