"""Users: the manager behind ``site.users``, and the one implementation of its rules."""

from __future__ import annotations

from vpopmail.accounts import checks
from vpopmail.accounts.batch import open_batch
from vpopmail.accounts.catchall import is_catch_all
from vpopmail.accounts.lookup import find_user, limit_mask, may_look
from vpopmail.accounts.user_change import UserChange, open_change
from vpopmail.errors import (
    CatchAllProtected,
    DomainNotFound,
    InvalidDomainName,
    InvalidUserName,
    LimitsUnreadable,
    NotPermitted,
    UserExists,
    UserNotFound,
)
from vpopmail.formats import maildirsize
from vpopmail.mailstore.homes import MAILDIRSIZE
from vpopmail.names import (
    check_new_user,
    fold,
    has_domain_characters,
    split_address,
)
from vpopmail.passwords import hash_password, verify, verify_unknown
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Plan
from vpopmail.records import NOQUOTA, USE_APOP, V_OVERRIDE, VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.accounts.batch import Batch
    from vpopmail.accounts.user_change import Home
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VLimits
    from vpopmail.settings import Settings


class Users:
    """The users of a site.

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
            return batch.find_user(fold(domain), fold(name))
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

    def iter(self, domain: str) -> Iterator[VqPasswd]:
        """The users of a domain, sorted by name, as they are when the iteration begins.

        Args:
            domain: a domain or alias domain.

        Raises:
            DomainNotFound, NotPermitted, BackendUnavailable.
        """
        batch = self._batch()
        entry = self._installation.resolve(domain) if batch is None else batch.resolve(fold(domain))
        if entry is None:
            raise DomainNotFound(domain)
        if not may_look(self._installation, entry):
            raise NotPermitted(domain, "run it as root or as the domain's owner")
        mask = limit_mask(self._installation, entry)
        backend = self._installation.backend
        for user in backend.iterate(entry) if batch is None else batch.iterate(entry):
            if not user.pw_gid & V_OVERRIDE:
                user.pw_flags |= mask
            yield user

    def check_password(self, address: str, password: str) -> bool:
        """Whether this is the user's password; as long for a user that does not exist.

        Says nothing about flags. Raises: BackendUnavailable.
        """
        return self.authenticate(*split_address(address), password) is not None

    def authenticate(self, name: str, domain: str, password: str) -> VqPasswd | None:
        """The user if the password is right, else None; see ``check_password``."""
        user = self.find_in(name, domain)
        if user is None or not user.pw_passwd:
            verify_unknown(password, self._installation.settings.password_scheme)
            return None
        return user if verify(password, user.pw_passwd) else None

    # changing

    def add(
        self,
        address: str,
        password: str | None = None,
        *,
        crypted: str | None = None,
        gecos: str = "",
        quota: str | int | None = None,
        apop: int = 0,
        dry_run: bool = False,
    ) -> Plan:
        """Add a user with a home and a Maildir.

        Args:
            address: ``user@domain``; the domain may be an alias domain.
            password: clear text; None or ``""`` stores no password, so no login.
            crypted: a crypt string to store instead.
            gecos: a comment; ``""`` stores the user's name.
            quota: NOQUOTA, bytes (``10M`` or an int), a message count (``1000C``), both with a
                comma; None takes the default of the domain's limits.
            apop: 0 for POP, 1 for APOP.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is that of the account store (cdb: the rename of vpasswd);
            in a batch it is carried out when the batch ends.

        Raises:
            InvalidInput and what is below it, UserExists, DomainNotFound, LimitsUnreadable,
            DomainDirectoryMissing, HomeExists, NotPermitted, BackendUnavailable, OSError.

        Source: manual, "Add user".
        """
        name, domain = split_address(address)
        return self.add_to(
            name,
            domain,
            password,
            crypted=crypted,
            gecos=gecos,
            quota=quota,
            apop=apop,
            dry_run=dry_run,
        )

    def add_to(
        self,
        name: str,
        domain: str,
        password: str | None = None,
        *,
        crypted: str | None = None,
        gecos: str = "",
        quota: str | int | None = None,
        apop: int = 0,
        dry_run: bool = False,
    ) -> Plan:
        """``add``, with local part and domain apart."""
        settings = self._installation.settings
        checks.check_user_fields(settings, name, domain, password, gecos)
        name, domain = fold(name), fold(domain)
        check_new_user(name)
        if not has_domain_characters(domain):
            raise InvalidDomainName(ascii(domain)[1:-1], "only letters, digits, '-' and '.'")
        given = None if quota is None else checks.checked_quota(quota)
        if crypted is not None:
            checks.check_crypted(crypted)
        batch = self._batch()
        entry = self._installation.resolve(domain) if batch is None else batch.resolve(domain)
        if entry is None:
            raise DomainNotFound(domain)
        user = new_user(settings, name, password, crypted=crypted, gecos=gecos, apop=apop)
        plan = Plan(f"add user {name}@{entry.realdomain}")
        if batch is not None and not dry_run:
            return batch.add_user(plan, entry, user, self._give_quota(user, entry, given))
        with self._change(entry) as change:
            if not dry_run:
                change.lock()
            # Not before: the same call again must first finish what it left.
            if change.find(name) is not None:
                raise UserExists(f"{name}@{domain}")
            decide_addition(plan, change, user, self._give_quota(user, entry, given))
            change.plan_steps(plan)
            return plan if dry_run else carry_out(plan)

    def delete(self, address: str, *, dry_run: bool = False) -> Plan:
        """Delete a user with all mail. Aliases that mention the user stay.

        Args:
            address: ``user@domain``, as it is stored, however odd.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is that of the account store; the home goes after it.

        Raises:
            InvalidUserName: the name is empty.
            DomainNotFound, UserNotFound, DomainDirectoryMissing, NotPermitted,
            BackendUnavailable, OSError.
            CatchAllProtected: the user gets the mail of unknown users.
            HomeMissing: the account is deleted; the home was not there.

        Source: manual, "Delete user".
        """
        name, domain = split_address(address)
        return self.delete_from(name, domain, dry_run=dry_run)

    def delete_from(self, name: str, domain: str, *, dry_run: bool = False) -> Plan:
        """``delete``, with local part and domain apart."""
        name, domain = fold(name), fold(domain)
        if not name:
            raise InvalidUserName("''", "the name is empty")
        batch = self._batch()
        entry = self._installation.resolve(domain) if batch is None else batch.resolve(domain)
        if entry is None:
            raise DomainNotFound(domain)
        plan = Plan(f"delete user {name}@{entry.realdomain}")
        if batch is not None and not dry_run:
            return batch.delete_user(plan, entry, name)
        with self._change(entry) as change:
            if not dry_run:
                change.lock()
            decide_deletion(change, name)
            change.plan_steps(plan)
            if dry_run:
                return plan
            carry_out(plan)
            change.report_homeless(plan)
            return plan

    # deciding

    def _batch(self) -> Batch | None:
        return open_batch(self._installation)

    def _give_quota(
        self, user: VqPasswd, entry: DomainEntry, quota: str | None
    ) -> dict[str, bytes]:
        """Give a new user its quota; the files of the home that go with it."""
        user.pw_shell = self._default_quota(entry) if quota is None else quota
        return quota_files(user.pw_shell)

    def _default_quota(self, entry: DomainEntry) -> str:
        batch = self._batch()
        if batch is not None:
            limits = batch.limits(entry)
        else:
            limits = self._installation.limits.read_limits(entry)
        if limits is None:
            raise LimitsUnreadable(
                f"{self._installation.settings.vpopmaildir}/etc/vlimits.default",
                "neither it nor the domain's .qmailadmin-limits is there",
            )
        return default_quota(limits)

    def _change(self, entry: DomainEntry) -> UserChange:
        return open_change(self._installation, entry)


def new_user(
    settings: Settings,
    name: str,
    password: str | None,
    *,
    crypted: str | None = None,
    gecos: str = "",
    apop: int = 0,
) -> VqPasswd:
    """The record of a new user, without its place and quota.

    Raises:
        CryptFailed.
    """
    if crypted is None:
        crypted = hash_password(password, settings.password_scheme) if password else ""
    clear = (password or "") if settings.clear_passwd else ""
    marker = 2 if apop == USE_APOP else 1
    return VqPasswd(name, crypted, marker, 0, gecos or name, "", NOQUOTA, clear)


def quota_files(quota: str) -> dict[str, bytes]:
    """The file that counts the mail of a home with a quota."""
    if quota in {NOQUOTA, ""}:
        return {}
    return {MAILDIRSIZE: maildirsize.start(quota, 0, 0)}


def decide_addition(
    plan: Plan, change: UserChange, user: VqPasswd, files: dict[str, bytes]
) -> Home:
    """Decide where a new user goes, and plan the building of the home.

    Args:
        plan: gets the step.
        change: of the user's domain.
        user: gets its directory; the caller knows the name to be free.
        files: further files of the home.

    Raises:
        HomeExists, DirectoryTooLong.
    """
    home = change.place_home(user)
    checks.check_directory(user.pw_dir)
    change.add(user, home)
    plan.add(
        "mailstore",
        f"build the home {user.pw_dir}",
        lambda: change.build_home(home, files),  # what was built goes with the stage
    )
    return home


def decide_deletion(change: UserChange, name: str) -> None:
    """Decide that a user can be deleted, and note it in the change.

    Raises:
        UserNotFound, CatchAllProtected.
    """
    user = change.find(name)
    if user is None:
        raise UserNotFound(f"{name}@{change.domain.realdomain}")
    if is_catch_all(change.directory, change.domain, user.pw_name):
        raise CatchAllProtected(f"{name}@{change.domain.realdomain}")
    change.delete(user)


def default_quota(limits: VLimits) -> str:
    """The quota of a new user by the limits of its domain."""
    size = f"{limits.defaultquota}S" if limits.defaultquota > 0 else ""
    count = f"{limits.defaultmaxmsgcount}C" if limits.defaultmaxmsgcount > 0 else ""
    return ",".join(part for part in (size, count) if part) or NOQUOTA
