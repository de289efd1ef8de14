from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.errors import InvalidCharacter
from vpopmail.formats import dotqmail
from vpopmail.formats.dotqmail import DeliveryLine

PROGRAM = "/home/vpopmail/bin/vdelivermail"

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1).filter(
    lambda word: "vdelivermail" not in word
)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("sales", ".qmail-sales"),
        ("first.last", ".qmail-first:last"),
        ("a+b-c_d=e", ".qmail-a+b-c_d=e"),
        ("default", ".qmail-default"),
    ],
)
def test_an_alias_has_its_file(alias: str, name: str) -> None:
    assert dotqmail.file_name(alias) == name
    assert dotqmail.alias_name(name) == alias


@given(st.text(st.characters(exclude_characters="/\0:"), min_size=1))
def test_every_alias_is_known_by_its_file(alias: str) -> None:
    assert dotqmail.alias_name(dotqmail.file_name(alias)) == alias


@pytest.mark.parametrize("alias", ["a/b", "../b", "a\0b"])
def test_an_alias_that_is_no_file_name_is_refused(alias: str) -> None:
    with pytest.raises(InvalidCharacter):
        dotqmail.file_name(alias)


@pytest.mark.parametrize("name", ["", ".qmail", ".qmail-", "vpasswd", "x.qmail-a", ".QMAIL-a"])
def test_other_files_belong_to_no_alias(name: str) -> None:
    assert dotqmail.alias_name(name) is None


@pytest.mark.parametrize(
    "action", ["bounce-no-mailbox", "delete", "postmaster@example.net", "/home/example.com/alice"]
)
def test_the_documented_default_line_comes_out(action: str) -> None:
    line = f"| /home/vpopmail/bin/vdelivermail '' {action}\n".encode()
    assert dotqmail.default_delivery(PROGRAM, action) == line
    assert dotqmail.parse_default(line) == action


@given(words)
def test_an_action_is_read_back(action: str) -> None:
    if not (action.startswith("'") and action.endswith("'")):
        assert dotqmail.parse_default(dotqmail.default_delivery(PROGRAM, action)) == action


@pytest.mark.parametrize("word", ["o'brien@x.org", "a$(id)`id`;id|id&", "~root", "*", "#a", "'x'"])
def test_the_shell_takes_an_action_as_one_word(word: str) -> None:
    line = dotqmail.default_delivery("/x/vdelivermail", word)
    command = line.replace(b"| /x/vdelivermail", b"printf '%s|'").decode()
    shown = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True)  # noqa: S603
    assert shown.stdout.decode() == f"|{word}|"


@pytest.mark.parametrize(("program", "action"), [("", "a"), (PROGRAM, ""), (PROGRAM, "a\nb")])
def test_an_action_that_makes_no_line_is_refused(program: str, action: str) -> None:
    with pytest.raises(InvalidCharacter):
        dotqmail.default_delivery(program, action)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"&joe@example.com\n",
        b"| /bin/vdelivermail delete\n",
        b"| /bin/vdelivermail ''delete\n",
        b"# '' first\n| /bin/vdelivermail '' delete\n",
        b"| /bin/other '' vdelivermail\n",
    ],
)
def test_other_first_lines_have_no_action(data: bytes) -> None:
    assert dotqmail.parse_default(data) is None


def test_blanks_around_an_action_and_later_lines_do_not_count() -> None:
    data = b"|preline /usr/bin/vdelivermail ''  delete \t\n# more\n"
    assert dotqmail.parse_default(data) == "delete"


@given(st.binary(max_size=80) | st.text("# |&/\n'vdelivermail x", max_size=80).map(str.encode))
def test_another_default_action_is_read_back_and_other_lines_stay(data: bytes) -> None:
    before = dotqmail.default_action(data)
    new = dotqmail.with_default_action(data, PROGRAM, "delete")
    assert dotqmail.default_action(new) == "delete"
    assert dotqmail.runs_vdelivermail(new)
    old_lines, new_lines = data.split(b"\n"), new.removesuffix(b"\n").split(b"\n")
    lost = [line for line in old_lines if line and line not in new_lines]
    assert len(lost) <= (before is not None)
    assert dotqmail.with_default_action(new, PROGRAM, "delete") == new


@pytest.mark.parametrize(
    ("data", "action"),
    [
        (b"", None),
        (b"# only\n \n", None),
        (b"# | /x/vdelivermail '' old\n&amy@example.org\n", "&amy@example.org"),
        (b"|/bin/filter\n| /x/vdelivermail '' delete\n./Maildir/\n", "delete"),
        (b"|/bin/filter\n./Maildir/ \n# end\n", "./Maildir/"),
    ],
)
def test_the_line_that_decides_is_found_among_others(data: bytes, action: str | None) -> None:
    assert dotqmail.default_action(data) == action


def test_each_kind_of_line_is_told_apart() -> None:
    data = (
        b"# text \n"
        b"| /bin/cat \t\n"
        b"/home/joe/Maildir/\n"
        b"./Maildir/\n"
        b"./mbox\n"
        b"&joe@example.com\n"
        b"amy@example.com\n"
        b" \n"
        b"&jo\xe9@example.com"
    )
    assert dotqmail.parse(data) == [
        DeliveryLine(dotqmail.COMMENT, "text"),
        DeliveryLine(dotqmail.PROGRAM, "/bin/cat"),
        DeliveryLine(dotqmail.MAILDIR, "/home/joe/Maildir/"),
        DeliveryLine(dotqmail.MAILDIR, "./Maildir/"),
        DeliveryLine(dotqmail.MBOX, "./mbox"),
        DeliveryLine(dotqmail.FORWARD, "joe@example.com"),
        DeliveryLine(dotqmail.FORWARD, "amy@example.com"),
        DeliveryLine(dotqmail.BLANK, ""),
        DeliveryLine(dotqmail.FORWARD, "jo\udce9@example.com"),
    ]
    assert dotqmail.parse(b"") == []


@given(st.binary(max_size=60))
def test_any_file_has_as_many_deliveries_as_lines(data: bytes) -> None:
    assert len(dotqmail.parse(data)) == data.count(b"\n") + (
        not data.endswith(b"\n") and data != b""
    )
    dotqmail.parse_default(data)
