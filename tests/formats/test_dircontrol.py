from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.errors import InvalidCharacter
from vpopmail.formats import dircontrol
from vpopmail.records import DirControl

FIRST = b"1\n0\n3\n0 0 0\n61 61 61\n0 2 4\n0 0 0\n\n"

triples = st.lists(st.integers(0, 100), min_size=3, max_size=3)


@st.composite
def states(draw: st.DrawFn) -> DirControl:
    state = DirControl()
    state.cur_users = draw(st.integers(0, 2**63 - 2))
    state.level_cur = draw(st.integers(0, 2))
    state.level_max = draw(st.integers(0, 9))
    for name in ("level_start", "level_end", "level_index"):
        setattr(state, name, draw(triples))
    state.level_mod = [0, 2, draw(st.integers(3, 9))]
    state.the_dir = draw(st.sampled_from(["", "0", "z/z", "A/b/9"]))
    return state


def test_the_first_user_leaves_the_documented_file() -> None:
    state = DirControl()
    state.cur_users = 1
    assert dircontrol.format_state(state) == FIRST
    assert dircontrol.parse(FIRST) == state


@given(states())
def test_a_state_survives_writing_and_reading(state: DirControl) -> None:
    assert dircontrol.parse(dircontrol.format_state(state)) == state


def test_what_the_c_reader_garbled_is_put_right() -> None:
    state = dircontrol.parse(b"200\n0\n3\n0 0 0\n61 61 61\n0 2 2\n1 0 0\n1\n")
    assert state.level_mod == [0, 2, 4]
    assert (state.cur_users, state.level_index, state.the_dir) == (200, [1, 0, 0], "1")


@pytest.mark.parametrize("count", [b"18446744073709551615", b"9223372036854775807", b"-1", b"x"])
def test_a_wrapped_count_is_none(count: bytes) -> None:
    assert dircontrol.parse(count + b"\n").cur_users == 0


def test_the_ninth_line_wins() -> None:
    assert dircontrol.parse(FIRST + b"0/1\n").the_dir == "0/1"
    assert dircontrol.parse(FIRST + b"\n0/2\n").the_dir == ""


@pytest.mark.parametrize("lines", range(9))
def test_missing_lines_keep_their_fresh_values(lines: int) -> None:
    fresh = dircontrol.format_state(DirControl()).splitlines(keepends=True)
    assert dircontrol.parse(b"".join(fresh[:lines])) == DirControl()


def test_missing_numbers_of_a_triple_keep_their_fresh_values() -> None:
    state = dircontrol.parse(b"0\n0\n3\n5\n6  7\n0 2\n-1 2 3 4\n")
    assert state.level_start == [5, 0, 0]
    assert state.level_end == [6, 61, 7]
    assert state.level_mod == [0, 2, 4]
    assert state.level_index == [0, 2, 3]


@given(st.binary(max_size=80))
def test_any_file_gives_numbers_in_range(data: bytes) -> None:
    state = dircontrol.parse(data)
    assert state.cur_users >= 0
    assert 0 <= state.level_cur <= 2
    assert min(state.level_index) >= 0


def test_a_directory_with_a_line_break_is_refused() -> None:
    state = DirControl()
    state.the_dir = "0\n1"
    with pytest.raises(InvalidCharacter):
        dircontrol.format_state(state)
