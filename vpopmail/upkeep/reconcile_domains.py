"""The set of domains of a site, looked at without its lock, and repaired under it."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial

from vpopmail.accounts.adoption_recovery import settle_adopted
from vpopmail.accounts.domain_change import DomainChange
from vpopmail.mailstore.free_places import is_place
from vpopmail.qmail.changes import ASSIGN
from vpopmail.qmail.control import FILES
from vpopmail.safeio.directory import remove_staged
from vpopmail.safeio.locks import FileLock
from vpopmail.upkeep.examined_site import ExaminedSite, in_force
from vpopmail.upkeep.findings import Examination
from vpopmail.upkeep.reconcile_alias_domains import examine_alias_domains
from vpopmail.upkeep.reconcile_assign import examine_assign
from vpopmail.upkeep.reconcile_leftovers import (
    IN_CONTROL,
    IN_USERS,
    examine_files_of_c,
    examine_staged_files,
    examine_stages,
    places_below,
)
from vpopmail.upkeep.reconcile_names import examine_names
from vpopmail.upkeep.reconcile_rights import examine_site_rights
from vpopmail.upkeep.reconcile_trees import examine_counters, examine_trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vpopmail.installation import Installation
    from vpopmail.safeio.directory import Directory


def examine_domains(installation: Installation, examination: Examination) -> None:
    """Note what is wrong with the set of domains of a site.

    Looked at without the lock, and if there is anything to repair once more under it.

    Args:
        installation: the site.
        examination: gets the findings.

    Raises:
        NotPermitted: there is something to repair, and this process may not.
        OSError, FileNotUpdated: qmail's directory, or the lock, cannot be had.
    """
    first = examination if examination.dry_run else Examination(dry_run=True)
    _examine(ExaminedSite(installation, first))
    if first is examination:
        return
    if not any(finding.repairable for finding in first.findings):
        examination.findings += first.findings
        return
    with DomainChange(installation) as change:
        look = ExaminedSite(installation, examination)
        settle = partial(_lock_once, change, look.bases)
        _examine_stages(look, settle)
        settle()
        _examine(look)


def _lock_once(change: DomainChange, bases: list[str]) -> None:
    """Take the lock and settle what was left, for the first of several leftovers."""
    if change.qmail.file_lock.fd < 0:
        change.lock(*bases)


def _examine(look: ExaminedSite) -> None:
    settings = look.installation.settings
    looks: tuple[tuple[str, Callable[[ExaminedSite], object]], ...] = (
        (look.users_path, _examine_leftovers),
        (f"{look.users_path}/{ASSIGN}", examine_assign),
        (look.qmail.control.path, examine_names),
        (settings.domains_path, examine_trees),
        (settings.domains_path, examine_counters),
        (settings.vpopmaildir, examine_site_rights),
        (settings.backend, examine_alias_domains),
    )
    for subject, examine in looks:
        with look.examination.looking_at(subject):
            examine(look)


def _examine_stages(look: ExaminedSite, settle: Callable[[], object]) -> None:
    for directory in look.opened([look.users_path, *look.bases]):
        examine_stages(look.examination, directory, settle)


def _examine_leftovers(look: ExaminedSite) -> None:
    if look.examination.dry_run:
        _examine_stages(look, _nothing)
    for directory in look.opened([look.users_path]):
        _examine_files(look, directory, IN_USERS)
    for directory in look.opened([look.qmail.control.path]):
        _examine_files(look, directory, IN_CONTROL)
    settings = look.installation.settings
    etc = settings.etc_path("").rstrip("/")
    for directory in look.opened([settings.vpopmaildir, etc, settings.qmaildir]):
        _examine_files(look, directory, ())
    entries = in_force(look.installation)
    seen = _directories({entry.path for entry in entries if not entry.is_alias})
    for base in look.opened(look.bases):
        remove = partial(remove_staged, base)
        examine_files_of_c(look.examination, base, base.names(), (), remove)
        _examine_files(look, base, ())
        _examine_strangers(look, base, seen)
        for _, directory in places_below(base):
            _examine_files(look, directory, ())
            _examine_strangers(look, directory, seen)
    # An alias domain may lead anywhere, also where there is no domain any more.
    names = {entry.path: entry.realdomain for entry in entries if entry.is_alias}
    for directory in look.opened(names):
        _examine_stranger(look, directory, names[directory.path], seen)


def _directories(paths: Iterable[str]) -> set[tuple[int, int]]:
    """What directories these are, by whatever path one comes to them: device and inode."""
    found = set()
    for path in paths:
        with suppress(OSError):
            status = os.stat(path)
            found.add((status.st_dev, status.st_ino))
    return found


def _examine_strangers(look: ExaminedSite, outer: Directory, seen: set[tuple[int, int]]) -> None:
    for name in outer.names():
        if name.startswith(".") or is_place(name):
            continue
        try:
            directory = outer.enter(name)
        except OSError:
            continue  # a file or a link, or gone just now
        with directory:
            _examine_stranger(look, directory, name, seen)


def _examine_stranger(
    look: ExaminedSite, directory: Directory, name: str, seen: set[tuple[int, int]]
) -> None:
    """Note what was left in a directory that is none of a domain: it was to be taken over.

    Args:
        look: the site.
        directory: open.
        name: of the domain that it would be.
        seen: the directories of domains, and those that were looked at; gets this one.
    """
    status = os.fstat(directory.fd)
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return
    seen.add(identity)
    path = directory.path
    settle = partial(settle_adopted, look.installation, name, path, directory, counts=False)
    examine_stages(look.examination, directory, settle)
    _examine_files(look, directory, ())


def _examine_files(look: ExaminedSite, directory: Directory, starts: tuple[str, ...]) -> None:
    names = directory.names()
    remove = partial(_remove, look, directory)
    examine_staged_files(look.examination, directory, names, remove)
    if starts:
        examine_files_of_c(look.examination, directory, names, starts, None)


def _remove(look: ExaminedSite, directory: Directory, name: str) -> bool:
    file = name.partition(".new.")[0].removesuffix(".cdb")
    if directory.path != look.qmail.control.path or file not in FILES:
        return remove_staged(directory, name)
    with FileLock(directory, f"{file}.lock", look.qmail.lock_timeout):
        return remove_staged(directory, name)


def _nothing() -> None:
    """Nothing is settled when it is only looked."""
