"""The steps that carry out what has been decided about the users of one domain.

The states on disk, in order, are in docs/internals.md.
"""

from __future__ import annotations

from itertools import islice

from vpopmail.accounts.added_homes import AddedHomes
from vpopmail.accounts.domain_files import DomainFiles
from vpopmail.accounts.fingerprints import fingerprint, fingerprint_of_lines
from vpopmail.accounts.pending_aliases import PendingAliases
from vpopmail.accounts.pending_limits import PendingLimits
from vpopmail.accounts.places import Places
from vpopmail.accounts.refresh import refresh_home
from vpopmail.mailstore import homes
from vpopmail.mailstore.paths import relative_home
from vpopmail.plan import journal
from vpopmail.records import NEVER_LOGGED_IN
from vpopmail.safeio import seam
from vpopmail.safeio.closing import close_all
from vpopmail.safeio.directory import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

    from vpopmail.accounts.added_homes import Home
    from vpopmail.accounts.adoption import Adoption
    from vpopmail.backends.transaction import Transaction
    from vpopmail.installation import Installation
    from vpopmail.plan.journal import Fact, Stage
    from vpopmail.plan.steps import Plan
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory

KIND = "users"
_AT_ONCE = 1000  # users that are noted with one call


class UserSteps:
    """What is to change in one domain, and the steps that do it; UserChange decides it.

    Args:
        installation: the site.
        domain: the real domain.
        directory: its open directory; closed with this object.
        fresh: whether the domain is only being made, on a stage: then nobody else sees it, and
            homes are made right in their places.
        batch: whether homes are brought to the disk all together, at the end.

    Attributes:
        keeps_stage: whether the stage must stay when this is closed, for the next change to undo
            what could not be undone here.
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
        settings = installation.settings
        self.installation = installation
        self.domain = domain
        self.directory = directory
        self.fresh = fresh
        self.batch = batch
        self.owner = Owner(domain.uid, domain.gid)
        self.places = Places(
            installation.dir_control,
            domain.realdomain,
            directory,
            hashed=settings.users_big_dir,
        )
        self.transaction = installation.backend.transaction(domain, directory)
        self.files = DomainFiles(directory, self.owner)
        self.limits = PendingLimits(installation, domain, self.files)
        self.aliases = PendingAliases(installation, domain, self.transaction, self.files)
        self.adoption: Adoption | None = None
        self.stage: Stage | None = None
        self.keeps_stage = False
        self.added = AddedHomes()
        self.deleted: list[Home] = []
        self.homeless: list[str] = []
        self.changed: dict[str, bool] = {}
        self.made: list[str] = []
        self.plan: Plan | None = None

    def build_home(self, home: Home, files: dict[str, bytes]) -> None:
        """Build a home: on the stage, or in its place if the domain is on a stage itself."""
        sync = self.installation.settings.sync and not self.batch
        if home.is_new and self.installation.settings.auth_logging:
            files = self.installation.last_auth.first_auth_files(NEVER_LOGGED_IN) | files
        if not self.fresh:
            stage = self.open_stage().directory
            homes.build(stage, homes.staged_name(home.name), self.owner, files, sync=sync)
            return
        self.made += homes.make_place(self.directory, home.place, self.owner)
        with homes.enter_place(self.directory, home.place) as directory:
            homes.build(directory, home.leaf, self.owner, files, sync=sync)

    def added_home(self, name: str) -> Home | None:
        """The home that is added here for a user; None if he is not added here."""
        return self.added.find(name)

    def home_path(self, domain: DomainEntry, user: VqPasswd) -> str | None:
        """Where a home is now, relative to the directory of the domain; None: not below it."""
        home = self.added_home(user.pw_name)
        if home is not None and not self.fresh:
            return f"{journal.JOURNAL}/{self.open_stage().name}/{homes.staged_name(home.name)}"
        return relative_home(domain, user)

    # the plan

    def plan_steps(self, plan: Plan) -> None:
        """Append the steps that let the changes count, built homes given.

        The commit point is that of the account store if accounts change; else the rename of the
        one file that changes; else, with several files, the writing of the journal's entry.
        """
        self.plan = plan
        noted = self._has_to_be_noted()
        self._plan_preparation(plan)
        if noted:
            only_files = not (self.transaction.has_changes or self.added)
            note = f"note {self._words()}"
            plan.add("journal", note, self._enter, self._withdraw, commit=only_files)
        self._plan_commit(plan, noted=noted)
        self._plan_homes(plan)
        if noted:
            plan.add("journal", f"forget {self._words()}", self._withdraw)

    def _plan_preparation(self, plan: Plan) -> None:
        if self.files.pending:
            plan.add("mailstore", "write the files on the stage", self._write_files)
        if self.batch:
            plan.add("mailstore", "bring all to the disk", self._sync_homes)
        if self.transaction.has_changes:
            what = f"{self._words()}, written beside the present"
            plan.add("accounts", what, self._stage_accounts)

    def _plan_commit(self, plan: Plan, *, noted: bool) -> None:
        stored = self.transaction.has_changes
        if self.added:
            put = "put the homes in their places"
            plan.add("mailstore", put, self._put, self._take_back, commit=not stored)
        if stored:
            plan.add("accounts", self._words(), self.transaction.commit, commit=True)
            plan.add("accounts", "bring them to the disk", self.transaction.sync, vital=True)
        if self.files.pending:
            alone = not (stored or noted)
            put = "put the files in their places"
            plan.add("mailstore", put, self._move_files, commit=alone, vital=not alone)
            plan.add("mailstore", "bring them to the disk", self.directory.flush, vital=True)
        if self.limits.pending:
            first = not (stored or noted or self.files.pending)
            store = self.limits.store
            plan.add("accounts", "store the limits", store, commit=first, vital=not first)
        if stored:
            plan.add("accounts", "index", self.transaction.finish)

    def _has_to_be_noted(self) -> bool:
        """Whether the change has parts that a later process must be able to finish."""
        several = len(self.files.pending) + self.transaction.has_changes > 1
        return bool(self.added or self.deleted or several or any(self.changed.values()))

    def _plan_homes(self, plan: Plan) -> None:
        if self.added or self.deleted:
            plan.add("mailstore", "count the homes", self.places.write)
            plan.add("mailstore", "list of free places", self._write_free)
        if self.added:
            plan.add("accounts", "note them as never logged in", self._note_new)
        if any(self.changed.values()):
            plan.add("mailstore", "bring files of the homes up to date", self._refresh)
        if self.deleted:
            plan.add("mailstore", "take the homes of the deleted away", self.take_deleted)

    def store_fresh(self) -> None:
        """Store the users of a domain that is being made; nobody sees it yet."""
        if self.adoption is not None:
            self.adoption.note_accounts()
        self.files.store(None if self.adoption is None else self.adoption.files)
        self.limits.store()
        if not self.transaction.has_changes:
            return
        self.store(self.transaction)
        self.places.write()
        self._note_new()
        self._refresh()

    def store(self, transaction: Transaction) -> None:
        """Store what is pending in a transaction of this domain, all at once."""
        transaction.lock()
        self._note_in(transaction)
        transaction.stage()
        transaction.commit()
        if self.adoption is not None:
            transaction.sync()  # an index alone, in a directory that stays, says its text is lost
        transaction.finish()

    def close(self) -> None:
        """Give the lock back, then remove what is still on the stage."""
        close_all([self.transaction.close, self._forget, self._close_stage, self.directory.close])

    def _forget(self) -> None:
        self.transaction.pending.clear()
        self.added.clear()

    def _close_stage(self) -> None:
        if self.stage is not None and self._is_unfinished():
            self.stage.abandon()
        elif self.stage is not None:
            self.stage.close()

    def remove_stage(self) -> None:
        """Remove the stage with what is on it, on the disk too. Raises: OSError."""
        if self.stage is not None:
            self.stage.remove()
            self.stage.abandon()
            self.stage = None
            self.directory.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, *trace: object) -> None:
        close_all([self.close], error)

    # steps

    def open_stage(self) -> Stage:
        """The stage of the change, made if there is none yet."""
        if self.stage is None:
            self.stage = journal.begin(self.directory, self.owner)
        return self.stage

    def _write_files(self) -> None:
        sync = self.installation.settings.sync and not self.batch
        self.files.write(self.open_stage().directory, sync=sync)

    def _move_files(self) -> None:
        self.files.move(None if self.stage is None else self.stage.directory)

    def _refresh(self) -> None:
        for name in [name for name, refresh in self.changed.items() if refresh]:
            user = self.transaction.stored(name)
            if user is not None:
                refresh_home(self.installation.settings, self.domain, self.directory, user)

    def _sync_homes(self) -> None:
        if self.installation.settings.sync and (self.added or self.files.pending):
            seam.sync_filesystem(self.directory.fd)

    def _enter(self) -> None:
        self.open_stage().enter(KIND, self._facts())

    def _facts(self) -> Iterator[Fact]:
        yield from (("add", home.name, home.place) for home in self.added)
        yield from (("delete", home.name, home.place, home.leaf) for home in self.deleted)
        yield from self._changed_facts()
        yield from self.files.facts()
        yield from self.places.facts()

    def _changed_facts(self) -> list[Fact]:
        facts: list[Fact] = [("refresh", name) for name, refresh in self.changed.items() if refresh]
        for name in self.changed:
            return [("changed", name, fingerprint(self.transaction.pending[name])), *facts]
        for alias, lines in self.transaction.aliases.items():
            return [("aliased", alias, fingerprint_of_lines(lines)), *facts]
        return facts

    def _withdraw(self) -> None:
        if self.stage is not None and not self._is_unfinished():
            self.stage.withdraw()

    def _is_unfinished(self) -> bool:
        """Whether the entry must stay, for the next change to finish or undo this one."""
        return self.keeps_stage or (self.plan is not None and bool(self.plan.unfinished))

    def _put(self) -> None:
        stage = self.open_stage().directory
        for place, added in self.added.by_place():
            self.made += homes.make_place(self.directory, place, self.owner)
            with homes.enter_place(self.directory, place) as directory:
                for home in added:
                    stage.move(homes.staged_name(home.name), directory, home.leaf)
                directory.flush()

    def _take_back(self) -> None:
        stage = self.open_stage().directory
        for home in self.added:
            homes.take(stage, self.directory, home.place, home.leaf, home.name)
        for path in reversed(self.made):
            self.directory.remove_directory(path)

    def take_deleted(self) -> None:
        """Move the homes of the deleted to the stage."""
        stage = self.open_stage().directory
        for home in self.deleted:
            if not homes.take(stage, self.directory, home.place, home.leaf, home.name):
                self.homeless.append(home.name)

    def _write_free(self) -> None:
        self.places.write_free(self.owner, self.installation.settings.lock_timeout)

    def _stage_accounts(self) -> None:
        self._note_in(self.transaction)
        self.transaction.stage()

    def _note_in(self, transaction: Transaction) -> None:
        transaction.first_logins = self.installation.settings.auth_logging

    def _note_new(self) -> None:
        if self.transaction.notes_new_users or not self.installation.settings.auth_logging:
            return
        names = self.added.new_users()
        while some := list(islice(names, _AT_ONCE)):
            self.installation.last_auth.note_new_users(self.domain.realdomain, some)

    def _words(self) -> str:
        parts = []
        for verb, homes_ in (("add", self.added), ("delete", self.deleted)):
            count = len(homes_)
            if count:
                whom = next(iter(homes_)).name if count == 1 else f"{count} users"
                parts.append(f"{verb} {whom}")
        if self.changed:
            names = list(self.changed)
            parts.append(f"change {names[0] if len(names) == 1 else f'{len(names)} users'}")
        changed_files = len(self.files.pending) + len(self.transaction.aliases)
        changed_files += len(self.limits.pending)
        if changed_files:
            parts.append("change a file" if changed_files == 1 else f"change {changed_files} files")
        return ", ".join(parts) or "change nothing"
