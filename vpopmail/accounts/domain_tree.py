"""One directory that holds domains, while domains below it change."""

from __future__ import annotations

import pwd
from functools import partial

from vpopmail.accounts.places import Places
from vpopmail.mailstore import domains as directories
from vpopmail.mailstore.homes import make_place, staged_name
from vpopmail.plan import journal
from vpopmail.safeio.closing import close_all
from vpopmail.safeio.directory import Directory, Owner, open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.accounts.user_change import UserChange
    from vpopmail.installation import Installation
    from vpopmail.plan.journal import Fact, Stage
    from vpopmail.plan.steps import Plan
    from vpopmail.records import DomainEntry

KIND = "domain directories"


class NewDomain:
    """A domain that is being made: its entry, place, and, once built, directory and users.

    ``has_accounts``: whether the store has users of it already, which another host has made: then
    they are not deleted if the domain is not made here after all.
    """

    __slots__ = ("adopted", "entry", "has_accounts", "place", "users")

    def __init__(self, entry: DomainEntry, place: str, *, adopted: bool) -> None:
        self.entry = entry
        self.place = place
        self.adopted = adopted
        self.has_accounts = False
        self.users: UserChange | None = None

    def drop_kept(self) -> None:
        """Forget what a directory was that was there before: the domain counts. Raises: OSError."""
        if self.users is not None:
            self.users.remove_stage()  # what stays keeps the entry, too

    def close(self, *, counts: bool) -> None:
        """End the work in its directory.

        Args:
            counts: whether the domain is made; if not, a directory that was there before loses
                what was built in it, and its small files become what they were.

        Raises:
            OSError.
        """
        if self.users is None:
            return
        closings = [self.users.close]
        if self.users.adoption is not None and not counts:
            closings.insert(0, self.users.adoption.give_back)
        close_all(closings)


class Tree:
    """One directory that holds domains, while domains below it change.

    Args:
        installation: the site.
        directory: open; closed with this object.
    """

    def __init__(self, installation: Installation, directory: Directory) -> None:
        self.installation = installation
        self.directory = directory
        self.stage: Stage | None = None
        self.added: list[NewDomain] = []
        self.deleted: list[tuple[DomainEntry, str, str]] = []
        self.counters: dict[int, Places] = {}
        self.made: list[str] = []
        self.plan: Plan | None = None

    def is_unfinished(self) -> bool:
        """Whether the entry must stay, for the next change to finish or undo this one."""
        return self.plan is not None and bool(self.plan.unfinished)

    def counter(self, uid: int) -> Places:
        """The counter of the domains of a uid."""
        if uid not in self.counters:
            self.counters[uid] = domain_counter(self.installation, uid)
        return self.counters[uid]

    def facts(self) -> list[Fact]:
        """What the journal entry says."""
        facts: list[Fact] = [(_kind(new), new.entry.domain, new.place) for new in self.added]
        facts += [("delete", entry.domain, place, leaf) for entry, place, leaf in self.deleted]
        for uid, counter in self.counters.items():
            facts += [("counter", str(uid)), *counter.facts()]
        return facts

    def open_stage(self) -> Stage:
        """The stage of the change in this directory."""
        if self.stage is None:
            status = self.directory.status(".")
            owner = Owner(0, 0) if status is None else Owner(status.st_uid, status.st_gid)
            self.stage = journal.begin(self.directory, owner)
        return self.stage

    def enter(self) -> None:
        """Write the journal entry."""
        self.open_stage().enter(KIND, self.facts())

    def withdraw(self) -> None:
        """Take the journal entry back."""
        if self.stage is not None and not self.is_unfinished():
            self.stage.withdraw()

    def put(self) -> None:
        """Move the new domains to their places."""
        stage = self.open_stage().directory
        for new in self.added:
            if new.adopted:
                continue
            owner = Owner(new.entry.uid, new.entry.gid)
            self.made += make_place(self.directory, new.place, owner)
            with self.directory.enter(new.place or ".") as place:
                stage.move(staged_name(new.entry.domain), place, new.entry.domain)
                place.flush()

    def take_back(self) -> None:
        """Move the new domains back to the stage."""
        stage = self.open_stage().directory
        for new in self.added:
            if not new.adopted:
                name = new.entry.domain
                directories.take_domain(stage, self.directory, new.place, name, name)
        for path in reversed(self.made):
            self.directory.remove_directory(path)

    def take_deleted(self) -> None:
        """Move the deleted domains to the stage."""
        stage = self.open_stage().directory
        for entry, place, leaf in self.deleted:
            directories.take_domain(stage, self.directory, place, leaf, entry.domain)

    def count(self) -> None:
        """Write the counters."""
        for counter in self.counters.values():
            counter.write()

    def close(self) -> None:
        """Remove what is on the stage, or leave it to the next change."""
        counts = self.plan is not None and (self.plan.carried_out or self.is_unfinished())
        closings: list[Callable[[], object]] = [
            *(partial(new.close, counts=counts) for new in self.added),
            self._close_stage,
            *(counter.directory.close for counter in self.counters.values()),
            self.directory.close,
        ]
        close_all(closings)

    def _close_stage(self) -> None:
        if self.stage is not None and self.is_unfinished():
            self.stage.abandon()
        elif self.stage is not None:
            self.stage.close()


def _kind(new: NewDomain) -> str:
    if new.adopted:
        return "adopt"
    return "join" if new.has_accounts else "add"


def domain_counter(installation: Installation, uid: int) -> Places:
    """The counter of the domains of a uid, which lies in the home of that user.

    Args:
        installation: the site.
        uid: a number. One without an entry in the user database has no counter.
    """
    settings = installation.settings
    path = settings.domains_path
    hashed = True  # domains always are, users only if the site says so
    if uid != settings.uid:
        try:
            path = f"{pwd.getpwuid(uid).pw_dir}/{settings.domains_dir}"
        except KeyError:
            hashed = False
    try:
        directory = open_trusted(path, sync=settings.sync)
    except OSError:
        directory = Directory(-1, path)
        hashed = False
    return Places(installation.dir_control, f"dom_{uid}", directory, hashed=hashed)
