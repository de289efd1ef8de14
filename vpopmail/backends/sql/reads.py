"""Where to read: the open transaction of a thread, the replica, or the primary.

After a change by this site its reads go to the primary, until the replica says that it has got as
far as the primary was after the change. Nobody waits for it.
"""

from __future__ import annotations

from _thread import _local

from vpopmail.backends.sql import dialect as kinds
from vpopmail.backends.sql.replication import Replication
from vpopmail.backends.sql.servers import PRIMARY, REPLICA, DatabaseError, Servers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

_MOST_OF_PRIMARY = 4
_MOST_OF_REPLICA = 2


class Reads:
    """Decides where a read goes.

    Args:
        servers: of the site.

    Attributes:
        changing: what is changing something: until it is over, reads decide what is changed.
    """

    def __init__(self, servers: Servers) -> None:
        self.changing: set[int] = set()
        self._servers = servers
        self._replication = Replication(servers.dialect)
        self._local = _local()

    @property
    def transaction(self) -> Any:
        """The connection on which this thread has a transaction open, or None."""
        return getattr(self._local, "transaction", None)

    @transaction.setter
    def transaction(self, connection: Any) -> None:
        self._local.transaction = connection

    def ask_primary(self, ask: Callable[[Any], T]) -> T:
        """Read where changes are made; in a transaction, what it has changed.

        Raises:
            DatabaseError.
        """
        connection = self.transaction
        if connection is None:
            return self._servers.ask(ask, PRIMARY, _MOST_OF_PRIMARY)
        try:
            return ask(connection)
        except Exception as error:  # noqa: BLE001 - sorted out there
            # Not again: what it belongs to may be gone, and is then repeated as a whole.
            raise self._servers.explain(error) from None

    def ask(self, ask: Callable[[Any], T]) -> T:
        """Read from the replica, if it may be and can be; else from the primary.

        Raises:
            DatabaseError.
        """
        if self.changing or not self._servers.has_replica or self.transaction is not None:
            return self.ask_primary(ask)
        if self._replication.is_avoided:
            try:
                return self.ask_primary(ask)
            except DatabaseError as error:
                found = self._ask_replica(ask) if error.trouble == kinds.LOST else []
                if not found:
                    raise
                return found[0]
        found = self._ask_replica(ask)
        return found[0] if found else self.ask_primary(ask)

    def note_change(self, connection: Any) -> None:
        """After a commit: reads go to the primary until the replica has it.

        Args:
            connection: to the primary; None: it broke in the commit.
        """
        if not self._servers.has_replica:
            return
        self._replication.changed()
        if connection is None:
            return
        try:
            self._replication.note_position(self._servers.rows_of(connection))
        except Exception as error:  # the change counts; the next read asks again
            if not self._servers.dialect.is_error(error):
                raise

    def _ask_replica(self, ask: Callable[[Any], T]) -> list[T]:
        """The answer; none if it does not answer, or lacks something that we have changed."""
        rows_of, replication = self._servers.rows_of, self._replication
        if replication.is_unknown and not self._learn_position():
            return []

        def asked(connection: Any) -> list[T]:
            return [ask(connection)] if replication.has_all(rows_of(connection)) else []

        try:
            return self._servers.ask(asked, REPLICA, _MOST_OF_REPLICA)
        except DatabaseError as error:
            if error.trouble != kinds.NO_TABLE:
                replication.avoid()
            return []

    def _learn_position(self) -> bool:
        """Whether the primary tells how far the replica has to get."""
        note, rows_of = self._replication.note_position, self._servers.rows_of
        try:
            self._servers.ask(lambda primary: note(rows_of(primary)), PRIMARY, _MOST_OF_PRIMARY)
        except DatabaseError as error:
            if error.trouble == kinds.LOST:
                raise
            return False
        return True
