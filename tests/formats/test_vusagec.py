from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.formats import vusagec

SHIPPED = b"""Server:
   Disable = True;
   Filename = /tmp/vusaged.sock;
   // Remote = 127.0.0.1:189;
   Timeout = 1;
"""


def told(data: bytes) -> tuple[bool, str, str, float]:
    conf = vusagec.parse_client(data)
    return conf.disabled, conf.filename, conf.remote, conf.timeout


def test_as_shipped_and_without_a_file_the_daemon_is_not_asked() -> None:
    assert told(SHIPPED) == told(b"") == (True, "/tmp/vusaged.sock", "", 1.0)


def test_a_daemon_that_is_asked() -> None:
    data = SHIPPED.replace(b"True", b"False").replace(b"// ", b"").replace(b"= 1;", b"= 20;")
    assert told(data) == (False, "/tmp/vusaged.sock", "127.0.0.1:189", 20.0)


@pytest.mark.parametrize("value", ["no", "0", "", "Fals", "true"])
def test_only_the_word_false_switches_it_on(value: str) -> None:
    assert told(f"Server:\n Disable = {value};\n".encode())[0]


@pytest.mark.parametrize("value", ["0", "-1", "61", "soon", "9" * 400, "1e3", "\u0663"])
def test_a_timeout_that_is_no_use_is_the_default(value: str) -> None:
    assert told(f"Server:\n Timeout = {value};\n".encode())[3] == 1.0


def test_settings_of_other_sections_are_not_the_clients() -> None:
    assert told(b"Disable = False;\nSocket:\n Disable = False;\n")[0]


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("A:\n x = 1;\nB:\n x = 2;\n", {"a": {"x": "1"}, "b": {"x": "2"}}),
        ("A:x=1;y=2;", {"a": {"x": "1", "y": "2"}}),
        ("A:\n Client   Timeout = 5;", {"a": {"client timeout": "5"}}),
        ("A:\n x = a:b=c;", {"a": {"x": "a:b=c"}}),
        ('A:\n x = "a ; // b";', {"a": {"x": "a ; // b"}}),
        ('A:\n x = "say \\"hi\\"";', {"a": {"x": 'say "hi"'}}),
        ("A:\n x = a\\;b;", {"a": {"x": "a;b"}}),
        ("A: /* x = 1; */ y = 2; // z = 3;\n", {"a": {"y": "2"}}),
        ("A:\n x = one\n   two;", {"a": {"x": "one    two"}}),
        ("A:\nx = 1\ny = 2\n", {"a": {"x": "1", "y": "2"}}),
        ("A:\nx = 1", {"a": {"x": "1"}}),
        ("A:\n x = 1; x = 2;", {"a": {"x": "2"}}),
        ("A:\n nonsense; x = 1;", {"a": {"x": "1"}}),
        ("A:\n = 1;", {}),
        ("/* never closed", {}),
        ("// the end", {}),
    ],
)
def test_the_grammar(text: str, sections: dict[str, dict[str, str]]) -> None:
    assert vusagec.parse_sections(text.encode()) == sections


@given(st.binary(max_size=200))
def test_any_file_is_read(data: bytes) -> None:
    conf = vusagec.parse_client(data)
    assert 0 < conf.timeout <= 60


@given(st.text('AaBb:=;"\\/* \n', max_size=40))
def test_any_text_gives_names_in_lower_case(text: str) -> None:
    for values in vusagec.parse_sections(text.encode()).values():
        assert all(name == name.lower() and name.strip() == name for name in values)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_value_can_be_quoted(value: str) -> None:
    quoted = "".join(f"\\{one}" for one in value)
    sections = vusagec.parse_sections(f'A:\n x = "{quoted}";'.encode())
    assert sections["a"]["x"] == value.strip(" \t\r\n\v\f")


def test_a_question_is_its_length_and_its_text() -> None:
    assert vusagec.format_request("joe@example.com") == b"\0\x0fjoe@example.com"
    assert vusagec.format_request(" ") == b"\0\x01 "


@pytest.mark.parametrize("entry", ["", "a" * 1025, "\u00e9" * 513])
def test_what_is_too_long_or_nothing_is_not_asked(entry: str) -> None:
    assert vusagec.format_request(entry) == b""


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 2))
def test_an_answer_is_two_numbers(size: int, count: int) -> None:
    assert vusagec.parse_reply(struct.pack(">QQ", size, count)) == (size, count)


@pytest.mark.parametrize("data", [b"", b"\xff" * 16, b"\0" * 15, b"\0" * 17])
def test_what_the_daemon_does_not_know(data: bytes) -> None:
    assert vusagec.parse_reply(data) is None
