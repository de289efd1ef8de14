"""Domains: the manager behind ``site.domains``, and the one implementation of its rules."""

from __future__ import annotations

from vpopmail.accounts import checks
from vpopmail.accounts.batch_end import check_distinct
from vpopmail.accounts.change import announced, finish_plan
from vpopmail.accounts.domain_change import DomainChange
from vpopmail.accounts.domain_queries import DomainQueries
from vpopmail.accounts.open_batches import open_batch
from vpopmail.accounts.password_policy import check_strength
from vpopmail.accounts.refresh import home_files
from vpopmail.accounts.user_rules import decide_addition, default_quota, new_user
from vpopmail.errors import (
    AssignUnreadable,
    BackendUnavailable,
    BaseDirectoryMissing,
    DomainExists,
    InvalidDomainName,
    InvalidPath,
    UserExists,
)
from vpopmail.names import (
    check_domain_length,
    check_kind_of_number,
    check_kind_of_text,
    check_last_label,
    check_new_domain,
    fold_domain,
    has_domain_characters,
)
from vpopmail.plan.steps import Plan
from vpopmail.records import DomainEntry
from vpopmail.safeio.paths import check_path
from vpopmail.settings.options import OLD_PROFILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.accounts.domain_tree import NewDomain
    from vpopmail.records import VqPasswd

POSTMASTER = "postmaster"


class Domains(DomainQueries):
    """The domains and alias domains of a site.

    Args:
        installation: the site.
    """

    def add(
        self,
        name: str,
        password: str | None = None,
        *,
        dir: str | None = None,  # noqa: A002 - the C library's word
        uid: int | None = None,
        gid: int | None = None,
        dry_run: bool = False,
    ) -> Plan:
        """Add a domain; with a password its postmaster too, in the same commit.

        Args:
            name: 3 to 96 characters: letters, digits, ``-``, ``.``; no malformed label. One
                outside ASCII is stored as its A-label.
            password: of postmaster, clear text; None makes no postmaster, ``""`` one that
                cannot log in.
            dir: absolute base directory; the domain goes below ``dir/domains``.
                None or ``""``: the site's own.
            uid, gid: owner of the domain's files, numbers; None: the site's own.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the rename of qmail's users/cdb; in a batch it is
            carried out when the batch ends.

        Raises:
            InvalidDomainName, DomainNameTooLong, DomainExists, BaseDirectoryMissing,
            DomainsDirectoryNotMade, DomainDirectoryNotMade, DirectoryTooLong,
            FileNotUpdated, NotPermitted, BackendUnavailable, OSError.
            PasswordTooLong, PasswordTooWeak, InvalidCharacter: of the password.

        Source: manual, "Add domain".
        """
        settings = self._installation.settings
        name = fold_domain(name)
        check_kind_of_text("" if dir is None else dir)
        check_kind_of_number(0 if uid is None else uid, 0 if gid is None else gid)
        check_new_domain(name)
        if settings.profile != OLD_PROFILE:
            check_last_label(name)
        base = dir.rstrip("/") if dir else settings.vpopmaildir
        _check_base(base)
        owner = (
            checks.checked_id("uid", settings.uid if uid is None else uid),
            checks.checked_id("gid", settings.gid if gid is None else gid),
        )
        postmaster = None if password is None else self._postmaster(name, password)
        add = lambda dry: self._add(name, base, owner, postmaster, dry_run=dry)  # noqa: E731
        return announced(self._installation, "add_domain", (name,), add, dry_run=dry_run)

    def _add(
        self,
        name: str,
        base: str,
        owner: tuple[int, int],
        postmaster: VqPasswd | None,
        *,
        dry_run: bool,
    ) -> Plan:
        plan = Plan(f"add domain {name}")
        batch = open_batch(self._installation)
        if batch is not None and not dry_run:
            check_distinct(self._installation, name)
            return batch.add_domain(plan, name, base, owner, postmaster)
        with DomainChange(self._installation, dry_run=dry_run) as change:
            if not dry_run:
                change.lock(f"{base}/{self._installation.settings.domains_dir}")
            # Not before: the same call again must first finish what it left.
            self._check_free(name)
            check_distinct(self._installation, name)
            new = change.add_domain(plan, name, base, *owner)
            if postmaster is not None:
                self._check_new(new, postmaster)
                plan_postmaster(plan, new, postmaster)
            return finish_plan(self._installation, change, plan, dry_run=dry_run)

    def add_alias(self, alias: str, real: str, *, dry_run: bool = False) -> Plan:
        """Let a name stand for a domain: same users, same directory.

        Args:
            alias: the new name; as for ``add``, but of any length up to 96.
            real: the domain, or an alias domain of it.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the rename of qmail's users/cdb.

        Raises:
            InvalidDomainName, DomainNameTooLong, DomainExists, DomainNotFound,
            FileNotUpdated, OSError.

        Source: manual, "vaddaliasdomain".
        """
        alias, real = fold_domain(alias), fold_domain(real)
        if not has_domain_characters(real):
            raise InvalidDomainName(real, "only letters, digits, '-' and '.'")
        _check_alias(alias)
        add = lambda dry: self._add_alias(alias, real, dry_run=dry)  # noqa: E731
        return announced(
            self._installation, "add_alias_domain", (alias, real), add, dry_run=dry_run
        )

    def _add_alias(self, alias: str, real: str, *, dry_run: bool) -> Plan:
        plan = Plan(f"add alias domain {alias} of {real}")
        batch = open_batch(self._installation)
        if batch is not None and not dry_run:
            return batch.add_alias(plan, alias, real)
        with DomainChange(self._installation, dry_run=dry_run) as change:
            if not dry_run:
                change.lock()
            self._check_free(alias)
            change.add_name(alias_entry(alias, self.get(real)))
            return finish_plan(self._installation, change, plan, dry_run=dry_run)

    def update_alias(self, alias: str, real: str, *, dry_run: bool = False) -> Plan:
        """Let an alias domain stand for another domain than before.

        Args:
            alias: the alias domain.
            real: the domain, or an alias domain of it.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the rename of qmail's users/cdb; mail for the name is
            taken on all the time.

        Raises:
            DomainNotFound, FileNotUpdated, NotPermitted, OSError.
            InvalidDomainName: ``alias`` is a domain of its own.
        """
        alias, real = fold_domain(alias), fold_domain(real)
        update = lambda dry: self._update_alias(alias, real, dry_run=dry)  # noqa: E731
        return announced(
            self._installation, "mod_alias_domain", (alias, real), update, dry_run=dry_run
        )

    def _update_alias(self, alias: str, real: str, *, dry_run: bool) -> Plan:
        plan = Plan(f"let alias domain {alias} stand for {real}")
        batch = open_batch(self._installation)
        if batch is not None and not dry_run:
            return batch.update_alias(plan, alias, real)
        with DomainChange(self._installation, dry_run=dry_run) as change:
            if not dry_run:
                change.lock()
            decide_update(change, self.get(alias), self.get(real))
            return finish_plan(self._installation, change, plan, dry_run=dry_run)

    def delete(self, name: str, *, dry_run: bool = False) -> Plan:
        """Delete a domain with its alias domains, users and all mail; or one alias domain.

        Args:
            name: a domain or alias domain.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the rename of qmail's users/cdb; the directory goes
            after it.

        Raises:
            DomainNameTooLong, DomainNotFound, FileNotUpdated, BackendUnavailable, OSError.

        Source: manual, "Delete domain".
        """
        entry = self.find(name)
        name = fold_domain(name) if entry is None else entry.domain
        if len(name) >= 3:
            check_domain_length(name)
        what = name
        if entry is not None and entry.is_alias:
            what = f"{name} alias of {entry.realdomain}"
        delete = lambda dry: self._delete(name, dry_run=dry)  # noqa: E731
        return announced(self._installation, "del_domain", (what,), delete, dry_run=dry_run)

    def _delete(self, name: str, *, dry_run: bool) -> Plan:
        plan = Plan(f"delete domain {name}")
        batch = open_batch(self._installation)
        if batch is not None and not dry_run:
            return batch.delete_domain(plan, self.get(name))
        with DomainChange(self._installation, dry_run=dry_run) as change:
            if not dry_run:
                change.lock()
            decide_deletion(change, self.get(name))
            return finish_plan(self._installation, change, plan, dry_run=dry_run)

    def _check_new(self, new: NewDomain, user: VqPasswd) -> None:
        """Refuse a user whom a directory that was there before has already."""
        if new.adopted and self._installation.backend.find(new.entry, user.pw_name) is not None:
            raise UserExists(f"{user.pw_name}@{new.entry.domain}")

    def _check_free(self, name: str) -> None:
        batch = open_batch(self._installation)
        if batch is not None:
            batch.check_free(name)
        elif self._is_taken(name):
            raise DomainExists(name)

    def _is_taken(self, name: str) -> bool:
        try:
            return self.find(name) is not None
        except AssignUnreadable:
            # A lost users/cdb is made anew with the first domain that is added.
            return self._installation.domain_lookup.stands_in_text(name)

    def _postmaster(self, domain: str, password: str) -> VqPasswd:
        if not self._installation.backend.writable:
            raise BackendUnavailable(domain, "the backend keeps no accounts: no postmaster")
        settings = self._installation.settings
        checks.check_password(settings, password)
        check_strength(self._installation, password)
        defaults = DomainEntry(domain, domain, settings.uid, settings.gid, "")
        limits = self._installation.limits.read_limits(defaults)
        quota = default_quota(settings, limits)
        user = new_user(settings, POSTMASTER, password, gecos="Postmaster")
        user.pw_shell = quota
        return user


def plan_postmaster(plan: Plan, new: NewDomain, user: VqPasswd) -> None:
    """Plan the first user of a domain that is being made."""
    plan.add("mailstore", f"build the home of {user.pw_name}", lambda: build_first(new, user))


def build_first(new: NewDomain, user: VqPasswd) -> None:
    """Build the home of a user in a domain that is built already."""
    if new.users is None:
        raise BackendUnavailable(new.entry.domain, "the backend keeps no accounts")
    # A directory that was there before may have the user already.
    if new.users.find(user.pw_name) is not None:
        raise UserExists(f"{user.pw_name}@{new.entry.domain}")
    steps = Plan("first user")
    decide_addition(steps, new.users, user, home_files(new.users.installation.settings, user))
    for step in steps.steps:
        step.do()


def decide_deletion(change: DomainChange, entry: DomainEntry) -> None:
    """Decide what goes with a domain: for a real one its alias domains and its directory.

    Args:
        change: gets the deletions; it holds its lock, unless for a dry run.
        entry: the domain or alias domain.

    Raises:
        BackendUnavailable, OSError.
    """
    if entry.is_alias:
        change.delete_names([entry])
        return
    qmail = change.installation.qmail
    others = [other for other in qmail.entries(entry.domain) if other.domain != entry.domain]
    aliases = [other for other in others if other.domain not in change.replaced]
    if not change.dry_run and not change.batch:
        change.lock_users(entry)  # a batch locks at its end
    change.delete_names([entry, *aliases])
    change.delete_domain(entry)


def decide_update(change: DomainChange, alias: DomainEntry, real: DomainEntry) -> None:
    """Decide that an alias domain is to stand for another domain.

    Raises:
        InvalidDomainName: it is a domain of its own.
    """
    if not alias.is_alias:
        raise InvalidDomainName(alias.domain, "it is a domain of its own, not an alias domain")
    change.replace_name(alias_entry(alias.domain, real))


def alias_entry(alias: str, real: DomainEntry) -> DomainEntry:
    """The line of an alias domain; aliases do not chain."""
    return DomainEntry(alias, real.realdomain, real.uid, real.gid, real.path)


def _check_base(base: str) -> None:
    try:
        check_path(base)
    except InvalidPath as error:
        raise BaseDirectoryMissing(
            error.subject, "give an absolute directory other than /"
        ) from None


def _check_alias(alias: str) -> None:
    if len(alias) < 3:
        # Alias domains have no least length; the other rules hold.
        if not alias:
            raise InvalidDomainName("''", "the name is empty")
        check_new_domain(f"{alias}.xx")
        return
    check_new_domain(alias)
