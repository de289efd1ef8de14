"""Users field by field are the users line by line."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from vpopmail.errors import FormatError
from vpopmail.formats import vpasswd
from vpopmail.formats.user_columns import UserColumns, in_columns, parse_alike
from vpopmail.records import VqPasswd

# Few characters, so that many lines are of one kind, and what a line may have in it by accident.
field = st.text("a0 -:\t\x00\r\xe9\xff\u2028", max_size=4).map(
    lambda text: text.encode("latin-1", "replace")
)
number = st.sampled_from([b"0", b"1", b"12", b"-3", b" 4x", b"", b"99999999999999999999"])
plain = st.text("ab~\x01\xc3\xa9\xff", max_size=3).map(lambda text: text.encode("latin-1"))


def line(fields: int) -> st.SearchStrategy[bytes]:
    return st.tuples(plain, plain, number, number, *[plain] * (fields - 4)).map(b":".join)


alike = st.integers(7, 8).flatmap(lambda fields: st.lists(line(fields), min_size=1, max_size=5))
mixed = st.lists(st.one_of(line(7), line(8), line(9), line(6), field), max_size=4)


def by_line(lines: list[bytes]) -> list[VqPasswd] | None:
    try:
        return [vpasswd.parse_line(one) for one in lines]
    except FormatError:
        return None


@given(st.one_of(alike, mixed))
@example([b"a:b:1:0:c:d:q", b"a:b:1:0:c:d:q:clear"])
@example([b"a:b:1:0:c:d:q", b"a:b:1:0:c:d", b"a:b:1:0:c:d:q:clear"])
@example([b"a:b:1:0:c:d:q:"])
@example([b""])
def test_lines_taken_together_are_the_same_users(lines: list[bytes]) -> None:
    found = parse_alike(b"".join(one + b"\n" for one in lines))
    if found is not None:
        assert list(found.records()) == by_line(lines)
        assert len(found) == len(lines)


@given(alike)
def test_lines_of_one_kind_are_taken_together(lines: list[bytes]) -> None:
    assert parse_alike(b"".join(one + b"\n" for one in lines)) is not None


def test_text_that_is_cut_off_is_not_taken_for_lines() -> None:
    assert parse_alike(b"") is None
    assert parse_alike(b"a:b:1:0:c:d:q") is None
    assert parse_alike(b"a:b:1:0:c:d:q\na:b:1:0:c:d:q") is None


def test_records_come_in_columns_of_some_at_a_time() -> None:
    users = [
        VqPasswd(f"user{number}", "x", 1, number, pw_flags=number | 1) for number in range(250)
    ]
    columns = list(in_columns(iter(users)))
    assert [len(some) for some in columns] == [100, 100, 50]
    assert [user for some in columns for user in some.records()] == users
    assert list(in_columns([])) == []


def test_columns_are_those_of_the_records() -> None:
    columns = UserColumns.of([VqPasswd("a", "x", 1, 2, "c", "/d", "q", "s", 6), VqPasswd("b")])
    for name in VqPasswd.__slots__:
        assert len(getattr(columns, name)) == 2
    assert columns.pw_flags == [6, 0]
    alike = parse_alike(b"a:b:1:8:c:d:q\n")
    assert alike is not None
    alike.pw_flags[0] |= 1
    assert alike.pw_gid == [8]


def test_repr_shows_no_password() -> None:
    assert "s3cret" not in repr(UserColumns.of([VqPasswd("a", "s3cret", pw_clear_passwd="s3cret")]))
