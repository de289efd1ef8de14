"""Bounding the wait for a driver that may wait for ever."""

from __future__ import annotations

from threading import Thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TIMEOUT = 10  # seconds for a connection


def within(seconds: float, connect: Callable[[], Any], late: Callable[[], Exception]) -> Any:
    """What a call gives, unless it takes too long.

    Args:
        seconds: to wait for it.
        connect: the call; if it is late its thread is left alone, and what it gives is closed.
        late: makes the error for that.

    Raises:
        What ``connect`` raises, or what ``late`` gives.
    """
    attempt = _Attempt(connect)
    attempt.start()
    attempt.join(seconds)
    return attempt.take(late)


class _Attempt(Thread):
    def __init__(self, connect: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.connect = connect
        self.results: list[tuple[Any, BaseException | None]] = []
        self.is_given_up = False

    def run(self) -> None:
        try:
            connection = self.connect()
        except BaseException as error:  # noqa: BLE001 - it is raised in the other thread
            self.results.append((None, error))
            return
        self.results.append((connection, None))
        if self.is_given_up:
            connection.close()

    def take(self, late: Callable[[], Exception]) -> Any:
        if not self.results:
            self.is_given_up = True
            raise late()
        connection, error = self.results[0]
        if error is not None:
            raise error
        return connection
