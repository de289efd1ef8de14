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
from vpopmail.log import warn
from vpopmail.safeio.view import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket

    from typing_extensions import Self

    from vpopmail.formats.vusagec import ClientConf
    from vpopmail.settings import Settings

CONF = "vusagec.conf"
_silent: set[str] = set()  # daemons of which the log was told


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
    where = conf.remote or conf.filename
    try:
        stream = _open_remote(conf) if conf.remote else _open_local(conf, settings.uid)
    except (OSError, ValueError) as error:
        _tell(where, error)
        return None
    return Connection(stream, conf.timeout, where)


class Connection:
    """An open connection, for any number of questions.

    Args:
        stream: connected; closed with this object.
        timeout: seconds that a question may take in all.
        where: what the log calls the daemon.
    """

    __slots__ = ("_stream", "_timeout", "_where")

    def __init__(self, stream: socket, timeout: float, where: str = "usage daemon") -> None:
        self._stream = stream
        self._timeout = timeout
        self._where = where

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
            reply = self._exchange(request)
        except InvalidCharacter:
            return None
        except OSError as error:
            _tell(self._where, error)
            self.close()
            return None
        _silent.discard(self._where)
        return parse_reply(reply)

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


def _open_remote(conf: ClientConf) -> socket:
    # Here: without a daemon nobody pays for the import.
    from socket import create_connection

    return create_connection(_remote(conf.remote), conf.timeout)


def _open_local(conf: ClientConf, vpopuser: int) -> socket:
    from socket import AF_UNIX, SOCK_STREAM, socket

    _check_owner(conf.filename, {0, os.geteuid(), vpopuser})
    local = socket(AF_UNIX, SOCK_STREAM)
    try:
        local.settimeout(conf.timeout)
        local.connect(conf.filename)
    except BaseException:
        local.close()
        raise
    return local


def _tell(where: str, error: Exception) -> None:
    """Say that a daemon is not available: once, until it has answered again."""
    if where not in _silent:
        _silent.add(where)
        warn("usage daemon %s is not available: %s", where, str(error) or type(error).__name__)


def _remote(text: str) -> tuple[str, int]:
    """Address and port; ``[::1]:189`` for IPv6. Raises: ValueError.

    A name is refused: looking it up could take longer than any timeout.
    """
    from ipaddress import ip_address

    address, _, port = text.rpartition(":")
    number = int(port)
    if not 0 < number < 2**16:
        raise ValueError("no port")
    return str(ip_address(address.strip("[]"))), number


def _check_owner(path: str, owners: set[int]) -> None:
    """Anybody may listen below /tmp while the daemon is not running. Raises: PermissionError."""
    status = os.lstat(path)
    if not stat.S_ISSOCK(status.st_mode) or status.st_uid not in owners:
        raise PermissionError(path)
