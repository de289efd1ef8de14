"""Finishing or undoing what a killed process left of changes to users."""

from __future__ import annotations

from vpopmail.accounts.places import Places
from vpopmail.mailstore import homes
from vpopmail.mailstore.free_places import is_place
from vpopmail.plan import journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vpopmail.accounts.user_change import UserChange
    from vpopmail.plan.journal import Fact, Stage
    from vpopmail.safeio.directory import Directory


def recover_users(change: UserChange) -> None:
    """Finish what counts and undo what does not, in the domain of a change.

    Args:
        change: holds the lock of the domain; nothing was changed with it yet.

    Raises:
        OSError, BackendUnavailable.
    """
    for left in journal.leftovers(change.directory):
        with left:
            entry = left.entry()
            if entry is not None and journal.is_ours(left):
                _settle(change, left, entry[1])


def _settle(change: UserChange, left: Stage, facts: list[Fact]) -> None:
    added = [fact for fact in facts if fact[0] == "add" and len(fact) == 3]
    deleted = [fact for fact in facts if fact[0] == "delete"]
    if not added and not deleted:
        return  # not an entry of ours
    if not _counts(change, added, deleted):
        for _, name, place in added:
            _take(left, change.directory, place, name, name)
            remove_empty(change.directory, place)
        return
    change.transaction.finish()
    places = Places(
        change.places.facet, change.places.key, change.directory, hashed=change.places.hashed
    )
    places.finish(facts, change.owner, change.installation.settings.lock_timeout)
    for _, name, place, leaf in deleted:
        _take(left, change.directory, place, leaf, name)


def _counts(change: UserChange, added: Sequence[Fact], deleted: Sequence[Fact]) -> bool:
    """Whether the change passed its commit point: the store has it or has it not.

    Not asked of the transaction with its own pending changes: these do not count yet.
    """
    if added:
        _, name, place = added[0]
        user = change.transaction.stored(name)
        home = "/".join(part for part in (change.domain.path, place, name) if part)
        return user is not None and user.pw_dir == home
    return change.transaction.stored(deleted[0][1]) is None


def _take(left: Stage, domain: Directory, place: str, leaf: str, name: str) -> None:
    if is_below(place, leaf):
        homes.take(left.directory, domain, place, leaf, name)


def is_below(place: str, leaf: str) -> bool:
    """Whether an entry names something below the directory, not outside and not our own files."""
    parts = [*place.split("/"), leaf] if place else [leaf]
    return all(part not in {"", ".", "..", journal.JOURNAL} and "/" not in part for part in parts)


def remove_empty(domain: Directory, place: str) -> None:
    """Remove the directories of a place that were made for homes that are gone again."""
    while place and is_place(place):
        outer, _, last = place.rpartition("/")
        try:
            with homes.enter_place(domain, outer) as directory:
                if not directory.remove_directory(last):
                    return
        except (FileNotFoundError, NotADirectoryError):
            pass
        place = outer
