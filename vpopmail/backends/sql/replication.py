"""What a replica has to have before the reads of a site may go to it again."""

from __future__ import annotations

import os
from _thread import allocate_lock
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from vpopmail.backends.sql.dialect import Dialect

    Ask = Callable[..., Sequence[Sequence[Any]]]

_AVOIDED = 10.0  # seconds for which a replica that gave no answer is asked last
_UNKNOWN = "?"

_lock = allocate_lock()  # held for a few assignments


def _renew_lock() -> None:
    """A child process may have been forked while another thread held it."""
    global _lock  # noqa: PLW0603 - of the process
    _lock = allocate_lock()


os.register_at_fork(after_in_child=_renew_lock)


class Replication:
    """What this site has changed and the replica may not have yet.

    Args:
        dialect: of the database.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._changes = 0
        # What the replica has to reach; None: it lacks nothing of ours.
        self._position: str | None = None
        self._avoid_until = 0.0

    @property
    def is_avoided(self) -> bool:
        """Whether the replica has just failed: then the primary is asked first."""
        return monotonic() < self._avoid_until

    def avoid(self) -> None:
        """Note that the replica gives no answer."""
        self._avoid_until = monotonic() + _AVOIDED

    @property
    def is_unknown(self) -> bool:
        """Whether the primary has to be asked how far the replica has to get."""
        return self._position == _UNKNOWN

    def changed(self) -> None:
        """Note that something was changed, or may have been."""
        with _lock:
            self._changes += 1
            self._position = _UNKNOWN

    def note_position(self, primary: Ask) -> None:
        """Ask the primary how far the replica has to get.

        Args:
            primary: gives the rows of a statement there.

        Raises:
            Whatever the driver raises; it is still unknown then.
        """
        with _lock:
            before = self._changes
        position = self._dialect.position(primary)
        with _lock:
            # Else another thread has changed something, and asks as well.
            if self._changes == before and self._position is not None:
                self._position = position

    def has_all(self, replica: Ask) -> bool:
        """Whether the replica has all that this site has changed.

        Args:
            replica: gives the rows of a statement there.

        Raises:
            Whatever the driver raises.
        """
        with _lock:
            before, position = self._changes, self._position
        if position is None:
            return True
        if position in {_UNKNOWN, ""} or not self._dialect.has_reached(replica, position):
            return False
        with _lock:
            if self._changes == before:
                self._position = None
        return True
