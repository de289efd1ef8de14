"""Users: the manager behind ``site.users``, and the one implementation of its rules."""

from __future__ import annotations

from vpopmail.accounts import checks
from vpopmail.accounts.change import announced, finish_plan, open_users
from vpopmail.accounts.open_batches import get_domain, read_limits
from vpopmail.accounts.password_policy import check_strength
from vpopmail.accounts.refresh import home_files
from vpopmail.accounts.user_rules import (
    check_new_name,
    decide_addition,
    decide_deletion,
    default_quota,
    new_user,
)
from vpopmail.accounts.user_updates import UserUpdates
from vpopmail.errors import BackendUnavailable, InvalidDomainName, InvalidUserName
from vpopmail.names import (
    check_kind_of_number,
    check_new_user,
    checked_texts,
    fold,
    fold_domain,
    has_domain_characters,
    split_new_address,
    split_whole_address,
)
from vpopmail.plan.steps import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpopmail.records import DomainEntry, VqPasswd


class Users(UserUpdates):
    """The users of a site.

    Args:
        installation: the site.
    """

    # adding and deleting

    def add(
        self,
        address: str,
        password: str | None = None,
        *,
        crypted: str | None = None,
        gecos: str = "",
        quota: str | int | None = None,
        flags: int = 0,
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
            flags: the user's own flag bits: NO_POP and others.
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
        name, domain = split_new_address(address)
        return self.add_to(
            name,
            domain,
            password,
            crypted=crypted,
            gecos=gecos,
            quota=quota,
            flags=flags,
            apop=apop,
            dry_run=dry_run,
        )

    def add_to(  # noqa: PLR0913 - as ``add``
        self,
        name: str,
        domain: str,
        password: str | None = None,
        *,
        crypted: str | None = None,
        gecos: str = "",
        quota: str | int | None = None,
        flags: int = 0,
        apop: int = 0,
        dry_run: bool = False,
    ) -> Plan:
        """``add``, with local part and domain apart."""
        settings = self._installation.settings
        name, domain = fold(name), fold_domain(domain)
        checks.check_user_fields(settings, name, domain, password, gecos)
        check_new_user(name, domain)
        if not has_domain_characters(domain):
            raise InvalidDomainName(domain, "only letters, digits, '-' and '.'")
        given = None if quota is None else checks.checked_quota(quota)
        checks.check_one_password(password, crypted)
        checks.check_flags(flags)
        entry = get_domain(self._installation, domain)
        if password is not None:
            check_strength(self._installation, password)
        user = new_user(settings, name, password, crypted=crypted, gecos=gecos, apop=apop)
        user.pw_gid = user.pw_flags = flags
        add = lambda dry: self._add(entry, user.copy(), given, dry_run=dry)  # noqa: E731
        address = f"{name}@{entry.realdomain}"
        return announced(self._installation, "add_user", (address,), add, dry_run=dry_run)

    def _add(self, entry: DomainEntry, user: VqPasswd, quota: str | None, *, dry_run: bool) -> Plan:
        if not self._installation.backend.writable:
            raise BackendUnavailable(entry.realdomain, "the backend takes no accounts")
        plan = Plan(f"add user {user.pw_name}@{entry.realdomain}")
        batch = self._batch()
        if batch is not None and not dry_run:
            return batch.add_user(plan, entry, user, self._give_quota(entry, user, quota))
        with open_users(self._installation, entry) as change:
            if not dry_run:
                change.lock()
            # Not before: the same call again must first finish what it left.
            check_new_name(change, user.pw_name)
            decide_addition(plan, change, user, self._give_quota(entry, user, quota))
            return finish_plan(self._installation, change, plan, dry_run=dry_run)

    def _give_quota(
        self, entry: DomainEntry, user: VqPasswd, quota: str | None
    ) -> dict[str, bytes]:
        """Give a new user his quota; the files of the home that go with it."""
        settings = self._installation.settings
        if quota is None:
            quota = default_quota(settings, read_limits(self._installation, entry))
        user.pw_shell = quota
        return home_files(settings, user)

    def delete(self, address: str, *, dry_run: bool = False) -> Plan:
        """Delete a user with all mail. Aliases that mention the user stay.

        Args:
            address: ``user@domain``, as it is stored, however odd.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is that of the account store; the home goes after it.

        Raises:
            InvalidDomainName: the address has no domain.
            InvalidUserName: the name is empty.
            DomainNotFound, UserNotFound, DomainDirectoryMissing, NotPermitted,
            BackendUnavailable, OSError.
            CatchAllProtected: the user gets the mail of unknown users.
            HomeMissing: the account is deleted; the home was not there.

        Source: manual, "Delete user".
        """
        name, domain = split_whole_address(address)
        return self.delete_from(name, domain, dry_run=dry_run)

    def delete_from(self, name: str, domain: str, *, dry_run: bool = False) -> Plan:
        """``delete``, with local part and domain apart."""
        name = fold(name)
        if not name:
            raise InvalidUserName(f"''@{domain}", "the name is empty")
        entry = get_domain(self._installation, domain)
        delete = lambda dry: self._delete(entry, name, dry_run=dry)  # noqa: E731
        address = f"{name}@{entry.realdomain}"
        return announced(self._installation, "del_user", (address,), delete, dry_run=dry_run)

    def delete_unused(self, domain: str, names: Iterable[str], before: int) -> list[str]:
        """Delete users with all mail, unless they have logged in since: all in one commit.

        Args:
            domain: a domain or alias domain.
            names: of users, as ``iter_unused`` gives them; a thousand at once are a good number.
            before: seconds since 1970.

        Returns:
            The names of those who were deleted. Spared is also who gets the mail of unknown users.
            Its commit point is that of the account store; the homes go after it.

        Raises:
            ConfigError: the site does not note logins.
            DomainNotFound, DomainDirectoryMissing, NotPermitted, BackendUnavailable, OSError.

        Source: commands, vdeloldusers.
        """
        from vpopmail.accounts.unused import delete_unused

        check_kind_of_number(before)
        return delete_unused(self._installation, domain, checked_texts(names), before)

    def _delete(self, entry: DomainEntry, name: str, *, dry_run: bool) -> Plan:
        plan = Plan(f"delete user {name}@{entry.realdomain}")
        batch = self._batch()
        if batch is not None and not dry_run:
            return batch.delete_user(plan, entry, name)
        with open_users(self._installation, entry) as change:
            if not dry_run:
                change.lock()
            decide_deletion(change, name)
            finish_plan(self._installation, change, plan, dry_run=dry_run)
            if not dry_run:
                change.report_homeless(plan)
            return plan
