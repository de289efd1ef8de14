from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vpopmail.errors import FormatError, InvalidCharacter
from vpopmail.formats import cdb, text, vpasswd
from vpopmail.records import VqPasswd

HOME = "/home/vpopmail/domains/example.com/"
SEEN = (
    b"alice:$1$Ms3TpACk$Vj3l/tQ0jpkpYLJxtXJsc.:1:0:alice:"
    b"/home/vpopmail/domains/example.com/alice:10485760S:AlicePw\n"
    b"bob:$1$.fCzPyvq$/tx5XNqcHap71MmSoNMmB1:1:0:Bob Builder:"
    b"/home/vpopmail/domains/example.com/bob:NOQUOTA:BobPw\n"
    b"nopw::1:0:nopw:/home/vpopmail/domains/example.com/nopw:NOQUOTA:\n"
    b"postmaster:$1$gwMurvOo$mL.m/Nt/4t3ep/CQxmslT0:1:0:Postmaster:"
    b"/home/vpopmail/domains/example.com/postmaster:NOQUOTA:Secret1x\n"
)

characters = st.characters(exclude_characters=":", categories=("L", "M", "N", "P", "S", "Z"))
field = st.text(characters, max_size=12)
users = st.builds(
    VqPasswd,
    pw_name=field,
    pw_passwd=field,
    pw_uid=st.integers(-(2**31), 2**31),
    pw_gid=st.integers(0, 2**19),
    pw_gecos=field,
    pw_dir=field,
    pw_shell=field,
    pw_clear_passwd=st.text(characters | st.just(":"), max_size=12),
)
# Few letters, so that names are often equal or the beginning of one another.
names = st.text("ab9:;~\xff\x00", max_size=5).map(lambda name: name.encode("latin-1"))
files = st.lists(st.tuples(names, st.sampled_from([b"", b":", b":1:x"]))).map(
    lambda lines: b"\n".join(name + rest for name, rest in lines)
) | st.text("ab:\n", max_size=30).map(str.encode)


def insertion_point(data: bytes, name: bytes) -> int:
    """As it is found line by line; by an expression, as in a large file, it is the same."""
    found = vpasswd.insertion_point(data, name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vpasswd, "_WORTH_EXPRESSION", 0)
        assert vpasswd.insertion_point(data, name) == found
    return found


def linear_insertion_point(data: bytes, name: bytes) -> int:
    offset = 0
    for line in data.split(b"\n"):
        if line.split(b":")[0] > name:
            return offset
        offset += len(line) + 1
    return len(data)


def test_the_documented_lines_are_read_and_written_back() -> None:
    lines = text.split_lines(SEEN)
    read = [vpasswd.parse_line(line) for line in lines]
    assert read[1] == VqPasswd(
        "bob",
        "$1$.fCzPyvq$/tx5XNqcHap71MmSoNMmB1",
        1,
        0,
        "Bob Builder",
        HOME + "bob",
        "NOQUOTA",
        "BobPw",
    )
    assert (read[2].pw_passwd, read[2].pw_clear_passwd) == ("", "")
    assert [vpasswd.format_line(user, clear_passwd=True) for user in read] == lines
    assert vpasswd.problems(SEEN) == []


def test_a_site_without_clear_passwords_writes_seven_fields() -> None:
    user = vpasswd.parse_line(text.split_lines(SEEN)[1])
    assert vpasswd.format_line(user, clear_passwd=False) == (
        b"bob:$1$.fCzPyvq$/tx5XNqcHap71MmSoNMmB1:1:0:Bob Builder:"
        b"/home/vpopmail/domains/example.com/bob:NOQUOTA"
    )


@given(users)
def test_a_user_survives_writing_and_reading(user: VqPasswd) -> None:
    line = vpasswd.format_line(user, clear_passwd=True)
    assert vpasswd.parse_line(line + b"\n") == user
    name, _, rest = line.partition(b":")
    assert vpasswd.name_of(line) == name
    assert vpasswd.parse_lookup(user.pw_name, rest) == user
    user.pw_clear_passwd = ""
    assert vpasswd.parse_lookup(user.pw_name, rest, clear=False) == user
    assert vpasswd.parse_line(vpasswd.format_line(user, clear_passwd=False)) == user


def test_the_clear_password_is_all_after_the_seventh_colon() -> None:
    user = vpasswd.parse_line(b"joe:x:1:0:Joe:/joe:NOQUOTA:a:b:")
    assert user.pw_clear_passwd == "a:b:"
    assert vpasswd.format_line(user, clear_passwd=True).endswith(b":a:b:")


def test_bytes_that_are_not_utf_8_come_back_as_they_were() -> None:
    line = b"jo\xe9:x:1:0:Jos\xe9:/jo\xe9:NOQUOTA:p\xff"
    assert vpasswd.format_line(vpasswd.parse_line(line), clear_passwd=True) == line


def test_uid_and_gid_are_read_as_far_as_they_are_numbers() -> None:
    user = vpasswd.parse_line(b"joe:x: 2x:-3.5:Joe:/joe:NOQUOTA")
    assert (user.pw_uid, user.pw_gid, user.pw_flags) == (2, -3, -3)


@pytest.mark.parametrize("line", [b"", b"joe", b"joe:secret", b"joe:secret:1:0:Joe:/joe"])
def test_a_line_with_fewer_than_seven_fields_is_a_format_error(line: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        vpasswd.parse_line(line)
    assert "secret" not in str(caught.value)


@given(st.binary(max_size=60))
def test_any_line_gives_a_user_or_a_format_error(line: bytes) -> None:
    try:
        assert vpasswd.parse_line(line).pw_name == text.to_text(line.partition(b":")[0])
    except FormatError:
        assert line.count(b":") < 6


def test_a_record_that_lacks_fields_is_read_with_empty_ones() -> None:
    assert vpasswd.parse_lookup("joe", b"x:1:2:Joe") == VqPasswd("joe", "x", 1, 2, "Joe", "", "")
    assert vpasswd.parse_lookup("joe", b"x:1:2:Joe:/joe") == VqPasswd(
        "joe", "x", 1, 2, "Joe", "/joe", ""
    )
    assert vpasswd.parse_lookup("joe", b"x:1:2") is None
    assert vpasswd.parse_lookup("joe", b"") is None


@pytest.mark.parametrize(
    "member", ["pw_name", "pw_passwd", "pw_gecos", "pw_dir", "pw_shell", "pw_clear_passwd"]
)
@pytest.mark.parametrize("char", ["\n", "\r", "\0", "\t", "\x7f", "\ud800"])
def test_a_character_that_breaks_the_line_is_refused(member: str, char: str) -> None:
    user = VqPasswd("joe")
    setattr(user, member, "secret" + char)
    with pytest.raises(InvalidCharacter) as caught:
        vpasswd.format_line(user, clear_passwd=True)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("member", ["pw_name", "pw_passwd", "pw_gecos", "pw_dir", "pw_shell"])
def test_a_colon_is_refused_in_all_fields_but_the_last(member: str) -> None:
    user = VqPasswd("joe")
    setattr(user, member, "a:b")
    with pytest.raises(InvalidCharacter):
        vpasswd.format_line(user, clear_passwd=True)


def test_a_clear_password_that_is_not_stored_is_not_checked() -> None:
    user = VqPasswd("joe", pw_clear_passwd="a\nb")
    assert vpasswd.format_line(user, clear_passwd=False) == b"joe::1:0:::NOQUOTA"


def test_find_line_gives_the_whole_line() -> None:
    for line in SEEN.splitlines(keepends=True):
        found = vpasswd.find_line(SEEN, vpasswd.name_of(line))
        assert found is not None
        assert SEEN[slice(*found)] == line


def test_find_line_takes_neither_a_part_of_a_name_nor_a_field() -> None:
    assert vpasswd.find_line(SEEN, b"ob") is None
    assert vpasswd.find_line(SEEN, b"bo") is None
    assert vpasswd.find_line(SEEN, b"1") is None
    assert vpasswd.find_line(b"", b"bob") is None


@given(files, names.filter(lambda name: b":" not in name))
@example(b"b:\na:", b"a")
@example(b"a:1\na:2\n", b"a")
def test_find_line_finds_the_first_line_in_any_file(data: bytes, name: bytes) -> None:
    lines = text.split_lines(data)
    matching = [line for line in lines if b":" in line and line.split(b":")[0] == name]
    found = vpasswd.find_line(data, name)
    assert (found is None) == (not matching)
    if found is not None:
        start, end = found
        assert data[start:end].rstrip(b"\n") == matching[0]
        assert start == 0 or data[start - 1 : start] == b"\n"
        assert end == len(data) or data[end - 1 : end] == b"\n"


@given(files, names)
@example(b"joe1:x\n", b"joe")
@example(b"joe:x\n", b"joe1")
@example(b"z:x\na:x\n", b"b")
@example(b"\xff:x\n", b"\xff")
def test_the_insertion_point_is_before_the_first_greater_name(data: bytes, name: bytes) -> None:
    assert insertion_point(data, name) == linear_insertion_point(data, name)


@given(st.binary(max_size=60), st.binary(max_size=4))
def test_the_insertion_point_in_any_bytes_is_that_of_a_linear_search(
    data: bytes, name: bytes
) -> None:
    assert insertion_point(data, name) == linear_insertion_point(data, name)


@pytest.mark.parametrize("byte", range(256))
def test_the_insertion_point_respects_every_byte(byte: int) -> None:
    data = b"".join(b"%c:\n" % other for other in range(256) if other not in b":\n")
    name = bytes([byte])
    assert insertion_point(data, name) == linear_insertion_point(data, name)


def test_the_insertion_point_of_a_very_long_name_is_found() -> None:
    data = b"a" * 5000 + b":x\n" + b"b:x\n"
    assert insertion_point(data, b"a" * 5000) == 5003
    assert insertion_point(data, b"a" * 4999) == 0
    assert insertion_point(data, b"c" * 5000) == len(data)


def test_problems_name_line_and_reason_but_no_content() -> None:
    data = b"joe:secret\n" + SEEN + b"\nsecret\n:x:1:0:Joe:/joe:NOQUOTA\nlast:x:1:0:L:/l:NOQUOTA"
    assert vpasswd.problems(data) == [
        (1, "2 fields instead of at least 7"),
        (6, "blank line"),
        (7, "1 fields instead of at least 7"),
        (8, "no user name"),
    ]


def test_records_skip_lines_without_a_colon_and_take_the_last_line() -> None:
    data = b"joe:x:1\n\nnocolon\n:y\namy:z"
    assert list(vpasswd.records(data)) == [(b"joe", b"x:1"), (b"", b"y"), (b"amy", b"z")]


def test_records_of_the_documented_file_serve_lookups() -> None:
    compiled = cdb.build(vpasswd.records(SEEN))
    found = cdb.find(compiled, b"alice")
    assert found is not None
    assert vpasswd.parse_lookup("alice", found) == vpasswd.parse_line(SEEN.split(b"\n")[0])
