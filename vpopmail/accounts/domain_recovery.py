"""Finishing or undoing what a killed process left of changes to domains."""

from __future__ import annotations

from vpopmail.accounts.adoption_recovery import settle_adopted
from vpopmail.accounts.domain_tree import domain_counter
from vpopmail.accounts.user_recovery import is_below, remove_empty
from vpopmail.mailstore import domains as tree
from vpopmail.plan import journal
from vpopmail.records import DomainEntry
from vpopmail.safeio.directory import Owner, open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.plan.journal import Fact, Stage


def recover_domains(installation: Installation, path: str) -> None:
    """Finish what counts and undo what does not, in a directory that holds domains.

    Args:
        installation: the site, whose domains the caller has locked.
        path: the directory, absolute; one that is missing has nothing to recover.

    Raises:
        OSError.
    """
    try:
        directory = open_trusted(path, sync=installation.settings.sync)
    except (FileNotFoundError, NotADirectoryError):
        return
    with directory:
        for left in journal.leftovers(directory):
            with left:
                entry = left.entry()
                if entry is not None and journal.is_ours(left):
                    _settle(installation, left, entry[1])


def _settle(installation: Installation, left: Stage, facts: list[Fact]) -> None:
    added = [fact for fact in facts if fact[0] in {"add", "adopt", "join"} and len(fact) == 3]
    deleted = [fact for fact in facts if fact[0] == "delete"]
    named = [*added, *deleted]
    if not named:
        return  # not an entry of ours
    there = installation.resolve(named[0][1]) is not None
    counts = there if added else not there
    for _, name, place in [fact for fact in added if fact[0] == "adopt"]:
        _settle_adopted(installation, left, place, name, counts=counts)
    if counts:
        if journal.is_roots(left):
            # The counter of a uid lies elsewhere: only root may send us there.
            _finish_counters(installation, facts)
        for _, name, place, leaf in deleted:
            _take(installation, left, place, leaf, name)
    else:
        for kind, name, place in added:
            if kind != "adopt":
                _take(installation, left, place, name, name, forgets=kind == "add")
                remove_empty(left.place, place)


def _settle_adopted(
    installation: Installation, left: Stage, place: str, name: str, *, counts: bool
) -> None:
    if not is_below(place, name):
        return
    path = "/".join(part for part in (left.place.path, place, name) if part)
    try:
        with left.place.enter(place or ".") as outer, outer.enter(name) as directory:
            settle_adopted(installation, name, path, directory, counts=counts)
    except (FileNotFoundError, NotADirectoryError):
        pass  # it is gone


def _take(
    installation: Installation,
    left: Stage,
    place: str,
    leaf: str,
    name: str,
    *,
    forgets: bool = True,
) -> None:
    if not is_below(place, leaf):
        return
    path = "/".join(part for part in (left.place.path, place, leaf) if part)
    if forgets:
        installation.backend.delete_domain(DomainEntry(name, name, 0, 0, path))
    tree.take_domain(left.directory, left.place, place, leaf, name)


def _finish_counters(installation: Installation, facts: list[Fact]) -> None:
    uid: int | None = None
    own: dict[int, list[Fact]] = {}
    for fact in facts:
        if fact[0] == "counter":
            uid = int(fact[1])
            own[uid] = []
        elif uid is not None:
            own[uid].append(fact)
    for number, moves in own.items():
        counter = domain_counter(installation, number)
        with counter.directory:
            if counter.hashed:
                timeout = installation.settings.lock_timeout
                counter.finish(moves, Owner(number, installation.settings.gid), timeout)
