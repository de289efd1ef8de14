"""open-smtp: the addresses that may send mail for a while, each with the time of its last login.

A line is a rule of tcpserver, a tab, and the time. Source: formats, open-smtp.
"""

from __future__ import annotations

from vpopmail.formats.ip_address import canonical
from vpopmail.formats.tcprules import relay_rule, split_rule
from vpopmail.formats.text import join_lines, split_lines, to_text

_DIGITS = b"0123456789"
_MOST_DIGITS = 18


def addresses(data: bytes) -> list[tuple[str, int]]:
    """The addresses that may send mail.

    Args:
        data: the whole file.

    Returns:
        Each with its time, in seconds since 1970, 0 if the line has none; in the order of the
        file. A line that is not about one address, or does not allow it anything, does not count:
        with an empty address it would open the server to everybody.

    Source: formats, open-smtp.
    """
    # The other lines, of which there may be many in a broken file, cost next to nothing so.
    rules = [line for line in split_lines(data) if b":allow" in line]
    found = ((_address(line), _time(line)) for line in rules)
    return [(address, seconds or 0) for address, seconds in found if address is not None]


def has(data: bytes, address: str) -> bool:
    """Whether an address may send mail.

    Args:
        data: the whole file.
        address: as ``canonical`` gives it.
    """
    return (b"\n" + data).find(b"\n%b:allow" % address.encode("ascii")) >= 0


def put(data: bytes, address: str, now: int) -> bytes:
    """The file with an address at its end; the other lines stay byte for byte.

    Args:
        data: the whole file.
        address: as ``canonical`` gives it.
        now: seconds since 1970.

    Source: formats, open-smtp.
    """
    own = b"%b:allow" % address.encode("ascii")
    others = [line for line in split_lines(data) if not line.startswith(own)]
    return join_lines([*others, b"%b\t%d" % (relay_rule(address), now)])


def without_old(data: bytes, until: int) -> bytes:
    """The file without the lines of this time or before, and without those that have no time.

    Args:
        data: the whole file.
        until: seconds since 1970.

    Source: commands, clearopensmtp.
    """
    lines = split_lines(data)
    kept = [line for line in lines if (seconds := _time(line)) is not None and seconds > until]
    return data if len(kept) == len(lines) else join_lines(kept)


def _address(line: bytes) -> str | None:
    address, instructions = split_rule(line)
    return canonical(to_text(address)) if instructions.startswith(b"allow") else None


def _time(line: bytes) -> int | None:
    digits = line.partition(b"\t")[2].strip(b" ")
    if not digits or digits.strip(_DIGITS) or len(digits) > _MOST_DIGITS:
        return None
    return int(digits)
