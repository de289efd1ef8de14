"""What killed processes left: stages of journals, next contents of files, files of C tools."""

from __future__ import annotations

import os
import stat
from functools import partial

from vpopmail.mailstore.delivered import DIRECTORY as DELIVERED
from vpopmail.mailstore.delivered import old_names
from vpopmail.mailstore.free_places import is_place
from vpopmail.mailstore.paths import MAILDIR
from vpopmail.plan.journal import JOURNAL, left_names
from vpopmail.safeio.directory import is_staged, remove_staged
from vpopmail.upkeep.findings import C_LEFTOVER, LEFTOVER, NOT_PLAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vpopmail.safeio.directory import Directory
    from vpopmail.upkeep.examined_domain import ExaminedDomain
    from vpopmail.upkeep.findings import Examination

    Repair = Callable[[str], object]

# Made of what is kept elsewhere, and written by C under a lock that we hold when we remove it.
_C_INDEX = "cdb.tmp"
_C_COUNTER = ".dir-control."
# What else they leave where; it may hold what is nowhere else.
IN_DOMAIN = ("vpasswd.bak.",)
IN_USERS = ("assign.",)
IN_CONTROL = ("rcpthosts.", "morercpthosts.", "virtualdomains.", "locals.")
_FIXED_NAMES = {IN_USERS: _C_INDEX, IN_CONTROL: "morercpthosts.tmp"}
_BY_HAND = "look whether it holds anything that is missed, and remove it"


def stage_paths(directory: Directory) -> list[str]:
    """The stages that no process works on, by their paths below a directory."""
    return [f"{JOURNAL}/{name}".rstrip("/") for name in left_names(directory)]


def examine_stages(
    examination: Examination,
    directory: Directory,
    settle: Callable[[], object],
    stages: list[str] | None = None,
) -> None:
    """Note the stages that killed changes left in a directory.

    Args:
        examination: gets the findings.
        directory: which holds a journal.
        settle: takes the lock under which such changes are finished or undone.
        stages: their paths, if they were looked for before; they may have been settled since.
    """
    status = directory.status(JOURNAL)
    if status is not None and not stat.S_ISDIR(status.st_mode):
        what = "it is no directory, so that nothing can be changed here"
        examination.tell(NOT_PLAIN, f"{directory.path}/{JOURNAL}", what, "remove it")
        return
    for path in stage_paths(directory) if stages is None else stages:
        examination.mend(
            LEFTOVER,
            f"{directory.path}/{path}",
            "a change that a killed process did not finish",
            "it is finished if it counts, else undone",
            partial(_settled, directory, path, settle),
        )


def examine_staged_files(
    examination: Examination, directory: Directory, names: list[str], remove: Repair
) -> None:
    """Note next contents of files that were never put in the place of the old.

    Args:
        examination: gets the findings.
        directory: where they are.
        names: of all that is in it.
        remove: removes one by its name, under the lock of its file.
    """
    for name in filter(is_staged, names):
        examination.mend(
            LEFTOVER,
            f"{directory.path}/{name}",
            "the next content of a file, whose writer was killed",
            "it is removed: the file is as it was",
            partial(remove, name),
        )


def examine_files_of_c(
    examination: Examination,
    directory: Directory,
    names: list[str],
    starts: tuple[str, ...],
    remove: Repair | None,
) -> None:
    """Note files that killed C tools left.

    Args:
        examination, directory, names: as for ``examine_staged_files``.
        starts: how the names of such files begin there, but for the number of a process.
        remove: removes one by its name under the lock of its file; None: nothing is removed.
    """
    for name in names:
        subject = f"{directory.path}/{name}"
        if remove is not None and _is_removable(name, starts):
            what = "made of what is kept elsewhere"
            examination.mend(C_LEFTOVER, subject, what, "it is removed", partial(remove, name))
        elif _is_of_c(name, starts):
            examination.tell(C_LEFTOVER, subject, "its writer was killed, or is at work", _BY_HAND)


def examine_domain_leftovers(look: ExaminedDomain) -> None:
    """Note what killed processes left in the directory of a domain."""

    def settle() -> None:
        with look.locked():
            pass

    names = look.directory.names()
    remove = _RemoveTogether(look, names)
    # The first lock that is taken settles the stages, and drops staged files: both are told.
    stages = stage_paths(look.directory)
    examine_staged_files(look.examination, look.directory, names, remove)
    examine_stages(look.examination, look.directory, settle, stages)
    examine_files_of_c(look.examination, look.directory, names, IN_DOMAIN, remove)
    _examine_delivered(look)
    for place, directory in places_below(look.directory):
        examine_staged_files(
            look.examination, directory, directory.names(), partial(_remove_in, look, place)
        )


def _examine_delivered(look: ExaminedDomain) -> None:
    """Note records of deliveries that are of no use any more; the others are no leftovers."""
    status = look.directory.status(DELIVERED)
    if status is None or not stat.S_ISDIR(status.st_mode):
        return
    with look.directory.enter(DELIVERED) as directory:
        for name in old_names(directory):
            look.examination.mend(
                LEFTOVER,
                f"{directory.path}/{name}",
                "what was delivered of a message that is in no queue any more",
                "it is removed",
                partial(_remove_in, look, DELIVERED, name),
            )


def _remove_in(look: ExaminedDomain, place: str, name: str) -> bool:
    with look.locked() as change, change.directory.enter(place) as directory:
        return remove_staged(directory, name)


def places_below(outer: Directory, place: str = "") -> Iterator[tuple[str, Directory]]:
    """The directories of hashing below one, each open until the next, with their places."""
    for name in filter(is_place, outer.names()):
        path = f"{place}/{name}" if place else name
        try:
            directory = outer.enter(name)
        except OSError:
            continue  # no directory, or gone just now
        with directory:
            if is_place(path) and not directory.has(MAILDIR):
                yield path, directory
                yield from places_below(directory, path)


class _RemoveTogether:
    """Removes all that may go from a domain at once: giving the lock back takes some of it away.

    Args:
        look: the domain.
        names: of all that is in its directory.
    """

    def __init__(self, look: ExaminedDomain, names: list[str]) -> None:
        self.look = look
        self.names = [name for name in names if is_staged(name) or _is_removable(name, IN_DOMAIN)]
        self.done: dict[str, bool | OSError] = {}

    def __call__(self, name: str) -> bool:
        """Remove all; False if this one was gone when the lock was had: its writer lived."""
        if not self.done:
            with self.look.locked() as change:
                self.done = {one: _tried(change.directory, one) for one in self.names}
        done = self.done[name]
        if isinstance(done, OSError):
            raise done
        return done


def _tried(directory: Directory, name: str) -> bool | OSError:
    try:
        return remove_staged(directory, name)
    except OSError as error:
        return error


def _settled(directory: Directory, path: str, settle: Callable[[], object]) -> None:
    if directory.has(path):
        settle()
    if directory.has(path):
        raise OSError("it is none of ours, or belongs to somebody else: look at it and remove it")


def _is_removable(name: str, starts: tuple[str, ...]) -> bool:
    """Whether it is a file of a killed C tool that is made of what is kept elsewhere."""
    pid = name.removeprefix(_C_COUNTER)
    of_dead = pid != name and _is_number(pid) and not os.path.exists(f"/proc/{pid}")
    return of_dead or (name == _C_INDEX and starts == IN_DOMAIN)


def _is_of_c(name: str, starts: tuple[str, ...]) -> bool:
    if starts == IN_DOMAIN and name.startswith(".qmail-") and name.endswith(".new"):
        return True
    if name == _FIXED_NAMES.get(starts):
        return True
    return any(name.startswith(start) and _is_number(name.removeprefix(start)) for start in starts)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
