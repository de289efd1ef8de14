"""Every format: whatever others have written is read, and stays when we change the file."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vpopmail.errors import FormatError
from vpopmail.formats import (
    assign,
    cdb,
    cdb_writing,
    control,
    dircontrol,
    dotqmail,
    freeslots,
    limits,
    maildirsize,
    password_strength,
    vpasswd,
    vpasswd_changes,
    vusagec,
)
from vpopmail.formats.mail_date import format_date
from vpopmail.formats.text import split_lines, to_text
from vpopmail.names import fold, fold_domain, split_address

KINDS = (control.ASSIGN, control.LIST, control.VIRTUALDOMAINS)
# Bytes as they come, and lines that look like the real ones.
likely = st.sampled_from(
    [
        b"",
        b".",
        b"#x",
        b"joe:$1$x:1:0:Joe:/v/joe:NOQUOTA",
        b"joe:x:1:0:Joe:/v/joe:NOQUOTA:clear",
        b"+a.b-:a.b:89:89:/v/a.b:-::",
        b"=joe:joe:1000:100:/home/joe:::",
        b"a.b:a.b",
        b"A.B ",
        b"\xff\xfe",
        b"0/A # kept",
        b"| vdelivermail '' delete",
        b"&joe@a.b\r",
        b"maxaliases: 9",
        b"disable_pop",
        b"100S,5C",
        b"100 -1",
    ]
)
lines = likely | st.binary(max_size=20).map(lambda data: data.replace(b"\n", b""))
files = st.builds(
    lambda some, last: b"\n".join(some) + last,
    st.lists(lines, max_size=8),
    st.sampled_from([b"", b"\n"]),
) | st.binary(max_size=200)
names = st.sampled_from([b"joe", b"amy", b"zoe", b"\xff"])

READERS: dict[str, Callable[[bytes], object]] = {
    "assign line": assign.parse_line,
    "assign": assign.compile_users,
    "assign record": lambda data: assign.parse_lookup("a.b", data),
    "assign records": lambda data: assign.restore_lines([(data, data)]),
    "cdb": lambda data: list(cdb.iterate(data)),
    "cdb key": lambda data: cdb.find(data, b"joe"),
    "cdb splice": lambda data: cdb.splice(data, [(b"joe", b"x", None)], [b"amy"]),
    "control": control.count_lines,
    "control sorted": lambda data: [control.sort_lines(data, kind) for kind in KINDS],
    "control keys": lambda data: [control.sort_key(data, kind) for kind in KINDS],
    "morercpthosts": control.compile_morercpthosts,
    "dir-control": dircontrol.parse,
    "dot-qmail": dotqmail.parse,
    "dot-qmail default": dotqmail.parse_default,
    "dot-qmail action": dotqmail.default_action,
    "dot-qmail program": dotqmail.runs_vdelivermail,
    "dot-qmail name": lambda data: dotqmail.alias_name(to_text(data)),
    "free places": freeslots.usable,
    "limits": limits.parse,
    "maildirsize": maildirsize.parse,
    "maildirsize quota": lambda data: maildirsize.parse_quota(to_text(data)),
    "maildirsize message": lambda data: maildirsize.message_size(to_text(data)),
    "maildirsize counted": lambda data: maildirsize.counts(to_text(data)),
    "password_strength": password_strength.parse,
    "vpasswd line": vpasswd.parse_line,
    "vpasswd record": lambda data: vpasswd.parse_lookup("joe", data),
    "vpasswd problems": vpasswd.problems,
    "vpasswd records": lambda data: list(vpasswd.records(data)),
    "vpasswd users": lambda data: list(iter(lambda: _next_user(io.BytesIO(data)), None)),
    "vusagec": vusagec.parse_client,
    "usage reply": vusagec.parse_reply,
}


def _next_user(file: io.BytesIO) -> None:
    while vpasswd.next_user(file) is not None:
        continue


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=60)
@given(data=files)
@example(data=b"")
@example(data=b"\0" * 2048)
@example(data=b":" * 40)
@example(data=b"9" * 5000)
def test_any_bytes_are_read_or_are_a_format_error(reader: str, data: bytes) -> None:
    try:
        READERS[reader](data)
    except FormatError:
        return


# what others have written stays


@given(files, lines.filter(bool), st.sampled_from(KINDS))
def test_a_line_put_into_a_control_file_leaves_all_others(
    data: bytes, line: bytes, kind: int
) -> None:
    before = Counter(split_lines(data))
    after = Counter(split_lines(control.insert_line(data, line, kind)))
    if kind == control.ASSIGN:
        # Its last line is a dot, and qmail reads no further.
        del before[b"."], after[b"."]
    new = Counter([line] if line not in before and (kind != control.ASSIGN or line != b".") else [])
    assert after == before + new


@given(files, st.lists(lines, max_size=3))
def test_lines_taken_out_of_a_control_file_leave_all_others(data: bytes, gone: list[bytes]) -> None:
    after, count = control.remove_lines(data, gone)
    kept = [line for line in split_lines(data) if line not in gone]
    assert split_lines(after) == kept
    assert count == len(split_lines(data)) - len(kept)


@given(files, lines.filter(bool), st.booleans())
def test_a_start_takes_only_the_lines_that_begin_with_it(
    data: bytes,
    start: bytes,
    once: bool,  # noqa: FBT001
) -> None:
    after, count = control.remove_starting(data, start, once=once)
    before = split_lines(data)
    found = [line for line in before if line.startswith(start)][: 1 if once else None]
    assert count == len(found)
    assert Counter(split_lines(after)) == Counter(before) - Counter(found)


@given(files, st.sampled_from(KINDS))
def test_sorting_a_control_file_loses_no_line(data: bytes, kind: int) -> None:
    before, after = split_lines(data), split_lines(control.sort_lines(data, kind))
    dots = kind == control.ASSIGN
    assert sorted(line for line in after if not dots or line != b".") == sorted(
        line for line in before if not dots or line != b"."
    )
    assert control.sort_lines(control.sort_lines(data, kind), kind) == control.sort_lines(
        data, kind
    )


@given(files, st.dictionaries(names, st.none() | names.map(lambda name: name), max_size=3))
def test_a_change_of_vpasswd_leaves_the_lines_of_others(
    data: bytes, names_changed: dict[bytes, bytes | None]
) -> None:
    changes = {
        name: None if new is None else name + b":x:1:0::/v:NOQUOTA"
        for name, new in names_changed.items()
    }
    after = vpasswd_changes.change_lines(data, changes)
    assert _of_others(after, changes) == _of_others(data, changes)
    for name, line in changes.items():
        found = [one for one in split_lines(after) if one.startswith(name + b":")]
        assert found == ([] if line is None else [line])


def _of_others(data: bytes, changes: dict[bytes, bytes | None]) -> list[bytes]:
    return [
        line for line in split_lines(data) if b":" not in line or line.split(b":")[0] not in changes
    ]


@given(files, names)
def test_a_new_line_of_vpasswd_leaves_all_others(data: bytes, name: bytes) -> None:
    line = name + b":x:1:0::/v:NOQUOTA"
    pieces, _ = vpasswd_changes.insert_line(data, name, line)
    after = split_lines(b"".join(pieces))
    after.remove(line)
    assert after == split_lines(data)


@given(files, st.sampled_from(["0", "0/A", "z/z/z"]))
def test_a_free_place_is_added_behind_what_is_there(data: bytes, place: str) -> None:
    after = freeslots.append(data, place)
    assert split_lines(after) == [*split_lines(data), place.encode()]
    assert freeslots.usable(after) == [*freeslots.usable(data), place]


@given(files)
def test_a_place_that_is_taken_leaves_all_other_lines(data: bytes) -> None:
    for place in freeslots.usable(data)[:1]:
        after = split_lines(freeslots.remove_first(data, place))
        gone = Counter(split_lines(data)) - Counter(after)
        assert sum(gone.values()) == 1
        assert freeslots.usable(next(iter(gone))) == [place]


@given(files, st.sampled_from(["delete", "bounce-no-mailbox", "/v/a.b/joe", "joe@a.b"]))
def test_another_default_delivery_leaves_the_other_lines(data: bytes, action: str) -> None:
    after = dotqmail.with_default_action(data, "/v/bin/vdelivermail", action)
    assert dotqmail.default_action(after) == action
    lost = Counter(split_lines(data)) - Counter(split_lines(after))
    assert sum(lost.values()) <= 1
    # Once it says so nothing is to be changed.
    assert dotqmail.with_default_action(after, "/v/bin/vdelivermail", action) == after


# print and parse are inverse


plain = st.text("abz09-.", min_size=1, max_size=8)


@given(st.lists(st.tuples(plain, plain, st.integers(0, 2**32), plain), max_size=5))
def test_lines_of_assign_come_back_from_their_records(
    some: list[tuple[str, str, int, str]],
) -> None:
    written = [f"+{name}-:{real}:{uid}:{uid}:/{path}:-::" for name, real, uid, path in some]
    data = "".join(f"{line}\n" for line in [*written, "."]).encode()
    assert [line.decode() for line in assign.restore_lines(assign.compile_users(data))] == written


@given(st.integers(0, 2**35))
def test_a_date_is_read_back(seconds: int) -> None:
    expected = datetime.fromtimestamp(seconds, tz=timezone.utc)
    assert parsedate_to_datetime(format_date(seconds)) == expected


@given(st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=9))
def test_records_of_a_cdb_come_back(records: list[tuple[bytes, bytes]]) -> None:
    assert list(cdb.iterate(cdb_writing.build(records))) == records


# names


@given(st.text())
def test_a_folded_domain_stays_as_it_is(name: str) -> None:
    folded = fold_domain(name)
    assert fold_domain(folded) == folded
    assert fold(folded) == folded


@given(st.from_regex(r"[a-z0-9\u00e0-\u00f6]{1,9}(\.[a-z\u00e0-\u00f6]{2,9}){1,2}", fullmatch=True))
def test_a_u_label_and_its_a_label_are_one_domain(name: str) -> None:
    stored = fold_domain(name)
    assert stored.isascii()
    assert fold_domain(name.upper()) == stored
    assert stored.encode().decode("idna") == name


@given(st.text(), st.text())
def test_an_address_is_split_at_its_first_separator(user: str, domain: str) -> None:
    found = split_address(f"{user}@{domain}")
    if "@" not in user:
        assert found == (fold(user), fold(domain))
