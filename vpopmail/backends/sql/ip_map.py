"""The domains that addresses of a server stand for, in the table ip_alias_map."""

from __future__ import annotations

from vpopmail.backends.sql.connections import NoTable
from vpopmail.errors import DomainNameTooLong, InvalidCharacter, InvalidIpAddress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.backends.sql.connections import Connections
    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.layout import Column

TABLE = "ip_alias_map"
_FIND = "SELECT [domain] FROM [ip_alias_map] WHERE [ip_addr] = :ip_addr"
_ALL = "SELECT [ip_addr], [domain] FROM [ip_alias_map] ORDER BY [ip_addr]"
_DELETE_ADDRESS = "DELETE FROM [ip_alias_map] WHERE [ip_addr] = :ip_addr"
_DELETE = "DELETE FROM [ip_alias_map] WHERE [ip_addr] = :ip_addr AND [domain] = :domain"


class SqlIpMap:
    """Keeps which domain a server's own address stands for; see IpMapFacet.

    The address is the key of the table: it has one domain.
    """

    connections: Connections
    dialect: Dialect

    def read_ip_map(self, address: str) -> str | None:
        """The domain of an address."""
        try:
            rows = self.connections.select(_FIND, ip_addr=self.dialect.put(address)).rows
        except (NoTable, InvalidCharacter):
            return None
        return str(self.dialect.take(rows[0][0]) or "").rstrip() or None if rows else None

    def iterate_ip_map(self) -> Iterator[tuple[str, str]]:
        """Pairs of address and domain, sorted by address."""
        try:
            rows = self.connections.select(_ALL).rows
        except NoTable:
            return
        for row in rows:
            address, domain = (str(self.dialect.take(value) or "").rstrip() for value in row)
            yield address, domain

    def write_ip_map(self, address: str, domain: str, *, alone: bool = False) -> None:  # noqa: ARG002
        """Let an address stand for a domain, and in any case for no other: one statement.

        Raises:
            InvalidIpAddress, DomainNameTooLong: a column is too narrow.
            InvalidCharacter, BackendUnavailable.
        """
        from vpopmail.backends.sql.tables import store_in

        def store(columns: dict[str, Column]) -> None:
            self._write(address, domain, columns)

        store_in(self.connections, self.dialect, TABLE, store)

    def _write(self, address: str, domain: str, columns: dict[str, Column]) -> None:
        if not columns["ip_addr"].holds(address):
            what = f"the column ip_addr holds {columns['ip_addr'].width}"
            raise InvalidIpAddress(address, what)
        if not columns["domain"].holds(domain):
            raise DomainNameTooLong(domain, f"the column domain holds {columns['domain'].width}")
        values = {
            "ip_addr": self.dialect.put(address, columns["ip_addr"]),
            "domain": self.dialect.put(domain, columns["domain"]),
        }
        self.connections.upsert(TABLE, ("ip_addr",), ("domain",), **values)

    def delete_ip_map(self, address: str, domain: str | None = None) -> bool:
        """Forget exactly this pair, or what the address has: one statement."""
        put, execute = self.dialect.put, self.connections.execute
        try:
            if domain is None:
                return bool(execute(_DELETE_ADDRESS, ip_addr=put(address)))
            return bool(execute(_DELETE, ip_addr=put(address), domain=put(domain)))
        except (NoTable, InvalidCharacter):
            return False
