"""The system log's side of /dev/log: what programs send there while a test listens."""

from __future__ import annotations

import fcntl
import os
import re
import select
import socket
import tempfile
from typing import Any

SOCKET = "/dev/log"
_MESSAGE = re.compile(rb"<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d (?:\S+ )?(\S+?)\[(\d+)\]: (.*)", re.DOTALL)


class SystemLog:
    """Takes the place of the system's log daemon, where there is none and the caller is root.

    Only one at a time on a machine: others wait.

    Attributes:
        listens: whether it could; if not, nothing is known of what was sent.
    """

    def __enter__(self) -> SystemLog:
        self._lock = open(f"{tempfile.gettempdir()}/vpopmail-tests-{os.getuid()}.lock", "w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        _remove_dead()
        try:
            self._socket.bind(SOCKET)
            os.chmod(SOCKET, 0o666)
            self.listens = True
        except OSError:
            self.listens = False
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()
        if self.listens:
            os.unlink(SOCKET)
        self._lock.close()

    def messages(self, pid: int) -> list[dict[str, Any]]:
        """What a process has sent so far, in the form of the recordings."""
        found = []
        while self.listens and select.select([self._socket], [], [], 0)[0]:
            match = _MESSAGE.fullmatch(self._socket.recv(8192).rstrip(b"\0"))
            if match is not None and int(match[3]) == pid:
                text = match[4].decode("utf-8", "surrogateescape")
                found.append({"priority": int(match[1]), "ident": match[2].decode(), "message": text})
        return found


def _remove_dead() -> None:
    """Remove the socket that a killed run has left: nobody listens to it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        try:
            client.connect(SOCKET)
        except ConnectionRefusedError:
            os.unlink(SOCKET)
        except OSError:
            return
