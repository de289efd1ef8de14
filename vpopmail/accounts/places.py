"""Where new homes and domains go: the counter of directory hashing and the places free again."""

from __future__ import annotations

from itertools import chain, repeat

from vpopmail.accounts import hashing
from vpopmail.mailstore.free_places import change_free_places, free_places, is_place
from vpopmail.records import DirControl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.backends.facets import DirControlFacet
    from vpopmail.plan.journal import Fact
    from vpopmail.safeio.directory import Directory, Owner

COUNT = "count"
ADVANCE = "advance"
REUSE = "reuse"
RETREAT = "retreat"
_MOVES = {ADVANCE: hashing.advance, REUSE: hashing.reuse, RETREAT: hashing.retreat}


class Places:
    """Gives out and takes back places below one directory, and writes the counter at the end.

    What is given out counts for later calls at once; the files change with ``write``. The
    counter is advisory: C tools change it without a lock, so ``write`` starts from what is there
    by then.

    Args:
        facet: keeps the counter.
        key: of the counter.
        directory: what is hashed.
        hashed: whether homes are hashed at all; if not every place is ``""``.
    """

    def __init__(
        self, facet: DirControlFacet, key: str, directory: Directory, *, hashed: bool
    ) -> None:
        self.facet = facet
        self.key = key
        self.directory = directory
        self.hashed = hashed
        self._runs: list[tuple[str, int]] = []  # moves, each with how often it was made in a row
        self.taken: list[str] = []
        self.freed: list[str] = []
        self._state: DirControl | None = None
        self._free: list[str] | None = None
        self._before: list[DirControl | None] = []

    def next(self) -> str:
        """The place of a new entry: one that became free, else the current directory."""
        if not self.hashed:
            return ""
        free = self._free_places()
        if free:
            place = free.pop(0)
            self.taken.append(place)
            self._move(REUSE)
            return place
        self._move(ADVANCE)
        return self._present().the_dir

    def cancel(self, place: str) -> None:
        """Take back a place that was given out by ``next`` and is not used after all."""
        if not self.hashed:
            return
        move = REUSE if place in self.taken else ADVANCE
        if move == REUSE:
            self.taken.remove(place)
            self._free_places().insert(0, place)
        self._take_back(move)
        self._state = None

    def give_back(self, place: str) -> None:
        """Take back the place of an entry that is gone."""
        if not self.hashed:
            return
        self._move(RETREAT)
        if place:
            self.freed.append(place)

    def keep_given(self) -> None:
        """Forget what was given back; what was given out stays."""
        self._runs = [run for run in self._runs if run[0] != RETREAT]
        self.freed = []
        self._state = None

    def repeat(self, other: Places) -> None:
        """Give out and take back the same places as another object has."""
        self._runs = list(other._runs)
        self.taken, self.freed = list(other.taken), list(other.freed)
        self._free = None if other._free is None else list(other._free)
        self._state = None if other._state is None else other._state.copy()

    def moves(self) -> Iterator[str]:
        """How the counter moves, in order."""
        return chain.from_iterable(repeat(move, count) for move, count in self._runs)

    def facts(self) -> Iterator[Fact]:
        """What a journal entry has to say, for the changes to be made exactly once.

        The counter as it is now tells later whether they were made.
        """
        if not self._runs:
            return
        yield (COUNT, str(self._read().cur_users), str(self._lines()))
        yield from ((move,) for move in self.moves())
        yield from (("taken", place) for place in self.taken)
        yield from (("freed", place) for place in self.freed)

    def write(self) -> None:
        """Write the counter. Raises: OSError, BackendUnavailable."""
        if self._runs:
            self._before = [self.facet.read_dir_control(self.key, self.directory)]
            state = self._read()
            for move in self.moves():
                _MOVES[move](state)
            self.facet.write_dir_control(self.key, self.directory, state)

    def take_back(self) -> None:
        """Let the counter be what it was before ``write``. Raises: OSError, BackendUnavailable."""
        for before in self._before:
            if before is None:
                self.facet.delete_dir_control(self.key, self.directory)
            else:
                self.facet.write_dir_control(self.key, self.directory, before)

    def write_free(self, owner: Owner, timeout: float) -> None:
        """Write the list of free places. Raises: OSError, FileNotUpdated."""
        change_free_places(self.directory, owner, timeout, self.taken, self.freed)

    def finish(self, facts: list[Fact], owner: Owner, timeout: float) -> None:
        """Make the changes of a journal entry, unless they were made.

        Raises:
            OSError, BackendUnavailable, FileNotUpdated.
        """
        for fact in facts:
            if fact[0] in _MOVES:
                self._note(fact[0])
            elif fact[0] == "taken":
                self.taken.append(fact[1])
            elif fact[0] == "freed" and is_place(fact[1]):
                self.freed.append(fact[1])
        counts = [fact for fact in facts if fact[0] == COUNT]
        if counts and counts[0][1] == str(self._read().cur_users):
            self.write()
        if counts and counts[0][2] == str(self._lines()):
            self.write_free(owner, timeout)

    def _move(self, move: str) -> None:
        state = self._present()
        self._note(move)
        _MOVES[move](state)

    def _note(self, move: str) -> None:
        last, count = self._runs[-1] if self._runs else ("", 0)
        if move == last:
            self._runs[-1] = (move, count + 1)
        else:
            self._runs.append((move, 1))

    def _take_back(self, move: str) -> None:
        """Forget that a move was made, once."""
        place = next(place for place, run in enumerate(self._runs) if run[0] == move)
        count = self._runs[place][1] - 1
        self._runs[place : place + 1] = [(move, count)] if count else []

    def _present(self) -> DirControl:
        """What the counter is after the moves."""
        if self._state is None:
            self._state = self._read()
            for move in self.moves():
                _MOVES[move](self._state)
        return self._state

    def _read(self) -> DirControl:
        state = self.facet.read_dir_control(self.key, self.directory) or DirControl()
        if not hashing.is_sound(state) or (state.the_dir and not is_place(state.the_dir)):
            # The owner of the domain can write the file: its text must not lead elsewhere.
            return DirControl()
        return state

    def _free_places(self) -> list[str]:
        if self._free is None:
            self._free = free_places(self.directory)
        return self._free

    def _lines(self) -> int:
        return len(free_places(self.directory))
