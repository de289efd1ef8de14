"""Sizes and quotas as people write them. Pure."""

from __future__ import annotations

import re

from vpopmail.errors import InvalidQuota
from vpopmail.formats.maildirsize import parse_quota
from vpopmail.records import NOQUOTA

_UNITS = "KMGT"
_SIZE = re.compile(
    r"(\d{1,19})(?:(?:\.(\d{1,6}))?\s*([KMGT])(?:i?B)?)?S?", re.IGNORECASE | re.ASCII
)
_MESSAGES = re.compile(r"(\d{1,19})\s*(?:messages?|C)", re.IGNORECASE | re.ASCII)
_TOO_LARGE = 1 << 63  # no file and no column holds it
_NO_LIMIT = frozenset(("none", "unlimited", "noquota"))


def read_quota(text: str) -> str:
    """A quota in the letters of the library.

    Args:
        text: ``none``; or a size, ``500M`` or ``1.5GB``, a number of messages, ``1000 messages``
            or ``1000C``, or both with a comma. K, M, G and T are powers of 1024.

    Raises:
        InvalidQuota.
    """
    if text.strip().lower() in _NO_LIMIT:
        return NOQUOTA
    parts = [_part(part.strip()) for part in text.split(",")] if text else []
    kinds = [part[-1:] for part in parts]
    if "" in kinds or len(set(kinds)) < len(kinds):
        raise InvalidQuota(text, "give none, a size (500M, 1.5G), 1000 messages, or both")
    return ",".join(parts)


def read_size(text: str) -> int:
    """Bytes of ``10485760``, ``10M`` or ``1.5GB``. Raises: ValueError."""
    size = _size(text.strip())
    if size is None:
        raise ValueError("give bytes, or a number with K, M, G or T")
    return size


def show_size(size: int) -> str:
    """Bytes for people: ``512``, ``10M``, ``1.5G``; what ``read_size`` takes."""
    number, unit = float(size), ""
    for letter in _UNITS:
        if number < 1024:
            break
        number, unit = number / 1024, letter
    return f"{number:.1f}".removesuffix(".0") + unit


def show_quota(text: str) -> str:
    """A quota as it is stored, for people: ``no limit``, or ``1.5G, 1000 messages``."""
    size, count = parse_quota(text)
    parts = [*([show_size(size)] if size else []), *([f"{count} messages"] if count else [])]
    return ", ".join(parts) or "no limit"


def _part(part: str) -> str:
    """A part of a quota with its letter; ``""`` if it is none."""
    messages = _MESSAGES.fullmatch(part)
    if messages:
        return f"{messages[1]}C" if int(messages[1]) < _TOO_LARGE else ""
    size = _size(part)
    return "" if size is None else f"{size}S"


def _size(text: str) -> int | None:
    found = _SIZE.fullmatch(text)
    if found is None:
        return None
    whole, fraction, letter = found[1], found[2] or "", found[3]
    unit: int = 1024 ** (_UNITS.index(letter.upper()) + 1) if letter else 1
    tail: int = int(fraction or 0) * unit // 10 ** len(fraction)
    size = int(whole) * unit + tail
    return size if size < _TOO_LARGE else None
