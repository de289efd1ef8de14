"""Directory hashing against its closed formula, which holds for a counter that only grew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.accounts.hashing import ALPHABET, advance, retreat, reuse
from vpopmail.formats import dircontrol
from vpopmail.records import DirControl

LAST = 400_000
D = ALPHABET


def place_of(n: int) -> str:
    """The reference's formula for the n-th entry."""
    k = n // 100 - 1
    if k < 0:
        return ""
    if k < 62:
        return D[k]
    j = k - 62
    if j < 3844:
        return f"{D[j // 62]}/{D[j % 62]}"
    j = (j - 3844) % 238328
    return f"{D[j // 3844]}/{D[(j // 62) % 62]}/{D[j % 62]}"


@pytest.fixture(scope="module")
def walk() -> list[str]:
    state = DirControl()
    return [state.the_dir, *(advance(state) for _ in range(LAST))]


@given(n=st.integers(1, LAST) | st.integers(0, LAST // 100 - 1).map(lambda k: 100 * k + 99))
def test_the_walk_is_the_formula(walk: list[str], n: int) -> None:
    assert walk[n] == place_of(n)
    assert walk[min(n + 1, LAST)] == place_of(min(n + 1, LAST))


@pytest.mark.parametrize(
    ("n", "place"),
    [
        *((99, ""), (100, "0"), (199, "0"), (200, "1"), (1100, "A"), (3600, "Z"), (3700, "a")),
        *((6200, "z"), (6300, "0/0"), (6400, "0/1"), (12400, "0/z"), (12500, "1/0")),
        *((390600, "z/z"), (390700, "0/0/0"), (390800, "0/0/1")),
    ],
)
def test_the_worked_examples(walk: list[str], n: int, place: str) -> None:
    assert walk[n] == place


def at_hundred(n: int) -> DirControl:
    """The state after n entries, by its hundreds: what lies between changes nothing else."""
    state = DirControl()
    while state.cur_users < n:
        state.cur_users += 99
        advance(state)
    return state


@pytest.mark.parametrize(
    ("n", "index"),
    [
        *((200, [1, 0, 0]), (6300, [0, 1, 0]), (12400, [0, 62, 0]), (12500, [1, 0, 0])),
        *((390600, [61, 61, 0]), (390700, [0, 0, 1])),
    ],
)
def test_the_indexes_as_c_writes_them(n: int, index: list[int]) -> None:
    assert at_hundred(n).level_index == index


@pytest.mark.parametrize(("n", "place"), [(24223400, "z/z/z"), (24223500, "0/0/0")])
def test_after_the_last_directory_comes_the_first(n: int, place: str) -> None:
    assert at_hundred(n).the_dir == place == place_of(n)


@given(st.integers(0, 7000))
def test_a_state_survives_its_file(n: int) -> None:
    state = DirControl()
    for _ in range(n % 700 * 10 // 100):
        state.cur_users += 99
        advance(state)
    again = dircontrol.parse(dircontrol.format_state(state))
    assert again == state
    assert advance(again) == advance(state)


def test_a_deletion_counts_down_to_zero_and_leaves_the_directory() -> None:
    state = at_hundred(100)
    retreat(state)
    assert (state.cur_users, state.the_dir) == (99, "0")
    state.cur_users = 0
    retreat(state)
    assert state.cur_users == 0


def test_a_place_used_again_counts_unless_nothing_was_counted() -> None:
    state = DirControl()
    reuse(state)
    assert state.cur_users == 0
    state.cur_users = 99
    reuse(state)
    assert (state.cur_users, state.the_dir) == (100, "")


def test_an_odd_character_starts_again() -> None:
    state = DirControl()
    state.cur_users = 199
    state.the_dir = "!"
    assert advance(state) == "0"
