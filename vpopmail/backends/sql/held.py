"""The connections to one server: each thread has its own, and so has a child process.

A connection is closed with its thread, or when the site is closed; one that is being used just
then is closed by its user. A child process never touches those of its parent.
"""

from __future__ import annotations

import os
from _thread import RLock, _local
from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_of_the_parent: list[Any] = []


class HeldConnections:
    """The connections of all threads to one server.

    Args:
        connect: makes one.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._local = _local()
        # No lock guards it: a fork would leave it locked. Each of these acts is one of the dict.
        self._known: dict[int, ref[Held]] = {}
        self.closed = False

    def get(self) -> Held:
        """That of this thread; it connects at the begin of a ``with`` block, if it has to."""
        held: Held | None = getattr(self._local, "held", None)
        if held is None or not held.is_ours:
            held = self._local.held = Held(self)
            key, known = id(held), self._known
            known[key] = ref(held, lambda _gone: known.pop(key, None) and None)
        return held

    def connect(self) -> Any:
        """A new connection. Raises: whatever the driver raises."""
        return self._connect()

    def close(self) -> None:
        """Close the connections of all threads; those that are being used, after that."""
        self.closed = True
        for reference in self._known.copy().values():
            held = reference()
            if held is not None and held.is_ours:
                held.close_unless_used()


class Held:
    """The connection of one thread, in its ``with`` block.

    Attributes:
        is_bounded: whether its waits for locks have been bounded.
    """

    __slots__ = ("__weakref__", "_connection", "_lock", "_of", "_pid", "is_bounded")

    def __init__(self, of: HeldConnections) -> None:
        self.is_bounded = False
        self._of = of
        self._connection: Any = None
        self._pid = os.getpid()
        self._lock = RLock()

    @property
    def is_ours(self) -> bool:
        """Whether this process made it."""
        return self._pid == os.getpid()

    @property
    def is_connected(self) -> bool:
        """Whether it has a connection, which may be broken."""
        return self._connection is not None

    def close(self) -> None:
        """Close the connection; the next ``with`` block makes another one."""
        connection, self._connection = self._connection, None
        self.is_bounded = False
        if connection is None:
            return
        if not self.is_ours:
            _leave_to_parent(connection)
            return
        try:
            connection.close()
        except Exception:  # noqa: BLE001 - it may be broken: that is why it goes
            return  # not contextlib, which each login would pay for

    def close_unless_used(self) -> None:
        """Close it, unless another thread uses it: that one will find that all are closed."""
        if self._lock.acquire(blocking=False):
            try:
                self.close()
            finally:
                self._lock.release()

    def __enter__(self) -> Any:
        self._lock.acquire()
        try:
            if self._connection is None:
                self._connection = self._of.connect()
        except BaseException:
            self._lock.release()
            raise
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        interrupted = kind is not None and not issubclass(kind, Exception)
        if interrupted or self._of.closed:
            # Of one that was interrupted nobody knows what its next answer is about.
            self.close()
        self._lock.release()

    def __del__(self) -> None:
        self.close()


def _leave_to_parent(connection: Any) -> None:
    """Let go of a connection that the parent process may still use.

    A driver in C says goodbye to the server when its object goes, at the latest when the process
    ends: let it say so to nobody.
    """
    _of_the_parent.append(connection)
    try:
        fd = connection.fileno()
    except Exception:  # noqa: BLE001 - a driver in Python only closes its socket
        return
    nobody = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nobody, fd)
    os.close(nobody)
