"""The log of logins in the table vlog."""

from __future__ import annotations

from vpopmail.backends.sql.connections import NoTable
from vpopmail.errors import InvalidCharacter
from vpopmail.records import LoginRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from vpopmail.backends.sql.connections import Connections
    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.layout import Column

TABLE = "vlog"
DELETE = "DELETE FROM [vlog] WHERE [vlog.user] = :user AND [vlog.domain] = :domain"
_INSERT = """
    INSERT INTO [vlog] ([vlog.user], [vlog.passwd], [vlog.domain], [vlog.logon], [vlog.remoteip],
        [vlog.message], [vlog.timestamp], [vlog.error])
    VALUES (:user, :passwd, :domain, :logon, :remoteip, :message, :timestamp, :error)
"""
_HAS = """
    SELECT [vlog.id] FROM [vlog]
    WHERE [vlog.timestamp] = :timestamp AND [vlog.error] = :error AND [vlog.user] = :user
        AND [vlog.passwd] = :passwd AND [vlog.domain] = :domain AND [vlog.logon] = :logon
        AND [vlog.remoteip] = :remoteip AND [vlog.message] = :message
"""
_FIRST = """
    SELECT MIN([vlog.id]) FROM [vlog] WHERE [vlog.id] > :last AND [vlog.timestamp] >= :since
"""
_COLUMNS = ("user", "domain", "logon", "passwd", "remoteip", "message", "timestamp", "error")
_PAGE = f"""
    SELECT [vlog.id], {", ".join(f"[vlog.{name}]" for name in _COLUMNS)}
    FROM [vlog]
    WHERE [vlog.id] >= :first AND [vlog.id] < :next AND [vlog.timestamp] >= :since
    ORDER BY [vlog.id]
"""  # noqa: S608 - names of ours
_PAGE_SIZE = 2000  # rows
_FORGET = "DELETE FROM [vlog] WHERE [vlog.timestamp] <= :until"
# What a client gave at length is shortened; a name or a password never is: it would be another.
_SHORTENED = frozenset({"logon", "message"})
_MARK = "..."


class SqlAuthLog:
    """Keeps a log of logins; see AuthLogFacet."""

    connections: Connections
    dialect: Dialect

    def write_log(self, record: LoginRecord) -> None:
        r"""Add a login: one statement.

        The text of a login comes from the client, and a client must not keep itself out of the
        log. So what does not fit is no error here: logon and message are shortened, with ``...``
        at their end; a name, an address or a password is left empty; what a column cannot hold
        stands as an escape, ``\xff``.

        Raises:
            BackendUnavailable: also for a time or status that its column does not hold.
        """
        from vpopmail.backends.sql.tables import store_in

        def store(columns: dict[str, Column]) -> None:
            values = self._values(record, columns)
            for name in ("timestamp", "error"):
                columns[self.dialect.column(f"vlog.{name}")].check_number(values[name], TABLE)
            self.connections.run(
                lambda work: work.execute(_INSERT, **values),
                # No key tells: one that looks the same is taken for it.
                lambda: bool(self.connections.select_latest(_HAS, **values).rows),
            )

        store_in(self.connections, self.dialect, TABLE, store)

    def as_logged(self, record: LoginRecord) -> LoginRecord:
        """A login as ``iterate_log`` gives it back once it is stored."""
        from vpopmail.backends.sql.tables import columns_of

        values = self._values(record, columns_of(self.connections, self.dialect, TABLE))
        return self._record([values[name] for name in _COLUMNS])

    def iterate_log(self, since: int = 0) -> Iterator[LoginRecord]:
        """The logins at this time or after, in the order in which they were stored."""
        last = -1
        try:
            while (first := self._first_after(last, since)) is not None:
                following = first + _PAGE_SIZE
                found = self.connections.select(_PAGE, first=first, next=following, since=since)
                for row in found.rows:
                    yield self._record(row[1:])
                last = following - 1
        except NoTable:
            return

    def delete_log(self, until: int) -> int:
        """Forget the logins at this time or before: one statement."""
        try:
            return self.connections.execute(_FORGET, until=until)
        except NoTable:
            return 0

    def _first_after(self, last: int, since: int) -> int | None:
        found = self.connections.select(_FIRST, last=last, since=since).rows[0][0]
        return None if found is None else int(found)

    def _record(self, row: Sequence[Any]) -> LoginRecord:
        *values, time, status = row
        texts = [self.dialect.take(value) or "" for value in values]
        user, domain, logon, password, remote_ip, message = (str(text).rstrip() for text in texts)
        return LoginRecord(
            user,
            domain,
            logon=logon,
            password=password,
            remote_ip=remote_ip,
            message=message,
            time=self.dialect.take_number(time),
            status=self.dialect.take_number(status),
        )

    def _values(self, record: LoginRecord, columns: dict[str, Column]) -> dict[str, Any]:
        """The row of a login, by the names of the columns."""
        texts = {
            "user": record.user,
            "passwd": record.password,
            "domain": record.domain,
            "logon": record.logon,
            "remoteip": record.remote_ip,
            "message": record.message,
        }
        values = {name: self._fitted(name, text, columns) for name, text in texts.items()}
        return {**values, "timestamp": record.time, "error": record.status}

    def _fitted(self, name: str, text: str, columns: dict[str, Column]) -> Any:
        column = columns[self.dialect.column(f"vlog.{name}")]
        text = self._shown(text.rstrip(" "), column)  # not all databases keep blanks at the end
        if not column.holds(text):
            text = _shortened(text, column) if name in _SHORTENED else ""
        return self.dialect.put(text, column)

    def _shown(self, text: str, column: Column) -> str:
        """A text with what the column cannot hold as escapes."""
        if self._is_kept(text, column):
            return text
        return "".join(sign if self._is_kept(sign, column) else _escape(sign) for sign in text)

    def _is_kept(self, text: str, column: Column) -> bool:
        try:
            self.dialect.put(text, column)
        except InvalidCharacter:
            return False
        return True


def _escape(sign: str) -> str:
    code = ord(sign)
    byte = code - 0xDC00  # as surrogateescape has a byte that is no UTF-8
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else ascii(sign)[1:-1]


def _shortened(text: str, column: Column) -> str:
    kept = text[: column.length - len(_MARK)]
    while not column.holds(kept + _MARK):
        kept = kept[:-1]
    return kept + _MARK
