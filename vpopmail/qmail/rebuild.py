"""Making qmail's lost files anew from the directories of the domains and from what is left."""

from __future__ import annotations

import attrs

from vpopmail.errors import DomainExists, DomainNotFound
from vpopmail.names import (
    MIN_DOMAIN,
    check_kind_of_number,
    check_kind_of_text,
    check_new_domain,
    checked_texts,
    fold,
    fold_domain,
)
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Plan
from vpopmail.qmail.control import RCPTHOSTS, VIRTUALDOMAINS
from vpopmail.qmail.locals import LOCALS
from vpopmail.qmail.rebuilding import RebuildingChange
from vpopmail.qmail.surviving import SurvivingAssign, SurvivingLists, is_directory
from vpopmail.qmail.trees import Trees, shown
from vpopmail.records import DomainEntry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vpopmail.qmail.qmail import Qmail


@attrs.frozen
class Rebuilt:
    """What ``rebuild`` found and did.

    Attributes:
        plan: what was done, or with a dry run would be; without steps if nothing was missing.
        domains: the domains with a directory, in the order found.
        aliases: the alias domains that are known.
        added: those of both whose line was missing or led nowhere.
        notes: what was passed over, kept against the directories, or is odd: sentences.
        unknown: what cannot be known and needs a person: sentences.
    """

    plan: Plan
    domains: list[DomainEntry]
    aliases: list[DomainEntry]
    added: list[DomainEntry]
    notes: list[str]
    unknown: list[str]

    def __str__(self) -> str:
        found = f"{len(self.domains)} domains, {len(self.aliases)} alias domains"
        told = [f"line made: {_shown_entry(entry)}" for entry in self.added]
        told += [f"note: {note}" for note in self.notes]
        told += [f"unknown: {sentence}" for sentence in self.unknown]
        return "\n".join([f"{self.plan}", f"  found: {found}", *(f"  {line}" for line in told)])


def rebuild(
    qmail: Qmail,
    directories: Iterable[str],
    aliases: Mapping[str, str],
    owner: tuple[int, int] | None,
    *,
    dry_run: bool,
) -> Rebuilt:
    """See ``Qmail.rebuild``, which passes its arguments on."""
    trees = Trees(owner)
    paths = checked_texts(directories)
    if not hasattr(aliases, "items"):
        raise TypeError(f"a dict is needed, not {type(aliases).__name__}")
    check_kind_of_text(*aliases, *aliases.values())
    if owner is not None:
        if not isinstance(owner, tuple):
            raise TypeError(f"a tuple of uid and gid is needed, not {type(owner).__name__}")
        check_kind_of_number(*owner)
    with RebuildingChange(qmail) as change:
        if not dry_run:
            change.lock()
        trees.search(paths)
        left = SurvivingAssign(change.directory, qmail.cdb_name)
        lists = SurvivingLists(qmail.control)
        decision = Decision(trees, left, lists)
        decision.decide(aliases)
        plan = Plan("rebuild qmail's files")
        added = decision.new_entries()
        change.text = left.joined(added)
        change.added = decision.unpublished()
        change.mending = not qmail.control.is_compiled()
        if change.added or change.mending or not left.is_compiled_from(change.text):
            change.plan_prepare(plan)
            change.plan_commit(plan)
            change.plan_finish(plan)
        found = (list(decision.domains.values()), list(decision.aliases.values()), added)
        told = (decision.notes, [*decision.unknown, *decision.lost()])
        return Rebuilt(plan if dry_run else carry_out(plan), *found, *told)


class Decision:
    """Which domains and alias domains there are to be.

    What stands in users/cdb, else in users/assign, stays as long as the directory it names is
    there. The trees say what is missing, and what comes in the place of a line that leads
    nowhere.

    Args:
        trees: what was found.
        left: what is left of users/assign and users/cdb.
        lists: what is left of the control files.

    Attributes:
        domains, aliases: by folded name.
        notes, unknown: as in Rebuilt.
    """

    def __init__(self, trees: Trees, left: SurvivingAssign, lists: SurvivingLists) -> None:
        self.trees = trees
        self.left = left
        self.lists = lists
        self.domains: dict[str, DomainEntry] = {}
        self.aliases: dict[str, DomainEntry] = {}
        self.notes = [*trees.notes, *left.notes]
        self.unknown: list[str] = []

    def decide(self, aliases: Mapping[str, str]) -> None:
        """Decide all names.

        Args:
            aliases: alias domains that the caller knows of, with their domains.

        Raises:
            InvalidDomainName, DomainNameTooLong, DomainExists, DomainNotFound.
        """
        for name, places in self.trees.domains.items():
            self._decide_found(name, places)
        for name in {**self.left.by_cdb, **self.left.by_text}:
            if name not in self.domains and name not in self.aliases:
                self._decide_stored(name)
        for name, real in self.trees.aliases.items():
            self._decide_link(name, real)
        for alias, real in aliases.items():
            self._decide_given(fold_domain(alias), fold_domain(real))
        for name, path in self.trees.ownerless.items():
            if name not in self.domains:
                text = f"{path} belongs to root or its group: as whom {name} is to be served"
                self.unknown.append(f"{text} cannot be known; it was left out")

    def new_entries(self) -> list[DomainEntry]:
        """The domains and alias domains whose lines are missing or lead nowhere."""
        final = {**self.domains, **self.aliases}
        return [entry for name, entry in final.items() if self.left.known(name) != entry]

    def unpublished(self) -> list[DomainEntry]:
        """The domains and alias domains that a control file does not have as it should."""
        found: list[DomainEntry] = []
        for name, entry in {**self.domains, **self.aliases}.items():
            other = self.lists.others.get(name)
            if other is not None:
                self.notes.append(
                    f"control/virtualdomains says {ascii(other)[1:]} of {name}: "
                    "the control files were left as they are for it"
                )
            elif not self.lists.has(name):
                real, uid, gid, path = entry.realdomain, entry.uid, entry.gid, entry.path
                found.append(DomainEntry(name, real, uid, gid, path))
        return found

    def lost(self) -> list[str]:
        """What the lost files may have had besides our domains, and names without a home."""
        told: list[str] = []
        if not self.domains:
            return told
        missing = self.lists.missing
        if self.left.lost:
            told.append(
                "users/assign and users/cdb were lost: alias domains without a symbolic link, "
                "and lines other than vpopmail's, cannot be known"
            )
        if RCPTHOSTS in missing:
            told.append(
                "control/rcpthosts was lost: other hosts that mail is taken for, among them the "
                "names of this one, cannot be known"
            )
        if VIRTUALDOMAINS in missing:
            told.append("control/virtualdomains was lost: lines not vpopmail's cannot be known")
        if LOCALS in missing and {RCPTHOSTS, VIRTUALDOMAINS} & {*missing}:
            told.append("control/locals is missing: qmail takes the name in control/me instead")
        return told + self._homeless()

    def _homeless(self) -> list[str]:
        """Names that the control files have and nothing else."""
        known = {*self.domains, *self.aliases, *self.left.by_cdb, *self.left.by_text}
        text = "names it, but no directory and no line does: if it is an alias domain, its "
        text += "domain cannot be known and has to be given"
        told = [
            f"{shown(name)}: control/virtualdomains {text}"
            for name in self.lists.virtual_names()
            if fold(name) not in known
        ]
        if VIRTUALDOMAINS in self.lists.missing:
            told += [
                f"{shown(name)}: control/rcpthosts or morercpthosts {text}"
                for name in self.lists.other_hosts()
                if fold(name) not in known
            ]
        return told

    # one name

    def _stored(self, name: str) -> list[DomainEntry]:
        """What users/cdb and users/assign have, each once, the one in force first."""
        found = [
            entries[name] for entries in (self.left.by_cdb, self.left.by_text) if name in entries
        ]
        return found[:1] if len(found) == 2 and found[0] == found[1] else found

    def _kept(self, name: str) -> DomainEntry | None:
        """What is stored and leads to a directory."""
        stored = self._stored(name)
        kept = next((entry for entry in stored if is_directory(entry.path)), None)
        if kept is not None and len(stored) == 2:
            line = _line(kept)
            self.notes.append(f"users/assign and users/cdb differ for {name}: {line} was kept")
        return kept

    def _decide_found(self, name: str, places: list[DomainEntry]) -> None:
        stored, kept = self._stored(name), self._kept(name)
        if kept is None:
            if len(places) > 1:
                paths = ", ".join(entry.path for entry in places)
                text = (
                    f"{name} has several directories, {paths}: which one is right cannot be known"
                )
                self.unknown.append(f"{text}; it was left out")
                return
            if stored:
                text = f"{stored[0].path}, the directory of {name} so far, is not there"
                self.notes.append(f"{text}: {places[0].path} took its place")
            self.domains[name] = places[0]
            return
        if kept not in places:
            self.notes.append(
                f"{name} was kept as {_line(kept)}, unlike its directory: {_line(places[0])}"
            )
        (self.aliases if kept.is_alias else self.domains)[name] = kept

    def _decide_stored(self, name: str) -> None:
        """Decide a name that has a line and no directory of its own."""
        stored = self._stored(name)
        first = stored[0]
        real = self.domains.get(fold(first.realdomain))
        if real is None and not any(self.trees.is_below(entry.path) for entry in stored):
            self._pass_over(name, first)
            return
        kept = self._kept(name)
        if kept is None and first.is_alias and real is not None:
            self.notes.append(f"alias domain {name} follows {real.domain} to {real.path}")
            self.aliases[name] = alias_of(name, real)
        elif kept is None:
            self.notes.append(
                f"{first.path}, the directory of {name}, is not there: its line stays"
            )
        elif kept.is_alias:
            self.aliases[name] = kept
        elif kept.path in self.trees.paths:
            self.domains[name] = kept
        else:
            self.notes.append(
                f"{kept.path}, the directory of {name}, is none of a domain: its line stays"
            )

    def _pass_over(self, name: str, entry: DomainEntry) -> None:
        """Say it if a line looks like that of a domain elsewhere which gets no mail."""
        ours = "." in name and entry.path.endswith(f"/{entry.realdomain}")
        if ours and not self.lists.has(name):
            self.notes.append(
                f"{name} lies in {entry.path}, outside the directories that were searched: the "
                "control files were left as they are for it"
            )

    def _decide_link(self, name: str, real: str) -> None:
        entry = self.domains.get(real) or self.aliases.get(real)
        present = self.domains.get(name) or self.aliases.get(name) or self.left.known(name)
        if present is None and entry is not None:
            self.aliases[name] = alias_of(name, entry)
        elif present is None or entry is None:
            self.notes.append(f"{name} is a symbolic link to {real}, which was left out: so was it")
        elif present.realdomain != entry.realdomain:
            self.notes.append(
                f"{name} was kept as {_line(present)}; a symbolic link leads to {real}"
            )

    def _decide_given(self, alias: str, real: str) -> None:
        check_new_domain(alias if len(alias) >= MIN_DOMAIN or not alias else f"{alias}.xx")
        entry = self.domains.get(real) or self.aliases.get(real)
        if entry is None:
            raise DomainNotFound(real)
        present = self.aliases.get(alias)
        if present is not None and present.realdomain == entry.realdomain:
            return
        if present is not None or alias in self.domains or self.left.known(alias) is not None:
            raise DomainExists(alias)
        self.aliases[alias] = alias_of(alias, entry)


def alias_of(alias: str, real: DomainEntry) -> DomainEntry:
    """The entry of an alias domain; aliases do not chain."""
    return DomainEntry(alias, real.realdomain, real.uid, real.gid, real.path)


def _shown_entry(entry: DomainEntry) -> str:
    return f"{shown(entry.domain)} is {_line(entry)}"


def _line(entry: DomainEntry) -> str:
    return shown(f"{entry.realdomain}:{entry.uid}:{entry.gid}:{entry.path}")
