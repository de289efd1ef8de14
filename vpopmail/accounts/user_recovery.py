"""Finishing or undoing what a killed process left of changes to users."""

from __future__ import annotations

from vpopmail.accounts.domain_files import finish_files
from vpopmail.accounts.fingerprints import fingerprint, fingerprint_of_lines
from vpopmail.accounts.places import Places
from vpopmail.accounts.refresh import refresh_home
from vpopmail.accounts.user_steps import KIND
from vpopmail.errors import AliasUnreadable
from vpopmail.mailstore import homes
from vpopmail.mailstore.free_places import is_place
from vpopmail.mailstore.homes import staged_name
from vpopmail.plan import journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.accounts.user_change import UserChange
    from vpopmail.plan.journal import Fact, Stage
    from vpopmail.safeio.directory import Directory

_OF_ACCOUNTS = ("add", "delete", "changed", "aliased")


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
            if entry is not None and entry[0] == KIND and journal.is_ours(left):
                _settle(change, left, entry[1])


def _settle(change: UserChange, left: Stage, facts: list[Fact]) -> None:
    added = [fact for fact in facts if fact[0] == "add" and len(fact) == 3]
    deleted = [fact for fact in facts if fact[0] == "delete"]
    if not facts:
        return
    if not _counts(change, left.directory, facts):
        for _, name, place in added:
            _take(left, change.directory, place, name, name)
            remove_empty(change.directory, place)
        return
    finish_files(left.directory, change.directory, facts)
    if any(fact[0] in _OF_ACCOUNTS for fact in facts):
        change.transaction.finish()
    for name in [fact[1] for fact in facts if fact[0] == "refresh"]:
        _refresh(change, name)
    if not added and not deleted:
        return
    places = Places(
        change.places.facet, change.places.key, change.directory, hashed=change.places.hashed
    )
    places.finish(facts, change.owner, change.installation.settings.lock_timeout)
    for _, name, place, leaf in deleted:
        _take(left, change.directory, place, leaf, name)


def _counts(change: UserChange, left: Directory, facts: list[Fact]) -> bool:
    """Whether the change passed its commit point: the store has it or has it not.

    The first fact that is about accounts tells; without one the entry itself was the commit
    point. Not asked of the transaction with its own pending changes: these do not count yet.
    A user who was there before gets a home that is his already: it counts from its place on. A
    home that is in neither place never came to the disk.
    """
    for fact in facts:
        if fact[0] not in _OF_ACCOUNTS or (fact[0] == "add" and len(fact) != 3):
            continue
        user = change.transaction.stored(fact[1])
        if fact[0] == "add":
            home = "/".join(part for part in (change.domain.path, fact[2], fact[1]) if part)
            if user is None or user.pw_dir != home or left.has(staged_name(fact[1])):
                return False
            return is_below(fact[2], fact[1]) and homes.is_taken(change.directory, fact[2], fact[1])
        if fact[0] == "delete":
            return user is None
        if fact[0] == "aliased":
            lines = _read_alias(change, fact[1])
            return fingerprint_of_lines(lines) == fact[2]
        return fingerprint(user) == fact[2]
    return True


def _read_alias(change: UserChange, name: str) -> list[str] | None:
    try:
        return change.installation.aliases.read_alias(change.domain, name)
    except AliasUnreadable:
        return None  # the owner of the domain may have put anything in its place


def _refresh(change: UserChange, name: str) -> None:
    user = change.transaction.stored(name)
    if user is not None:
        refresh_home(change.installation.settings, change.domain, change.directory, user)


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
