"""The users of one domain: their store, their homes, and the counter of the homes."""

from __future__ import annotations

import stat
from functools import partial

from vpopmail.accounts.added_homes import Home
from vpopmail.accounts.hashing import is_sound
from vpopmail.accounts.refresh import home_files
from vpopmail.backends import flaws
from vpopmail.mailstore.free_places import change_free_places, is_place, unusable_places
from vpopmail.mailstore.paths import MAILDIR as MAILDIR_NAME
from vpopmail.mailstore.paths import split_home
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Plan
from vpopmail.records import DirControl
from vpopmail.upkeep.findings import (
    COUNTER,
    DOUBLE_LINE,
    FREE_PLACES,
    HOME_ELSEWHERE,
    HOME_WITHOUT_USER,
    INDEX,
    MALFORMED_LINE,
    USER_WITHOUT_HOME,
    USERS_LOST,
)
from vpopmail.upkeep.reconcile_homes import ExaminedHome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.records import VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.upkeep.examined_domain import ExaminedDomain

_LEVELS = 3
_TOLD = {
    flaws.LOST: (USERS_LOST, "put vpasswd back from a backup; until then nobody can be changed"),
    flaws.MALFORMED: (MALFORMED_LINE, "correct or remove the line, then look again"),
    flaws.DOUBLE: (DOUBLE_LINE, "the first line counts: remove one of them, then look again"),
}


def examine_store(look: ExaminedDomain) -> bool:
    """Note what the store of a domain's users tells of itself; a stale index is made anew.

    Returns:
        Whether the users can be listed.
    """
    readable = True
    for flaw in look.installation.backend.flaws(look.entry):
        readable = readable and flaw.kind != flaws.LOST
        if flaw.kind == flaws.INDEX:
            remedy = "it is made anew of the users"
            repair = partial(_reindex, look)
            look.examination.mend(INDEX, flaw.subject, flaw.what, remedy, repair)
        else:
            kind, advice = _TOLD[flaw.kind]
            look.examination.tell(kind, flaw.subject, flaw.what, advice)
    return readable


def _reindex(look: ExaminedDomain) -> None:
    with look.locked() as change:
        # Taking the lock has made one anew that was older.
        kinds = [flaw.kind for flaw in look.installation.backend.flaws(look.entry)]
        if flaws.INDEX in kinds:
            change.transaction.reindex()


def examine_homes(look: ExaminedDomain) -> None:
    """Note users without home, what is wrong in homes, and homes without user."""
    known: set[str] = set()
    for user in look.installation.backend.iterate(look.entry):
        if not user.pw_dir:
            continue  # somebody has inserted the row: the first login or delivery makes the home
        split = split_home(look.entry.path, user.pw_dir)
        if split is None:
            _tell_elsewhere(look, user, "it is not below the directory of the domain")
            continue
        path = "/".join(part for part in split if part)
        known.add(path)
        with look.examination.looking_at(look.address(user.pw_name)):
            _examine_user(look, user, path)
    for path in _homes_below(look.directory, "", known):
        if not _is_home_of_user(look, path):
            look.examination.tell(
                HOME_WITHOUT_USER,
                look.path(path),
                "no user of the domain has this home",
                "add the user again, or save the mail and remove it: it is not touched",
            )


def examine_counter(look: ExaminedDomain) -> None:
    """Note a counter of the homes that does not count the users, and lines that are no places."""
    installation = look.installation
    count = _count_homes(look)
    state = installation.dir_control.read_dir_control(look.entry.realdomain, look.directory)
    trouble = trouble_of_counter(state, count) if installation.settings.users_big_dir else ""
    if trouble:
        remedy = "the users are counted"
        subject = f"{look.entry.realdomain}: homes"
        look.examination.mend(COUNTER, subject, trouble, remedy, partial(_count_anew, look))
    bad = unusable_places(look.directory)
    if bad:
        what = f"{len(bad)} lines name no place of hashing"
        remedy = "these lines are taken out"
        subject = look.path(".dir_control_free")
        look.examination.mend(FREE_PLACES, subject, what, remedy, partial(_clean_places, look))


def trouble_of_counter(state: DirControl | None, count: int) -> str:
    """What is wrong with a counter of directory hashing; ``""`` if nothing.

    Args:
        state: as it is kept; None if it is missing.
        count: what there is to count.
    """
    told = 0 if state is None else state.cur_users
    if state is not None and not _is_possible(state):
        return "its next place is none of hashing"
    return f"it says {told}, there are {count}" if told != count else ""


def counted(state: DirControl | None, count: int) -> DirControl:
    """A counter that counts what is there; the next place stays what it was.

    Args:
        state, count: as for ``trouble_of_counter``.
    """
    if state is None or not _is_possible(state):
        state = DirControl()
    state.cur_users = count
    return state


def _is_possible(state: DirControl) -> bool:
    return is_sound(state) and (not state.the_dir or is_place(state.the_dir))


def _examine_user(look: ExaminedDomain, user: VqPasswd, path: str) -> None:
    try:
        home = look.directory.enter(path)
    except FileNotFoundError:
        _miss_home(look, user, path)
        return
    except OSError as error:
        if isinstance(error, PermissionError):
            raise
        _tell_elsewhere(look, user, "a link, or no directory, is on the way to it")
        return
    with home:
        ExaminedHome(look, user, path).examine(home)


def _tell_elsewhere(look: ExaminedDomain, user: VqPasswd, what: str) -> None:
    advice = "look at it by hand: nothing of it is touched, and no link is followed"
    subject = f"{look.address(user.pw_name)} in {user.pw_dir}"
    look.examination.tell(HOME_ELSEWHERE, subject, what, advice)


def _miss_home(look: ExaminedDomain, user: VqPasswd, path: str) -> None:
    place, _, leaf = path.rpartition("/")
    subject = f"{look.address(user.pw_name)} in {user.pw_dir}"
    if place and not is_place(place):
        advice = "make it by hand: its directory is none of hashing"
        look.examination.tell(USER_WITHOUT_HOME, subject, "it is not there", advice)
        return
    make = partial(_make_home, look, user, Home(user.pw_name, place, leaf, is_new=False))
    remedy = "an empty one is made, as a delivery would"
    look.examination.mend(USER_WITHOUT_HOME, subject, "it is not there", remedy, make)


def _make_home(look: ExaminedDomain, user: VqPasswd, home: Home) -> bool:
    """Make an empty home where the record says; False if it is not wanted any more."""
    with look.locked() as change:
        stored = change.find(user.pw_name)
        path = f"{home.place}/{home.leaf}" if home.place else home.leaf
        if stored is None or stored.pw_dir != user.pw_dir or change.directory.has(path):
            return False
        files = home_files(look.installation.settings, stored)
        change.added.append(home)
        plan = Plan(f"make the home of {look.address(user.pw_name)}")
        plan.add("mailstore", f"build {user.pw_dir}", lambda: change.build_home(home, files))
        change.plan_steps(plan)
        carry_out(plan)
    return True


def _homes_below(directory: Directory, place: str, known: set[str]) -> Iterator[str]:
    """The directories with a Maildir that are nobody's home, in this place and those below it."""
    for name in directory.names():
        path = f"{place}/{name}" if place else name
        status = None if name.startswith(".") else directory.status(name)
        if status is None or not stat.S_ISDIR(status.st_mode) or path in known:
            continue
        try:
            inner = directory.enter(name)
        except OSError:
            continue  # gone, or replaced by its owner, just now
        with inner:
            if _has_maildir(inner):
                yield path
            elif is_place(path):
                yield from _homes_below(inner, path, known)


def _has_maildir(home: Directory) -> bool:
    status = home.status(MAILDIR_NAME)
    return status is not None and stat.S_ISDIR(status.st_mode)


def _is_home_of_user(look: ExaminedDomain, path: str) -> bool:
    """Whether a user was added since the others were looked at."""
    user = look.installation.backend.find(look.entry, path.rpartition("/")[2])
    return user is not None and user.pw_dir == look.path(path)


def _count_homes(look: ExaminedDomain) -> int:
    users = look.installation.backend.iterate(look.entry)
    inside = (user for user in users if split_home(look.entry.path, user.pw_dir) is not None)
    return len({user.pw_name for user in inside})  # of a double line only the first counts


def _count_anew(look: ExaminedDomain) -> bool:
    facet, key = look.installation.dir_control, look.entry.realdomain
    with look.locked() as change:
        count = _count_homes(look)
        state = facet.read_dir_control(key, change.directory)
        if not trouble_of_counter(state, count):
            return False
        facet.write_dir_control(key, change.directory, counted(state, count))
    return True


def _clean_places(look: ExaminedDomain) -> None:
    with look.locked() as change:
        bad = unusable_places(change.directory)
        timeout = look.installation.settings.lock_timeout
        change_free_places(change.directory, look.owner, timeout, bad, [])
