"""The test kit for programs that use vpopmail, and for backends made elsewhere.

``sandbox``: a throw-away site. ``fixtures``: the same as a pytest fixture. ``compliance``: what
every backend must do.
"""

from __future__ import annotations

# Eager, since a lazy name would be hidden by the module of the same name; it imports next to
# nothing itself.
from vpopmail.testing.sandbox import sandbox

__all__ = ["sandbox"]
