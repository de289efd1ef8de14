"""Asking the usage daemon (vusaged), which keeps the sizes of Maildirs in memory.

It is optional, and off unless etc/vusagec.conf says otherwise. Whatever goes wrong with it means
that it is not available: the caller reads maildirsize, as without it.

Source: api, usage daemon client.
"""

from __future__ import annotations

import os
import stat
import time

from vpopmail.errors import InvalidCharacter
from vpopmail.formats.vusagec import REPLY_LENGTH, format_request, parse_client, parse_reply
from vpopmail.safeio.view import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket

    from typing_extensions import Self

    from vpopmail.formats.vusagec import ClientConf
    from vpopmail.settings import Settings

CONF = "vusagec.conf"


def ask_daemon(settings: Settings, entry: str) -> tuple[int, int] | None:
    """What the daemon says is in use.

    Args:
        settings: of the site.
        entry: ``user@domain``, or ``@domain`` for all users of it.

    Returns:
        (bytes, messages); None if the daemon is off, not there, silent, or does not know.
    """
    connection = connect(settings)
    if connection is None:
        return None
    with connection:
        return connection.ask(entry)


def connect(settings: Settings) -> Connection | None:
    """A connection to the daemon; None if it is off or not there.

    Args:
        settings: of the site, for its file etc/vusagec.conf, and the owners that a daemon on
            this machine may have: root, vpopuser and the caller.
    """
    conf = _conf(settings)
    if conf.disabled:
        return None
    # Here: without a daemon nobody pays for the import.
    from socket import AF_UNIX, SOCK_STREAM, create_connection, socket

    try:
        if conf.remote:
            return Connection(create_connection(_remote(conf.remote), conf.timeout), conf.timeout)
        _check_owner(conf.filename, {0, os.geteuid(), settings.uid})
        local = socket(AF_UNIX, SOCK_STREAM)
    except (OSError, ValueError):
        return None
    try:
        local.settimeout(conf.timeout)
        local.connect(conf.filename)
    except (OSError, ValueError):
        local.close()
        return None
    return Connection(local, conf.timeout)


class Connection:
    """An open connection, for any number of questions.

    Args:
        stream: connected; closed with this object.
        timeout: seconds that a question may take in all.
    """

    __slots__ = ("_stream", "_timeout")

    def __init__(self, stream: socket, timeout: float) -> None:
        self._stream = stream
        self._timeout = timeout

    def ask(self, entry: str) -> tuple[int, int] | None:
        """What is in use: (bytes, messages); None if that cannot be had.

        Args:
            entry: ``user@domain``, ``@domain``, or one blank to ask for a sign of life.

        After a failure the connection is closed: what comes later would answer another question.
        """
        try:
            request = format_request(entry)
            if not request:
                return None
            return parse_reply(self._exchange(request))
        except InvalidCharacter:
            return None
        except OSError:
            self.close()
            return None

    def close(self) -> None:
        """Close the connection; closing twice does no harm."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _exchange(self, request: bytes) -> bytes:
        """The answer, within the time that one question may take however it trickles in."""
        until = time.monotonic() + self._timeout
        self._stream.settimeout(self._timeout)
        self._stream.sendall(request)
        reply = b""
        while len(reply) < REPLY_LENGTH:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._stream.settimeout(left)
            more = self._stream.recv(REPLY_LENGTH - len(reply))
            if not more:
                raise ConnectionResetError
            reply += more
        return reply


def _conf(settings: Settings) -> ClientConf:
    try:
        data = read_file(settings.etc_path(CONF))
    except OSError:
        data = None
    return parse_client(data or b"")


def _remote(text: str) -> tuple[str, int]:
    """Address and port; ``[::1]:189`` for IPv6. Raises: ValueError."""
    address, _, port = text.rpartition(":")
    number = int(port)
    if not 0 < number < 2**16 or not address:
        raise ValueError("address:port")
    return address.strip("[]"), number


def _check_owner(path: str, owners: set[int]) -> None:
    """Anybody may listen below /tmp while the daemon is not running. Raises: PermissionError."""
    status = os.lstat(path)
    if not stat.S_ISSOCK(status.st_mode) or status.st_uid not in owners:
        raise PermissionError(path)
