"""The rules of tcpserver, and the records that tcprules makes of them.

A rule takes up a line: an address, a colon, ``allow`` or ``deny``, and variables for the program
that tcpserver starts: ``,NAME="value"``, with any character in the place of the quotes.
Source: formats, tcp.smtp; manual page tcprules(1).
"""

from __future__ import annotations

from vpopmail.errors import FormatError
from vpopmail.formats.ip_address import spellings
from vpopmail.formats.text import to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DENY = b"deny"
_ALLOW = b"allow"
_DENIED = b"D\0"
_BLANKS = b" \t\n"
_IPV6 = b"0123456789abcdefABCDEF:."
_LARGEST = 255
_SHOWN = 200  # characters of a line that is refused
_WRAP = 2**64  # tcprules counts in numbers of 64 bits, and takes no notice when they are full
# What an address gets that a user has just logged in from.
_RELAYS = b':allow,RELAYCLIENT="",RBLSMTPD=""'
_RELAYED = b"+RELAYCLIENT=\0+RBLSMTPD=\0"


def compile_rules(text: bytes) -> list[tuple[bytes, bytes]]:
    """The records of a compiled file of rules, in its order.

    Args:
        text: rules, a line each; blank lines, lines that begin with ``#`` and lines without a
            colon do not count. An address with a range (``10.1.2.3-5``) stands for each of them.

    Returns:
        Pairs of address and what tcpserver is to do: ``D`` to refuse, ``+NAME=value`` for
        each variable, with a NUL after each. The first record of an address is the one that counts.

    Raises:
        FormatError: a line is no rule; the words are those of tcprules.

    Source: manual page tcprules(1). Besides, an IPv6 address may stand as it is (``::1:allow``),
    as with the tcprules of ucspi-tcp-ipv6; that of ucspi-tcp refuses it.
    """
    records: list[tuple[bytes, bytes]] = []
    for line in text.split(b"\n"):
        rule = b"" if line.startswith(b"#") else line.rstrip(_BLANKS)
        if b":" in rule:
            address, instructions = split_rule(rule)
            data = _compiled(instructions, rule)
            records += [(key, data) for key in _expanded(address, rule)]
    return records


def split_rule(rule: bytes) -> tuple[bytes, bytes]:
    """The address of a rule, and what is to be done.

    Args:
        rule: a line with a colon.

    Returns:
        What is before the first colon and what is after it; for an IPv6 address, the colon
        before ``allow`` or ``deny``.
    """
    address, _, instructions = rule.partition(b":")
    if not _begins(instructions):
        for word in (b":allow", b":deny"):
            at = max(rule.find(word), 0)
            if rule[:at].count(b":") > 1 and not rule[:at].strip(_IPV6):
                return rule[:at], rule[at + 1 :]
    return address, instructions


def relay_rule(address: str) -> bytes:
    """The rule, without newline, that lets an address send mail to anywhere.

    Args:
        address: an IP address.
    """
    return address.encode("ascii") + _RELAYS


def relay_records(address: str) -> list[tuple[bytes, bytes]]:
    """The records that let an address send mail, however tcpserver spells it.

    Args:
        address: an IP address as ``canonical`` gives it.
    """
    return [(name.encode("ascii"), _RELAYED) for name in spellings(address)]


def relay_rules(address: str) -> list[bytes]:
    """The rules, without newlines, that are compiled to ``relay_records``."""
    return [relay_rule(name) for name in spellings(address)]


def _begins(instructions: bytes) -> bool:
    return instructions.startswith((_DENY, _ALLOW))


def _compiled(instructions: bytes, rule: bytes) -> bytes:
    if instructions.startswith(_DENY):
        return _DENIED + b"".join(_variables(instructions, len(_DENY), rule))
    if instructions.startswith(_ALLOW):
        return b"".join(_variables(instructions, len(_ALLOW), rule))
    raise _refused(rule)


def _variables(text: bytes, at: int, rule: bytes) -> Iterator[bytes]:
    while at < len(text):
        equals = text.find(b"=", at)
        start = equals + 2
        end = text.find(text[equals + 1 : start], start) if equals >= 0 else -1
        if text[at : at + 1] != b"," or end < 0 or start > len(text):
            raise _refused(rule)
        yield b"+%b%b\0" % (text[at + 1 : equals + 1], text[start:end])
        at = end + 1


def _expanded(address: bytes, rule: bytes) -> Iterable[bytes]:
    if b"-" not in address or b"=" in address or b"@" in address:
        return (address,)
    before, _, after = address.partition(b"-")
    start = before.rfind(b".") + 1
    last, dot, end = after.partition(b".")
    first, top = _number(before[start:], rule), min(_number(last, rule), _LARGEST)
    return [b"%b%d%b" % (before[:start], number, dot + end) for number in range(first, top + 1)]


def _number(digits: bytes, rule: bytes) -> int:
    """A number as tcprules reads it: what follows a NUL does not count, and nothing is 0."""
    digits = digits.partition(b"\0")[0]
    if digits.strip(b"0123456789"):
        raise _refused(rule)
    value = 0
    for digit in digits:
        value = (value * 10 + digit - ord("0")) % _WRAP
    return value


def _refused(rule: bytes) -> FormatError:
    line = to_text(rule.partition(b"\0")[0])[:_SHOWN]
    shown = line if line.isprintable() else ascii(line)[1:-1]
    return FormatError("tcp.smtp", f"unable to parse this line: {shown}")
