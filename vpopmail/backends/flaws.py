"""What a store of accounts can tell of itself that is wrong in it."""

from __future__ import annotations

INDEX = "index"
LOST = "lost"
MALFORMED = "malformed"
DOUBLE = "double"


class Flaw:
    """One thing that is wrong.

    Attributes:
        kind: ``INDEX``, which ``Transaction.reindex`` puts right; ``LOST``, the accounts are
            missing; ``MALFORMED`` or ``DOUBLE``, an account that does not count.
        subject: a path, with the number of a line.
        what: what is wrong; never a password.
        name: of the user it is about, if there is one.
    """

    __slots__ = ("kind", "name", "subject", "what")

    def __init__(self, kind: str, subject: str, what: str, name: str = "") -> None:
        self.kind = kind
        self.subject = subject
        self.what = what
        self.name = name
