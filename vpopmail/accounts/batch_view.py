"""Looking at a site with what a batch has pending."""

from __future__ import annotations

from vpopmail.accounts.lookup import may_look
from vpopmail.accounts.open_batches import stored_entries
from vpopmail.accounts.user_change import UserChange, open_change
from vpopmail.errors import DomainExists, DomainNotFound, LimitsUnreadable, NotPermitted
from vpopmail.formats.text import to_bytes
from vpopmail.names import fold_domain
from vpopmail.records import V_OVERRIDE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.accounts.domain_change import DomainChange
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VLimits, VqPasswd


class BatchView:
    """What a site is with the changes that are pending; Batch makes them.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._domains: DomainChange | None = None
        self._users: dict[str, UserChange] = {}
        self._resolved: dict[str, DomainEntry | None] = {}
        self._limits: dict[str, VLimits | None] = {}

    def resolve(self, domain: str) -> DomainEntry | None:
        """The entry of a domain, pending changes included.

        Args:
            domain: any case, also as U-label.
        """
        name = fold_domain(domain)
        if self._domains is not None:
            if name in self._domains.added:
                return self._domains.added[name]
            if name in self._domains.removed:
                return None
            if name in self._domains.replaced:
                return self._domains.replaced[name]
        if name not in self._resolved:
            self._resolved[name] = self.installation.resolve(domain)
        return self._resolved[name]

    def find(self, domain: DomainEntry, name: str) -> VqPasswd | None:
        """The user as it is with the pending changes."""
        change = self._present_change(domain)
        if change is not None:
            return change.find(name)
        if self._domains is not None and self._domains.new_domain(domain.realdomain):
            return None
        return self.installation.backend.find(domain, name)

    def find_user(self, domain: str, name: str) -> VqPasswd | None:
        """The user with the effective flags, pending changes included."""
        entry = self.resolve(domain)
        if entry is None:
            return None
        if not may_look(self.installation, entry):
            raise NotPermitted(domain, "run it as root or as the domain's owner")
        user = self.find(entry, name)
        if user is not None and not user.pw_gid & V_OVERRIDE:
            user.pw_flags |= self.flag_mask(entry)
        return user

    def entries(self) -> list[DomainEntry]:
        """All domains and alias domains with the pending changes; new ones last."""
        found = list(stored_entries(self.installation))
        if self._domains is None:
            return found
        removed, replaced = self._domains.removed, self._domains.replaced
        kept = [replaced.get(entry.domain, entry) for entry in found if entry.domain not in removed]
        return kept + list(self._domains.added.values())

    def iterate(self, domain: DomainEntry) -> Iterator[VqPasswd]:
        """The users of a domain with the pending changes."""
        new = None if self._domains is None else self._domains.new_domain(domain.realdomain)
        fresh = new is not None and not new.adopted
        stored = () if fresh else self.installation.backend.iterate(domain)
        change = self._present_change(domain)
        if change is None:
            yield from stored
            return
        users = {user.pw_name: user for user in stored}
        for name, user in change.transaction.pending.items():
            if user is None:
                users.pop(name, None)
            else:
                users[name] = user.copy()
        for name in sorted(users, key=to_bytes):
            yield users[name]

    def read_limits(self, domain: DomainEntry) -> VLimits | None:
        """The limits that hold for a domain: pending ones, else those stored, read once."""
        change = self._present_change(domain)
        if change is not None and change.limits.are_pending():
            return change.limits.find()
        name = domain.realdomain
        if name not in self._limits:
            self._limits[name] = self.installation.limits.read_limits(domain)
        limits = self._limits[name]
        return None if limits is None else limits.copy()

    def flag_mask(self, domain: DomainEntry) -> int:
        """The flag bits that the limits of a domain add, pending changes included."""
        try:
            limits = self.read_limits(domain)
        except LimitsUnreadable:
            return 0  # as for a look-up outside of a batch
        return 0 if limits is None else limits.flag_mask()

    def change_of(self, domain: DomainEntry) -> UserChange | None:
        """What is pending in a domain, for reading; None if nothing is."""
        return self._present_change(domain)

    def changes(self) -> Iterator[UserChange]:
        """What is pending in each domain, for reading."""
        yield from self._users.values()
        for new in () if self._domains is None else self._domains.new_domains():
            if new.users is not None:
                yield new.users

    def rehearsal(self, domain: DomainEntry) -> UserChange:
        """A change of what a domain holds, for a dry run: with what is pending, and to be closed.

        Raises:
            NotPermitted, DomainDirectoryMissing, BackendUnavailable.
        """
        present = self._present_change(domain)
        return open_change(self.installation, domain) if present is None else present.rehearsal()

    def check_free(self, name: str) -> None:
        """Refuse the name of a new domain if it is taken, or was at the begin.

        Raises:
            DomainExists.
        """
        if self._domains is not None and name in self._domains.removed:
            raise DomainExists(name, "it is deleted in this batch, which must end first")
        if self.resolve(name) is not None:
            raise DomainExists(name)

    def forget_stored(self) -> None:
        """Look anew at what is stored."""
        self._resolved.clear()
        self._limits.clear()

    def _find_entry(self, name: str) -> DomainEntry:
        entry = self.resolve(name)
        if entry is None:
            raise DomainNotFound(name)
        return entry

    def _present_change(self, domain: DomainEntry) -> UserChange | None:
        name = domain.realdomain
        if name in self._users:
            return self._users[name]
        new = None if self._domains is None else self._domains.new_domain(name)
        return None if new is None else new.users
