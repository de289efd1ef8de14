"""A TCP proxy before a server, which cuts a connection where a test says."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator

BEFORE, AFTER, UNANSWERED = "before", "after", "unanswered"


class Proxy:
    """Passes bytes on between clients and a server.

    Args:
        port: of the server.

    Attributes:
        port: where clients connect to.
        refuses: whether new connections are ended at once.
        is_silent: whether nothing is passed on, and nobody hears of it.
        cuts: how often it cut a connection.
    """

    def __init__(self, port: int) -> None:
        self.server = port
        self.refuses = False
        self.is_silent = False
        self.cuts = 0
        self._rule: tuple[bytes, str, int, bool] | None = None
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, text: bytes, when: str, *, number: int = 0, for_good: bool = False) -> None:
        """Cut the connection of the client that sends a text, once.

        Args:
            text: part of what it sends.
            when: BEFORE the server gets it; AFTER it got it, whatever it makes of it; UNANSWERED:
                after the server has answered, and the answer is lost.
            number: how many such texts are passed on before.
            for_good: whether new connections are refused from then on.
        """
        self._rule = (text, when, number, for_good)

    def end_all(self) -> None:
        """Cut all connections."""
        for end in self._open:
            _end(end)
        self._open.clear()

    def close(self) -> None:
        self._listener.close()
        self.end_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuses:
                _end(client)
                continue
            self._open.append(client)
            if self.is_silent:
                continue
            server = socket.create_connection(("127.0.0.1", self.server))
            self._open.append(server)
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        losing = False
        with contextlib.suppress(OSError, ValueError):
            while True:
                for end in select.select([client, server], [], [])[0]:
                    data = end.recv(65536)
                    when = self._when(data) if end is client else None
                    if when is not None:
                        self.cuts += 1
                    if when not in (None, BEFORE):
                        server.sendall(data)
                    if not data or when in (BEFORE, AFTER) or (losing and end is server):
                        raise OSError("it ends here")
                    # The answer may come only after the client has sent more.
                    losing = losing or when == UNANSWERED
                    if when is None:
                        (server if end is client else client).sendall(data)
        _end(client)
        _end(server)

    def _when(self, data: bytes) -> str | None:
        if self._rule is None or self._rule[0] not in data:
            return None
        text, when, number, for_good = self._rule
        if number:
            self._rule = (text, when, number - 1, for_good)
            return None
        self._rule = None
        self.refuses = for_good
        return when


@contextlib.contextmanager
def before(port: int) -> Iterator[Proxy]:
    """A proxy before the server at a port."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()


def _received(end: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            data = end.recv(65536)
        except OSError:
            return
        if not data:
            return
        yield data


def _end(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
