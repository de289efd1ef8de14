"""IP addresses as texts, in the one form in which they are stored and compared.

Light, since a login checks the address that it comes from.
"""

from __future__ import annotations

# Not the module socket, nor ipaddress: either costs a login more than all that is done here.
from _socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from vpopmail.names import check_kind_of_text

_MAPPED = bytes(10) + b"\xff\xff"


def canonical(text: str) -> str | None:
    """An address in the form in which tcpserver tells it.

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
