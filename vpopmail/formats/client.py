"""The address of a client, as a server tells it to the programs that it starts.

Light, since each login asks for it.
"""

from __future__ import annotations

from vpopmail.names import cleaned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def client_address(environ: Mapping[str, str]) -> str | None:
    """The address of the client of a program that tcpserver or xinetd started.

    Args:
        environ: the environment.

    Returns:
        TCPREMOTEIP, else REMOTE_HOST, as ``remote_address`` has it; None without either.
    """
    given = environ.get("TCPREMOTEIP", environ.get("REMOTE_HOST"))
    return None if given is None else remote_address(given)


def remote_address(text: str) -> str:
    """The address of a client as the environment tells it.

    Args:
        text: an IPv4 or IPv6 address, or the name of a host.

    Returns:
        The IPv4 address that an IPv6 one stands for, another IPv6 address as it is, and any
        other text cleaned.
    """
    if ":" not in text:
        return cleaned(text)
    from vpopmail.formats.ip_address import canonical

    plain = canonical(text)
    if plain is None:
        return cleaned(text)
    return text.partition("%")[0] if ":" in plain else plain
