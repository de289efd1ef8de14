"""The addresses that may send mail for a while, in the table relay."""

from __future__ import annotations

from vpopmail.backends.sql.connections import Duplicate, NoTable
from vpopmail.errors import InvalidIpAddress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vpopmail.backends.sql.connections import Connections, Work
    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.layout import Column

TABLE = "relay"
_ALL = "SELECT [relay.ip_addr], [relay.timestamp] FROM [relay]"
_HAS = "SELECT [relay.ip_addr] FROM [relay] WHERE [relay.ip_addr] = :ip_addr"
_REFRESH = "UPDATE [relay] SET [relay.timestamp] = :timestamp WHERE [relay.ip_addr] = :ip_addr"
_INSERT = """
    INSERT INTO [relay] ([relay.ip_addr], [relay.timestamp]) VALUES (:ip_addr, :timestamp)
"""
_DELETE = """
    DELETE FROM [relay] WHERE [relay.ip_addr] = :ip_addr AND [relay.timestamp] = :timestamp
"""
_DELETE_UNDATED = """
    DELETE FROM [relay] WHERE [relay.ip_addr] = :ip_addr AND [relay.timestamp] IS NULL
"""


class SqlRelay:
    """Keeps the addresses that may send mail; see RelayFacet.

    Releases 5.4 have the time as a text, later ones as a number: it is compared here, not there.
    """

    connections: Connections
    dialect: Dialect

    def open_relay(self, address: str, now: int) -> bool:
        """Note a login: one statement for an address that is known, two for a new one.

        Raises:
            InvalidIpAddress: the column is too narrow.
            InvalidCharacter.
            BackendUnavailable: also if the column is too narrow for the time.
        """
        from vpopmail.backends.sql.tables import store_in

        def store(columns: dict[str, Column]) -> bool:
            return self._open(address, now, columns)

        return store_in(self.connections, self.dialect, TABLE, store)

    def _open(self, address: str, now: int, columns: dict[str, Column]) -> bool:
        column = columns["ip_addr"]
        if not column.holds(address):
            raise InvalidIpAddress(address, f"the column ip_addr holds {column.width}")
        time = columns[self.dialect.column("relay.timestamp")]
        time.check_number(now, address)
        values: dict[str, Any] = {
            "ip_addr": self.dialect.put(address, column),
            "timestamp": str(now) if time.is_text else now,
        }
        if self.connections.execute(_REFRESH, **values):
            return False
        try:
            self.connections.run(
                lambda work: work.execute(_INSERT, **values),
                lambda: bool(self.connections.select_latest(_HAS, ip_addr=values["ip_addr"]).rows),
            )
        except Duplicate:
            return False  # another process was quicker, a moment ago
        return True

    def relay_addresses(self) -> list[tuple[str, int]]:
        """The addresses, each with the time of its last login."""
        try:
            rows = self.connections.select(_ALL).rows
        except NoTable:
            return []
        take, number = self.dialect.take, self.dialect.take_number
        return [(str(take(row[0])).rstrip(), number(row[1])) for row in rows]

    def close_relay(self, until: int) -> int:
        """Forget the addresses that were seen last at this time or before, in one transaction.

        One that logs in meanwhile stays.
        """
        try:
            rows = self.connections.select_latest(_ALL).rows
        except NoTable:
            return 0
        old = [(row[0], row[1]) for row in rows if self.dialect.take_number(row[1]) <= until]
        if not old:
            return 0

        def delete(work: Work) -> int:
            return sum(_delete(work, address, seconds) for address, seconds in old)

        count = self.connections.run(delete)
        return len(old) if count is None else count


def _delete(work: Work, address: Any, seconds: Any) -> int:
    if seconds is None:
        return work.execute(_DELETE_UNDATED, ip_addr=address)
    return work.execute(_DELETE, ip_addr=address, timestamp=seconds)
