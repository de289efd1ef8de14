"""Small functions on strings; no string is changed in place."""

from __future__ import annotations

import os
import time

from vpopmail.capi.status import ask, check_text
from vpopmail.formats.client import client_address
from vpopmail.formats.mail_date import format_date
from vpopmail.mailstore.paths import address_of_maildir


def date_header() -> str:
    """The header ``Date`` of now, in UTC, with its newline: ``Date: Fri, 02 Jan 2026 ...``."""
    return f"Date: {format_date(time.time())}\n"


def get_remote_ip() -> str | None:
    """The address of the client, from the environment.

    Returns:
        TCPREMOTEIP, else REMOTE_HOST, else None. The IPv4 address in an IPv6 one stands alone;
        any other IPv6 address stays as it is. In what is no address each character outside
        ``a-zA-Z0-9_-.@`` is ``_``.
    """
    return client_address(os.environ)


def maildir_to_email(maildir: str) -> str:
    """The address of the user whose Maildir a path leads to.

    Args:
        maildir: absolute, or beginning with ``./``.

    Returns:
        ``user@domain``, which need not exist; ``""`` if the path tells no address.
    """
    check_text(maildir)
    if maildir.startswith("./"):
        here = ask("", os.getcwd)
        maildir = here + maildir[1:]
    return address_of_maildir(maildir)


def trim(string: str) -> str:
    """The text without blanks and tabs at its ends."""
    check_text(string)
    return string.strip(" \t")


def dec2hex(digest: bytes) -> str:
    """A digest in lower-case hexadecimal digits."""
    if not isinstance(digest, (bytes, bytearray, memoryview)):
        raise TypeError(f"bytes are needed, not {type(digest).__name__}")
    return digest.hex()


def str_replace(s: str, orig: str, repl: str) -> str:
    """The text with one character in the place of another.

    Args:
        s: the text.
        orig, repl: single characters.
    """
    check_text(s, orig, repl)
    if len(orig) != 1 or len(repl) != 1:
        raise TypeError("a single character is needed")
    return s.replace(orig, repl)
