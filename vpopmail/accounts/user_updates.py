"""Changing what is stored of users who are there."""

from __future__ import annotations

from vpopmail.accounts import checks
from vpopmail.accounts.change import change_and_tell
from vpopmail.accounts.open_batches import get_domain
from vpopmail.accounts.user_edits import (
    apop_edits,
    flag_edits,
    gecos_edits,
    password_edits,
    quota_edits,
)
from vpopmail.accounts.user_queries import UserQueries
from vpopmail.accounts.user_rules import effective_flags
from vpopmail.errors import PasswordChangeForbidden, QuotaTooLong, UserNotFound
from vpopmail.names import (
    check_domain_length,
    check_kind_of_text,
    check_user_length,
    fold,
    split_whole_address,
)
from vpopmail.records import NO_PASSWD_CHNG, VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.accounts.user_change import UserChange
    from vpopmail.accounts.user_edits import Edit
    from vpopmail.plan.steps import Plan
    from vpopmail.records import DomainEntry


class UserUpdates(UserQueries):
    """What can be changed of the users of a site; see Users.

    Args:
        installation: the site.
    """

    # changing

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
