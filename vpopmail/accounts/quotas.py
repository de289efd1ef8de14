"""Quotas: the manager behind ``site.quotas``."""

from __future__ import annotations

from vpopmail.accounts.checks import check_kind_of_user
from vpopmail.accounts.open_batches import get_domain, pending_change, read_limits
from vpopmail.accounts.users import Users
from vpopmail.errors import HomeMissing
from vpopmail.formats import maildirsize as text_format
from vpopmail.mailstore import maildirsize
from vpopmail.mailstore.counting import count_steadily
from vpopmail.mailstore.paths import MAILDIR, relative_home
from vpopmail.mailstore.usage_daemon import ask_daemon
from vpopmail.names import check_kind_of_number, split_address
from vpopmail.records import NOQUOTA, FrozenRecord, is_limited
from vpopmail.safeio.directory import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.installation import Installation
    from vpopmail.plan.steps import Plan
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory


class Quota(FrozenRecord):
    """What a user may keep.

    Attributes:
        size: bytes; 0 is no limit.
        count: messages; 0 is no limit.
        text: as stored.
    """

    __slots__ = ("count", "size", "text")
    size: int
    count: int
    text: str

    def __init__(self, size: int, count: int, text: str) -> None:
        self._fill(size=size, count=count, text=text)


class Usage(FrozenRecord):
    """What is kept.

    Attributes:
        size: bytes.
        count: messages.
        percent: of the quota, 0 to 100: of bytes or messages, whichever is more; 0 without one.
    """

    __slots__ = ("count", "percent", "size")
    size: int
    count: int
    percent: int

    def __init__(self, size: int, count: int, percent: int) -> None:
        self._fill(size=size, count=count, percent=percent)


class Quotas:
    """The quotas of the users of a site.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._users = Users(installation)

    def get(self, address: str) -> Quota:
        """The quota of a user.

        Args:
            address: ``user@domain``.

        Raises:
            UserNotFound, NotPermitted, BackendUnavailable.
        """
        return _quota(self._users.get(address))

    def find(self, address: str) -> Quota | None:
        """The quota of a user, or None if there is no such user.

        Args:
            address: ``user@domain``.

        Raises:
            NotPermitted, BackendUnavailable.
        """
        user = self._users.find(address)
        return None if user is None else _quota(user)

    def iter(self, domain: str) -> Iterator[tuple[str, Quota]]:
        """The users of a domain, sorted by name, each with the quota.

        Args:
            domain: a domain or alias domain.

        Raises:
            DomainNotFound, NotPermitted, BackendUnavailable.
        """
        return ((user.pw_name, _quota(user)) for user in self._users.iter(domain))

    def set(self, address: str, quota: str | int, *, dry_run: bool = False) -> Plan:
        """Give a user another quota; see ``Users.set_quota``."""
        return self._users.set_quota(address, quota, dry_run=dry_run)

    def delete(self, address: str, *, dry_run: bool = False) -> Plan:
        """Let a user keep as much as he likes: NOQUOTA; see ``Users.set_quota``."""
        return self._users.set_quota(address, NOQUOTA, dry_run=dry_run)

    def usage(self, address: str) -> Usage:
        """What a user keeps: as the usage daemon or maildirsize says, else counted.

        Nothing is written. Of a Maildir that is never at rest it is the last of five counts.

        Args:
            address: ``user@domain``.

        Raises:
            UserNotFound, NotPermitted, BackendUnavailable, OSError.
            HomeMissing: the user has no Maildir below the domain.
        """
        return self._used(*self._find(address))

    def usage_of(self, domain: str, user: VqPasswd) -> Usage:
        """``usage`` of a user who has been found.

        Args:
            domain: domain or alias domain.
            user: as found.

        Raises:
            DomainNotFound, FieldMissing, InvalidCharacter, and as ``usage``.
        """
        check_kind_of_user(user)
        return self._used(get_domain(self._installation, domain), user)

    def recount(self, address: str) -> Usage:
        """Count what a user keeps; with a quota maildirsize is written anew.

        Args:
            address: ``user@domain``.

        Its commit point is the rename of maildirsize. Raises: as ``usage``.
        """
        entry, user = self._find(address)
        with self._open(entry) as directory, self._maildir(directory, entry, user) as maildir:
            if is_limited(user.pw_shell):
                owner = Owner(entry.uid, entry.gid)
                return _usage(user, *maildirsize.recount(maildir, user.pw_shell, owner))
            return _usage(user, *count_steadily(maildir)[:2])

    def domain_usage(self, domain: str) -> Usage:
        """What all users of a domain keep together; its percentage is of the limits.

        As the usage daemon says, else the sum over the users, as ``usage`` finds it.

        Args:
            domain: domain or alias domain.

        Raises:
            DomainNotFound, NotPermitted, BackendUnavailable, OSError.
        """
        size, count = self._domain_total(get_domain(self._installation, domain))
        return Usage(size, count, text_format.percentage(self._domain_quota(domain), size, count))

    def is_over(self, address: str, size: int = 0, count: int = 1) -> bool:
        """Whether a user would be over quota with one more message.

        Args:
            address: ``user@domain``.
            size: bytes of the message.
            count: messages that come.

        Raises:
            As ``usage``.
        """
        check_kind_of_number(size, count)
        entry, user = self._find(address)
        if not is_limited(user.pw_shell):
            return False
        usage = self._used(entry, user, (size, count))
        return text_format.is_over(user.pw_shell, usage.size + size, usage.count + count)

    def is_domain_over(self, domain: str, size: int = 0, count: int = 1) -> bool:
        """Whether a domain would be over the limits ``diskquota`` and ``maxmsgcount``.

        Args:
            domain: domain or alias domain.
            size: bytes of the message.
            count: messages that come.

        Raises:
            As ``domain_usage``.
        """
        check_kind_of_number(size, count)
        quota = self._domain_quota(domain)
        if not quota:
            return False
        used, messages = self._domain_total(get_domain(self._installation, domain))
        return text_format.is_over(quota, used + size, messages + count)

    def _domain_quota(self, domain: str) -> str:
        """The limits of a domain as a quota; the limit on bytes is in MB."""
        limits = read_limits(self._installation, get_domain(self._installation, domain))
        if limits is None:
            return ""
        size = f"{limits.diskquota * 1048576}S" if limits.diskquota > 0 else ""
        count = f"{limits.maxmsgcount}C" if limits.maxmsgcount > 0 else ""
        return ",".join(part for part in (size, count) if part)

    def _domain_total(self, entry: DomainEntry) -> tuple[int, int]:
        told = ask_daemon(self._installation.settings, f"@{entry.realdomain}")
        if told is not None:
            return told
        size = count = 0
        with self._open(entry) as directory:
            for user in self._users.iter(entry.realdomain):
                try:
                    more = self._kept(directory, entry, user)
                except HomeMissing:
                    continue
                size, count = size + more[0], count + more[1]
        return size, count

    def _used(self, entry: DomainEntry, user: VqPasswd, more: tuple[int, int] = (0, 0)) -> Usage:
        address = f"{user.pw_name}@{entry.realdomain}"
        used = ask_daemon(self._installation.settings, address)
        if used is None:
            with self._open(entry) as directory:
                used = self._kept(directory, entry, user, more)
        return _usage(user, *used)

    def _find(self, address: str) -> tuple[DomainEntry, VqPasswd]:
        user = self._users.get(address)
        return get_domain(self._installation, split_address(address)[1]), user

    def _open(self, entry: DomainEntry) -> Directory:
        change = pending_change(self._installation, entry)
        return self._installation.open_domain(entry) if change is None else change.directory.again()

    def _kept(
        self,
        directory: Directory,
        entry: DomainEntry,
        user: VqPasswd,
        more: tuple[int, int] = (0, 0),
    ) -> tuple[int, int]:
        """Bytes and messages of a user, as maildirsize says or counted."""
        with self._maildir(directory, entry, user) as maildir:
            kept = maildirsize.believed_usage(maildir, user.pw_shell, more)
            return count_steadily(maildir)[:2] if kept is None else kept

    def _maildir(self, directory: Directory, entry: DomainEntry, user: VqPasswd) -> Directory:
        """The open Maildir of a user, beneath the directory of the domain."""
        change = pending_change(self._installation, entry)
        # In a batch it may still be on the stage.
        where = relative_home if change is None else change.home_path
        home = where(entry, user)
        if home is None:
            raise HomeMissing(user.pw_dir, "it is not below the directory of the domain")
        try:
            return directory.enter(f"{home}/{MAILDIR}")
        except OSError as error:
            raise HomeMissing(f"{user.pw_dir}/{MAILDIR}", error.strerror or "") from error


def _quota(user: VqPasswd) -> Quota:
    return Quota(*text_format.parse_quota(user.pw_shell), user.pw_shell)


def _usage(user: VqPasswd, size: int, count: int) -> Usage:
    return Usage(size, count, text_format.percentage(user.pw_shell, size, count))
