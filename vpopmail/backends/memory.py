"""The memory backend: accounts of one process, for tests and trials.

It keeps all facets itself. Homes and qmail's files are real files all the same.
"""

from __future__ import annotations

import _thread

from vpopmail.backends.abstract import (
    ALIASES,
    DIR_CONTROL,
    IP_MAP,
    LAST_AUTH,
    LIMITS,
    RELAY,
    Backend,
)
from vpopmail.backends.transaction import Transaction
from vpopmail.errors import BackendUnavailable
from vpopmail.formats import dircontrol, vpasswd
from vpopmail.formats.text import to_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vpopmail.records import DirControl, DomainEntry, VLimits, VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings

Users = dict[str, "VqPasswd"]


class Kept:
    """What is kept of one domain: never changed, but replaced as a whole.

    Attributes:
        users: by name.
        aliases: the delivery lines by alias.
    """

    __slots__ = ("aliases", "users")

    def __init__(self, users: Users, aliases: dict[str, tuple[str, ...]]) -> None:
        self.users = users
        self.aliases = aliases


_NOTHING = Kept({}, {})


class MemoryTransaction(Transaction):
    """Changes to the users of one domain; see Transaction."""

    def __init__(self, backend: MemoryBackend, domain: DomainEntry) -> None:
        super().__init__()
        self.backend = backend
        self.domain = domain
        self.mutex = backend.mutex(domain)
        self.locked = False

    def lock(self) -> None:
        """Take the lock of the domain, which other threads may hold."""
        if not self.mutex.acquire(True, self.backend.settings.lock_timeout):
            raise BackendUnavailable(self.domain.realdomain, "locked by another thread")
        self.locked = True

    def unlock(self) -> None:
        """Give the lock of the domain back."""
        if self.locked:
            self.locked = False
            self.mutex.release()

    def stored(self, name: str) -> VqPasswd | None:
        """The user as the backend has it."""
        return self.backend.find(self.domain, name)

    def stage(self) -> None:
        """Refuse what a line of vpasswd could not hold, so that tests see what files would do."""
        for user in self.pending.values():
            if user is not None:
                vpasswd.format_line(user, clear_passwd=self.backend.settings.clear_passwd)

    def commit(self) -> None:
        """Put what changed in the place of the old: the commit point, an assignment."""
        kept = self.backend.kept(self.domain)
        users, aliases = dict(kept.users), dict(kept.aliases)
        for name, user in self.pending.items():
            if user is None:
                users.pop(name, None)
            else:
                users[name] = self.backend.stored(user)
        for alias, lines in self.aliases.items():
            if lines is None:
                aliases.pop(alias, None)
            else:
                aliases[alias] = tuple(lines)
        self.backend.accounts[self.domain.realdomain] = Kept(users, aliases)
        for name in [name for name, user in self.pending.items() if user is None]:
            self.backend.last_auth.pop((name, self.domain.realdomain), None)

    def sync(self) -> None:
        """Nothing: memory is not durable."""

    def finish(self) -> None:
        """Nothing: there is no index."""

    def close(self) -> None:
        """Give the lock back."""
        self.unlock()


class MemoryBackend(Backend):
    """Accounts in dictionaries; they end with the backend."""

    name = "memory"
    facets = frozenset({ALIASES, DIR_CONTROL, IP_MAP, LAST_AUTH, LIMITS, RELAY})

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.accounts: dict[str, Kept] = {}
        self.limits: dict[str, VLimits] = {}
        self.last_auth: dict[tuple[str, str], tuple[str, int]] = {}
        self.dir_controls: dict[str, bytes] = {}
        self.ip_map: dict[tuple[str, str], None] = {}
        self.relay: dict[str, int] = {}
        self._mutexes: dict[str, _thread.LockType] = {}

    def location(self) -> str:
        """The backend itself: it ends with it."""
        return f"{self.name} {id(self):x}"

    def mutex(self, domain: DomainEntry) -> _thread.LockType:
        """The lock of a domain."""
        return self._mutexes.setdefault(domain.realdomain, _thread.allocate_lock())

    def kept(self, domain: DomainEntry) -> Kept:
        """What is kept of a domain; not to be changed."""
        return self.accounts.get(domain.realdomain, _NOTHING)

    def users(self, domain: DomainEntry) -> Users:
        """The users of a domain by name; not to be changed."""
        return self.kept(domain).users

    def stored(self, user: VqPasswd) -> VqPasswd:
        """A record as this site keeps it."""
        kept = user.copy()
        kept.pw_flags = kept.pw_gid
        if not self.settings.clear_passwd:
            kept.pw_clear_passwd = ""
        return kept

    def find(self, domain: DomainEntry, name: str) -> VqPasswd | None:
        """The user of this name, as a fresh record."""
        user = self.users(domain).get(name)
        return None if user is None else user.copy()

    def iterate(self, domain: DomainEntry) -> Iterator[VqPasswd]:
        """The users of a domain, sorted, as they are now."""
        users = self.users(domain)
        for name in sorted(users, key=to_bytes):
            yield users[name].copy()

    def transaction(self, domain: DomainEntry, directory: Directory) -> Transaction:  # noqa: ARG002
        """A transaction on the users of a domain."""
        return MemoryTransaction(self, domain)

    def add_domain(self, domain: DomainEntry) -> None:
        """Nothing: the first user makes the table."""

    def delete_domain(self, domain: DomainEntry) -> None:
        """Forget the domain with all that is kept of it."""
        name = domain.realdomain
        self.accounts.pop(name, None)
        self.limits.pop(name, None)
        self.dir_controls.pop(name, None)
        for key in [key for key in self.last_auth if key[1] == name]:
            del self.last_auth[key]

    # facets

    def read_alias(self, domain: DomainEntry, name: str) -> list[str] | None:
        """The delivery lines of an alias."""
        lines = self.kept(domain).aliases.get(name)
        return None if lines is None else list(lines)

    def alias_names(self, domain: DomainEntry) -> list[str]:
        """The aliases of a domain."""
        return [name for name in self.kept(domain).aliases if name != "default"]

    def read_dir_control(self, key: str, directory: Directory) -> DirControl | None:  # noqa: ARG002
        """The state of directory hashing."""
        data = self.dir_controls.get(key)
        return None if data is None else dircontrol.parse(data)

    def write_dir_control(self, key: str, directory: Directory, state: DirControl) -> None:  # noqa: ARG002
        """Keep the state of directory hashing."""
        self.dir_controls[key] = dircontrol.format_state(state)

    def delete_dir_control(self, key: str, directory: Directory) -> bool:  # noqa: ARG002
        """Forget the state of directory hashing."""
        return self.dir_controls.pop(key, None) is not None

    def first_auth_files(self, remote_ip: str) -> dict[str, bytes]:  # noqa: ARG002
        """No files."""
        return {}

    def note_new_users(self, domain: str, names: Sequence[str]) -> None:
        """Note the creation of users."""
        import time

        from vpopmail.records import NEVER_LOGGED_IN

        for name in names:
            self.last_auth[name, domain] = (NEVER_LOGGED_IN, int(time.time()))

    def read_last_auth(self, domain: DomainEntry, user: VqPasswd) -> tuple[str, int] | None:
        """The last login."""
        return self.last_auth.get((user.pw_name, domain.realdomain))

    def write_last_auth(self, domain: DomainEntry, user: VqPasswd, remote_ip: str) -> None:
        """Note a login."""
        import time

        self.last_auth[user.pw_name, domain.realdomain] = (remote_ip, int(time.time()))

    def restore_last_auths(
        self, domain: DomainEntry, logins: Sequence[tuple[VqPasswd, str, int]]
    ) -> None:
        """Note logins of the past."""
        for user, remote_ip, seconds in logins:
            self.last_auth[user.pw_name, domain.realdomain] = (remote_ip, seconds)

    def read_limits(self, domain: DomainEntry) -> VLimits:
        """The limits of a domain, unlimited by default."""
        from vpopmail.records import VLimits

        kept = self.limits.get(domain.realdomain, VLimits())
        return VLimits(**{name: getattr(kept, name) for name in kept.__slots__})

    def read_defaults(self) -> VLimits:
        """Unlimited."""
        from vpopmail.records import VLimits

        return VLimits()

    def has_limits(self, domain: DomainEntry) -> bool:
        """Whether limits were set for the domain."""
        return domain.realdomain in self.limits

    def read_flag_mask(self, domain: DomainEntry) -> int:
        """The flag bits that the limits of a domain add."""
        return self.read_limits(domain).flag_mask()

    def write_limits(self, domain: DomainEntry, limits: VLimits) -> None:
        """Keep the limits of a domain."""
        from vpopmail.records import VLimits

        values = {name: getattr(limits, name) for name in limits.__slots__}
        self.limits[domain.realdomain] = VLimits(**values)

    def delete_limits(self, domain: DomainEntry) -> bool:
        """Forget the limits of a domain."""
        return self.limits.pop(domain.realdomain, None) is not None

    def read_ip_map(self, address: str) -> str | None:
        """The first domain of an address."""
        return next((domain for known, domain in list(self.ip_map) if known == address), None)

    def iterate_ip_map(self) -> Iterator[tuple[str, str]]:
        """Pairs of address and domain, in the order in which they came."""
        yield from list(self.ip_map)

    def write_ip_map(self, address: str, domain: str, *, alone: bool = False) -> None:
        """Put the pair last."""
        pair, words = (address, domain), 1 if alone else 2
        others = [old for old in list(self.ip_map) if old[:words] != pair[:words]]
        self.ip_map = dict.fromkeys([*others, pair])

    def delete_ip_map(self, address: str, domain: str | None = None) -> bool:
        """Forget the pair, or all of the address."""
        kept = [
            pair
            for pair in list(self.ip_map)
            if pair[0] != address or domain not in {None, pair[1]}
        ]
        found = len(kept) < len(self.ip_map)
        self.ip_map = dict.fromkeys(kept)
        return found

    def open_relay(self, address: str, now: int) -> bool:
        """Note a login, last; whether the address is a new one."""
        is_new = self.relay.pop(address, None) is None
        self.relay[address] = now
        return is_new

    def relay_addresses(self) -> list[tuple[str, int]]:
        """The addresses, each with its time."""
        return list(self.relay.items())

    def close_relay(self, until: int) -> int:
        """Forget the old addresses."""
        old = [address for address, seconds in self.relay_addresses() if seconds <= until]
        return len([address for address in old if self.relay.pop(address, None) is not None])
