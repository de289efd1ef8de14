"""Asking the usage daemon, which is optional; see mailstore.usage_daemon."""

from __future__ import annotations

from vpopmail.capi.status import ask, check_text
from vpopmail.mailstore.usage_daemon import Connection, ask_daemon, connect
from vpopmail.site import current


def client_connect() -> Connection | None:
    """Connect to the usage daemon of etc/vusagec.conf.

    Returns:
        A handle for ``client_query``; None if the daemon is off (the default) or not there.
    """
    return ask(None, lambda: connect(current().settings))


def client_query(handle: Connection, entry: str) -> tuple[int, int, int]:
    """Ask the usage daemon.

    Args:
        handle: from ``client_connect``.
        entry: ``user@domain``, ``@domain`` for all users of it, or one blank for a sign of life.

    Returns:
        (1, bytes, messages); (0, 0, 0) if the daemon does not know or does not answer in time.
    """
    _check_handle(handle)
    check_text(entry)
    return _result(handle.ask(entry))


def client_close(handle: Connection) -> None:
    """Close a connection to the usage daemon; closing twice does no harm."""
    _check_handle(handle)
    handle.close()


def client_query_quick(entry: str) -> tuple[int, int, int]:
    """Connect to the usage daemon, ask, and close.

    Args:
        entry: as for ``client_query``.

    Returns:
        As ``client_query``.
    """
    check_text(entry)
    return _result(ask(None, lambda: ask_daemon(current().settings, entry)))


def _result(told: tuple[int, int] | None) -> tuple[int, int, int]:
    return (0, 0, 0) if told is None else (1, *told)


def _check_handle(handle: Connection) -> None:
    if not isinstance(handle, Connection):
        raise TypeError(f"a handle of client_connect is needed, not {type(handle).__name__}")
