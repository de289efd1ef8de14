"""Directory hashing: where the n-th entry goes. Pure; the state is a DirControl.

Source: formats, .dir-control.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DirControl

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PER_DIRECTORY = 100
_LAST = ALPHABET[-1]
_POSITIONS = [0, 2, 4]  # of the character of each level in ``c/c/c``
_NEXT = {before: after for before, after in zip(ALPHABET[:-1], ALPHABET[1:], strict=True)}  # noqa: C416, RUF007


def advance(state: DirControl) -> str:
    """Count one more entry; each 100th starts the next directory.

    Args:
        state: changed in place.

    Returns:
        The place of the entry: ``""``, ``c``, ``c/c`` or ``c/c/c``.
    """
    state.cur_users += 1
    if state.cur_users % PER_DIRECTORY == 0:
        _next_directory(state)
    return state.the_dir


def reuse(state: DirControl) -> None:
    """Count an entry that goes to a place that became free."""
    if state.cur_users > 0:
        state.cur_users += 1


def retreat(state: DirControl) -> None:
    """Count one entry less, not below zero; the directory never moves back."""
    state.cur_users = max(state.cur_users - 1, 0)


def is_sound(state: DirControl) -> bool:
    """Whether the numbers of a state fit its directory, so that a place follows it.

    Args:
        state: its directory is ``""`` or a place.
    """
    depth = len(state.the_dir.split("/"))
    return state.level_mod == _POSITIONS and state.level_cur == depth - 1


def _next_directory(state: DirControl) -> None:
    if not state.the_dir:
        state.the_dir = ALPHABET[0]
        return
    level = state.level_cur
    if state.level_index[level] == state.level_end[level]:
        _deepen(state, level)
    increment(state, state.level_cur)


def _deepen(state: DirControl, level: int) -> None:
    """At the end of a level, start the next: a/b after all of a, a/b/c after all of a/b."""
    outermost_at_end = state.level_index[0] == state.level_end[0]
    if level == 0 or (level == 1 and outermost_at_end):
        increment(state, level)
        state.level_cur = level + 1
        state.the_dir += "/"


def next_character(character: str) -> str:
    """The character after one in the alphabet; the first one after the last or any other."""
    return _NEXT.get(character, ALPHABET[0])


def increment(state: DirControl, level: int) -> None:
    """Step the character of a level onward; after the last one, that of the level above too.

    Args:
        state: changed in place.
        level: 0 to 2.
    """
    position = state.level_mod[level]
    character = state.the_dir[position : position + 1]
    if character == _LAST:
        replacement = ALPHABET[0]
        state.level_index[level] = 0
        if level > 0:
            increment(state, level - 1)
    else:
        replacement = next_character(character)
        state.level_index[level] += 1
    state.the_dir = state.the_dir[:position] + replacement + state.the_dir[position + 1 :]
