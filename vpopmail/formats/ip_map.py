"""ip_alias_map: which domain an address of the server stands for, one pair a line.

Source: formats, ip_alias_map.
"""

from __future__ import annotations

from vpopmail.errors import InvalidCharacter
from vpopmail.formats.ip_address import canonical
from vpopmail.formats.text import has_control, join_lines, split_lines, to_bytes, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def pairs(data: bytes) -> Iterator[tuple[str, str]]:
    """The pairs of address and domain, in the order of the file.

    Args:
        data: the whole file; a line with less than two words does not count, nor does what
            follows the second word.

    Source: formats, ip_alias_map.
    """
    for line in split_lines(data):
        words = _words(line)
        if words is not None:
            yield to_text(words[0]), to_text(words[1])


def find(data: bytes, address: str) -> str | None:
    """The first domain of an address; None if it has none."""
    return next((domain for known, domain in pairs(data) if known == address), None)


def add(data: bytes, address: str, domain: str, *, alone: bool = False) -> bytes:
    """The file with a pair at its end; other lines stay byte for byte.

    Args:
        data: the whole file; a line with the same pair goes.
        address, domain: words; the address as ``canonical`` gives it.
        alone: whether the other domains of the address go, too.

    Raises:
        InvalidCharacter: not a word each: empty, a blank, a tab, a control character.

    Source: formats, ip_alias_map.
    """
    line = to_bytes(f"{address} {domain}")
    words = line.split(b" ")
    if has_control(line) or len(words) != 2 or not all(words):
        raise InvalidCharacter(f"{address} {domain}", "not a line for ip_alias_map")
    unwanted = words[:1] if alone else words
    others = [old for old in split_lines(data) if (_words(old) or [])[: len(unwanted)] != unwanted]
    return join_lines([*others, line])


def remove(data: bytes, address: str, domain: str | None = None) -> bytes:
    """The file without a pair; other lines stay byte for byte, malformed ones too.

    Args:
        data: the whole file.
        address: as ``pairs`` gives it.
        domain: None: whichever it has.

    Source: formats, ip_alias_map.
    """
    unwanted = [to_bytes(word) for word in (address, domain) if word is not None]
    lines = split_lines(data)
    kept = [line for line in lines if (_words(line) or [])[: len(unwanted)] != unwanted]
    return data if len(kept) == len(lines) else join_lines(kept)


def _words(line: bytes) -> list[bytes] | None:
    """The first two words of a line, an IPv6 address in its one form; None if it has fewer."""
    words = [word for word in line.replace(b"\t", b" ").split(b" ") if word][:2]
    if len(words) < 2:
        return None
    if b":" in words[0]:
        words[0] = to_bytes(canonical(to_text(words[0])) or to_text(words[0]))
    return words
