"""qmail's files: users/assign, users/cdb, the control files; and qmail-send.

``Qmail`` works without any account backend.
"""

from __future__ import annotations

from vpopmail.qmail.qmail import Qmail

__all__ = ["Qmail"]
