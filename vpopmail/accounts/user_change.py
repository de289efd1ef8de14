"""Changes to the users of one domain: what is decided, and the plan that carries it out.

One user outside a batch and ten thousand in one take the same way. The states on disk, in
order, are in docs/internals.md.
"""

from __future__ import annotations

import os

from vpopmail.accounts.lookup import may_look
from vpopmail.accounts.places import Places
from vpopmail.errors import BackendUnavailable, DomainNotFound, HomeMissing, NotPermitted
from vpopmail.mailstore import homes
from vpopmail.plan import journal
from vpopmail.records import NEVER_LOGGED_IN
from vpopmail.safeio import seam
from vpopmail.safeio.directory import Owner
from vpopmail.safeio.tree import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

    from vpopmail.installation import Installation
    from vpopmail.plan.journal import Fact, Stage
    from vpopmail.plan.steps import Plan
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory

KIND = "users"


class Home:
    """A home that is added or deleted: of whom, where, and the name of its directory.

    Attributes:
        is_new: whether the user is added with it.
    """

    __slots__ = ("is_new", "leaf", "name", "place")

    def __init__(self, name: str, place: str, leaf: str, *, is_new: bool = True) -> None:
        self.name = name
        self.place = place
        self.leaf = leaf
        self.is_new = is_new

    def path(self, domain_path: str) -> str:
        """The absolute path of the home."""
        return "/".join(part for part in (domain_path, self.place, self.leaf) if part)


class UserChange:
    """Changes to the users of one domain, made together or not at all.

    Args:
        installation: the site.
        domain: the real domain.
        directory: its open directory; closed with this object.
        fresh: whether the domain is only being made, on a stage: then nobody else sees it, and
            homes are made right in their places.
        batch: whether homes are brought to the disk all together, at the end.
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
        self.stage: Stage | None = None
        self.added: list[Home] = []
        self.deleted: list[Home] = []
        self.homeless: list[str] = []
        self.made: list[str] = []
        self.plan: Plan | None = None

    def lock(self) -> None:
        """Lock the users of the domain and finish what a killed process left.

        Raises:
            DomainNotFound: the domain went away meanwhile.
            BackendUnavailable, OSError.
        """
        try:
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

    def build_home(self, home: Home, files: dict[str, bytes]) -> None:
        """Build a home: on the stage, or in its place if the domain is on a stage itself."""
        sync = self.installation.settings.sync and not self.batch
        if home.is_new and self.installation.settings.auth_logging:
            files = self.installation.last_auth.first_auth_files(NEVER_LOGGED_IN) | files
        if not self.fresh:
            stage = self._open_stage().directory
            homes.build(stage, homes.staged_name(home.name), self.owner, files, sync=sync)
            return
        homes.make_place(self.directory, home.place, self.owner)
        with homes.enter_place(self.directory, home.place) as directory:
            homes.build(directory, home.leaf, self.owner, files, sync=sync)

    def drop(self, home: Home) -> None:
        """Forget an addition whose home could not be built."""
        self.added.remove(home)
        self.transaction.forget(home.name)
        self.places.cancel(home.place)
        if self.stage is not None:
            remove_tree(self.stage.directory, homes.staged_name(home.name))

    def delete(self, user: VqPasswd) -> None:
        """Delete a user; the home goes after the commit point."""
        self.transaction.delete(user.pw_name)
        split = homes.split_home(self.domain.path, user.pw_dir)
        if split is None:
            self.homeless.append(user.pw_name)
            return
        self.deleted.append(Home(user.pw_name, *split))
        self.places.give_back(split[0])

    # the plan

    def plan_steps(self, plan: Plan) -> None:
        """Append the steps that let the changes count, built homes given."""
        self.plan = plan
        what = self._words()
        if self.batch:
            plan.add("mailstore", "bring the homes to the disk", self._sync_homes)
        plan.add("accounts", f"{what}, written beside the present accounts", self.transaction.stage)
        plan.add("journal", f"note {what}", self._enter, self._withdraw)
        if self.added:
            plan.add("mailstore", "put the homes in their places", self._put, self._take_back)
        plan.add("accounts", what, self.transaction.commit, commit=True)
        plan.add("accounts", "bring them to the disk", self.transaction.sync, vital=True)
        plan.add("accounts", "index", self.transaction.finish)
        plan.add("mailstore", "count the homes", self.places.write)
        plan.add("mailstore", "list of free places", self._write_free)
        if self.added:
            plan.add("accounts", "note them as never logged in", self._note_new)
        if self.deleted:
            plan.add("mailstore", "take the homes of the deleted away", self._take_deleted)
        plan.add("journal", f"forget {what}", self._withdraw)

    def store_fresh(self) -> None:
        """Store the users of a domain that is being made; nobody sees it yet."""
        if not self.added:
            return
        self.transaction.lock()
        self.transaction.stage()
        self.transaction.commit()
        self.transaction.finish()
        self.places.write()
        self._note_new()

    def unstore_fresh(self) -> None:
        """Take the users back that ``store_fresh`` stored."""
        if self.transaction.pending:
            self.transaction.close()
            self.transaction = self.installation.backend.transaction(self.domain, self.directory)
            for home in self.added:
                self.transaction.delete(home.name)
                with homes.enter_place(self.directory, home.place) as place:
                    remove_tree(place, home.leaf)
            self.transaction.lock()
            self.transaction.stage()
            self.transaction.commit()
            self.transaction.finish()

    def close(self) -> None:
        """Give the lock back, then remove what is still on the stage."""
        try:
            self.transaction.close()
            if self.stage is not None and self._is_unfinished():
                self.stage.abandon()
            elif self.stage is not None:
                self.stage.close()
        finally:
            self.directory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def report_homeless(self, plan: Plan) -> None:
        """Tell of deleted users whose home was not there, or not below the domain.

        Raises:
            HomeMissing: the account is gone all the same.
        """
        if self.homeless:
            what = f"the account is deleted; there was no home to remove: {plan.subject}"
            raise HomeMissing(f"{self.homeless[0]}@{self.domain.realdomain}", what)

    # steps

    def _open_stage(self) -> Stage:
        if self.stage is None:
            self.stage = journal.begin(self.directory, self.owner)
        return self.stage

    def _sync_homes(self) -> None:
        if self.installation.settings.sync and self.added:
            seam.sync_filesystem(self.directory.fd)

    def _enter(self) -> None:
        self._open_stage().enter(KIND, self._facts())

    def _facts(self) -> list[Fact]:
        return [
            *(("add", home.name, home.place) for home in self.added),
            *(("delete", home.name, home.place, home.leaf) for home in self.deleted),
            *self.places.facts(),
        ]

    def _withdraw(self) -> None:
        if self.stage is not None and not self._is_unfinished():
            self.stage.withdraw()

    def _is_unfinished(self) -> bool:
        """Whether the entry must stay, for the next change to finish or undo this one."""
        return self.plan is not None and bool(self.plan.unfinished)

    def _put(self) -> None:
        stage = self._open_stage().directory
        by_place: dict[str, list[Home]] = {}
        for home in self.added:
            by_place.setdefault(home.place, []).append(home)
        for place, added in by_place.items():
            self.made += homes.make_place(self.directory, place, self.owner)
            with homes.enter_place(self.directory, place) as directory:
                for home in added:
                    stage.move(homes.staged_name(home.name), directory, home.leaf)
                directory.flush()

    def _take_back(self) -> None:
        stage = self._open_stage().directory
        for home in self.added:
            homes.take(stage, self.directory, home.place, home.leaf, home.name)
        for path in reversed(self.made):
            self.directory.remove_directory(path)

    def _take_deleted(self) -> None:
        stage = self._open_stage().directory
        for home in self.deleted:
            if not homes.take(stage, self.directory, home.place, home.leaf, home.name):
                self.homeless.append(home.name)

    def _write_free(self) -> None:
        self.places.write_free(self.owner, self.installation.settings.lock_timeout)

    def _note_new(self) -> None:
        if not self.installation.settings.auth_logging:
            return
        note = self.installation.last_auth.note_new_user
        for home in [home for home in self.added if home.is_new]:
            note(self.domain.realdomain, home.name)

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

    def _words(self) -> str:
        parts = [
            f"{verb} {names[0].name if len(names) == 1 else f'{len(names)} users'}"
            for verb, names in (("add", self.added), ("delete", self.deleted))
            if names
        ]
        return " and ".join(parts) or "change users"


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
