"""Users: the manager behind ``site.users``, and the one implementation of its rules."""

from __future__ import annotations

from vpopmail.accounts import checks
from vpopmail.accounts.change import announced, change_and_tell, finish_plan, open_users
from vpopmail.accounts.open_batches import get_domain, read_limits
from vpopmail.accounts.password_policy import check_strength
from vpopmail.accounts.refresh import home_files
from vpopmail.accounts.user_edits import (
    apop_edits,
    flag_edits,
    gecos_edits,
    password_edits,
    quota_edits,
)
from vpopmail.accounts.user_queries import UserQueries
from vpopmail.accounts.user_rules import (
    check_new_name,
    decide_addition,
    decide_deletion,
    default_quota,
    effective_flags,
    new_user,
)
from vpopmail.errors import (
    BackendUnavailable,
    InvalidDomainName,
    InvalidUserName,
    PasswordChangeForbidden,
    QuotaTooLong,
    UserNotFound,
)
from vpopmail.names import (
    check_domain_length,
    check_kind_of_number,
    check_kind_of_text,
    check_new_user,
    check_user_length,
    checked_texts,
    fold,
    fold_domain,
    has_domain_characters,
    split_new_address,
    split_whole_address,
)
from vpopmail.plan.steps import Plan
from vpopmail.records import NO_PASSWD_CHNG, VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpopmail.accounts.user_change import UserChange
    from vpopmail.accounts.user_edits import Edit
    from vpopmail.records import DomainEntry


class Users(UserQueries):
    """The users of a site.

    Args:
        installation: the site.
    """

    # changing

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

    def update(  # noqa: PLR0913 - one for each thing that is stored
        self,
        address: str,
        *,
        password: str | None = None,
        crypted: str | None = None,
        gecos: str | None = None,
        quota: str | int | None = None,
        flags: int | None = None,
        set_flags: int = 0,
        clear_flags: int = 0,
        apop: int | None = None,
        dry_run: bool = False,
    ) -> Plan:
        """Change what is stored of a user; what is not given stays.

        Args:
            address: ``user@domain``.
            password, crypted, quota: as for ``add``; ``""`` takes the password away.
            gecos: a comment.
            flags: the user's own flag bits, all of them: those of ``pw_gid``, not of
                ``pw_flags``, which has the domain's in it too.
            set_flags, clear_flags: flag bits to set and to clear.
            apop: 0 for POP, 1 for APOP.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is that of the account store; with a quota maildirsize is
            counted anew after it.

        Raises:
            InvalidInput and what is below it, UserNotFound, DomainNotFound, NotPermitted,
            DomainDirectoryMissing, BackendUnavailable, CryptFailed, OSError.
        """
        name, domain = split_whole_address(address)
        edits = [
            *password_edits(self._installation, password, crypted),
            *quota_edits(quota),
            *gecos_edits(self._installation.settings, gecos),
            *flag_edits(flags, set_flags, clear_flags),
            *apop_edits(apop),
        ]
        return self.edit(name, domain, edits, dry_run=dry_run)

    def set_password(
        self,
        address: str,
        password: str | None = None,
        *,
        crypted: str | None = None,
        dry_run: bool = False,
    ) -> Plan:
        """Give a user another password, whatever his flags say; see ``update``.

        Args:
            address: ``user@domain``.
            password: clear text; None without ``crypted``, or ``""``: no password, so no login.
            crypted: a crypt string to store instead.
            dry_run: only decide, without locks, and say what would be done.

        Source: manual, "vpasswd".
        """
        if password is None and crypted is None:
            crypted = ""
        return self.update(address, password=password, crypted=crypted, dry_run=dry_run)

    def set_quota(self, address: str, quota: str | int, *, dry_run: bool = False) -> Plan:
        """Give a user another quota and count the mail anew; see ``update``.

        Args:
            address: ``user@domain``.
            quota: as for ``add``: NOQUOTA, bytes (``10M`` or an int), a message count
                (``1000C``), both with a comma.
            dry_run: only decide, without locks, and say what would be done.

        Source: manual, "vsetuserquota".
        """
        return self.update(address, quota=checks.checked_quota(quota), dry_run=dry_run)

    def change_own_password(self, name: str, domain: str, password: str) -> Plan:
        """Give a user another password, if flags and limits let him change it.

        Raises:
            UserNameTooLong, InvalidUserName, DomainNameTooLong, PasswordTooLong, PasswordTooWeak,
            UserNotFound, DomainNotFound, and what ``update`` raises.
            PasswordChangeForbidden: NO_PASSWD_CHNG is set for the user or the domain.

        Source: manual, "Change user password".
        """
        self.check_lengths(name, domain)
        check_kind_of_text(password)
        edits = password_edits(self._installation, password, None)
        return self.edit(name, domain, [self._check_may_change(domain), *edits])

    def change_quota(self, name: str, domain: str, quota: str, *, refresh: bool = True) -> Plan:
        """Give a user another quota, with the checks of the C library.

        Args:
            name, domain: of the user, any case.
            quota: as for ``add``, at most 20 characters.
            refresh: whether the mail is counted anew.

        Raises:
            UserNameTooLong, InvalidUserName, DomainNameTooLong, QuotaTooLong, InvalidQuota,
            UserNotFound, DomainNotFound, and what ``update`` raises.

        Source: manual, "vsetuserquota".
        """
        self.check_lengths(name, domain)
        return self.edit(name, domain, _short_quota_edits(quota), refresh=refresh)

    def change_quotas(self, domain: str, quota: str) -> list[Plan]:
        """Give all users of a domain another quota: all of them or none; see ``edit_all``.

        Args:
            domain: domain or alias domain.
            quota: as for ``change_quota``.

        Raises:
            QuotaTooLong, InvalidQuota, and what ``edit_all`` raises.

        Source: manual, "vsetuserquota".
        """
        return self.edit_all(domain, _short_quota_edits(quota))

    def edit(
        self,
        name: str,
        domain: str,
        edits: list[Edit],
        *,
        refresh: bool = True,
        dry_run: bool = False,
    ) -> Plan:
        """Apply functions to the record of a user, who must exist, and store it.

        Args:
            name, domain: of the user, any case.
            edits: each gets the record, fresh from the store, and changes it.
            refresh: whether the mail is counted anew for another quota.
            dry_run: only decide, without locks.
        """
        entry = get_domain(self._installation, domain)
        return self._edit(entry, fold(name), edits, refresh=refresh, dry_run=dry_run)

    def _edit(
        self,
        entry: DomainEntry,
        name: str,
        edits: list[Edit],
        *,
        refresh: bool = True,
        passes_over: bool = False,
        dry_run: bool = False,
    ) -> Plan:
        """``edit`` of a user by his stored name; one who goes meanwhile may be passed over."""
        address = f"{name}@{entry.realdomain}"

        def decide(change: UserChange) -> None:
            user = change.find(name)
            if user is None and passes_over and change.is_again:
                change.passed_over.add(name)
                return
            if user is None:
                raise UserNotFound(address)
            before = user.copy()
            for edit in edits:
                edit(user)
            change.replace(user, refresh=self._needs_refresh(before, user, counts=refresh))

        subject = f"change user {address}"
        event = ("mod_user", address)
        return change_and_tell(
            self._installation,
            entry,
            event,
            subject,
            decide,
            name=name,
            of_record=True,
            dry_run=dry_run,
        )

    def edit_all(self, domain: str, edits: list[Edit]) -> list[Plan]:
        """Apply functions to the records of all users of a domain: of all of them or of none.

        Who is deleted meanwhile is passed over, and nobody is told that he was changed.

        Args:
            domain: domain or alias domain.
            edits: as for ``edit``.

        Returns:
            The plans. Their commit point is one, that of the batch that they are.

        Raises:
            What ``edit`` raises, but UserNotFound.
        """
        from vpopmail.accounts.batch import Batch

        entry = get_domain(self._installation, domain)
        # Names as they are stored: one that somebody wrote by hand may have capitals.
        names = [user.pw_name for user in self.iter(domain)]
        plans = []
        with Batch(self._installation):
            for name in names:
                try:
                    plans.append(self._edit(entry, name, edits, passes_over=True))
                except UserNotFound:
                    continue
        return plans

    def store(self, user: VqPasswd, domain: str) -> Plan:
        """Store all members of a record, which must be that of a user who exists.

        Args:
            user: the record; ``pw_flags`` is not stored.
            domain: domain or alias domain.

        Raises:
            InvalidInput and what is below it, and what ``update`` raises.

        Source: api, vauth_setpw.
        """
        checks.check_record(self._installation.settings, user, domain)
        given = user.copy()

        def put(stored: VqPasswd) -> None:
            for member in VqPasswd.__slots__:
                if member not in {"pw_name", "pw_flags"}:
                    setattr(stored, member, getattr(given, member))

        return self.edit(given.pw_name, domain, [put], refresh=False)

    # deciding

    def check_lengths(self, name: str, domain: str) -> None:
        """Refuse a name or domain of an impossible length, as the C library does first.

        Raises:
            UserNameTooLong, InvalidUserName, DomainNameTooLong.
        """
        settings = self._installation.settings
        check_kind_of_text(name, domain)
        big = settings.users_big_dir
        check_user_length(name, settings.max_user_name, big_directories=big, domain=domain)
        if len(domain) >= 3:
            check_domain_length(domain)

    def _check_may_change(self, domain: str) -> Edit:
        def check(user: VqPasswd) -> None:
            entry = get_domain(self._installation, domain)
            mask = self._limit_mask(entry)
            if effective_flags(user, mask) & NO_PASSWD_CHNG:
                raise PasswordChangeForbidden(f"{user.pw_name}@{entry.realdomain}")

        return check

    def _needs_refresh(self, before: VqPasswd, user: VqPasswd, *, counts: bool) -> bool:
        if counts and before.pw_shell != user.pw_shell:
            return True
        return self._installation.settings.sqwebmail_pass and before.pw_passwd != user.pw_passwd


def _short_quota_edits(quota: str) -> list[Edit]:
    check_kind_of_text(quota)
    if len(quota) > checks.MAX_QUOTA:
        raise QuotaTooLong("quota", f"at most {checks.MAX_QUOTA} characters")
    return quota_edits(quota)
