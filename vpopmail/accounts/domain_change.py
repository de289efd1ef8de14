"""Changes to the domains of a site: what is decided, and the plan that carries it out.

One domain outside a batch and a thousand in one take the same way. The states on disk, in order,
are in docs/internals.md.
"""

from __future__ import annotations

import os
from functools import partial

from vpopmail.accounts.adoption import Adoption
from vpopmail.accounts.adoption_recovery import settle_adopted
from vpopmail.accounts.alias_domains import copier
from vpopmail.accounts.checks import check_directory
from vpopmail.accounts.domain_tree import NewDomain, Tree
from vpopmail.accounts.user_change import UserChange
from vpopmail.errors import (
    BaseDirectoryMissing,
    DomainDirectoryMissing,
    NotPermitted,
)
from vpopmail.formats import dotqmail
from vpopmail.log import warn
from vpopmail.mailstore import domains as directories
from vpopmail.records import DomainEntry
from vpopmail.safeio import seam
from vpopmail.safeio.closing import close_all
from vpopmail.safeio.directory import Directory, Owner, open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

    from vpopmail.backends.transaction import Transaction
    from vpopmail.installation import Installation
    from vpopmail.plan.steps import Plan
    from vpopmail.qmail.changes import QmailChange

BOUNCE = "bounce-no-mailbox"


class DomainChange:
    """Changes to the domains of a site, made together or not at all.

    Args:
        installation: the site.
        batch: whether what is built is brought to the disk all together, at the end.
        dry_run: whether nothing may be touched.
    """

    def __init__(
        self, installation: Installation, *, batch: bool = False, dry_run: bool = False
    ) -> None:
        self.installation = installation
        self.batch = batch
        self.dry_run = dry_run
        follow = copier(installation)
        self.qmail: QmailChange = installation.qmail.change()
        self.qmail.follow = follow
        if dry_run:
            self._check_permitted()
        self.trees: dict[str, Tree] = {}
        self.locked: list[tuple[Transaction, Directory]] = []
        self.recovered: set[str] = set()
        self.made: list[tuple[str, str]] = []
        self.added: dict[str, DomainEntry] = {}
        self.removed: dict[str, DomainEntry] = {}
        self.replaced: dict[str, DomainEntry] = {}

    def lock(self, *paths: str) -> None:
        """Lock the domains of the site and finish what a killed process left.

        Args:
            paths: directories that hold domains, looked at besides the site's own.

        Raises:
            NotPermitted: this process may not change qmail's files.
            OSError, FileNotUpdated.
        """
        from vpopmail.accounts.domain_recovery import recover_domains

        try:
            self.qmail.lock()
        except PermissionError as error:
            path = self.qmail.directory.path
            raise NotPermitted(path, "domains are changed as root") from error
        for path in {self.installation.settings.domains_path, *self.trees, *paths}:
            recover_domains(self.installation, path)

    def _check_permitted(self) -> None:
        """A dry run takes no lock, which would tell that this process may not."""
        path = self.qmail.directory.path
        if not os.access(path, os.W_OK, effective_ids=True):
            self.qmail.close()
            raise NotPermitted(path, "domains are changed as root")

    def recover(self, path: str) -> None:
        """For a batch: finish what was left in a directory, without keeping the lock.

        Raises:
            OSError, FileNotUpdated.
        """
        if path not in self.recovered:
            try:
                self.lock(path)
            finally:
                self.qmail.file_lock.release()
            self.recovered.add(path)

    # deciding

    def tree(self, path: str) -> Tree:
        """The tree of a directory that holds domains."""
        if path not in self.trees:
            sync = self.installation.settings.sync
            directory = open_trusted(path, sync=sync)
            self.trees[path] = Tree(self.installation, directory)
        return self.trees[path]

    def add_domain(self, plan: Plan, name: str, base: str, uid: int, gid: int) -> NewDomain:
        """Decide where a new domain goes and plan the building of its directory.

        Args:
            plan: gets the step.
            name: folded, checked, and known to be free.
            base: directory below which it goes, absolute.
            uid, gid: its owner.

        Raises:
            BaseDirectoryMissing, DomainsDirectoryNotMade, DomainDirectoryMissing,
            DirectoryTooLong, DomainDirectoryNotMade, BackendUnavailable, OSError.
        """
        tree_ = self.tree(self._domains_path(base, Owner(uid, gid)))
        place = tree_.counter(uid).next()
        outer = f"{base}/{self.installation.settings.domains_dir}"
        path = "/".join(part for part in (outer, place, name) if part)
        check_directory(path)
        entry = DomainEntry(name, name, uid, gid, path)
        new = NewDomain(entry, place, adopted=_is_there(tree_.directory, place, name))
        if new.adopted and not self.dry_run:
            # Before anything is decided: a killed process may have stored its users.
            with _enter_domain(tree_.directory, new) as directory:
                settle_adopted(self.installation, name, path, directory, counts=False)
        new.has_accounts = self.installation.backend.has_accounts(entry)
        tree_.added.append(new)
        self.add_name(entry)
        verb = "take over" if new.adopted else "build"
        plan.add("mailstore", f"{verb} {path}", lambda: self._build(tree_, new))
        return new

    def add_name(self, entry: DomainEntry) -> None:
        """Add a name to qmail's files."""
        self.added[entry.domain] = entry
        self.qmail.add(entry)

    def replace_name(self, entry: DomainEntry) -> None:
        """Let an alias domain stand for another domain."""
        self.replaced[entry.domain] = entry
        self.qmail.replaced = [*self.replaced.values()]

    def keep_name(self, name: str) -> None:
        """Forget that an alias domain was to stand for another domain."""
        if self.replaced.pop(name, None) is not None:
            self.qmail.replaced = [*self.replaced.values()]

    def delete_names(self, entries: list[DomainEntry]) -> None:
        """Remove names from qmail's files."""
        for entry in entries:
            self.removed[entry.domain] = entry
            self.qmail.remove(entry)

    def delete_domain(self, entry: DomainEntry) -> None:
        """Decide that a domain's directory goes, and lock its users until then."""
        outer, place, leaf = directories.split_domain(entry.path)
        try:
            tree_ = self.tree(outer)
        except (FileNotFoundError, NotADirectoryError):
            return
        tree_.deleted.append((entry, place, leaf))
        tree_.counter(entry.uid).give_back("")

    def lock_users(self, entry: DomainEntry) -> None:
        """Wait until nobody changes the users of a domain that is to be deleted."""
        if not self.installation.backend.writable:
            return
        try:
            directory = self.installation.open_domain(entry)
        except DomainDirectoryMissing:
            return
        transaction = self.installation.backend.transaction(entry, directory)
        self.locked.append((transaction, directory))
        transaction.lock()

    # the plan

    def plan_steps(self, plan: Plan) -> None:
        """Append the steps that let the changes count, built directories given."""
        for tree_ in self.trees.values():
            tree_.plan = plan
            # Before the accounts: a database is no part of the directory that goes with its stage.
            plan.add(
                "journal",
                f"note the domains in {tree_.directory.path}",
                tree_.enter,
                tree_.withdraw,
            )
            for new in tree_.added:
                self._plan_accounts(plan, new)
            if self.batch:
                plan.add("mailstore", "bring the domains to the disk", partial(_sync, tree_))
            if tree_.added:
                plan.add("mailstore", "put the domains in their places", tree_.put, tree_.take_back)
        self.qmail.plan_prepare(plan)
        self.qmail.plan_commit(plan)
        self.qmail.plan_finish(plan)
        for tree_ in self.trees.values():
            plan.add("mailstore", "count the domains", tree_.count)
            if tree_.deleted:
                plan.add("accounts", "forget the users", partial(self._forget_users, tree_))
                plan.add("mailstore", "take the domains away", tree_.take_deleted)
            for new in [new for new in tree_.added if new.adopted]:
                self._plan_adopted(plan, new)
        for tree_ in self.trees.values():
            plan.add("journal", f"forget the domains in {tree_.directory.path}", tree_.withdraw)

    def _plan_accounts(self, plan: Plan, new: NewDomain) -> None:
        plan.add(
            "accounts",
            f"store the users of {new.entry.domain}",
            lambda: self._store(new),
            lambda: self._unstore(new),
        )

    def _plan_adopted(self, plan: Plan, new: NewDomain) -> None:
        if new.users is not None and new.users.deleted:
            what = f"take homes of {new.entry.domain} away"
            plan.add("mailstore", what, new.users.take_deleted)
        plan.add("mailstore", f"drop what was kept of {new.entry.domain}", new.drop_kept)

    def _store(self, new: NewDomain) -> None:
        self.installation.backend.add_domain(new.entry)
        if new.users is not None:
            new.users.store_fresh()

    def _unstore(self, new: NewDomain) -> None:
        # What was built on a stage goes with it; a directory that was there before stays, and
        # may have had users.
        if new.users is not None and new.users.adoption is not None:
            new.users.adoption.restore_accounts()
        elif not new.has_accounts:
            self.installation.backend.delete_domain(new.entry)

    def drop(self, name: str) -> None:
        """Forget a domain that was to be made; what was built goes with the stage."""
        del self.added[name]
        self.qmail.added = [entry for entry in self.qmail.added if entry.domain != name]
        for tree_ in self.trees.values():
            for new in tree_.added:
                if new.entry.domain == name:
                    new.close(counts=False)
                    tree_.counter(new.entry.uid).cancel(new.place)
            tree_.added = [new for new in tree_.added if new.entry.domain != name]

    def new_domain(self, name: str) -> NewDomain | None:
        """The domain of this name that is being made."""
        return next((new for new in self.new_domains() if new.entry.domain == name), None)

    def new_domains(self) -> Iterator[NewDomain]:
        """The domains that are being made."""
        for tree_ in self.trees.values():
            yield from tree_.added

    def close(self) -> None:
        """Give the locks back, then remove what is still on the stages."""
        closings = [closing.close for pair in self.locked for closing in pair]
        closings += [self.qmail.close, *(tree_.close for tree_ in self.trees.values())]
        closings += [partial(_remove_empty, base, name) for base, name in self.made]
        close_all(closings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, *trace: object) -> None:
        close_all([self.close], error)

    # steps

    def _domains_path(self, base: str, owner: Owner) -> str:
        settings = self.installation.settings
        try:
            directory = open_trusted(base, sync=settings.sync)
        except OSError as error:
            raise BaseDirectoryMissing(base, error.strerror or "") from error
        with directory:
            if self.dry_run and not directory.has(settings.domains_dir):
                return base
            try:
                if not directory.has(settings.domains_dir):
                    self.made.append((base, settings.domains_dir))
                directories.open_domains_directory(directory, settings.domains_dir, owner).close()
            except OSError as error:
                path = f"{base}/{settings.domains_dir}"
                raise DomainDirectoryMissing(path, error.strerror or "") from error
        return f"{base}/{settings.domains_dir}"

    def _build(self, tree_: Tree, new: NewDomain) -> None:
        entry = new.entry
        owner = Owner(entry.uid, entry.gid)
        program = f"{self.installation.settings.bindir}/vdelivermail"
        delivery = dotqmail.default_delivery(program, BOUNCE)
        if new.adopted:
            directory = _enter_domain(tree_.directory, new)
        else:
            stage = tree_.open_stage().directory
            directory = directories.build_domain(stage, entry.domain, owner, delivery)
        new.users = UserChange(self.installation, entry, directory, fresh=True, batch=self.batch)
        if new.adopted:
            adoption = new.users.adoption = Adoption(new.users)
            adoption.files.note_owner(directories.DEFAULT)
            keep = partial(adoption.files.keep, directories.DEFAULT)
            directories.adopt_domain(directory, owner, delivery, keep)

    def _forget_users(self, tree_: Tree) -> None:
        for entry, _, _ in tree_.deleted:
            self.installation.backend.delete_domain(entry)


def _remove_empty(base: str, name: str) -> None:
    """Remove a directory for domains that was made for one that is not there after all."""
    try:
        with open_trusted(base) as directory:
            directory.remove_directory(name)
    except OSError as error:
        warn("%s/%s is left, empty: %s", base, name, error)


def _enter_domain(domains: Directory, new: NewDomain) -> Directory:
    with domains.enter(new.place or ".") as place:
        return place.enter(new.entry.domain)


def _is_there(domains: Directory, place: str, name: str) -> bool:
    try:
        with domains.enter(place or ".") as directory:
            return directories.is_directory(directory, name)
    except FileNotFoundError:
        return False


def _sync(tree_: Tree) -> None:
    if tree_.directory.sync and tree_.added:
        seam.sync_filesystem(tree_.directory.fd)
