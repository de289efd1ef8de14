"""Text and bytes, lines and leading numbers: what the line formats have in common."""

from __future__ import annotations

from vpopmail import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_CONTROLS = bytes(range(32)) + b"\x7f"
_INT64_MAX = 2**63 - 1
_INT64_DIGITS = 19


def to_bytes(text: str) -> bytes:
    """Text as it is stored on disk.

    Args:
        text: any text; U+DC80..U+DCFF stand for the bytes 0x80..0xff that are not UTF-8.

    Returns:
        UTF-8, with the stray bytes restored.

    Raises:
        InvalidCharacter: any other lone surrogate.

    Source: formats, common rules.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # The chained error would carry the text, which may be a password.
        raise errors.InvalidCharacter("", "a lone surrogate cannot be stored") from None


def to_text(data: bytes) -> str:
    """Bytes from disk as text; never fails.

    Args:
        data: any bytes.

    Returns:
        Text that ``to_bytes`` turns back into the same bytes.

    Source: formats, common rules.
    """
    return data.decode("utf-8", "surrogateescape")


def split_lines(data: bytes) -> list[bytes]:
    """Lines without their newlines; only LF ends a line.

    Args:
        data: a whole file; its last line may lack the newline.

    Returns:
        One element a line, blank lines included; none for an empty file.

    Source: formats, common rules.
    """
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def join_lines(lines: Iterable[bytes]) -> bytes:
    """A file made of lines, each ended by a newline.

    Args:
        lines: lines without newlines.

    Returns:
        The bytes of the file; empty without lines.

    Source: formats, common rules.
    """
    return b"".join([line + b"\n" for line in lines])


def has_control(data: bytes) -> bool:
    """Whether a byte would break a line: NUL, LF, CR, another control, or DEL.

    Args:
        data: one field of a line.

    Returns:
        True if there is any such byte.

    Source: formats, common rules.
    """
    return len(data.translate(None, _CONTROLS)) != len(data)


def leading_int(data: bytes) -> int:
    """The number that a text begins with, as C's atoi reads it.

    Args:
        data: blanks, a sign, decimal digits and anything after them.

    Returns:
        The number within 64 signed bits, 0 if there is none.

    Source: formats, vpasswd fields 3 and 4.
    """
    if data.isdigit() and len(data) < _INT64_DIGITS:
        return int(data)
    text = data.lstrip(b" \t\n\v\f\r")
    sign = -1 if text[:1] == b"-" else 1
    digits = text[1:] if text[:1] in (b"-", b"+") else text
    number = digits[: len(digits) - len(digits.lstrip(b"0123456789"))].lstrip(b"0")
    if len(number) > _INT64_DIGITS:
        return sign * _INT64_MAX
    return sign * min(int(number or b"0"), _INT64_MAX)
