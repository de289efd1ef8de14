"""The settings of a site: read by every room, made from arguments, environment and file."""

from __future__ import annotations

from vpopmail.settings.options import OPTIONS, SECTIONS, Option
from vpopmail.settings.resolved import Settings
from vpopmail.settings.sources import load, resolve

__all__ = ["OPTIONS", "SECTIONS", "Option", "Settings", "load", "resolve"]
