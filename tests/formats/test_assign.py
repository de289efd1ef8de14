from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.errors import FormatError, InvalidCharacter
from vpopmail.formats import assign, cdb
from vpopmail.records import DomainEntry

HOME = "/home/vpopmail/domains/example.com"
LINE = b"+example.com-:example.com:89:89:/home/vpopmail/domains/example.com:-::"
ALIAS = b"+example.org-:example.com:89:89:/home/vpopmail/domains/example.com:-::"

# What no C code folds: capitals. What the format does not hold: colons, line breaks, NUL.
field = st.text(
    st.characters(exclude_characters=":", categories=("Ll", "Lo", "M", "N", "P", "S", "Z")),
    min_size=1,
)
entries = st.builds(DomainEntry, field, field, st.integers(0, 2**31), st.integers(0, 2**31), field)


def test_the_documented_file_compiles_to_the_documented_cdb() -> None:
    data = cdb.build(assign.compile_users(LINE + b"\n.\n"))
    assert len(data) == 0x875
    assert data[0x800:] == (
        bytes.fromhex("0d000000 37000000")
        + b"!example.com-example.com\x0089\x0089\0/home/vpopmail/domains/example.com\0-\0"
        + bytes.fromhex("00000000 01000000")
        + b"-"
        + bytes.fromhex("0000000000000000 05150000 4c080000")
        + bytes.fromhex("0000000000000000 2ee1d65e 00080000")
    )


def test_a_line_is_read_as_a_domain() -> None:
    entry = DomainEntry("example.org", "example.com", 89, 89, HOME)
    assert assign.parse_line(ALIAS + b"\n") == entry
    assert entry.is_alias
    assert assign.format_line(entry) == ALIAS


@given(entries)
def test_a_domain_survives_writing_reading_and_compiling(entry: DomainEntry) -> None:
    line = assign.format_line(entry)
    assert assign.parse_line(line) == entry
    records = assign.compile_users(line + b"\n.")
    assert records[-1] == (b"", b"-")
    key = assign.lookup_key(entry.domain.encode())
    assert assign.parse_lookup(entry.domain, cdb.find(cdb.build(records), key) or b"") == entry
    assert list(assign.iterate_domains(records)) == [entry]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b".",
        b"#comment",
        b"=joe.x-:joe:1:1:/home/joe:::",
        b"+:joe:1:1:/home/joe:::",
        b"+-:joe:1:1:/home/joe:::",
        b"+joe.x:joe:1:1:/home/joe:::",
        b"+a.b-:a.b:1:1",
        b"+a.b-::1:1:/home/joe:-::",
        b"+a.b-:a.b::1:/home/joe:-::",
        b"+a.b-:a.b:1:1::-::",
    ],
)
def test_other_lines_are_no_domains(line: bytes) -> None:
    assert assign.parse_line(line) is None


def test_a_name_without_a_dot_is_read() -> None:
    line = b"+joe-:joe:1:1:/home/joe.d:-::"
    assert assign.parse_line(line) == DomainEntry("joe", "joe", 1, 1, "/home/joe.d")


@pytest.mark.parametrize("char", [":", "\n", "\r", "\0"])
@pytest.mark.parametrize("member", ["domain", "realdomain", "path"])
def test_a_character_that_breaks_the_line_is_refused(member: str, char: str) -> None:
    entry = DomainEntry("a.b", "a.b", 1, 1, "/a.b")
    setattr(entry, member, "a" + char)
    with pytest.raises(InvalidCharacter):
        assign.format_line(entry)


def test_compiling_follows_qmail_newu() -> None:
    data = (
        b"=Joe:joe:1000:100:/home/Joe:-:ext:ignored:too\n"
        b"+Joe-:joe:1000:100:/home/Joe:-::\n"
        b"+:alias:1001:101:/var/alias:-::\n"
        b"+x=:x:1:1:/x:::\n"
        b"+Y:y:1:1:/y:::\n"
        b"+z-:z:1:1:/z:::\n"
        b".anything\n"
        b"never read"
    )
    assert assign.compile_users(data) == [
        (b"!joe\0", b"joe\x001000\x00100\0/home/Joe\0-\0ext"),
        (b"!joe-", b"joe\x001000\x00100\0/home/Joe\0-\0"),
        (b"!", b"alias\x001001\x00101\0/var/alias\0-\0"),
        (b"!x=", b"x\x001\x001\0/x\0\0"),
        (b"!y", b"y\x001\x001\0/y\0\0"),
        (b"!z-", b"z\x001\x001\0/z\0\0"),
        (b"", b"-=Y"),
    ]


def test_a_file_without_domains_has_empty_wildchars() -> None:
    assert assign.compile_users(b".\n") == [(b"", b"")]


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (LINE + b"\n\n.\n", "line 2: bad format: it is blank"),
        (LINE + b"\n+a.b-:a.b:1:1:/a.b:-:\n.\n", "line 2"),
        (b"#comment\n.\n", "line 1"),
        (b":a:b:c:d:e:f:g\n.\n", "line 1"),
        (b"+a\0b-:a.b:1:1:/a.b:-::\n.\n", "line 1"),
        (b"", "line 1"),
        (LINE, "dot"),
    ],
)
def test_what_qmail_newu_refuses_is_a_format_error(data: bytes, where: str) -> None:
    with pytest.raises(FormatError, match=where):
        assign.compile_users(data)


@given(st.binary(max_size=80))
def test_any_file_compiles_or_is_a_format_error(data: bytes) -> None:
    try:
        records = assign.compile_users(data)
    except FormatError:
        return
    assert records[-1][0] == b""
    assert all(key.startswith(b"!") for key, _ in records[:-1])
    list(assign.iterate_domains(records))


def test_the_lookup_key_is_in_lower_case() -> None:
    assert assign.lookup_key(b"EXAMPLE.com") == b"!example.com-"


@pytest.mark.parametrize("data", [b"", b"a.b\x001\x001", b"a.b\x001\x001\0\0-\0"])
def test_a_record_that_lacks_a_value_is_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"a\.b"):
        assign.parse_lookup("a.b", data)


def test_other_records_of_users_cdb_are_not_listed() -> None:
    good = b"a.b\x001\x002\0/a.b\0-\0"
    records = [
        (b"!joe.x\0", good),
        (b"!joe-", good),
        (b"!", good),
        (b"", b"-"),
        (b"!broken.org-", b"a.b"),
        (b"!a.b-", good),
    ]
    assert list(assign.iterate_domains(records)) == [
        DomainEntry("joe", "a.b", 1, 2, "/a.b"),
        DomainEntry("a.b", "a.b", 1, 2, "/a.b"),
    ]


@pytest.mark.parametrize(
    "record",
    [
        (b"!a\0b-", b"a.b\x001\x001\0/a\0-\0"),
        (b"!a:b-", b"a.b\x001\0/a\0-\0"),
        (b"!a.b-", b"a.b\x001:1\0/a\0-\0"),
        (b"!a.b-", b"a.b\x001\x001\0/a\n\0-\0"),
        (b"a.b-", b"a.b\x001\x001\0/a\0-\0"),
    ],
)
def test_a_record_that_no_line_can_stand_for_is_left_out(record: tuple[bytes, bytes]) -> None:
    good = (b"!a.b-", b"a.b\x001\x001\0/a\0-\0")
    assert assign.restore_lines([record, good]) == [b"+a.b-:a.b:1:1:/a:-::"]
