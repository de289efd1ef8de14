"""The accounts of a site in tables, and the transaction that changes them."""

from __future__ import annotations

from vpopmail import errors
from vpopmail.backends.abstract import (
    ALIAS_DOMAINS,
    ALIASES,
    AUTH_LOG,
    DIR_CONTROL,
    IP_MAP,
    LAST_AUTH,
    LIMITS,
    RELAY,
    SCHEMA,
    Backend,
)
from vpopmail.backends.sql import auth_log
from vpopmail.backends.sql.account_table import (
    AccountTable,
    check_distinct,
    own_table,
    shared_table,
)
from vpopmail.backends.sql.alias_domains import SqlAliasDomains
from vpopmail.backends.sql.aliases import SqlAliases
from vpopmail.backends.sql.auth_log import SqlAuthLog
from vpopmail.backends.sql.connections import Connections, NoTable
from vpopmail.backends.sql.dir_control import SqlDirControl
from vpopmail.backends.sql.ip_map import SqlIpMap
from vpopmail.backends.sql.last_auth import SqlLastAuth
from vpopmail.backends.sql.limits import SqlLimits
from vpopmail.backends.sql.relay import SqlRelay
from vpopmail.backends.sql.users import Reader
from vpopmail.records import DomainEntry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from vpopmail.backends.sql.connections import Work
    from vpopmail.backends.sql.ddl.keeper import SchemaKeeper
    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.transaction import Transaction
    from vpopmail.records import VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings

# What is kept of a domain besides its users, with the column that names the domain.
_OF_A_DOMAIN = (
    ("valias", "domain"),
    ("lastauth", "domain"),
    ("limits", "domain"),
    ("dir_control", "domain"),
    ("ip_alias_map", "domain"),
    ("aliasdomains", "domain"),
)


_PAGE = 1000  # rows

_NOWHERE, _NOBODY = "nowhere.invalid", "nobody"  # no domain can have that name: RFC 6761


class SqlBackend(
    SqlAliasDomains,
    SqlAliases,
    SqlAuthLog,
    SqlDirControl,
    SqlIpMap,
    SqlLastAuth,
    SqlLimits,
    SqlRelay,
    Backend,
):
    """Accounts in an SQL database.

    Attributes:
        dialect_class: of the kind of database.
        connections: to the database.
    """

    alias_line_limit = 0
    dialect_class: type[Dialect]

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.dialect = self.dialect_class(settings)
        self.connections = Connections(self.dialect, settings.lock_timeout)
        optional = {
            LAST_AUTH: settings.auth_logging,
            ALIASES: settings.valias,
            LIMITS: settings.mysql_limits,
            AUTH_LOG: settings.sql_logging,
            IP_MAP: settings.ip_alias_domains,
            RELAY: settings.roaming_users,
            SCHEMA: self.dialect.language is not None,
            ALIAS_DOMAINS: settings.sql_aliasdomains,
        }
        kept = [facet for facet, wanted in optional.items() if wanted]
        self.facets = frozenset((DIR_CONTROL, *kept))

    def connect(self) -> None:
        """Connect for reading."""
        self.connections.open()

    def close(self) -> None:
        """Close the connections of this thread."""
        self.connections.close()

    def find(self, domain: DomainEntry, name: str) -> VqPasswd | None:
        """The user of this name: one select."""
        found = self.find_row(domain, name)
        return None if found is None else found[0]

    def spend_find(self) -> None:
        """One select that finds nobody."""
        self.find(DomainEntry(_NOWHERE, _NOWHERE, 0, 0, "/"), _NOBODY)

    def find_row(
        self, domain: DomainEntry, name: str
    ) -> tuple[VqPasswd, tuple[str, ...], Sequence[Any]] | None:
        """The user of this name, with the names of the columns and the row as it is."""
        try:
            key = self.dialect.put(name)
        except errors.InvalidCharacter:
            return None  # no row can have the name
        text = self.table_of(domain).find()
        found = self.connections.select(text, pw_name=key, pw_domain=domain.realdomain)
        for row in found.rows:
            user = self._reader(found.names).record(row)
            # A database may take other letters for the same name.
            if user.pw_name.lower() == name:
                return user, found.names, row
        return None

    def first_there(self, domain: DomainEntry, names: Sequence[str]) -> str | None:
        """The first of some names that the database has; None: none of them."""
        table = self.table_of(domain)
        values = {f"name{place}": self.dialect.put(name) for place, name in enumerate(names)}
        try:
            rows = self._rows(table.names(len(names)), pw_domain=domain.realdomain, **values)
        except NoTable:
            if not (table.own or self.connections.is_empty()):
                raise
            return None  # the first user makes it
        # A database may take other letters for the same name.
        there = {str(self.dialect.take(name)).rstrip().lower() for (name,) in rows}
        return next((name for name in names if name in there), None)

    def iterate(self, domain: DomainEntry) -> Iterator[VqPasswd]:
        """The users of a domain, sorted by the bytes of their names."""
        from vpopmail.formats.text import to_bytes

        text = self.table_of(domain).iterate()
        found = self.connections.select(text, pw_domain=domain.realdomain)
        reader = self._reader(found.names)
        place = found.names.index("pw_name")
        for row in sorted(found.rows, key=lambda row: to_bytes(reader.text(row[place]))):
            yield reader.record(row)

    def stream(self, domain: DomainEntry) -> Iterator[VqPasswd]:
        """The users of a domain where changes are made, a page at a time."""
        table = self.table_of(domain)
        if table.name not in self.connections.layout() and (
            table.own or self.connections.is_empty()
        ):
            return  # the first user makes it
        if not self.dialect.first_rows:
            yield from self.iterate(domain)
            return
        end = self.dialect.first_rows % _PAGE
        last: object = None
        while True:
            text = f"{table.page(first=last is None)} {end}"
            found = self.connections.select_latest(text, pw_domain=domain.realdomain, after=last)
            reader = self._reader(found.names)
            for row in found.rows:
                yield reader.record(row)
            if len(found.rows) < _PAGE:
                return
            last = found.rows[-1][found.names.index("pw_name")]

    def location(self) -> str:
        """The server and the database."""
        return f"{self.name} {self.connections.location()}"

    def account_location(self) -> str:
        """The server, the database, and which tables."""
        kind = "one table" if self.settings.many_domains else "a table for each domain"
        return f"{self.location()}, {kind}"

    def transaction(self, domain: DomainEntry, directory: Directory) -> Transaction:
        """A transaction on the users of a domain."""
        from vpopmail.backends.sql.transaction import SqlTransaction

        return SqlTransaction(self, domain, directory)

    def table_of(self, domain: DomainEntry) -> AccountTable:
        """The table of the users of a domain.

        Raises:
            InvalidDomainName: there can be none of its name.
        """
        return shared_table() if self.settings.many_domains else own_table(domain.realdomain)

    def check_new_domain(self, name: str, others: Iterable[str]) -> None:
        """Refuse a domain whose table would be that of another, or of the database itself."""
        if self.settings.many_domains:
            return
        check_distinct(name, others)
        if self.dialect.reserves(own_table(name).name, self._rows):
            raise errors.InvalidDomainName(name, f"{self.name} has tables of such a name itself")

    def add_domain(self, domain: DomainEntry) -> None:
        """Make the tables that are missing."""
        from vpopmail.backends.sql.tables import make_missing

        make_missing(self.connections, self.dialect, self.table_of(domain))

    def schema(self) -> SchemaKeeper:
        """What looks after the tables; see SchemaFacet."""
        from vpopmail.backends.sql.ddl.keeper import SchemaKeeper

        assert self.dialect.language is not None
        module, name = self.dialect.language
        language = getattr(__import__(module, fromlist=[name]), name)
        return SchemaKeeper(self, language(self.dialect))

    def has_accounts(self, domain: DomainEntry) -> bool:
        """Whether there is a row of the domain."""
        try:
            text = self.table_of(domain).any()
            rows = self.connections.select_latest(text, pw_domain=domain.realdomain).rows
        except NoTable:
            return False
        return rows[0][0] is not None

    def delete_domain(self, domain: DomainEntry) -> None:
        """Delete all rows of a domain, in one transaction."""
        try:
            self._forget_domain(domain)
        except NoTable:
            # One was lost while this process ran; there is nothing to be deleted in it.
            self.connections.forget_layout()
            self._forget_domain(domain)

    def _forget_domain(self, domain: DomainEntry) -> None:
        name, users = domain.realdomain, self.table_of(domain)
        layout = self.connections.layout()
        tables = [(table, column) for table, column in _OF_A_DOMAIN if table in layout]
        if self.settings.sql_remove_deleted and auth_log.TABLE in layout:
            tables.append((auth_log.TABLE, "domain"))

        def delete(work: Work) -> None:
            for table, column in tables:
                text = f"DELETE FROM [{table}] WHERE [{table}.{column}] = :domain"  # noqa: S608
                work.execute(text, domain=name)
            if users.name in layout and not apart:
                work.execute(users.clear(), pw_domain=name)

        apart = users.own and not self.dialect.defines_in_transactions
        self.connections.run(delete)
        if users.name in layout and apart:
            self.connections.define(users.clear())
        if users.own:
            self.connections.forget_layout()

    def _rows(self, text: str, **values: object) -> Sequence[Sequence[Any]]:
        return self.connections.select_latest(text, **values).rows

    def _reader(self, names: tuple[str, ...]) -> Reader:
        return Reader(self.dialect, names, clear_passwd=self.settings.clear_passwd)
