"""Roaming users (POP before SMTP): the addresses that may send mail, and tcpserver's rules."""

from __future__ import annotations

from vpopmail.capi.files import check_descriptor
from vpopmail.capi.status import ask, check_number, zero
from vpopmail.capi.text import get_remote_ip
from vpopmail.formats.text import join_lines
from vpopmail.safeio.directory import write_all
from vpopmail.site import current


def open_smtp_relay() -> int:
    """Let the client of this process send mail, after its login.

    The client is that of ``get_remote_ip``. Without one, and on a site without
    ``roaming_users``, nothing happens.

    Returns:
        0; -1 if it cannot be noted, is no IP address, or the rules cannot be compiled. Its commit
        points are the renames of open-smtp and tcp.smtp.cdb.

    Source: api, open_smtp_relay.
    """
    return zero(_open)


def _open() -> None:
    address = get_remote_ip()
    site = current()
    if address and site.settings.roaming_users:
        site.relay.open(address)


def vopen_smtp_relay() -> int:
    """Note the client of this process as ``open_smtp_relay`` does, and compile nothing.

    Returns:
        1 for a new address, 0 for one that is known or without one; -1.
    """
    return int(ask(-1, _note))


def _note() -> int:
    address = get_remote_ip()
    site = current()
    return int(site.relay.note(address)) if address and site.settings.roaming_users else 0


def vclear_open_smtp(clear_seconds: int, now: int) -> int:
    """Forget the addresses from which nobody has logged in for long; nothing is compiled.

    Args:
        clear_seconds: how long, in seconds.
        now: seconds since 1970.

    Returns:
        0 or -1.
    """
    check_number(clear_seconds, now)
    return zero(lambda: current().relay.forget(now - clear_seconds))


def vupdate_rules(fd: int) -> int:
    """Write the rules for the addresses that may send mail, a line each.

    Args:
        fd: an open descriptor.

    Returns:
        0 or -1.
    """
    check_number(fd)
    return zero(lambda: _write_rules(fd))


def _write_rules(fd: int) -> None:
    check_descriptor(fd)
    write_all(fd, join_lines(current().relay.rules()))


def update_rules() -> int:
    """Compile tcpserver's rules: those of the site, then one for each address.

    Returns:
        0, without doing anything if ``rebuild_tcpserver_file`` is off; -1 if they cannot be
        compiled: the compiled file is as before. Its commit point is the rename of tcp.smtp.cdb.

    Source: api, update_rules.
    """
    return zero(_rebuild)


def _rebuild() -> None:
    current().relay.rebuild()
