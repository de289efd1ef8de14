"""Looking users up: the reading half of ``site.users``."""

from __future__ import annotations

from time import monotonic

from vpopmail.accounts.checks import check_kind_of_user
from vpopmail.accounts.last_auth import note_login, read_last_auth, read_last_auths
from vpopmail.accounts.lookup import add_limits, find_claimed, find_user, limit_mask, may_look
from vpopmail.accounts.open_batches import all_entries, get_domain, open_batch
from vpopmail.accounts.password_check import hold_refusal, is_right
from vpopmail.accounts.rehash import rehash
from vpopmail.errors import NotPermitted, UserNotFound
from vpopmail.names import check_kind_of_number, check_kind_of_text, fold, split_address
from vpopmail.records import V_OVERRIDE, VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vpopmail.accounts.batch import Batch
    from vpopmail.formats.user_columns import UserColumns
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry


class UserQueries:
    """What can be asked about the users of a site; see Users.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    # looking

    def find(self, address: str) -> VqPasswd | None:
        """The user of an address, or None.

        Args:
            address: ``user@domain``, any case; the domain may be an alias domain.

        Raises:
            BackendUnavailable: the store cannot be read.
        """
        return self.find_in(*split_address(address))

    def find_in(self, name: str, domain: str) -> VqPasswd | None:
        """``find``, with local part and domain apart."""
        batch = self._batch()
        if batch is not None:
            return batch.find_user(domain, fold(name))
        return find_user(self._installation, name, domain)

    def get(self, address: str) -> VqPasswd:
        """The user of an address.

        Raises:
            UserNotFound: there is none, or no such domain.
            BackendUnavailable.
        """
        user = self.find(address)
        if user is None:
            raise UserNotFound(address)
        return user

    def __contains__(self, address: str) -> bool:
        return self.find(address) is not None

    def iter(
        self,
        domain: str,
        *,
        names: str | None = None,
        flags: int = 0,
        without: int = 0,
        where: Callable[[VqPasswd], object] | None = None,
    ) -> Iterator[VqPasswd]:
        """The users of a domain, sorted by name, as they are when the iteration begins.

        Args:
            domain: a domain or alias domain.
            names: a pattern as of file names, with ``*``, ``?`` and ``[...]``, any case.
            flags: bits that must all be set in ``pw_flags``.
            without: bits of which none may be set.
            where: a function of the record; only those for which it is true.

        Raises:
            DomainNotFound, NotPermitted, BackendUnavailable.
        """
        check_kind_of_text(domain)
        check_kind_of_number(flags, without)
        if where is not None and not callable(where):
            raise TypeError(f"a function is needed, not {type(where).__name__}")
        users = self._iterate(domain, self._installation.backend.iterate)
        if names is not None:
            from fnmatch import fnmatchcase  # with regular expressions, which take long to import

            pattern = fold(names)
            users = (user for user in users if fnmatchcase(user.pw_name, pattern))
        if flags or without:
            wanted = flags | without
            users = (user for user in users if user.pw_flags & wanted == flags)
        return users if where is None else filter(where, users)

    def stream(self, domain: str) -> Iterator[VqPasswd]:
        """The users of a domain in the order of the store, with memory for a few at a time.

        One who is changed meanwhile is given as before or as after the change.

        Args:
            domain: a domain or alias domain.

        Raises:
            DomainNotFound, NotPermitted, BackendUnavailable.
        """
        return self._iterate(domain, self._installation.backend.stream)

    def stream_columns(self, domain: str) -> Iterator[UserColumns]:
        """What ``stream`` gives, some hundred users at a time, field by field: for long listings.

        Args:
            domain: a domain or alias domain.

        Raises:
            DomainNotFound, NotPermitted, BackendUnavailable.
        """
        from vpopmail.formats.user_columns import in_columns

        entry, mask, batch = self._looked_up(domain)
        backend = self._installation.backend
        found = backend.stream_columns(entry) if batch is None else in_columns(batch.iterate(entry))
        for users in found:
            if mask:
                users.pw_flags = [
                    flags if gid & V_OVERRIDE else flags | mask
                    for flags, gid in zip(users.pw_flags, users.pw_gid, strict=True)
                ]
            yield users

    def iter_all(
        self,
        *,
        names: str | None = None,
        flags: int = 0,
        without: int = 0,
        where: Callable[[VqPasswd], object] | None = None,
    ) -> Iterator[tuple[str, VqPasswd]]:
        """All users of the site, each with the name of his domain.

        Args:
            names, flags, without, where: as for ``iter``.

        Raises:
            AssignUnreadable, NotPermitted, BackendUnavailable.
        """
        entries = all_entries(self._installation)
        for domain in [entry.domain for entry in entries if not entry.is_alias]:
            found = self.iter(domain, names=names, flags=flags, without=without, where=where)
            for user in found:
                yield domain, user

    def _iterate(
        self, domain: str, stored: Callable[[DomainEntry], Iterator[VqPasswd]]
    ) -> Iterator[VqPasswd]:
        entry, mask, batch = self._looked_up(domain)
        users = stored(entry) if batch is None else batch.iterate(entry)
        if not mask:
            yield from users
            return
        for user in users:
            if not user.pw_gid & V_OVERRIDE:
                user.pw_flags |= mask
            yield user

    def _looked_up(self, domain: str) -> tuple[DomainEntry, int, Batch | None]:
        """A domain that may be looked at, the flags that its limits add, and the open batch."""
        batch = self._batch()
        entry = get_domain(self._installation, domain)
        if not may_look(self._installation, entry):
            raise NotPermitted(domain, "run it as root or as the domain's owner")
        return entry, self._limit_mask(entry), batch

    def check_password(self, address: str, password: str) -> bool:
        """Whether this is the user's password; as long for a user that does not exist.

        Says nothing about flags. Raises: BackendUnavailable.
        """
        return self.authenticate(*split_address(address), password) is not None

    def authenticate(self, name: str, domain: str, password: str) -> VqPasswd | None:
        """The user if the password is right, else None; see ``check_password``."""
        check_kind_of_text(password)  # bytes would never be right
        begun = monotonic()
        installation, settings = self._installation, self._installation.settings
        batch, entry = self._batch(), installation.domain_lookup.peek(fold(domain))
        if batch is not None:
            user = batch.find_user(domain, fold(name))
        else:
            user = find_claimed(installation, entry, fold(name))
        right = is_right(settings, user, password)
        if user is not None and right:
            if entry is not None:
                add_limits(installation, entry, user)
            if settings.rehash_passwords:
                rehash(self._installation, user, domain, password)
            return user
        hold_refusal(begun)
        return None

    # last login

    def last_auth(self, address: str) -> tuple[str, int] | None:
        """From where and when a user last logged in; see accounts.last_auth.

        Args:
            address: ``user@domain``.

        Returns:
            (IP address, seconds since 1970), with 0.0.0.0 the time of creation; None: not known.

        Raises:
            UserNotFound, BackendUnavailable, OSError.
        """
        return read_last_auth(self._installation, self.get(address), split_address(address)[1])

    def last_auths(
        self, domain: str, users: Iterable[VqPasswd]
    ) -> Iterator[tuple[VqPasswd, tuple[str, int] | None]]:
        """Users who have been found, each with what ``last_auth`` gives.

        Args:
            domain: domain or alias domain.
            users: as found, of this domain.

        Raises:
            DomainNotFound, FieldMissing, BackendUnavailable, OSError.
        """
        check_kind_of_text(domain)
        if not hasattr(users, "__iter__"):
            raise TypeError(f"records are needed, not {type(users).__name__}")
        return read_last_auths(self._installation, _checked(users), domain)

    def iter_unused(self, domain: str, before: int) -> Iterator[VqPasswd]:
        """The users of a domain who have last logged in, or were made, before a time.

        Not among them is postmaster, nor a user of whom no time is noted.

        Args:
            domain: a domain or alias domain.
            before: seconds since 1970.

        Raises:
            ConfigError: the site does not note logins.
            DomainNotFound, NotPermitted, BackendUnavailable, OSError.

        Source: commands, vdeloldusers.
        """
        from vpopmail.accounts.unused import check_logins_are_noted, is_unused

        check_kind_of_number(before)
        check_logins_are_noted(self._installation)
        entry = get_domain(self._installation, domain)
        return self.iter(
            domain, where=lambda user: is_unused(self._installation, entry, user, before)
        )

    def note_login(self, address: str, remote_ip: str) -> None:
        """Note that a user has logged in just now; see accounts.last_auth.

        Args:
            address: ``user@domain``.
            remote_ip: from where, at most 39 characters.

        Raises:
            InvalidInput, UserNotFound, HomeMissing, BackendUnavailable, OSError.
        """
        note_login(self._installation, *split_address(address), remote_ip)

    def _limit_mask(self, entry: DomainEntry) -> int:
        batch = self._batch()
        return limit_mask(self._installation, entry) if batch is None else batch.flag_mask(entry)

    def _batch(self) -> Batch | None:
        return open_batch(self._installation)


def _checked(users: Iterable[VqPasswd]) -> Iterator[VqPasswd]:
    for user in users:
        check_kind_of_user(user)
        yield user
