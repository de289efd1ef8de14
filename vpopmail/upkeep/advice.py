"""What to do, in commands that anybody can type; docs/reconcile.md has the calls of Python."""

from __future__ import annotations

REPAIR = "vpopmail site repair puts it right"
REBUILD = "vpopmail site rebuild-control --dry-run shows what would make it anew"
REPLACE = "vpopmail site convert --replace lets them go"
