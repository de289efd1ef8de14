"""Changes to the users of one domain in a database: all in one transaction of it."""

from __future__ import annotations

from itertools import islice

from vpopmail.backends.abstract import LAST_AUTH
from vpopmail.backends.lock_file import LockFileTransaction
from vpopmail.backends.sql import aliases, auth_log, last_auth, tables, users
from vpopmail.backends.sql.connections import Duplicate, NoTable
from vpopmail.errors import BackendUnavailable, UserExists, UserNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vpopmail.backends.sql.backend import SqlBackend
    from vpopmail.backends.sql.connections import Work
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory

_ASKED_AT_ONCE = 200  # names
_CLEAR = "pw_clear_passwd"


class SqlTransaction(LockFileTransaction):
    """Changes to the users of one domain; see Transaction.

    The lock file keeps other processes of this host away, and from homes and small files. Those
    of other hosts are seen by the database: a row is inserted, or changed and deleted only as it
    was read, else nothing is stored.

    Args:
        backend: of the site.
        domain: the real domain.
        directory: its open directory.
    """

    notes_new_users = True

    def __init__(self, backend: SqlBackend, domain: DomainEntry, directory: Directory) -> None:
        super().__init__(domain, directory, backend.settings)
        self.backend = backend
        self.table = backend.table_of(domain)
        # What each name was when it was looked at, and the row as it was; by names in lower case:
        # a database may find a row whose name has capitals.
        self.seen: dict[str, VqPasswd | None] = {}
        self.before: dict[str, dict[str, Any]] = {}

    def lock(self) -> None:
        """Take the lock file; what is read from now on is what the primary has."""
        super().lock()
        self.backend.connections.begin_change(self)

    def unlock(self) -> None:
        """Give the lock file back."""
        self.backend.connections.end_change(self)
        super().unlock()

    def find(self, name: str) -> VqPasswd | None:
        """The user as it is now, with the changes of this transaction."""
        user = super().find(name)
        return user if user is None or user.pw_name == name else super().find(user.pw_name)

    def stored(self, name: str) -> VqPasswd | None:
        """The user as the database has it."""
        name = name.lower()
        try:
            found = self.backend.find_row(self.domain, name)
        except NoTable:
            if not (self.table.own or self.backend.connections.is_empty()):
                raise
            found = None  # a new domain or database: the first change makes the table
        if found is None:
            self.seen[name] = None
            return None
        user, columns, row = found
        self.seen[name] = user.copy()
        self.before[name] = dict(zip(columns, row, strict=True))
        return user

    def add(self, user: VqPasswd) -> None:
        """Add a user; that he is not there was seen, and need not be kept."""
        self.seen.pop(user.pw_name, None)
        super().add(user)

    def taken(self) -> str | None:
        """A name of those that are added which the database has by now, asked many at a time."""
        names = (user.pw_name for user in self.pending.added())
        while some := list(islice(names, _ASKED_AT_ONCE)):
            found = self.backend.first_there(self.domain, some)
            if found is not None:
                return found
        return None

    def stage(self) -> None:
        """Refuse what the tables cannot hold; nothing is sent before the commit."""
        if len(self.pending):
            self._check()
        aliases.check(self.backend, self.aliases)
        if self._notes_first_logins():
            tables.columns_of(self.backend.connections, self.backend.dialect, last_auth.TABLE)

    def _check(self) -> None:
        if self.table.name not in self.backend.connections.layout():
            tables.make_missing(self.backend.connections, self.backend.dialect, self.table)
        writer = self._writer()
        for added in self.pending.added_rows():
            writer.check_many(added)
        for user in self.pending.changed.values():
            if user is not None:
                writer.check(user)

    def commit(self) -> None:
        """Store all in one transaction of the database: the commit point.

        Raises:
            UserExists, UserNotFound: somebody else added or deleted the user meanwhile.
            BackendUnavailable.
        """
        try:
            self._commit()
        except Duplicate:
            changed = (name for name in self.pending.changed if not self.seen.get(name.lower()))
            name = self.taken() or next(changed, "")
            if not name and self.aliases:
                alias = f"{next(iter(self.aliases))}@{self.domain.realdomain}"
                what = "a key of the table valias refuses a line: see vpopmail site schema check"
                raise BackendUnavailable(alias, what) from None
            address = f"{name or '?'}@{self.domain.realdomain}"
            raise UserExists(address, "added by somebody else meanwhile") from None
        except NoTable as error:
            self.backend.connections.forget_layout()
            raise BackendUnavailable(error.subject, error.advice) from error

    def _commit(self) -> None:
        try:
            self.backend.connections.run(self._store, self._is_stored)
        except NoTable:
            # Another one than that of the users may have been lost while this process ran.
            self.backend.connections.forget_layout()
            if self.table.name not in self.backend.connections.layout():
                raise
            self.stage()
            self.backend.connections.run(self._store, self._is_stored)

    def sync(self) -> None:
        """Nothing: what a database has committed is on its disk."""

    def finish(self) -> None:
        """Nothing: the database keeps its own indexes."""

    def close(self) -> None:
        """Give the lock file back."""
        self.backend.connections.end_change(self)
        self.file_lock.release()

    def _writer(self) -> users.Writer:
        """What makes rows of records, for the table as it is now."""
        return users.Writer(
            self.backend.dialect,
            self.backend.connections.layout()[self.table.name],
            self.domain.realdomain,
            clear=self.settings.clear_passwd,
        )

    def _store(self, work: Work) -> None:
        if len(self.pending):
            self._store_users(work)
        aliases.store(work, self.backend, self.domain.realdomain, self.aliases)

    def _store_users(self, work: Work) -> None:
        writer, unknown = self._writer(), []
        for name, user in self.pending.changed.items():
            key = name.lower()
            old = self.seen[key] if key in self.seen else self.stored(key)
            if user is None:
                self._delete(work, name)
            elif old is None:
                unknown.append(writer.row(user))
            else:
                self._update(work, old, user)
        insert = self.table.insert(writer.names)
        work.execute_many(insert, unknown)
        for added in self.pending.added_rows():
            work.execute_many(insert, writer.rows(added))
            if self._notes_first_logins():
                names = [str(name) for name, *_ in added]
                self.backend.store_first_logins(work, self.domain.realdomain, names)

    def _notes_first_logins(self) -> bool:
        return self.first_logins and LAST_AUTH in self.backend.facets

    def _delete(self, work: Work, name: str) -> None:
        domain = self.domain.realdomain
        key = self.backend.dialect.put(name)
        if not work.execute(self.table.delete(), pw_name=key, pw_domain=domain):
            raise UserNotFound(f"{name}@{domain}", "deleted by somebody else meanwhile")
        layout = self.backend.connections.layout()
        if last_auth.TABLE in layout:
            work.execute(last_auth.DELETE, user=key, domain=domain)
        if self.backend.settings.sql_remove_deleted and auth_log.TABLE in layout:
            work.execute(auth_log.DELETE, user=key, domain=domain)

    def _update(self, work: Work, old: VqPasswd, user: VqPasswd) -> None:
        writer, before = self._writer(), self.before[old.pw_name.lower()]
        row = dict(zip(writer.names, writer.row(user), strict=True))
        was = dict(zip(writer.names, writer.row(old), strict=True))
        changed = [name for name, value in row.items() if value != was[name]]
        if "pw_passwd" in changed and not self.settings.clear_passwd and before.get(_CLEAR):
            changed.append(_CLEAR)  # of the old password, and of a time when it was kept
        if not changed:
            return
        values = {f"old_{name}": before[name] for name in changed if before[name] is not None}
        values |= {name: row[name] for name in (*changed, "pw_name")}
        values["pw_domain"] = self.domain.realdomain
        nulls = [name for name in changed if before[name] is None]
        if not work.execute(self.table.update(changed, nulls), **values):
            self._explain(old.pw_name)

    def _explain(self, name: str) -> None:
        address = f"{name}@{self.domain.realdomain}"
        if self.stored(name) is None:
            raise UserNotFound(address, "deleted by somebody else meanwhile")
        raise BackendUnavailable(address, "changed by somebody else meanwhile; try again")

    def _is_stored(self) -> bool:
        """Whether all is as the transaction was to make it: asked when its end is not known."""
        writer = self._writer() if len(self.pending) else None
        for name, wanted in self.pending.items():
            user = self.backend.find(self.domain, name.lower())
            if user is None or wanted is None:
                if user is not wanted:
                    return False
            elif writer is not None and writer.row(user) != writer.row(wanted):
                return False
        return all(
            self.backend.read_alias(self.domain, alias) == lines
            for alias, lines in self.aliases.items()
        )
