"""A directory that was there before its domain: what it was, to be given back if need be."""

from __future__ import annotations

from functools import partial

from vpopmail.accounts.adoption_recovery import KIND, stored_facts
from vpopmail.accounts.kept_files import KeptFiles
from vpopmail.mailstore import homes
from vpopmail.plan.journal import JOURNAL
from vpopmail.safeio.closing import close_all
from vpopmail.safeio.tree import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.accounts.added_homes import Home
    from vpopmail.accounts.user_change import UserChange
    from vpopmail.records import VLimits, VqPasswd
    from vpopmail.safeio.directory import Directory


class Adoption:
    """What was in a directory, and in the account store, before a domain is made of it.

    Args:
        users: the change of its users, which makes them right in their places.

    Attributes:
        files: keeps the small files that change.
    """

    def __init__(self, users: UserChange) -> None:
        self.users = users
        self.files = KeptFiles(users.directory, self._open_stage)
        self._accounts: dict[str, VqPasswd | None] = {}
        self._aliases: dict[str, list[str] | None] = {}
        self._limits: VLimits | None = None

    def _open_stage(self) -> Directory:
        return self.users.open_stage().directory

    def remove_unused(self, home: Home) -> None:
        """Remove what a killed process has built where a home goes, if nobody has used it.

        Not while another process works in the directory: it may be his. Raises: OSError.
        """
        users = self.users
        own = users.open_stage().name
        with users.directory.enter(JOURNAL) as journal:
            alone = journal.names() == [own]
        if alone:
            homes.remove_unused(users.directory, home.place, home.leaf)

    def note_accounts(self) -> None:
        """Note what the account store has of what is about to be stored, in the journal too.

        Raises:
            OSError, BackendUnavailable.
        """
        users = self.users
        stored = stored_facts(users)
        if stored:
            users.open_stage().enter(KIND, stored)
        self._accounts = {
            name: users.transaction.stored(name) for name in users.transaction.pending
        }
        read = users.installation.aliases.read_alias
        self._aliases = {alias: read(users.domain, alias) for alias in users.transaction.aliases}
        self._limits = users.limits.stored()

    def restore_accounts(self) -> None:
        """Let the account store have what it had before they were stored.

        Raises:
            OSError, BackendUnavailable.
        """
        users = self.users
        restore_limits = partial(users.limits.restore, self._limits)
        self._undo([users.transaction.close, self._restore_users, restore_limits])

    def _restore_users(self) -> None:
        users = self.users
        back = users.transaction = users.installation.backend.transaction(
            users.domain, users.directory
        )
        for name, before in self._accounts.items():
            if before is not None:
                back.replace(before)
            elif back.stored(name) is not None:
                back.delete(name)
        back.aliases.update(self._aliases)
        if back.has_changes:
            users.store(back)

    def give_back(self) -> None:
        """Take what was built out of the directory, and let its small files be what they were.

        Raises:
            OSError, BackendUnavailable.
        """
        users = self.users
        made = [partial(users.directory.remove_directory, path) for path in users.made[::-1]]
        homes_built = [partial(self._remove, home) for home in users.added]
        files = [users.places.take_back, self.files.give_back]
        if self._is_taken():
            files.clear()  # the small files are those of another process's domain
        self._undo([*homes_built, *made, *files])

    def _undo(self, acts: list[Callable[[], object]]) -> None:
        """Do all of it; what fails is left to the next change, for which the stage stays."""
        try:
            close_all(acts)
        except BaseException:
            self.users.keeps_stage = True
            raise

    def _is_taken(self) -> bool:
        now = self.users.installation.resolve(self.users.domain.realdomain)
        return now is not None and now.path == self.users.domain.path

    def _remove(self, home: Home) -> None:
        user = self.users.transaction.stored(home.name)
        if user is not None and user.pw_dir == home.path(self.users.domain.path):
            return  # it is his by now
        try:
            with homes.enter_place(self.users.directory, home.place) as place:
                remove_tree(place, home.leaf)
        except FileNotFoundError:
            pass  # not even its place was made
