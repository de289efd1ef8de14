"""A few changes of vpasswd and many at once give the same file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.formats import vpasswd_changes
from vpopmail.formats.vpasswd_changes import change_lines

names = st.sampled_from([b"a", b"b", b"c", b"d", b"ab", b"zz"])
lines = names.map(lambda name: name + b":old") | st.sampled_from([b"", b"# comment", b"torn"])
changes = st.dictionaries(names, st.none() | st.just(b"new"), max_size=6).map(
    lambda given: {name: None if new is None else name + b":" + new for name, new in given.items()}
)


@given(st.lists(lines), st.booleans(), changes)
def test_one_by_one_or_all_at_once(
    old: list[bytes], ended: bool, wanted: dict[bytes, bytes | None]
) -> None:
    data = b"\n".join(old) + (b"\n" if ended and old else b"")
    one_by_one = change_lines(data, wanted)
    whole = data + b"\n" if data and not data.endswith(b"\n") else data
    found = one_by_one.splitlines()
    for name, line in wanted.items():
        mine = [one for one in found if one.startswith(name + b":")]
        assert mine == ([] if line is None else [line])
    untouched = [one for one in whole.splitlines() if one.partition(b":")[0] not in wanted]
    kept = [one for one in found if one.partition(b":")[0] not in wanted]
    assert kept == untouched
    assert sorted(vpasswd_changes._change_all(whole, wanted).splitlines()) == sorted(found)


def test_a_name_with_two_lines_gets_one() -> None:
    data = b"a:1\nb:1\na:2\nb:2\n"
    assert change_lines(data, {b"a": b"a:new"}) == b"a:new\nb:1\nb:2\n"
    assert change_lines(data, {b"b": None, b"c": None}) == b"a:1\na:2\n"


@pytest.mark.parametrize("count", [2, 3, 20])
def test_a_name_with_many_lines_gets_one_or_none(count: int) -> None:
    data = b"ann:1\n" + b"joe:1\njoe\n" * count + b"joes:1\njoe:2"
    left = b"joe\n" * count + b"joes:1\n"
    assert change_lines(data, {b"joe": None}) == b"ann:1\n" + left
    assert change_lines(data, {b"joe": b"joe:3"}) == b"ann:1\njoe:3\n" + left
