"""qmail's files: users/assign, users/cdb, the control files; and qmail-send.

``Qmail`` works without any account backend.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.qmail.qmail import Qmail

__all__ = ["Qmail"]

if not TYPE_CHECKING:
    # Hidden from type checkers, so that they report a name that does not exist.

    def __getattr__(name):
        """Import ``Qmail`` when it is first used: looking up a domain does not need it."""
        if name != "Qmail":
            raise AttributeError(f"module 'vpopmail.qmail' has no attribute '{name}'")
        from vpopmail.qmail.qmail import Qmail

        globals()[name] = Qmail
        return Qmail
