"""The servers of a site, what their errors mean, and asking one of them."""

from __future__ import annotations

from time import monotonic, sleep

from vpopmail.backends.sql import dialect as kinds
from vpopmail.backends.sql.held import HeldConnections
from vpopmail.errors import BackendUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.held import Held
    from vpopmail.backends.sql.server import Server

    T = TypeVar("T")

# Places in the list of servers.
REPLICA = 0
PRIMARY = -1

PASSES = frozenset((kinds.LOST, kinds.REPEAT))  # trouble that another try may be spared
_FIRST_WAIT = 0.01  # seconds; doubled each time
_LONGEST_WAIT = 1.0
_LONGEST_ASKING = 10.0  # seconds after which a read is not tried again


class DatabaseError(BackendUnavailable):
    """An error of a driver.

    Attributes:
        trouble: what it means: a constant of ``dialect``.
    """

    trouble = kinds.OTHER


class NoTable(DatabaseError):
    """A table is missing."""


class Duplicate(DatabaseError):
    """A row of the same key is there."""


_KINDS = {kinds.NO_TABLE: NoTable, kinds.DUPLICATE: Duplicate}


class Rows:
    """What a select gave.

    Attributes:
        names: of the columns, lower case.
        rows: one sequence of values a row.
    """

    __slots__ = ("names", "rows")

    def __init__(self, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        self.names = names
        self.rows = rows


class Servers:
    """The primary, which changes are made on, and perhaps a replica, and our connections to them.

    Args:
        dialect: of the database.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._servers: list[Server] = []
        self._held: dict[int, HeldConnections] = {}

    @property
    def has_replica(self) -> bool:
        """Whether reads go elsewhere than changes."""
        return self.dialect.settings.mysql_replication and len(self._known()) > 1

    def location(self) -> str:
        """The primary, for people. Raises: ConfigError."""
        return str(self._known()[PRIMARY])

    def held(self, place: int) -> Held:
        """The connection of this thread to a server.

        Args:
            place: REPLICA or PRIMARY.

        Raises:
            ConfigError.
        """
        found = self._held.get(place)
        if found is None:
            server = self._known()[place]
            # Of two threads that come here first, both get the same.
            found = self._held.setdefault(place, HeldConnections(lambda: self._connect(server)))
        return found.get()

    def close(self) -> None:
        """Close the connections of all threads."""
        held, self._held = self._held, {}
        for connections in held.values():
            connections.close()

    def ask(self, ask: Callable[[Any], T], place: int, most: int) -> T:
        """Ask a server something, again if the connection breaks.

        Args:
            ask: gets the connection.
            place: REPLICA or PRIMARY.
            most: how often it is tried at most.

        Raises:
            DatabaseError.
        """
        end = monotonic() + _LONGEST_ASKING
        attempt = 0
        while True:
            held = self.held(place)
            try:
                with held as connection:
                    return ask(connection)
            except Exception as error:  # noqa: BLE001 - sorted out there
                failed = self.explain(error)
            trouble = failed.trouble if isinstance(failed, DatabaseError) else kinds.OTHER
            if trouble == kinds.LOST:
                held.close()
            attempt += 1
            if trouble not in PASSES or attempt == most or monotonic() > end:
                raise failed
            if attempt > 1:  # the first time it was one that has been idle for long
                wait(attempt)

    def select(self, connection: Any, text: str, values: dict[str, object]) -> Rows:
        """The rows of a select on a connection. Raises: whatever the driver raises."""
        rendered = self.dialect.render(text)
        cursor = connection.cursor()
        cursor.execute(rendered.text, rendered.arguments(values))
        return Rows(self.dialect.names(cursor), cursor.fetchall())

    def rows_of(self, connection: Any) -> Callable[..., Sequence[Sequence[Any]]]:
        """A function that gives the rows of a select on a connection."""
        return lambda text, **values: self.select(connection, text, values).rows

    def explain(self, error: Exception, to: Server | None = None) -> Exception:
        """The error of ours for one of the driver; another one as it is.

        Args:
            error: what was raised.
            to: the server that was being connected to; None: it was the primary, and answered.

        The driver's own text is not kept: it may show values, passwords among them.
        """
        if not self.dialect.is_error(error):
            return error
        trouble = self.dialect.trouble(error)
        kind = _KINDS.get(trouble, DatabaseError)
        what = "cannot connect" if to else trouble
        failed = kind(str(to or self.location()), f"{what}: {self.dialect.number(error)}")
        failed.trouble = trouble
        return failed

    def is_lost(self, error: Exception) -> bool:
        """Whether an error says that the connection is broken."""
        if isinstance(error, DatabaseError):
            return error.trouble == kinds.LOST
        return self.dialect.is_error(error) and self.dialect.trouble(error) == kinds.LOST

    def _connect(self, server: Server) -> Any:
        """A new connection. Raises: DatabaseError, and what the dialect raises."""
        try:
            return self.dialect.connect(server)
        except Exception as error:  # noqa: BLE001 - sorted out there
            failed = self.explain(error, to=server)
            raise failed from None

    def _known(self) -> list[Server]:
        if not self._servers:
            self._servers = self.dialect.servers()
        return self._servers


def wait(attempt: int) -> None:
    """Wait before another attempt, longer each time.

    Args:
        attempt: how many there were.
    """
    from random import uniform

    longest = min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT)
    sleep(uniform(longest / 2, longest))  # noqa: S311 - spreads the load, hides nothing
