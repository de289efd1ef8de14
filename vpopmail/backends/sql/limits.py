"""Limits of domains in the table limits."""

from __future__ import annotations

from vpopmail.backends.files.limits import FileLimits
from vpopmail.backends.sql.connections import NoTable
from vpopmail.errors import BackendUnavailable, LimitsUnreadable
from vpopmail.records import VLimits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.backends.sql.connections import Connections
    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.layout import Column
    from vpopmail.records import DomainEntry
    from vpopmail.settings import Settings

TABLE = "limits"
_FIND = "SELECT * FROM [limits] WHERE [domain] = :domain"
_DELETE = "DELETE FROM [limits] WHERE [domain] = :domain"
# Two numbers of three bits each lie in the column perm_maillist, beside its own.
_PACKED = {"perm_maillist_users": 3, "perm_maillist_moderators": 6}
_BITS = 7
_COLUMNS = tuple(name for name in VLimits.__slots__ if name not in _PACKED)


class SqlLimits:
    """Keeps the limits of domains; see LimitsFacet. The default ones are in a file."""

    connections: Connections
    dialect: Dialect
    settings: Settings

    def read_limits(self, domain: DomainEntry) -> VLimits | None:
        """The limits of a domain, else the default ones."""
        found = self._find(domain)
        return self.read_defaults() if found is None else found

    def read_defaults(self) -> VLimits | None:
        """The limits of etc/vlimits.default."""
        return FileLimits(self.settings).read_defaults()

    def has_limits(self, domain: DomainEntry) -> bool:
        """Whether there is a row."""
        return self._find(domain) is not None

    def read_flag_mask(self, domain: DomainEntry) -> int:
        """The flag bits that the limits of a domain add."""
        limits = self.read_limits(domain)
        return 0 if limits is None else limits.flag_mask()

    def write_limits(self, domain: DomainEntry, limits: VLimits) -> None:
        """Store the limits: one statement.

        Raises:
            BackendUnavailable: also if a column cannot hold a number.
        """
        from vpopmail.backends.sql.tables import store_in

        values = {name: getattr(limits, name) for name in _COLUMNS}
        values["perm_maillist"] = limits.perm_maillist & _BITS
        for name, shift in _PACKED.items():
            values["perm_maillist"] |= (getattr(limits, name) & _BITS) << shift

        def store(columns: dict[str, Column]) -> None:
            for name, column in columns.items():
                if name in values:
                    column.check_number(values[name], domain.realdomain)
            name = domain.realdomain
            self.connections.upsert(TABLE, ("domain",), _COLUMNS, domain=name, **values)

        store_in(self.connections, self.dialect, TABLE, store)

    def delete_limits(self, domain: DomainEntry) -> bool:
        """Delete the row; whether there was one."""
        try:
            return bool(self.connections.execute(_DELETE, domain=domain.realdomain))
        except NoTable:
            return False

    def _find(self, domain: DomainEntry) -> VLimits | None:
        try:
            found = self.connections.select(_FIND, domain=domain.realdomain)
        except NoTable:
            return None
        except BackendUnavailable as error:
            raise LimitsUnreadable(error.subject, error.advice) from error
        for row in found.rows:
            known = dict(zip(found.names, row, strict=True))
            number = self.dialect.take_number
            values = {name: number(known[name]) for name in _COLUMNS if name in known}
            packed = values.get("perm_maillist", 0)
            for name in values:
                if name.startswith("perm_"):
                    values[name] &= _BITS  # as a file is read: what C does not look at
            for name, shift in _PACKED.items():
                values[name] = packed >> shift & _BITS
            return VLimits(**values)
        return None
