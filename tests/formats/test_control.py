from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vpopmail.errors import InvalidCharacter
from vpopmail.formats import cdb, control

KINDS = [control.ASSIGN, control.LIST, control.VIRTUALDOMAINS]

line = st.text("ab.:+-", max_size=8).map(str.encode)
files = st.lists(line).map(b"\n".join)


def reference_insert(data: bytes, new: bytes, kind: int) -> bytes:
    """The rules one by one, for a single line that is not there."""
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    if kind == control.ASSIGN:
        lines = [old for old in lines if old != b"."]
    keys = [control.sort_key(old, kind) for old in lines]
    in_order = keys == sorted(keys)
    if new not in lines and not (kind == control.ASSIGN and new == b"."):
        greater = [place for place, key in enumerate(keys) if key > control.sort_key(new, kind)]
        lines.insert(greater[0] if greater else len(lines), new)
        if not in_order:
            lines = sorted(lines, key=lambda old: control.sort_key(old, kind))
    if kind == control.ASSIGN:
        lines.append(b".")
    return b"".join(old + b"\n" for old in lines)


@pytest.mark.parametrize(
    ("domain", "key"),
    [
        (b"localhost", b"localhost"),
        (b"example.com", b"example.com"),
        (b"mail.example.com", b"example.com.mail"),
        (b"a.b.example.com", b"example.com.a.b"),
        (b"mail.b.example.net", b"example.net.mail.b"),
        (b"a.b.c.example.com", b"example.com.a.b.a"),
        (b"a.b.c.d.example.com", b"example.com.a.b.a.b"),
        (b"a.b.c.d.e", b"d.e.a.b.a"),
        (b"1.2.3.4.5.6.7.8.9.10.11.12", b"9.10.1.2.1.2.1.2.1.2"),
        (b".wild.example.com", b"example.com.wild"),
        (b"..x...y.", b"x.y"),
        (b"", b""),
        (b"a.b\0c.d", b"a.b"),
    ],
)
def test_the_key_of_a_name_is_that_of_the_c_code(domain: bytes, key: bytes) -> None:
    assert control.sort_key(domain, control.LIST) == key
    assert control.sort_key(domain + b"\n", control.LIST) == key
    assert control.sort_key(domain + b":" + domain, control.VIRTUALDOMAINS) == key
    assert control.sort_key(b"+" + domain + b"-:x:89:89:/d:-::", control.ASSIGN) == key


@pytest.mark.parametrize(
    ("odd", "key"), [(b"=foo:x", b"fo"), (b"#c", b""), (b"+:x", b""), (b".", b""), (b"", b"")]
)
def test_odd_lines_of_assign_have_keys_too(odd: bytes, key: bytes) -> None:
    assert control.sort_key(odd, control.ASSIGN) == key


def test_the_documented_order_comes_out() -> None:
    domains = [b"example.com", b"a.b.c.d.example.com", b"abc.de", b"example.org"]
    domains += [b"mail.b.example.net", b"localhost", b"mx.example.net", b"zeta.example.net"]
    data = b""
    for domain in domains:
        data = control.insert_line(data, domain, control.LIST)
    assert data.split() == [
        b"abc.de",
        b"example.com",
        b"a.b.c.d.example.com",
        b"mail.b.example.net",
        b"mx.example.net",
        b"zeta.example.net",
        b"example.org",
        b"localhost",
    ]


def test_assign_keeps_one_dot_at_its_end() -> None:
    data = control.insert_line(b".\n+a.b-:x\n.\n+c.d-:x", b"+b.c-:x", control.ASSIGN)
    assert data == b"+a.b-:x\n+b.c-:x\n+c.d-:x\n.\n"
    assert control.insert_line(b"", b"+a.b-:x", control.ASSIGN) == b"+a.b-:x\n.\n"
    assert control.insert_line(b"", b".", control.ASSIGN) == b".\n"


def test_a_dot_is_an_ordinary_line_of_a_list() -> None:
    assert control.insert_line(b".\nb.c\n", b"a.b", control.LIST) == b".\na.b\nb.c\n"


def test_an_equal_key_goes_after_and_unknown_lines_stay() -> None:
    data = b"# \xff comment\na.b  \nb.c:1\n"
    assert control.insert_line(data, b"b.c:0", control.VIRTUALDOMAINS) == data + b"b.c:0\n"


def test_a_file_out_of_order_is_sorted() -> None:
    assert control.insert_line(b"d.e\na.b:2\nb.c\na.b:1", b"a.b:3", control.VIRTUALDOMAINS) == (
        b"a.b:3\na.b:2\na.b:1\nb.c\nd.e\n"
    )


@given(files, line, st.sampled_from(KINDS))
@example(b"b\na\n", b"a", control.LIST)
def test_inserting_follows_the_rules(data: bytes, new: bytes, kind: int) -> None:
    once = control.insert_line(data, new, kind)
    assert once == reference_insert(data, new, kind)
    assert control.insert_line(once, new, kind) == once


@given(files, st.lists(line), st.sampled_from(KINDS))
def test_many_lines_go_in_as_if_one_by_one(data: bytes, new: list[bytes], kind: int) -> None:
    expected = data
    for one in new:
        expected = control.insert_line(expected, one, kind)
    if new:
        assert control.insert_lines(data, new, kind) == expected


def test_a_line_break_cannot_be_inserted() -> None:
    with pytest.raises(InvalidCharacter):
        control.insert_lines(b"", [b"a.b", b"c.d\ne.f"], control.LIST)


def test_whole_lines_are_removed_and_all_others_stay() -> None:
    data = b"a.b\nA.B\nxa.b\n\na.b\na.b "
    assert control.remove_lines(data, [b"a.b", b"x"]) == (b"A.B\nxa.b\n\na.b \n", 2)
    assert control.remove_lines(b"", [b"a.b"]) == (b"", 0)


@given(files, st.lists(line))
def test_removing_takes_just_the_lines_given(data: bytes, lines: list[bytes]) -> None:
    kept, count = control.remove_lines(data, lines)
    before = data.removesuffix(b"\n").split(b"\n") if data else []
    assert kept == b"".join(old + b"\n" for old in before if old not in lines)
    assert count == sum(old in lines for old in before)


@given(files, line, st.sampled_from(KINDS))
def test_what_was_inserted_can_be_removed(data: bytes, new: bytes, kind: int) -> None:
    kept, _ = control.remove_lines(control.insert_line(data, new, kind), [new])
    assert new not in kept.split(b"\n")[:-1]


def test_the_documented_morercpthosts_comes_out() -> None:
    data = cdb.build(control.compile_morercpthosts(b"Example.COM \t\n# no\n\n \n.example.org"))
    assert len(data) == 0x847
    assert data[130 * 8 : 131 * 8] == bytes.fromhex("2708000002000000")
    assert data[247 * 8 : 248 * 8] == bytes.fromhex("3708000002000000")
    assert data[0x800:] == (
        bytes.fromhex("0b00000000000000")
        + b"example.com"
        + bytes.fromhex("0c00000000000000")
        + b".example.org"
        + bytes.fromhex("0000000000000000 828fb7e8 00080000")
        + bytes.fromhex("0000000000000000 f7399523 13080000")
    )


@pytest.mark.parametrize(
    ("data", "count"), [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\n", 1), (b"a\n#\n\nb", 4)]
)
def test_lines_are_counted_as_they_are_read(data: bytes, count: int) -> None:
    assert control.count_lines(data) == count
