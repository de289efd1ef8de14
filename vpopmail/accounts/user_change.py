"""Changes to what one domain holds: its users, aliases, limits and small files.

One user outside a batch and ten thousand in one take the same way: what is decided here is carried
out by the steps of UserSteps.
"""

from __future__ import annotations

import os

from vpopmail.accounts.added_homes import Home
from vpopmail.accounts.lookup import may_look
from vpopmail.accounts.user_steps import UserSteps
from vpopmail.backends.pending import Pending
from vpopmail.errors import (
    BackendUnavailable,
    DomainNotFound,
    HomeMissing,
    NotPermitted,
    UserExists,
    VpopmailError,
)
from vpopmail.mailstore import homes
from vpopmail.mailstore.paths import split_home
from vpopmail.safeio.tree import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.installation import Installation
    from vpopmail.plan.steps import Plan
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory

    Decide = Callable[["UserChange"], object]


_BY_OTHERS = "another process changed it meanwhile"


class Update:
    """Something that was decided and can be decided again, and the user it is about."""

    __slots__ = ("decide", "name")

    def __init__(self, decide: Decide, name: str) -> None:
        self.decide = decide
        self.name = name


class UserChange(UserSteps):
    """Changes to the accounts of one domain, made together or not at all.

    Args:
        installation: the site.
        domain: the real domain.
        directory: its open directory; closed with this object.
        fresh: whether the domain is only being made, on a stage: then nobody else sees it, and
            homes are made right in their places.
        batch: whether homes are brought to the disk all together, at the end.

    Attributes:
        updates: what a batch has decided here, in order, and decides again at its end.
        removed: the names of stored users who are deleted.
        is_again: whether a batch decides again, under the lock.
        passed_over: the names of users who have gone since it was first decided to change them.
    """

    def __init__(
        self,
        installation: Installation,
        domain: DomainEntry,
        directory: Directory,
        *,
        fresh: bool = False,
        batch: bool = False,
    ) -> None:
        super().__init__(installation, domain, directory, fresh=fresh, batch=batch)
        self.updates: list[Update] = []
        self.removed: set[str] = set()
        self.is_again = False
        self.passed_over: set[str] = set()

    def rehearsal(self) -> UserChange:
        """Another change with the same things pending: to decide on, without consequences."""
        directory = self.directory.again()
        try:
            twin = UserChange(self.installation, self.domain, directory, fresh=self.fresh)
        except BaseException:
            directory.close()
            raise
        twin.transaction.pending = Pending(self.transaction.pending)
        twin.transaction.aliases.update(self.transaction.aliases)
        twin.files.pending.update(self.files.pending)
        twin.limits.pending[:] = self.limits.pending
        twin.deleted = list(self.deleted)
        twin.removed, twin.changed = set(self.removed), dict(self.changed)
        twin.places.repeat(self.places)
        return twin

    def lock(self) -> None:
        """Lock the users of the domain and finish what a killed process left.

        Raises:
            DomainNotFound: the domain went away meanwhile.
            BackendUnavailable, OSError.
        """
        try:
            if not self.fresh:
                # Before the lock, whose file is a sign of users.
                self.installation.backend.check_accounts(self.domain)
            self.transaction.lock()
        except BackendUnavailable:
            # Perhaps the lock went away with its domain.
            self._check_still_there()
            raise
        if self.fresh:
            return
        self._check_still_there()
        from vpopmail.accounts.user_recovery import recover_users

        recover_users(self)
        # A change that needed no entry may have been killed before its index.
        self.transaction.finish()

    def find(self, name: str) -> VqPasswd | None:
        """The user as it is now, with the changes made here."""
        return self.transaction.find(name)

    def place_home(self, user: VqPasswd) -> Home:
        """Decide where the home of a new user goes and put that into the record.

        Raises:
            HomeExists: something is there already.
        """
        home = Home(user.pw_name, self.places.next(), user.pw_name)
        try:
            if self.adoption is not None:
                self.adoption.remove_unused(home)
            homes.check_free(self.directory, home.place, home.name)
        except BaseException:
            self.places.cancel(home.place)
            raise
        user.pw_dir = home.path(self.domain.path)
        return home

    def add(self, user: VqPasswd, home: Home) -> None:
        """Add a user whose home has a place; the home is still to be built."""
        self.transaction.add(user)
        self.added.append(home)

    def replace(self, user: VqPasswd, *, refresh: bool = False) -> None:
        """Store new data for a user who exists.

        Args:
            user: the record; its name tells whom.
            refresh: whether files of the home follow from what has changed.
        """
        user.pw_flags = user.pw_gid  # as the store gives it back: a batch is asked before
        self.transaction.replace(user)
        self.changed[user.pw_name] = refresh or self.changed.get(user.pw_name, False)

    def delete_record(self, name: str) -> None:
        """Forget a user and leave the home as it is."""
        if self._forget_new_record(name):
            return
        self.transaction.delete(name)
        self.changed[name] = False

    def update(self, decide: Decide, name: str = "", *, of_record: bool = False) -> None:
        """Decide a change that can be decided again: under the lock, at the end of a batch.

        Args:
            decide: gets this object and notes in it what is to change.
            name: the user it is about, if it is about one.
            of_record: whether nothing but his record changes. Nobody else can change that of one
                who is being added, so it need not be decided again.
        """
        decide(self)
        if not (of_record and self.added_home(name)):
            self.updates.append(Update(decide, name))

    def decide_again(self) -> None:
        """Decide all anew, in the same order, from what others have stored meanwhile.

        Those who are added stay so, if nobody has added one of them.

        Raises:
            What a decision raises: VpopmailError with the advice that others are to blame.
        """
        taken = self.transaction.taken()
        if taken is not None:
            raise UserExists(f"{taken}@{self.domain.realdomain}", _BY_OTHERS)
        self.is_again = True
        self.deleted, self.homeless = [], []
        self.removed = set()
        self.changed = {
            name: refresh for name, refresh in self.changed.items() if self.added_home(name)
        }
        self.places.keep_given()
        self.transaction.pending.changed.clear()
        self.transaction.aliases.clear()
        self.files.pending.clear()
        self.limits.pending.clear()
        for update in self.updates:
            try:
                update.decide(self)
            except VpopmailError as error:
                error.advice = error.advice or _BY_OTHERS
                raise

    def forgets(self, name: str) -> bool:
        """Whether the stored record of a user goes, without his home."""
        return name in self.changed and self.transaction.pending.get(name, self) is None

    def drop(self, home: Home) -> None:
        """Forget an addition, its home, and what was to be changed of the user."""
        self.added.remove(home.name)
        self.changed.pop(home.name, None)
        self.updates = [update for update in self.updates if update.name != home.name]
        self.transaction.forget(home.name)
        self.places.cancel(home.place)
        if self.fresh:
            with homes.enter_place(self.directory, home.place) as place:
                remove_tree(place, home.leaf)
        elif self.stage is not None:
            remove_tree(self.stage.directory, homes.staged_name(home.name))

    def delete(self, user: VqPasswd) -> None:
        """Delete a user; the home goes after the commit point."""
        if self._forget_new_record(user.pw_name):
            return
        self.changed.pop(user.pw_name, None)
        self.removed.add(user.pw_name)
        self.transaction.delete(user.pw_name)
        split = split_home(self.domain.path, user.pw_dir)
        if split is None:
            self.homeless.append(user.pw_name)
            return
        self.deleted.append(Home(user.pw_name, *split))
        self.places.give_back(split[0])

    def _forget_new_record(self, name: str) -> bool:
        """Forget a record without a home that only this batch knows; whether it was one."""
        if self.transaction.stored(name) is not None:
            return False
        self.changed.pop(name, None)
        self.transaction.forget(name)
        return True

    def report_homeless(self, plan: Plan) -> None:
        """Tell of deleted users whose home was not there, or not below the domain.

        Raises:
            HomeMissing: the account is gone all the same.
        """
        if self.homeless:
            what = f"the account is deleted; there was no home to remove: {plan.subject}"
            raise HomeMissing(f"{self.homeless[0]}@{self.domain.realdomain}", what)

    def _check_still_there(self) -> None:
        """After the wait for the lock: the domain may have been deleted meanwhile."""
        now = self.installation.resolve(self.domain.realdomain)
        try:
            there = now is not None and os.path.samestat(
                os.stat(self.domain.path), os.fstat(self.directory.fd)
            )
        except OSError:
            there = False
        if not there:
            raise DomainNotFound(self.domain.realdomain, "it was deleted just now")


def open_change(
    installation: Installation, domain: DomainEntry, *, batch: bool = False
) -> UserChange:
    """A change to the users of a domain that exists.

    Args:
        installation: the site.
        domain: the domain or alias domain.
        batch: see UserChange.

    Raises:
        NotPermitted: this process is neither root nor the owner.
        DomainDirectoryMissing, BackendUnavailable.
    """
    if not may_look(installation, domain):
        raise NotPermitted(domain.realdomain, "run it as root or as the domain's owner")
    directory = installation.open_domain(domain)
    try:
        return UserChange(installation, domain, directory, batch=batch)
    except BaseException:
        directory.close()
        raise
