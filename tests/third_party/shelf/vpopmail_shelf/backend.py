"""The backend, as the entry point names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vpopmail.backends.abstract import ALIASES, DIR_CONTROL, Backend
from vpopmail.backends.transaction import Transaction
from vpopmail.errors import BackendUnavailable
from vpopmail.formats import dircontrol, vpasswd
from vpopmail.records import VqPasswd
from vpopmail_shelf.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.records import DirControl, DomainEntry
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings

# What is kept of a user. Not pw_flags: they are made at each lookup.
FIELDS = ("pw_name", "pw_passwd", "pw_uid", "pw_gid", "pw_gecos", "pw_dir", "pw_shell")
CLEAR = "pw_clear_passwd"


class ShelfTransaction(Transaction):
    """Changes to the accounts of one domain: one rename lets them count."""

    def __init__(self, backend: ShelfBackend, domain: DomainEntry) -> None:
        super().__init__()
        self.backend = backend
        self.shelf = backend.shelf
        self.domain = domain
        self.key = domain.realdomain
        self.lock_fd = -1
        self.staged = False

    def lock(self) -> None:
        if self.lock_fd < 0:
            self.lock_fd = self.shelf.lock(self.key)

    def unlock(self) -> None:
        fd, self.lock_fd = self.lock_fd, -1
        if fd >= 0:
            self.shelf.release(fd)

    def stored(self, name: str) -> VqPasswd | None:
        return self.backend.find(self.domain, name)

    def stage(self) -> None:
        document = self.shelf.read(self.key)
        users = document.setdefault("users", {})
        for name, user in self.pending.items():
            if user is None:
                users.pop(name, None)
            else:
                users[name] = self._kept(user)
        aliases = document.setdefault("aliases", {})
        for alias, lines in self.aliases.items():
            if lines is None:
                aliases.pop(alias, None)
            else:
                aliases[alias] = lines
        self.shelf.stage(self.key, document)
        self.staged = True

    def commit(self) -> None:
        self.shelf.publish(self.key)
        self.staged = False

    def sync(self) -> None:
        self.shelf.sync()

    def finish(self) -> None:
        """Nothing: there is no index."""

    def close(self) -> None:
        try:
            if self.staged:
                self.staged = False
                self.shelf.remove(self.key, "new")
        finally:
            self.unlock()

    def _kept(self, user: VqPasswd) -> dict[str, Any]:
        clear = self.backend.settings.clear_passwd
        # Refuses what a line of vpasswd could not hold: accounts can be converted to files.
        vpasswd.format_line(user, clear_passwd=clear)
        kept = {field: getattr(user, field) for field in FIELDS}
        return {**kept, CLEAR: user.pw_clear_passwd} if clear else kept


class ShelfBackend(Backend):
    """Accounts, aliases and the state of directory hashing on a shelf."""

    name = "shelf"
    facets = frozenset({ALIASES, DIR_CONTROL})

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.shelf = Shelf(settings)

    def open(self) -> None:
        try:
            self.shelf.make()
        except OSError as error:
            raise BackendUnavailable(self.shelf.path, error.strerror or "") from error

    # accounts

    def find(self, domain: DomainEntry, name: str) -> VqPasswd | None:
        kept = self._users(domain).get(name)
        return None if kept is None else self._user(kept)

    def iterate(self, domain: DomainEntry) -> Iterator[VqPasswd]:
        users = self._users(domain)
        for name in sorted(users, key=lambda name: name.encode("utf-8", "surrogateescape")):
            yield self._user(users[name])

    def transaction(self, domain: DomainEntry, directory: Directory) -> Transaction:
        return ShelfTransaction(self, domain)

    def add_domain(self, domain: DomainEntry) -> None:
        """Nothing: the first user makes the document."""

    def delete_domain(self, domain: DomainEntry) -> None:
        # No lock is taken: the caller may hold that of a transaction.
        self.shelf.remove(domain.realdomain)
        self.shelf.remove(f"hashing {domain.realdomain}")
        self.shelf.sync()

    def _users(self, domain: DomainEntry) -> dict[str, dict[str, Any]]:
        users: dict[str, dict[str, Any]] = self.shelf.read(domain.realdomain).get("users", {})
        return users

    def _user(self, kept: dict[str, Any]) -> VqPasswd:
        clear = kept.get(CLEAR, "") if self.settings.clear_passwd else ""
        return VqPasswd(*(kept[field] for field in FIELDS), clear)

    # facet: aliases, which change with the transactions

    def read_alias(self, domain: DomainEntry, name: str) -> list[str] | None:
        lines: list[str] | None = self._aliases(domain).get(name)
        return lines

    def alias_names(self, domain: DomainEntry) -> list[str]:
        return [name for name in self._aliases(domain) if name != "default"]

    def _aliases(self, domain: DomainEntry) -> dict[str, list[str]]:
        aliases: dict[str, list[str]] = self.shelf.read(domain.realdomain).get("aliases", {})
        return aliases

    # facet: dir_control, advisory and therefore without a lock

    def read_dir_control(self, key: str, directory: Directory) -> DirControl | None:
        text = self.shelf.read(f"hashing {key}").get("state")
        return None if text is None else dircontrol.parse(text.encode("ascii"))

    def write_dir_control(self, key: str, directory: Directory, state: DirControl) -> None:
        document = {"state": dircontrol.format_state(state).decode("ascii")}
        self.shelf.stage(f"hashing {key}", document)
        self.shelf.publish(f"hashing {key}")
        self.shelf.sync()

    def delete_dir_control(self, key: str, directory: Directory) -> bool:
        return self.shelf.remove(f"hashing {key}")
