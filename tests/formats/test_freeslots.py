from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.errors import InvalidCharacter
from vpopmail.formats import freeslots

SEEN = b"0\n0/A\n# kept free for migration\n1\n"

places = st.sampled_from(["0", "0/A", "A/b/9", "z"])


def test_the_documented_file_offers_its_places_in_order() -> None:
    assert freeslots.usable(SEEN) == ["0", "0/A", "1"]


def test_comments_and_blanks_around_a_place_do_not_count() -> None:
    assert freeslots.usable(b"\n \t 0/A \t# since May\n#1\n  \n2") == ["0/A", "2"]


def test_only_the_first_line_of_a_place_goes() -> None:
    assert freeslots.remove_first(b"# 0\n0/A\n 0 # x\n0\n", "0") == b"# 0\n0/A\n0\n"


def test_a_place_that_only_begins_alike_stays() -> None:
    assert freeslots.remove_first(b"0/A", "0") == b"0/A"
    assert freeslots.remove_first(b"\n", "") == b"\n"


def test_an_appended_place_starts_a_line_of_its_own() -> None:
    assert freeslots.append(b"0", "1") == b"0\n1\n"
    assert freeslots.append(b"", "1") == b"1\n"


@given(st.lists(places))
def test_places_come_out_as_they_went_in(given_places: list[str]) -> None:
    data = b""
    for place in given_places:
        data = freeslots.append(data, place)
    assert freeslots.usable(data) == given_places
    for place in given_places:
        data = freeslots.remove_first(data, place)
    assert data == b""


@given(st.lists(places), st.lists(places))
def test_many_places_go_and_come_as_one_by_one(there: list[str], changed: list[str]) -> None:
    data = freeslots.append(b"# old\n", *there)
    removed, added = data, data
    for place in changed:
        removed = freeslots.remove_first(removed, place)
        added = freeslots.append(added, place)
    assert freeslots.remove_first(data, *changed) == removed
    assert freeslots.append(data, *changed) == added


@given(st.binary(max_size=40))
def test_any_file_can_be_used_up(data: bytes) -> None:
    for place in freeslots.usable(data):
        data = freeslots.remove_first(data, place)
    assert freeslots.usable(data) == []


@pytest.mark.parametrize("place", ["", " 0", "0 ", "0#1", "#", "0\n1", "0\0", "0\t1"])
def test_a_place_that_could_not_be_read_back_is_refused(place: str) -> None:
    with pytest.raises(InvalidCharacter):
        freeslots.append(b"", place)
