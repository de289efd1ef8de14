"""Finishing or undoing what a killed process left in a directory that it was adopting."""

from __future__ import annotations

import os
from itertools import repeat

from vpopmail.accounts.fingerprints import fingerprint
from vpopmail.accounts.kept_files import put_back
from vpopmail.accounts.places import ADVANCE, COUNT, RETREAT, Places
from vpopmail.plan import journal
from vpopmail.records import DomainEntry
from vpopmail.safeio.closing import close_all
from vpopmail.safeio.directory import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.accounts.user_steps import UserSteps
    from vpopmail.installation import Installation
    from vpopmail.plan.journal import Fact, Stage
    from vpopmail.safeio.directory import Directory

KIND = "adopted accounts"
_STORED = "stored"


def stored_facts(users: UserSteps) -> list[Fact]:
    """What an entry says of the accounts that are about to be stored, and were not there.

    Args:
        users: the change, which has everything pending.
    """
    transaction = users.transaction
    pending = ((name, transaction.pending.get(name)) for name in transaction.pending)
    return [
        *(
            (_STORED, name, fingerprint(user))
            for name, user in pending
            if user is not None and transaction.stored(name) is None
        ),
        *users.places.facts(),
    ]


def settle_adopted(
    installation: Installation, name: str, path: str, directory: Directory, *, counts: bool
) -> None:
    """Settle what processes that were killed have left in a directory that they adopted.

    Args:
        installation: the site.
        name: the domain.
        path: of the directory.
        directory: the same, open.
        counts: whether it is a domain now; if not, its small files become what they were, and
            accounts that were stored for it are forgotten.

    Raises:
        OSError, BackendUnavailable.
    """
    for left in journal.leftovers(directory):
        entry = left.entry()
        if entry is not None and entry[0] != KIND:
            left.abandon()  # of a change of its users, for whom changes them next
            continue
        with left:
            if not counts and journal.is_ours(left):
                put_back(left.directory, directory)
                _forget_accounts(installation, name, path, left, [] if entry is None else entry[1])


def _forget_accounts(
    installation: Installation, name: str, path: str, left: Stage, facts: list[Fact]
) -> None:
    # The store may be one of other hosts: what the owner of the directory wrote does not count.
    if not facts or not journal.is_roots(left):
        return
    status = os.fstat(left.place.fd)
    domain = DomainEntry(name, name, status.st_uid, status.st_gid, path)
    transaction = installation.backend.transaction(domain, left.place)
    try:
        transaction.lock()
        for fact in facts:
            if fact[0] == _STORED and fingerprint(transaction.stored(fact[1])) == fact[2]:
                transaction.delete(fact[1])
        if transaction.has_changes:
            transaction.stage()
            transaction.commit()
            transaction.sync()
            transaction.finish()
        _count_back(installation, domain, left.place, facts)
    finally:
        close_all([transaction.close])


def _count_back(
    installation: Installation, domain: DomainEntry, directory: Directory, facts: list[Fact]
) -> None:
    """Let the counter move back, if it has moved: then it is what it was and the moves."""
    settings = installation.settings
    moved = sum(fact[0] == ADVANCE for fact in facts)
    counts = [fact for fact in facts if fact[0] == COUNT]
    if not counts or not moved:
        return
    places = Places(
        installation.dir_control, domain.realdomain, directory, hashed=settings.users_big_dir
    )
    back = [(COUNT, str(int(counts[0][1]) + moved), ""), *repeat((RETREAT,), moved)]
    places.finish(back, Owner(domain.uid, domain.gid), settings.lock_timeout)
