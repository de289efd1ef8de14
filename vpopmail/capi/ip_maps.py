"""IP maps: which domain an address of the server stands for."""

from __future__ import annotations

from _thread import _local

from vpopmail.capi.status import ask, check_number, check_text, note, zero
from vpopmail.codes import VA
from vpopmail.errors import IpMapNotFound
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class _Cursors(_local):
    def __init__(self) -> None:
        self.pairs: Iterator[tuple[str, str]] | None = None


_cursors = _Cursors()


def vget_ip_map(ip: str) -> tuple[int, str]:
    """Look up the domain that an address stands for.

    Args:
        ip: IPv4 or IPv6, in any form.

    Returns:
        (0, domain), the first one if it has several; (-1, "") without any.
    """
    check_text(ip)
    domain = ask(None, lambda: current().ip_maps.find(ip))
    return (-1, "") if domain is None else (0, domain)


def vadd_ip_map(ip: str, domain: str) -> int:
    """Let an address stand for a domain, on files after those that it has.

    Args:
        ip: IPv4 or IPv6, in any form.
        domain: one that can be a domain; whether it is there is not asked.

    Returns:
        0; VA_USER_DOES_NOT_EXIST for an empty domain; -1. Its commit point is the rename of
        ip_alias_map.
    """
    check_text(ip, domain)
    if ip and not domain:
        return note(VA.USER_DOES_NOT_EXIST)
    return zero(lambda: current().ip_maps.add(ip, domain))


def vdel_ip_map(ip: str, domain: str) -> int:
    """Let an address stand for a domain no more.

    Args:
        ip: IPv4 or IPv6, in any form; or a text as it is stored.
        domain: the one to forget.

    Returns:
        0, also for a pair that is not there; -1. Its commit point is the rename of ip_alias_map.
    """
    check_text(ip, domain)
    return zero(lambda: _delete(ip, domain)) if ip and domain else note(VA(-1))


def _delete(ip: str, domain: str) -> None:
    try:
        current().ip_maps.delete(ip, domain)
    except IpMapNotFound:
        return


def vshow_ip_map(first: int) -> tuple[int, str, str]:
    """The next pair of address and domain, in the order in which they are stored.

    Args:
        first: not 0 to begin; 0 to go on.

    Returns:
        (1, address, domain); (0, "", "") at the end; (-1, "", "") if they cannot be read, or if
        nothing was begun.
    """
    check_number(first)
    if first:
        _cursors.pairs = ask(None, lambda: iter(list(current().ip_maps)))
    elif _cursors.pairs is not None:
        note(VA.SUCCESS)
    if _cursors.pairs is None:
        return -1, "", ""
    pair = next(_cursors.pairs, None)
    return (0, "", "") if pair is None else (1, *pair)


def ip_map_entries() -> Iterator[tuple[str, str]]:
    """The pairs that ``vshow_ip_map`` gives one by one; none if they cannot be read."""
    return ask(iter(()), lambda: iter(list(current().ip_maps)))
