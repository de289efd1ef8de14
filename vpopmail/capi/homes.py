"""Homes and directory hashing: the counter, free places, a home that is missing."""

from __future__ import annotations

from _thread import _local

from vpopmail.accounts.domain_tree import domain_counter
from vpopmail.accounts.hashing import advance, increment, next_character, retreat, reuse
from vpopmail.accounts.homes import make_home
from vpopmail.capi.status import ask, attempt, check_kind, check_number, check_text, note, zero
from vpopmail.codes import VA
from vpopmail.errors import DomainNotFound
from vpopmail.mailstore.free_places import change_free_places, free_places
from vpopmail.mailstore.homes import make_place
from vpopmail.mailstore.paths import split_home
from vpopmail.records import DirControl
from vpopmail.safeio.directory import Owner
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from vpopmail.accounts.places import Places
    from vpopmail.records import DomainEntry
    from vpopmail.safeio.directory import Directory

    R = TypeVar("R")

_DIGITS = 10  # of a uid


class _BigDir(_local):
    state: DirControl | None = None
    domain: str = ""


_big_dir = _BigDir()


def make_user_dir(username: str, domain: str, uid: int, gid: int) -> str | None:
    """Make a home with its Maildir; a user who exists gets it as home.

    Args:
        username: local part.
        domain: domain or alias domain.
        uid, gid: unused; the owner is that of the domain.

    Returns:
        Its place below the domain (``""``, ``0``, ``0/A``); None on an error, which
        ``last_error()`` tells: VA_EXIST_U_DIR if something is there already.
    """
    check_text(username, domain)
    check_number(uid, gid)
    return ask(None, lambda: make_home(current().installation, username, domain)[1])


def inc_dir_control(state: DirControl) -> VA:
    """Count one more entry in a state of directory hashing, changed in place."""
    check_kind(DirControl, state)
    advance(state)
    return note(VA.SUCCESS)


def inc_dir(state: DirControl, level: int) -> VA:
    """Step the directory of a state onward at one level; ``inc_dir_control`` does so by itself.

    Args:
        state: changed in place.
        level: 0 to 2.

    Returns:
        VA_SUCCESS; -1 if there is no such level.
    """
    check_kind(DirControl, state)
    check_number(level)
    if not 0 <= level < len(state.level_mod):
        return note(-1)
    increment(state, level)
    return note(VA.SUCCESS)


def next_char(character: str) -> str:
    """The character after one in 0-9, A-Z, a-z; ``0`` after ``z`` and any other.

    Args:
        character: a single character, or ``""``.
    """
    check_text(character)
    return next_character(character)


def print_control(state: DirControl) -> str:
    """What C prints of a state: ``dir = 0/A``."""
    check_kind(DirControl, state)
    return f"dir = {state.the_dir}"


def vread_dir_control(domain: str, uid: int, gid: int) -> tuple[int, DirControl]:
    """Read the state of directory hashing.

    Args:
        domain: a domain, or a key ``dom_<uid>``.
        uid, gid: owner; the uid chooses the counter for what is no domain.

    Returns:
        (0, state), or (-1, a fresh state) if there is none.
    """
    check_text(domain)
    check_number(uid, gid)

    def read(directory: Directory, key: str) -> DirControl | None:
        return current().installation.dir_control.read_dir_control(key, directory)

    state = ask(None, lambda: _with_counter(domain, uid, read))
    return (-1, DirControl()) if state is None else (0, state)


def vwrite_dir_control(state: DirControl, domain: str, uid: int, gid: int) -> int:
    """Write the state of directory hashing; 0 or -1. The arguments are as for reading."""
    check_kind(DirControl, state)
    check_text(domain)
    check_number(uid, gid)

    def write(directory: Directory, key: str) -> None:
        current().installation.dir_control.write_dir_control(key, directory, state)

    return zero(lambda: _with_counter(domain, uid, write))


def vdel_dir_control(domain: str) -> int:
    """Forget the state of directory hashing: 0, or -1 if there was none.

    Args:
        domain: a domain, or a key ``dom_<uid>``.
    """
    check_text(domain)

    def delete(directory: Directory, key: str) -> bool:
        return current().installation.dir_control.delete_dir_control(key, directory)

    return 0 if ask(False, lambda: _with_counter(domain, _uid_of(domain), delete)) else -1


def dec_dir_control(domain: str, uid: int, gid: int) -> int:
    """Count one entry less, not below zero; always 0."""
    _, state = vread_dir_control(domain, uid, gid)
    retreat(state)
    vwrite_dir_control(state, domain, uid, gid)
    return 0


def open_big_dir(domain: str, uid: int, gid: int) -> int:
    """Load the state of directory hashing for ``next_big_dir``; always 0."""
    _big_dir.state = vread_dir_control(domain, uid, gid)[1]
    _big_dir.domain = domain
    return 0


def next_big_dir(uid: int, gid: int) -> str:
    """Count one more entry and make the directory it goes to, below the domain's.

    Returns:
        Its place: ``""``, ``0``, ``0/A``.
    """
    check_number(uid, gid)
    state = _big_dir.state or DirControl()
    place = advance(state)

    def make(directory: Directory, key: str) -> None:  # noqa: ARG001
        make_place(directory, place, Owner(uid, gid), whole=True)

    attempt(VA.BAD_U_DIR, lambda: _with_counter(_big_dir.domain, uid, make))
    return place


def close_big_dir(domain: str, uid: int, gid: int) -> int:
    """Store the state that ``open_big_dir`` loaded; always 0."""
    check_text(domain)
    check_number(uid, gid)
    if _big_dir.state is not None:
        vwrite_dir_control(_big_dir.state, domain, uid, gid)
        _big_dir.state = None
    return 0


def backfill(username: str, domain: str, path: str | None, operation: int) -> str | None:
    """Take or give back a place of a deleted home.

    Args:
        username: unused.
        domain: domain or alias domain.
        path: for operation 2 the home of the deleted user, absolute.
        operation: 1 takes the place that has been free longest, 2 gives one back.

    Returns:
        The place; None if there is none, or the home was not in a hashed directory.
    """
    check_text(username, domain, path or "")
    check_number(operation)
    return ask(None, lambda: _backfill(domain, path, operation))


def _backfill(domain: str, path: str | None, operation: int) -> str | None:
    installation = current().installation
    entry = _entry(domain)
    owner = Owner(entry.uid, entry.gid)
    timeout = installation.settings.lock_timeout
    with installation.open_domain(entry) as directory:
        if operation == 2:
            split = None if path is None else split_home(entry.path, path)
            if split is None or not split[0]:
                return None
            change_free_places(directory, owner, timeout, [], [split[0]])
            return split[0]
        free = free_places(directory)
        if not free:
            return None
        change_free_places(directory, owner, timeout, free[:1], [])
        facet = installation.dir_control
        state = facet.read_dir_control(entry.realdomain, directory)
        if state is not None and state.cur_users:
            reuse(state)
            facet.write_dir_control(entry.realdomain, directory, state)
        return free[0]


def _entry(domain: str) -> DomainEntry:
    return current().domains.get(domain)


def _uid_of(key: str) -> int | None:
    """The uid in a key ``dom_<uid>``, or None."""
    digits = key.removeprefix("dom_")
    is_key = digits != key and digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS
    return int(digits) if is_key else None


def _with_counter(domain: str, uid: int | None, act: Callable[[Directory, str], R]) -> R:
    """Call with the directory and the key of a counter: of a domain, else of the uid's domains.

    Raises:
        DomainNotFound: there is neither.
    """
    installation = current().installation
    entry = installation.resolve(domain)
    if entry is not None:
        with installation.open_domain(entry) as directory:
            return act(directory, entry.realdomain)
    if uid is None:
        raise DomainNotFound(domain)
    counter: Places = domain_counter(installation, uid)
    with counter.directory:
        return act(counter.directory, counter.key)
