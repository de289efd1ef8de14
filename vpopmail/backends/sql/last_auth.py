"""Last logins in the table lastauth."""

from __future__ import annotations

from time import time

from vpopmail.backends.sql.connections import NoTable
from vpopmail.errors import InvalidCharacter
from vpopmail.records import NEVER_LOGGED_IN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vpopmail.backends.sql.connections import Connections, Work
    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.layout import Column
    from vpopmail.records import DomainEntry, VqPasswd

TABLE = "lastauth"
_AT_ONCE = 1000
_KEYS = ("user", "domain")
_VALUES = ("remote_ip", "timestamp")
DELETE = "DELETE FROM [lastauth] WHERE [lastauth.user] = :user AND [lastauth.domain] = :domain"
_FIND = """
    SELECT [lastauth.remote_ip], [lastauth.timestamp] FROM [lastauth]
    WHERE [lastauth.user] = :user AND [lastauth.domain] = :domain
"""


class SqlLastAuth:
    """Keeps when and from where each user last logged in; see LastAuthFacet."""

    connections: Connections
    dialect: Dialect

    def first_auth_files(self, remote_ip: str) -> dict[str, bytes]:  # noqa: ARG002
        """No files."""
        return {}

    def note_new_users(self, domain: str, names: Sequence[str]) -> None:
        """Note the creation of users; its commit points are those of transactions of many."""
        now = int(time())
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            self._note(domain, [(name, NEVER_LOGGED_IN, now) for name in some])

    def read_last_auth(self, domain: DomainEntry, user: VqPasswd) -> tuple[str, int] | None:
        """The last login, of where logins are noted: who seems unused is deleted for it."""
        try:
            key = self.dialect.put(user.pw_name)
            found = self.connections.select_latest(_FIND, user=key, domain=domain.realdomain)
        except (NoTable, InvalidCharacter):
            return None
        for address, seconds in found.rows:
            text = str(self.dialect.take(address) or "").rstrip()
            return text, self.dialect.take_number(seconds)
        return None

    def write_last_auth(self, domain: DomainEntry, user: VqPasswd, remote_ip: str) -> None:
        """Note a login; its commit point is that of the statement.

        Raises:
            BackendUnavailable: also for a time that the column does not hold.
        """
        self._note(domain.realdomain, [(user.pw_name, remote_ip, int(time()))])

    def restore_last_auths(
        self, domain: DomainEntry, logins: Sequence[tuple[VqPasswd, str, int]]
    ) -> None:
        """Note logins of the past, in one transaction; see ``write_last_auth``."""
        name = domain.realdomain
        self._note(name, [(user.pw_name, ip, at) for user, ip, at in logins])

    def store_first_logins(self, work: Work, domain: str, names: Sequence[str]) -> None:
        """Note the creation of users as part of a transaction; the table is there."""
        columns, now = self.connections.layout()[TABLE], int(time())
        rows = [self._row(columns, domain, name, NEVER_LOGGED_IN, now) for name in names]
        work.upsert_many(TABLE, _KEYS, _VALUES, [row for row in rows if row is not None])

    def _note(self, domain: str, logins: Sequence[tuple[str, str, int]]) -> None:
        from vpopmail.backends.sql.tables import store_in

        def store(columns: dict[str, Column]) -> None:
            rows = [self._row(columns, domain, *login) for login in logins]
            kept = [row for row in rows if row is not None]
            if kept:
                self.connections.change(lambda work: work.upsert_many(TABLE, _KEYS, _VALUES, kept))

        store_in(self.connections, self.dialect, TABLE, store)

    def _row(
        self, columns: dict[str, Column], domain: str, name: str, remote_ip: str, seconds: int
    ) -> tuple[object, ...] | None:
        """A row: keys, then values; or None where the table cannot hold the name."""
        user = columns[self.dialect.column("lastauth.user")]
        if not user.holds(name):
            return None  # an old table, narrower than names: C would cut the name of another user
        time_ = columns[self.dialect.column("lastauth.timestamp")]
        time_.check_number(seconds, f"{name}@{domain}")
        address = columns[self.dialect.column("lastauth.remote_ip")]
        # The time counts: accounts that are not used are deleted by it.
        known = remote_ip if address.holds(remote_ip) else ""
        return (self.dialect.put(name, user), domain, self.dialect.put(known, address), seconds)
