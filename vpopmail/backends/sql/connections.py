"""Connections to a database, made when needed, and what is done when one breaks.

Each thread has its own, and so has a child process after a fork. A read is tried again once; a
transaction is repeated as a whole, a bounded number of times, with a random wait in between.
"""

from __future__ import annotations

import os
from _thread import _local
from contextlib import suppress
from time import monotonic, sleep

from vpopmail.backends.sql import dialect as kinds
from vpopmail.errors import BackendUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.layout import Column
    from vpopmail.backends.sql.server import Server

    T = TypeVar("T")

_MOST_TRIES = 8
_FIRST_WAIT = 0.01  # seconds; doubled each time
_LONGEST_WAIT = 1.0

READ = "read"
WRITE = "write"


class NoTable(BackendUnavailable):
    """A table is missing."""


class Duplicate(BackendUnavailable):
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


class Connections:
    """The connections of one site.

    Args:
        dialect: of the database.
        timeout: seconds after which no transaction is begun again.
    """

    def __init__(self, dialect: Dialect, timeout: float) -> None:
        self.dialect = dialect
        self.timeout = timeout
        self._servers: list[Server] = []
        self._local = _local()
        self._layout: dict[str, dict[str, Column]] | None = None

    def close(self) -> None:
        """Close those of this thread; others go with their threads."""
        for role in (READ, WRITE):
            self._drop(role)
        self._layout = None

    # reading

    def select(self, text: str, **values: object) -> Rows:
        """The rows of a select.

        Args:
            text: the statement, see ``statements``.
            values: by name.

        Raises:
            NoTable, BackendUnavailable.
        """
        return self._read(lambda: self._select(self._connection(READ), text, values), READ)

    def layout(self) -> dict[str, dict[str, Column]]:
        """The tables where changes are made, as they are: columns by table and name.

        Raises:
            BackendUnavailable.
        """
        if self._layout is None:

            def rows(text: str) -> Sequence[Sequence[Any]]:
                return self._select(self._connection(WRITE), text, {}).rows

            self._layout = self._read(lambda: self.dialect.layout(rows), WRITE)
        return self._layout

    def is_empty(self) -> bool:
        """Whether the database has no table at all; else one that is missing was lost."""
        return not self.layout()

    def forget_layout(self) -> None:
        """Look at the tables again when they are next asked for."""
        self._layout = None

    # writing

    def run(self, work: Callable[[Work], T], settled: Callable[[], bool] | None = None) -> T | None:
        """Do a transaction, repeated as a whole if another one was in its way.

        Args:
            work: gets what executes statements; called again for each repetition.
            settled: asked if the connection broke in the commit: whether what was to be stored
                is there. Without it the transaction is then repeated, so it must bear that.

        Returns:
            What ``work`` returns; None if only ``settled`` could tell that it counts.

        Raises:
            Duplicate, NoTable, BackendUnavailable: nothing was stored.
            BackendUnavailable: also if nobody could tell; the text says so.
        """
        end = monotonic() + self.timeout
        attempt = 0
        while True:
            state = _Attempt()
            try:
                return self._once(work, state)
            except Exception as error:  # noqa: BLE001 - sorted out there
                trouble, failed = self._explain(error)
            if trouble == kinds.LOST:
                self._drop(WRITE)
                if state.committing and settled is not None and settled():
                    return None
            attempt += 1
            again = trouble in {kinds.LOST, kinds.REPEAT}
            if not again or attempt == _MOST_TRIES or monotonic() > end:
                raise failed
            _wait(attempt)

    def execute(self, text: str, **values: object) -> int:
        """Do one statement as a transaction; the number of rows it was about.

        It must bear being done twice.
        """
        count = self.run(lambda work: work.execute(text, **values))
        return 0 if count is None else count

    def _once(self, work: Callable[[Work], T], state: _Attempt) -> T:
        connection = self._connection(WRITE)
        try:
            cursor = connection.cursor()
            if self.dialect.begin:
                cursor.execute(self.dialect.begin)
            result = work(Work(self.dialect, cursor))
            state.committing = True
            connection.commit()
        except BaseException:
            self._roll_back(connection)
            raise
        return result

    def _roll_back(self, connection: Any) -> None:
        try:
            connection.rollback()
        except Exception:  # noqa: BLE001 - the error before it tells more; a broken one goes
            self._drop(WRITE)

    def _read(self, ask: Callable[[], T], role: str) -> T:
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - sorted out there
            trouble, failed = self._explain(error)
        if trouble not in {kinds.LOST, kinds.REPEAT}:
            raise failed
        self._drop(role)
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - sorted out there
            failed = self._explain(error)[1]
        self._drop(role)
        raise failed

    def _select(self, connection: Any, text: str, values: dict[str, object]) -> Rows:
        rendered = self.dialect.render(text)
        cursor = connection.cursor()
        cursor.execute(rendered.text, rendered.arguments(values))
        names = tuple(column[0].lower() for column in cursor.description)
        return Rows(names, cursor.fetchall())

    def _connection(self, role: str) -> Any:
        held: _Held | None = getattr(self._local, role, None)
        if held is None or not held.is_ours:
            held = _Held(self.dialect.connect(self._server(role)))
            setattr(self._local, role, held)
        return held.connection

    def _server(self, role: str) -> Server:
        if not self._servers:
            self._servers = self.dialect.servers()
        reads_elsewhere = role == READ and self.dialect.settings.mysql_replication
        return self._servers[0 if reads_elsewhere else -1]

    def _drop(self, role: str) -> None:
        setattr(self._local, role, None)

    def _explain(self, error: Exception) -> tuple[str, BackendUnavailable]:
        """What an error means, and the error of ours; one that is not the driver's goes on.

        The driver's own text is not kept: it may show values, passwords among them.
        """
        if not self.dialect.is_error(error):
            raise error
        trouble = self.dialect.trouble(error)
        kind = _KINDS.get(trouble, BackendUnavailable)
        return trouble, kind(str(self._server(WRITE)), f"{trouble}: {self.dialect.number(error)}")


class Work:
    """Executes the statements of a transaction."""

    __slots__ = ("_cursor", "_dialect")

    def __init__(self, dialect: Dialect, cursor: Any) -> None:
        self._dialect = dialect
        self._cursor = cursor

    def execute(self, text: str, **values: object) -> int:
        """Do a statement; the number of rows it was about."""
        rendered = self._dialect.render(text)
        self._cursor.execute(rendered.text, rendered.arguments(values))
        count: int = self._cursor.rowcount
        return count

    def execute_many(self, text: str, rows: Sequence[dict[str, object]]) -> None:
        """Do a statement for each row of values."""
        if rows:
            rendered = self._dialect.render(text)
            self._cursor.executemany(rendered.text, [rendered.arguments(row) for row in rows])


class _Held:
    """A connection that is closed with the thread it belongs to.

    One that a parent process opened is the parent's: closing it here would end it there.
    """

    __slots__ = ("connection", "pid")

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.pid = os.getpid()

    @property
    def is_ours(self) -> bool:
        """Whether this process opened it."""
        return self.pid == os.getpid()

    def __del__(self) -> None:
        if self.is_ours:
            with suppress(Exception):  # it may be broken: that is why it goes
                self.connection.close()
        else:
            _of_the_parent.append(self.connection)


_of_the_parent: list[Any] = []


class _Attempt:
    __slots__ = ("committing",)

    def __init__(self) -> None:
        self.committing = False


def _wait(attempt: int) -> None:
    from random import uniform

    longest = min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT)
    sleep(uniform(longest / 2, longest))  # noqa: S311 - spreads the load, hides nothing
