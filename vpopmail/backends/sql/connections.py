"""Reading and changing a database, and what is done when a connection breaks or others interfere.

A transaction is repeated as a whole, a bounded number of times and until a deadline, with a random
wait in between. Whether a commit counts whose answer was lost is found out by looking at the rows.
"""

from __future__ import annotations

from time import monotonic

from vpopmail.backends.sql import dialect as kinds
from vpopmail.backends.sql.doubt import Doubt
from vpopmail.backends.sql.reads import Reads
from vpopmail.backends.sql.servers import (
    PASSES,
    PRIMARY,
    DatabaseError,
    Duplicate,
    NoTable,
    Rows,
    Servers,
    wait,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeVar

    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.held import Held
    from vpopmail.backends.sql.layout import Column

    T = TypeVar("T")

__all__ = ["Connections", "Duplicate", "NoTable", "Rows", "Work"]

_MOST_TRIES = 8


class Connections:
    """The connections of one site.

    Args:
        dialect: of the database.
        timeout: seconds after which no transaction is begun again, and for which one of its
            statements waits for a lock.
    """

    def __init__(self, dialect: Dialect, timeout: float) -> None:
        self.dialect = dialect
        self.timeout = timeout
        self._servers = Servers(dialect)
        self._reads = Reads(self._servers)
        self._layout: dict[str, dict[str, Column]] | None = None
        self._is_made = False  # a file; one that a killed process has begun to make is finished

    def close(self) -> None:
        """Close those of all threads; one that is being used, after that."""
        self._servers.close()
        self._layout = None
        self._is_made = False

    def open(self) -> None:
        """Connect for reading now, and not with the first statement.

        Raises:
            BackendUnavailable, ConfigError.
        """
        try:
            self._reads.ask(lambda _connection: None)
        except NoTable:
            return  # a file that the first change makes

    # reading

    def select(self, text: str, **values: object) -> Rows:
        """The rows of a select: of the replica, if there is one and it has what we changed.

        Args:
            text: the statement, see ``statements``.
            values: by name.

        Raises:
            NoTable, BackendUnavailable.
        """
        return self._reads.ask(lambda connection: self._servers.select(connection, text, values))

    def select_latest(self, text: str, **values: object) -> Rows:
        """The rows of a select where changes are made: for what is changed next.

        Raises:
            NoTable, BackendUnavailable.
        """
        return self._reads.ask_primary(
            lambda connection: self._servers.select(connection, text, values)
        )

    def layout(self) -> dict[str, dict[str, Column]]:
        """The tables where changes are made, as they are: columns by table and name.

        None at all, if the database is a file that is missing.

        Raises:
            BackendUnavailable.
        """
        if self._layout is None:
            try:
                self._layout = self._reads.ask_primary(
                    lambda connection: self.dialect.layout(self._servers.rows_of(connection))
                )
            except NoTable:
                return {}
        return self._layout

    def ask(self, text: str) -> Sequence[Sequence[Any]]:
        """The rows of a statement about tables, where changes are made; its text is taken as it is.

        Raises:
            NoTable, BackendUnavailable.
        """

        def rows(connection: Any) -> Sequence[Sequence[Any]]:
            cursor = connection.cursor()
            cursor.execute(text)
            return list(cursor.fetchall())

        return self._reads.ask_primary(rows)

    def location(self) -> str:
        """Where changes are made, for people: no password is in it. Raises: ConfigError."""
        return self._servers.location()

    def is_empty(self) -> bool:
        """Whether the database has no table at all; else one that is missing was lost."""
        return not self.layout()

    def forget_layout(self) -> None:
        """Look at the tables again when they are next asked for."""
        self._layout = None

    # writing

    def begin_change(self, who: object) -> None:
        """From now on read where changes are made: what is read decides what is changed."""
        self._reads.changing.add(id(who))

    def end_change(self, who: object) -> None:
        """That change is over, or had not begun."""
        self._reads.changing.discard(id(who))

    def run(self, work: Callable[[Work], T], settled: Callable[[], bool] | None = None) -> T | None:
        """Do a transaction, repeated as a whole if another one was in its way.

        Args:
            work: gets what executes statements; called again for each repetition.
            settled: asked if a connection broke in the commit: whether what was to be stored is
                there. Without it the transaction is then repeated, so it must bear that.

        Returns:
            What ``work`` returns; None if only ``settled`` could tell that it counts.

        Raises:
            Duplicate, NoTable, BackendUnavailable, and what ``work`` raises: nothing was stored.
            BackendUnavailable with ``in_doubt``: nobody could tell whether it was.
        """
        end = monotonic() + self.timeout
        doubt = Doubt(settled)
        attempt = 0
        while True:
            try:
                return self._once(work, doubt)
            except Exception as error:  # noqa: BLE001 - sorted out there
                failed = self._servers.explain(error)
            trouble = failed.trouble if isinstance(failed, DatabaseError) else kinds.OTHER
            if doubt.is_settled(trouble):
                return None
            attempt += 1
            if trouble not in PASSES or attempt == _MOST_TRIES or monotonic() > end:
                raise doubt.judged(failed, trouble)
            wait(attempt)

    def execute(self, text: str, **values: object) -> int:
        """Do one statement as a transaction; the number of rows it was about.

        It must bear being done twice.
        """
        counts: list[int] = []
        self.run(lambda work: counts.append(work.execute(text, **values)))
        # The last attempt finds nothing left to delete, if the one before counted after all.
        return max(counts)

    def define(self, text: str) -> None:
        """Do a statement about tables.

        Raises:
            DatabaseError: also if what it makes is there.
        """
        if self.dialect.defines_in_transactions:
            self.execute(text)
        else:
            rendered = self.dialect.render(text)
            self._reads.ask_primary(lambda connection: connection.cursor().execute(rendered.text))

    def change(self, work: Callable[[Work], object]) -> None:
        """Do a transaction that may find another one's row where it was to insert one.

        It must bear being done twice.
        """
        try:
            self.run(work)
        except Duplicate:
            self.run(work)  # now it is there to be updated

    def upsert(
        self, table: str, keys: tuple[str, ...], names: tuple[str, ...], **values: object
    ) -> None:
        """Store a row in the place of one with the same keys, as a transaction.

        Args:
            table, keys, names: the table, its key and its other columns, see ``Dialect.upsert``.
            values: by the names of the columns.
        """
        self.change(lambda work: work.upsert(table, keys, names, values))

    def _once(self, work: Callable[[Work], T], doubt: Doubt) -> T:
        held = self._servers.held(PRIMARY)
        if not (self._is_made and held.is_connected):
            self.dialect.make_database()
            self._is_made = True
        with held as connection:
            try:
                cursor = connection.cursor()
                self._begin(held, cursor)
                self._reads.transaction = connection
                result = work(Work(self.dialect, cursor))
                doubt.committing = True
                connection.commit()
                doubt.committing = False
            except BaseException as error:
                if doubt.committing:
                    self._reads.note_change(None)
                self._roll_back(held, connection, error)
                raise
            finally:
                self._reads.transaction = None
            self._reads.note_change(connection)
        return result

    def _begin(self, held: Held, cursor: Any) -> None:
        if not held.is_bounded:
            bound = self.dialect.bound_waits(max(1, int(self.timeout)))
            if bound:
                cursor.execute(bound)
            held.is_bounded = True
        if self.dialect.begin:
            cursor.execute(self.dialect.begin)

    def _roll_back(self, held: Held, connection: Any, error: BaseException) -> None:
        if not isinstance(error, Exception) or self._servers.is_lost(error):
            held.close()
            return
        try:
            connection.rollback()
        except Exception:  # noqa: BLE001 - the error before it tells more; a broken one goes
            held.close()


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

    def execute_text(self, text: str) -> None:
        """Do a statement about tables; its text is taken as it is."""
        self._cursor.execute(text)

    def upsert(
        self,
        table: str,
        keys: tuple[str, ...],
        names: tuple[str, ...],
        values: Mapping[str, object],
    ) -> None:
        """Store a row in the place of one with the same keys: in one statement, or in two."""
        first, *more = self._dialect.upsert(table, keys, names)
        count = self.execute(first, **values)
        for text in more:
            if not count:
                count = self.execute(text, **values)

    def upsert_many(
        self,
        table: str,
        keys: tuple[str, ...],
        names: tuple[str, ...],
        rows: Sequence[Sequence[object]],
    ) -> None:
        """``upsert`` for each row of values, of the keys and then of the others."""
        texts = self._dialect.upsert(table, keys, names)
        if len(texts) == 1:
            self.execute_many(texts[0], rows)
            return
        for row in rows:
            self.upsert(table, keys, names, dict(zip((*keys, *names), row, strict=True)))

    def execute_many(self, text: str, rows: Sequence[Sequence[object]]) -> None:
        """Do a statement for each row of values, which are in the order of their places in it."""
        if rows:
            rendered = self._dialect.render_by_place(text)
            self._dialect.execute_many(self._cursor, rendered.text, rows)
