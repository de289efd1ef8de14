"""The names of the domains: what users/cdb and the control files say of each."""

from __future__ import annotations

from functools import partial

from vpopmail.names import fold
from vpopmail.qmail.control import RCPTHOSTS, VIRTUALDOMAINS
from vpopmail.qmail.send import hang_up
from vpopmail.qmail.surviving import SurvivingLists, is_closed, is_directory
from vpopmail.qmail.trees import shown
from vpopmail.upkeep.advice import REBUILD
from vpopmail.upkeep.findings import (
    ALIAS_DOMAIN,
    CONTROL_ENTRY_LEFT,
    CONTROL_ENTRY_MISSING,
    LINE_WITHOUT_DIRECTORY,
    MORERCPTHOSTS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DomainEntry
    from vpopmail.upkeep.examined_site import ExaminedSite


def examine_names(look: ExaminedSite) -> None:
    """Note lines that lead nowhere, and control files that do not name the same domains."""
    entries = look.entries()
    reals = {entry.domain: entry for entry in entries if not entry.is_alias}
    lists = SurvivingLists(look.qmail.control)
    lost = [name for name in (RCPTHOSTS, VIRTUALDOMAINS) if name in lists.missing]
    if entries and lost:
        _tell_lost_lists(look, lost)
    unpublished: list[DomainEntry] = []
    for entry in entries:
        real = reals.get(entry.realdomain)
        if entry.is_alias:
            _examine_alias(look, entry, real)
        elif not is_directory(entry.path) and not is_closed(entry.path):
            _tell_line(look, entry)
        if is_directory(entry.path) and not lost and not lists.has(entry.domain):
            unpublished.append(entry)
    _examine_lists(look, lists, unpublished)
    _examine_left_names(look, lists, {entry.domain for entry in entries})


def _tell_lost_lists(look: ExaminedSite, lost: list[str]) -> None:
    for name in lost:
        what = "it is missing: " + (
            "qmail takes mail for any host" if name == RCPTHOSTS else "no mail reaches a domain"
        )
        path = f"{look.qmail.control.path}/{name}"
        look.examination.tell(CONTROL_ENTRY_MISSING, path, what, REBUILD)


def _examine_alias(look: ExaminedSite, entry: DomainEntry, real: DomainEntry | None) -> None:
    if real is None:
        what = f"its domain {shown(entry.realdomain)} does not exist"
        advice = "vpopmail alias-domain set gives it another, delete removes it"
    elif (entry.path, entry.uid, entry.gid) != (real.path, real.uid, real.gid):
        what = f"it leads to {shown(entry.path)}, {shown(real.domain)} to {shown(real.path)}"
        advice = "vpopmail alias-domain set with its domain puts the line right"
    else:
        return
    look.examination.tell(ALIAS_DOMAIN, shown(entry.domain), what, advice)


def _tell_line(look: ExaminedSite, entry: DomainEntry) -> None:
    what = f"{shown(entry.path)}, where users/{look.qmail.cdb_name} leads, is not there"
    advice = "put the directory back, or delete the domain"
    look.examination.tell(LINE_WITHOUT_DIRECTORY, shown(entry.domain), what, advice)


def _examine_lists(
    look: ExaminedSite, lists: SurvivingLists, unpublished: list[DomainEntry]
) -> None:
    if not look.qmail.control.is_compiled():
        path = f"{look.qmail.control.path}/morercpthosts.cdb"
        what = "it is not made of morercpthosts"
        remedy = "each is made of the other: the text, if it is there, counts"
        look.examination.mend(MORERCPTHOSTS, path, what, remedy, look.qmail.control.mend)
    for entry in unpublished:
        other = lists.others.get(entry.domain)
        if other is not None:
            what = f"control/virtualdomains says {ascii(other)[1:]}"
            advice = "correct the line if that is not meant"
            look.examination.tell(CONTROL_ENTRY_MISSING, shown(entry.domain), what, advice)
            continue
        what = "rcpthosts or virtualdomains lack it, or locals has it"
        remedy = "it is put in, and taken out of locals"
        publish = partial(_publish, look, entry.domain)
        look.examination.mend(CONTROL_ENTRY_MISSING, shown(entry.domain), what, remedy, publish)


def _publish(look: ExaminedSite, name: str) -> None:
    look.qmail.control.publish([name])
    hang_up(look.qmail.qmaildir)


def _examine_left_names(look: ExaminedSite, lists: SurvivingLists, known: set[str]) -> None:
    for name in lists.virtual_names():
        if fold(name) not in known:
            what = "control/virtualdomains hands its mail to vpopmail, which has no such domain"
            advice = "take the line out; if its directory is there, vpopmail site rebuild-control"
            look.examination.tell(CONTROL_ENTRY_LEFT, shown(name), what, advice)
