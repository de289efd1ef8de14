"""A copy of the alias domains in the table aliasdomains, for Dovecot and other programs to join."""

from __future__ import annotations

from vpopmail.backends.sql.connections import NoTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vpopmail.backends.sql.connections import Connections, Work
    from vpopmail.backends.sql.dialect import Dialect

TABLE = "aliasdomains"
_ALL = "SELECT [alias], [domain] FROM [aliasdomains] ORDER BY [alias]"
_DELETE = "DELETE FROM [aliasdomains] WHERE [alias] = :alias"


class SqlAliasDomains:
    """Keeps a copy of the alias domains; see AliasDomainsFacet."""

    connections: Connections
    dialect: Dialect

    def iterate_alias_domains(self) -> Iterator[tuple[str, str]]:
        """Pairs of alias domain and domain, sorted by alias domain."""
        try:
            rows = self.connections.select_latest(_ALL).rows
        except NoTable:
            return
        for row in rows:
            alias, domain = (str(self.dialect.take(value) or "").rstrip() for value in row)
            yield alias, domain

    def write_alias_domains(self, changed: Mapping[str, str | None]) -> None:
        """Store all in one transaction."""
        from vpopmail.backends.sql.tables import columns_of

        columns = columns_of(self.connections, self.dialect, TABLE)
        rows = [
            {"alias": self.dialect.put(alias, columns["alias"]), "domain": domain}
            for alias, domain in sorted(changed.items())
        ]

        def write(work: Work) -> None:
            for row in rows:
                if row["domain"] is None:
                    work.execute(_DELETE, alias=row["alias"])
                else:
                    work.upsert(TABLE, ("alias",), ("domain",), row)

        self.connections.change(write)
