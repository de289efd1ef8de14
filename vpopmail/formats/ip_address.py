"""IP addresses as texts, in the one form in which they are stored and compared.

Light, since a login checks the address that it comes from.
"""

from __future__ import annotations

# Not the module socket, nor ipaddress: either costs a login more than all that is done here.
from _socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from vpopmail.names import check_kind_of_text

_MAPPED = bytes(10) + b"\xff\xff"


def canonical(text: str) -> str | None:
    """An address in its one form.

    Args:
        text: an IPv4 address of four decimal numbers, or an IPv6 address in any form; its zone
            (``%eth0``) does not count.

    Returns:
        The address, IPv6 in lower case and shortened; the IPv4 address that an IPv6 one stands
        for (``::ffff:192.0.2.1``). None for any other text.

    Source: RFC 5952.
    """
    check_kind_of_text(text)
    family = AF_INET
    if ":" in text:
        family = AF_INET6
        text = text.partition("%")[0]
    try:
        packed = inet_pton(family, text)
    except (OSError, ValueError):  # ValueError: a NUL, or a lone surrogate
        return None
    if packed.startswith(_MAPPED):
        family, packed = AF_INET, packed.removeprefix(_MAPPED)
    return inet_ntop(family, packed)


def spellings(address: str) -> tuple[str, ...]:
    """The forms in which servers tell an address to the programs that they start.

    Args:
        address: as ``canonical`` gives it.

    Returns:
        The address; and for some IPv6 addresses another form: the tcpserver of ucspi-tcp-ipv6
        leaves out a single 0 too (``2001:db8::1:1:1:1:1`` for ``2001:db8:0:1:1:1:1:1``), and
        writes no IPv4 address into an IPv6 one.

    Source: tried out with ucspi-tcp-ipv6 0.88-7 of Debian.
    """
    if ":" not in address:
        return (address,)
    packed = inet_pton(AF_INET6, address)
    words = [f"{packed[at] << 8 | packed[at + 1]:x}" for at in range(0, 16, 2)]
    start, length = _longest_zeros(words)
    other = ":".join(words)
    if length:
        other = "::".join((":".join(words[:start]), ":".join(words[start + length :])))
    return (address,) if other == address else (address, other)


def _longest_zeros(words: list[str]) -> tuple[int, int]:
    """Where the first of the longest runs of zeros begins, and its length."""
    best, start = (0, 0), 0
    for at, word in enumerate(words):
        if word != "0":
            start = at + 1
        elif at + 1 - start > best[1]:
            best = start, at + 1 - start
    return best
