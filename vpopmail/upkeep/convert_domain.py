"""Copying what one domain holds to another account store, and comparing the two.

The lock of the domain is held all the while, so other processes of this host change nothing.
Those of other hosts may: that shows when the two are compared, and the domain is copied again.
"""

from __future__ import annotations

from itertools import islice

from vpopmail.accounts.user_change import open_change
from vpopmail.backends.lock_file import LockFileTransaction
from vpopmail.errors import BackendUnavailable, DomainExists
from vpopmail.upkeep.advice import REPLACE
from vpopmail.upkeep.conversion import ConvertedDomain
from vpopmail.upkeep.convert_kinds import AliasCopy, CounterCopy, LimitsCopy, LoginCopy
from vpopmail.upkeep.fingerprint import Sum, content_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from vpopmail.accounts.user_change import UserChange
    from vpopmail.backends.transaction import Transaction
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.upkeep.conversion import Progress

    T = TypeVar("T")

_CHUNK = 1000  # users of one transaction
_TRIES = 3


class DomainConversion:
    """The conversion of one domain.

    Args:
        source: where from.
        target: where to.
        domain: the real domain.
        progress: is told domain and number of users done.
    """

    def __init__(
        self,
        source: Installation,
        target: Installation,
        domain: DomainEntry,
        progress: Progress | None,
    ) -> None:
        self.source = source
        self.target = target
        self.domain = domain
        self.progress = progress
        self.keeps_clear = source.settings.clear_passwd and target.settings.clear_passwd
        self.aliases = AliasCopy(source, target, domain)
        self.limits = LimitsCopy(source, target, domain)
        self.logins = LoginCopy(source, target, domain)
        self.counter = CounterCopy(source, target, domain)

    def look(self, *, may_replace: bool) -> ConvertedDomain:
        """What would be copied. Raises: what ``convert`` raises before it writes."""
        self._check_target(may_replace=may_replace)
        found = ConvertedDomain(self.domain.realdomain)
        found.users = sum(1 for _ in self.source.backend.stream(self.domain))
        found.aliases = self.aliases.count()
        found.limits = self.limits.is_wanted()
        return found

    def convert(self, begin: Callable[[], object], *, may_replace: bool) -> ConvertedDomain:
        """Copy the domain, compare, and copy again what somebody has changed meanwhile.

        Args:
            begin: called before the target is written.
            may_replace: whether the target may have other accounts of the domain.

        Returns:
            What is in both stores now.

        Raises:
            DomainExists: the target has other accounts of it.
            BackendUnavailable: the two still differ, or cannot be read or written.
            InvalidCharacter, UserNameTooLong and their kin: the target cannot hold a record.
        """
        with open_change(self.source, self.domain) as change:
            change.lock()
            self.target.backend.add_domain(self.domain)
            self._check_target(may_replace=may_replace)
            begin()
            differs: list[str] = []
            for _ in range(_TRIES):
                self._copy(change)
                found, differs = self._compare()
                if not differs:
                    return found
        what = f"after {_TRIES} copies the two differ still, in: {', '.join(differs)}"
        raise BackendUnavailable(self.domain.realdomain, what)

    def _check_target(self, *, may_replace: bool) -> None:
        users = next(self.target.backend.stream(self.domain), None)
        if may_replace:
            if users is not None and next(self.source.backend.stream(self.domain), None) is None:
                # More likely the file of the source is lost than that all have left.
                what = f"{self.source.backend.account_location()} has no user of it at all"
                raise BackendUnavailable(self.domain.realdomain, what)
            return
        if users is None and not (self.aliases.has_foreign() or self.limits.has_foreign()):
            return
        # What an earlier conversion has copied is no obstacle.
        if self._compare()[1]:
            what = f"{self.target.backend.account_location()} has other accounts of it: {REPLACE}"
            raise DomainExists(self.domain.realdomain, what)

    def _copy(self, change: UserChange) -> None:
        done = 0
        for users in chunks(self.source.backend.stream(self.domain)):
            self._store(change, users)
            self.logins.copy(users)
            done += len(users)
            if self.progress is not None:
                self.progress(self.domain.realdomain, done)
        if sum(1 for _ in self.target.backend.stream(self.domain)) != done:
            self._delete_others(change)
        with self.begin(change) as transaction:
            if self.aliases.copy(transaction, change.directory):
                commit(transaction)
        self.limits.copy()
        self.counter.copy(change.directory, done)

    def begin(self, change: UserChange) -> Transaction:
        """A locked transaction on the target."""
        transaction = self.target.backend.transaction(self.domain, change.directory)
        try:
            held = change.transaction
            if isinstance(transaction, LockFileTransaction) and isinstance(
                held, LockFileTransaction
            ):
                transaction.share_lock(held)
            transaction.lock()
        except BaseException:
            transaction.close()
            raise
        return transaction

    def _store(self, change: UserChange, users: list[VqPasswd]) -> None:
        with self.begin(change) as transaction:
            for user in users:
                now = transaction.stored(user.pw_name)
                if now is None:
                    transaction.add(user)
                elif not self._same(now, user):
                    transaction.replace(user)
            if transaction.has_changes:
                commit(transaction)
            else:
                transaction.finish()  # a conversion may have been killed before the index

    def _delete_others(self, change: UserChange) -> None:
        """Delete users whom the source does not have: of an earlier try, or to be replaced."""
        others = (
            user.pw_name
            for user in self.target.backend.stream(self.domain)
            if self.source.backend.find(self.domain, user.pw_name) is None
        )
        for names in chunks(others):
            with self.begin(change) as transaction:
                for name in names:
                    if transaction.stored(name) is not None:
                        transaction.delete(name)
                if transaction.has_changes:
                    commit(transaction)

    def _same(self, one: VqPasswd, other: VqPasswd) -> bool:
        clear = self.keeps_clear
        return content_of(one, clear=clear) == content_of(other, clear=clear)

    def _compare(self) -> tuple[ConvertedDomain, list[str]]:
        """What is in both stores, and the kinds of records in which they differ."""
        found = ConvertedDomain(self.domain.realdomain)
        ours, theirs = (self._sum(site) for site in (self.source, self.target))
        found.users = ours.count
        kinds = {
            "users": ours == theirs,
            "aliases": self.aliases.compare(found),
            "limits": self.limits.compare(found),
            "last logins": self.logins.compare(found),
        }
        return found, [kind for kind, same in kinds.items() if not same]

    def _sum(self, site: Installation) -> Sum:
        total = Sum()
        for user in site.backend.stream(self.domain):
            total.add(content_of(user, clear=self.keeps_clear))
        return total


def commit(transaction: Transaction) -> None:
    """Let what a transaction has pending count."""
    transaction.stage()
    transaction.commit()
    transaction.sync()
    transaction.finish()


def chunks(items: Iterator[T]) -> Iterator[list[T]]:
    """The items, some at a time."""
    while part := list(islice(items, _CHUNK)):
        yield part
