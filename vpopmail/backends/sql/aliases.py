"""Aliases in the table valias: a row for each delivery line."""

from __future__ import annotations

from vpopmail.backends.sql.connections import NoTable
from vpopmail.errors import AliasLineTooLong, InvalidCharacter, InvalidUserName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vpopmail.backends.sql.backend import SqlBackend
    from vpopmail.backends.sql.connections import Connections, Work
    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.records import DomainEntry

TABLE = "valias"
_FIND = """
    SELECT * FROM [valias] WHERE [valias.alias] = :alias AND [valias.domain] = :domain
"""
_NAMES = "SELECT DISTINCT [valias.alias] FROM [valias] WHERE [valias.domain] = :domain"
_DELETE = "DELETE FROM [valias] WHERE [valias.alias] = :alias AND [valias.domain] = :domain"
_INSERT = """
    INSERT INTO [valias] ([valias.alias], [valias.domain], [valias.valias_line])
    VALUES (:alias, :domain, :line)
"""
_INSERT_TYPED = """
    INSERT INTO [valias]
        ([valias.alias], [valias.domain], [valias.valias_line], [valias.valias_type])
    VALUES (:alias, :domain, :line, :type)
"""
_DEFAULT = "default"


class SqlAliases:
    """Keeps the aliases of domains; see AliasesFacet."""

    connections: Connections
    dialect: Dialect

    def read_alias(self, domain: DomainEntry, name: str) -> list[str] | None:
        """The delivery lines, in the order in which they were stored where that is known."""
        try:
            key = self.dialect.put(name)
            found = self.connections.select(_FIND, alias=key, domain=domain.realdomain)
        except (NoTable, InvalidCharacter):
            return None
        alias, line = found.names.index("alias"), found.names.index("valias_line")
        rows = [row for row in found.rows if self.dialect.take(row[alias]) == name]
        if "id" in found.names:
            rows.sort(key=lambda row: row[found.names.index("id")])
        lines = [str(self.dialect.take(row[line]) or "") for row in rows]
        # An alias without lines is a row with an empty one.
        return [text for text in lines if text] if rows else None

    def alias_names(self, domain: DomainEntry) -> list[str]:
        """The aliases of a domain, in any order, without ``default``."""
        try:
            found = self.connections.select(_NAMES, domain=domain.realdomain)
        except NoTable:
            return []
        names = [str(self.dialect.take(row[0])) for row in found.rows]
        return [name for name in names if name != _DEFAULT]


def check(backend: SqlBackend, changed: Mapping[str, Sequence[str] | None]) -> None:
    """Refuse aliases that the table cannot hold, and make it if it is missing.

    Raises:
        InvalidUserName, AliasLineTooLong, InvalidCharacter, BackendUnavailable.
    """
    if not changed:
        return
    if TABLE not in backend.connections.layout():
        from vpopmail.backends.sql.tables import make_missing

        make_missing(backend.connections, backend.dialect)
    columns = backend.connections.layout()[TABLE]
    name, line = columns["alias"], columns["valias_line"]
    for alias, lines in changed.items():
        backend.dialect.put(alias, name)
        if not name.holds(alias):
            raise InvalidUserName(alias, f"the column alias holds {name.width}")
        for text in lines or ():
            backend.dialect.put(text, line)
            if not line.holds(text):
                raise AliasLineTooLong(alias, f"the column valias_line holds {line.width}")


def store(
    work: Work, backend: SqlBackend, domain: str, changed: Mapping[str, Sequence[str] | None]
) -> None:
    """Store aliases, as part of a transaction.

    Args:
        work: executes its statements.
        backend: of the site.
        domain: the real domain.
        changed: the lines of each alias, or None if it goes.
    """
    if not changed:
        return
    columns = backend.connections.layout()[TABLE]
    put, typed = backend.dialect.put, "valias_type" in columns
    for name, lines in changed.items():
        alias = put(name, columns["alias"])
        work.execute(_DELETE, alias=alias, domain=domain)
        for text in (lines or [""]) if lines is not None else ():
            values = {"alias": alias, "domain": domain, "line": put(text, columns["valias_line"])}
            if typed:
                values["type"] = 0 if text.startswith("|") else 1
            work.execute(_INSERT_TYPED if typed else _INSERT, **values)
