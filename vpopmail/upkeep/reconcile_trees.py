"""The directories of the domains, and how many each uid has."""

from __future__ import annotations

import os
import pwd

from vpopmail.accounts.domain_tree import domain_counter
from vpopmail.qmail.surviving import is_closed, is_directory
from vpopmail.qmail.trees import Trees, shown
from vpopmail.upkeep.advice import REBUILD
from vpopmail.upkeep.findings import COUNTER, DIRECTORY_WITHOUT_LINE, UNREADABLE
from vpopmail.upkeep.reconcile_users import counted, trouble_of_counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.upkeep.examined_site import ExaminedSite


def examine_trees(look: ExaminedSite) -> None:
    """Note directories of domains that users/cdb does not lead to."""
    settings = look.installation.settings
    trees = Trees((settings.uid, settings.gid))
    for path in look.bases:
        if is_directory(path):
            trees.search([path])
        elif is_closed(path):
            what = "this process may not look into it"
            look.examination.tell(UNREADABLE, path, what, "look again as root")
        else:
            advice = "vpopmail site init makes it, if it was not lost"
            look.examination.tell(UNREADABLE, path, "it is not there", advice)
    known = {entry.domain: entry for entry in look.entries()}
    places = [(name, place.path) for name, found in trees.domains.items() for place in found]
    for name, path in [*places, *trees.ownerless.items()]:
        entry = known.get(name)
        if entry is not None and _is_same_directory(entry.path, path):
            continue
        leads = "does not know it" if entry is None else f"has it in {shown(entry.path)}"
        what = f"users/{look.qmail.cdb_name} {leads}"
        advice = f"{REBUILD}; or save its mail and remove it"
        look.examination.tell(DIRECTORY_WITHOUT_LINE, shown(path), what, advice)


def examine_counters(look: ExaminedSite) -> None:
    """Note counters of domains, one for each uid, that do not count them."""
    counts: dict[int, int] = {look.installation.settings.uid: 0}
    for entry in look.entries():
        if not entry.is_alias:
            counts[entry.uid] = counts.get(entry.uid, 0) + 1
    for uid, count in counts.items():
        _examine_counter(look, uid, count)


def _examine_counter(look: ExaminedSite, uid: int, count: int) -> None:
    facet = look.installation.dir_control
    places = domain_counter(look.installation, uid)
    with places.directory:
        if not places.hashed:
            return
        state = facet.read_dir_control(places.key, places.directory)
        trouble = trouble_of_counter(state, count)
        if not trouble:
            return

        def count_anew() -> None:
            new = counted(state, count)
            facet.write_dir_control(places.key, places.directory, new)

        subject = f"{places.directory.path}: domains of {_user(uid)}"
        look.examination.mend(COUNTER, subject, trouble, "they are counted", count_anew)


def _is_same_directory(path: str, other: str) -> bool:
    try:
        return path == other or os.path.samefile(path, other)
    except OSError:
        return False


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
