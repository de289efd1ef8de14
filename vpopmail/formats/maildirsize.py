"""Quota texts, and maildirsize, which holds a quota and what is used of it.

Source: formats, maildirsize.
"""

from __future__ import annotations

from vpopmail.errors import InvalidCharacter, InvalidQuota
from vpopmail.formats.text import has_control, leading_int, split_lines, to_bytes, to_text
from vpopmail.records import NOQUOTA

_UNITS = {"K": 1024, "M": 1024 * 1024}
_LARGEST = 2**63 - 1
_DIGITS = "0123456789"


def format_quota(quota: str) -> str:
    """A quota text in the form in which it is stored.

    Args:
        quota: ``NOQUOTA``, or parts with commas between: bytes, with ``K`` or ``M`` (1024 and
            1024 * 1024) and then ``B`` and ``S`` if wanted, or a number of messages with a
            capital ``C``. The last part of a kind counts.

    Returns:
        ``NOQUOTA``, ``<bytes>S``, ``<count>C`` or ``<bytes>S,<count>C``; ``""`` if nothing is
        limited: no number, or 0.

    Raises:
        InvalidQuota: a negative number, one beyond 63 bits, or an unknown unit, such as
            ``10G`` or ``1000c``.

    Source: api, quota strings; formats, maildirsize.
    """
    if quota == NOQUOTA:
        return quota
    size = count = 0
    for part in quota.split(","):
        if part.endswith("C"):
            count = _number(part[:-1], 1, quota)
        elif part:
            size = _bytes(part, quota)
    parts = (f"{size}S" if size else "", f"{count}C" if count else "")
    return ",".join(part for part in parts if part)


def parse(data: bytes) -> tuple[str, int, int]:
    """What a maildirsize file says.

    Args:
        data: the whole file.

    Returns:
        The quota text of the first line, and bytes and messages in use: the sums of the
        other lines, whose numbers may be negative and padded with blanks. Each sum is within 64
        signed bits.

    Source: formats, maildirsize.
    """
    lines = split_lines(data)
    size = count = 0
    for line in lines[1:]:
        numbers = line.split()
        size += leading_int(numbers[0]) if numbers else 0
        count += leading_int(numbers[1]) if len(numbers) > 1 else 0
    return to_text(lines[0] if lines else b""), _within(size), _within(count)


def parse_quota(quota: str) -> tuple[int, int]:
    """The limits that a stored quota sets.

    Args:
        quota: ``<bytes>S``, ``<count>C``, both with a comma, or bytes without a letter; the first
            of each kind counts. NOQUOTA and what is no quota limit nothing.

    Returns:
        (bytes, messages), 0 for no limit.

    Source: api, quota_mtos; formats, maildirsize.
    """
    size = count = 0
    for part in filter(None, quota.split(",")):
        number = max(leading_int(to_bytes(part)), 0)
        if part.endswith("C"):
            count = count or number
        else:
            size = size or number
    return size, count


def is_over(quota: str, size: int, count: int) -> bool:
    """Whether a usage is beyond a stored quota; just reaching it is not.

    Args:
        quota: as for ``parse_quota``.
        size, count: bytes and messages.

    Source: formats, maildirsize.
    """
    most_bytes, most_messages = parse_quota(quota)
    return 0 < most_bytes < size or 0 < most_messages < count


def percentage(quota: str, size: int, count: int) -> int:
    """How much of a stored quota is used.

    Args:
        quota: as for ``parse_quota``.
        size, count: bytes and messages in use.

    Returns:
        0 to 100: of bytes or of messages, whichever is more; 0 without a limit.

    Source: formats, maildirsize.
    """
    used = zip((size, count), parse_quota(quota), strict=True)
    return min(max((100 * max(have, 0) // most for have, most in used if most), default=0), 100)


def message_size(name: str) -> int | None:
    """The size that the name of a message tells.

    Args:
        name: a file name of a Maildir.

    Returns:
        Bytes; 0 for ``,S=`` without digits; None if the name tells none.

    Source: formats, maildirsize, recount.
    """
    _, found, rest = name.partition(":")[0].rpartition(",S=")
    return max(leading_int(to_bytes(rest)), 0) if found else None


def counts(name: str) -> bool:
    """Whether a file of ``new`` or ``cur`` counts: not hidden, and not flagged as deleted.

    Args:
        name: a file name of a Maildir.

    Source: formats, maildirsize, recount.
    """
    return not name.startswith(".") and "T" not in name.partition(":2,")[2]


def delta(size: int, count: int) -> bytes:
    """A line that changes the usage.

    Args:
        size, count: bytes and messages, negative for less.
    """
    return b"%d %d\n" % (size, count)


def start(quota: str, size: int, count: int) -> bytes:
    """A fresh maildirsize file.

    Args:
        quota: in the form in which it is stored.
        size: bytes in use.
        count: messages in use.

    Returns:
        Two lines.

    Raises:
        InvalidCharacter: a control character in the quota.

    Source: formats, maildirsize.
    """
    text = to_bytes(quota)
    if has_control(text):
        raise InvalidCharacter("maildirsize", "a control character in the quota")
    return b"%b\n%d %d\n" % (text, size, count)


def _bytes(part: str, quota: str) -> int:
    text = _without_last(_without_last(part, "S"), "B")
    factor = _UNITS.get(text[-1:].upper(), 1)
    return _number(text[:-1] if factor > 1 else text, factor, quota)


def _within(number: int) -> int:
    return max(-_LARGEST, min(number, _LARGEST))


def _without_last(text: str, letter: str) -> str:
    return text[:-1] if text[-1:].upper() == letter else text


def _number(text: str, factor: int, quota: str) -> int:
    """A leading whole number times the factor; a decimal fraction is cut off."""
    text = text.strip()
    unsigned = text.lstrip("+-")
    rest = unsigned.lstrip(_DIGITS)
    digits = unsigned[: len(unsigned) - len(rest)].lstrip("0")
    known = not rest or not rest.removeprefix(".").strip(_DIGITS)
    too_large = len(digits) > len(str(_LARGEST)) or int(digits or "0") * factor > _LARGEST
    if rest != unsigned and (text.startswith("-") or not known):
        raise InvalidQuota(quota, "a number, then K or M, then S; or C for messages")
    if too_large:
        raise InvalidQuota(quota, "the number is too large")
    return int(digits or "0") * factor
