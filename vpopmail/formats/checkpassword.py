"""What a program gets on descriptor 3 when it is to check a password.

Source: the checkpassword interface of qmail; auth-and-delivery, descriptor 3.
"""

from __future__ import annotations

from vpopmail import errors
from vpopmail.records import Record

LONGEST = 512  # bytes


class Credentials(Record):
    """What a client has given; all bytes, as they came.

    Attributes:
        name: of the mailbox.
        password: clear, or a digest that answers the challenge.
        challenge: what a digest was made for; empty if there is none. POP3 has one always.

    Its repr shows no password.
    """

    __slots__ = ("challenge", "name", "password")
    _secret = ("password",)

    def __init__(self, name: bytes, password: bytes = b"", challenge: bytes = b"") -> None:
        self.name = name
        self.password = password
        self.challenge = challenge


def parse_credentials(data: bytes) -> Credentials:
    """Name, password and challenge, each ended by NUL.

    Args:
        data: all that was on the descriptor.

    Returns:
        A field whose NUL is missing ends with the data, one that is missing is empty; what
        comes after the third does not count.

    Raises:
        FormatError: over 512 bytes.
    """
    if len(data) > LONGEST:
        raise errors.FormatError("descriptor 3", f"at most {LONGEST} bytes")
    return Credentials(*data.split(b"\0", 3)[:3])
