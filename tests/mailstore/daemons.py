"""A usage daemon for tests: answers by a table, on a Unix or a TCP socket, in a thread."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

UNKNOWN = b"\xff" * 16
Answer = Callable[[str], bytes]


def known(table: dict[str, tuple[int, int]]) -> Answer:
    """Answers as the daemon gives them."""
    return lambda entry: struct.pack(">QQ", *table[entry]) if entry in table else UNKNOWN


@contextmanager
def serving(listener: socket.socket, answer: Answer) -> Iterator[list[str]]:
    """Serve connections until the end of the block; gives what was asked."""
    asked: list[str] = []
    open_now: list[socket.socket] = [listener]

    def serve() -> None:
        try:
            while True:
                connection = listener.accept()[0]
                open_now.append(connection)
                with connection:
                    _talk(connection, answer, asked)
        except OSError:
            return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        for one in open_now:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        thread.join()


@contextmanager
def unix_daemon(path: Path, answer: Answer) -> Iterator[list[str]]:
    """A daemon on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with serving(listener, answer) as asked:
            yield asked


@contextmanager
def tcp_daemon(answer: Answer) -> Iterator[tuple[int, list[str]]]:
    """A daemon on 127.0.0.1; gives its port and what was asked."""
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(listener, answer) as asked:
        yield listener.getsockname()[1], asked


def _talk(connection: socket.socket, answer: Answer, asked: list[str]) -> None:
    with connection.makefile("rb") as stream:
        while header := stream.read(2):
            entry = stream.read(struct.unpack(">H", header)[0]).decode()
            asked.append(entry)
            reply = answer(entry)
            if not reply:
                return
            connection.sendall(reply)


def write_conf(vpopmaildir: Path, text: str) -> None:
    """Write etc/vusagec.conf with the daemon switched on."""
    path = vpopmaildir / "etc" / "vusagec.conf"
    path.write_text(f"Server:\n   Disable = False;\n   {text}\n")
