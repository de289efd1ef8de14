"""The message: read as often as there are actions, its header looked through for loops."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.delivery.message import Message, NotSeekable, nameless_copy, open_message


def message(data: bytes) -> Message:
    return Message(nameless_copy([data]))


def closing(data: bytes) -> tuple[Message, int]:
    one = message(data)
    return one, one.fd


@pytest.fixture
def pipe() -> tuple[int, int]:
    return os.pipe()


def test_it_is_read_from_its_beginning_wherever_the_descriptor_stands() -> None:
    one = message(b"0123456789")
    os.lseek(one.fd, 7, os.SEEK_SET)
    assert b"".join(one.chunks()) == b"0123456789" == b"".join(one.chunks())
    assert one.size == 10
    os.close(one.fd)


def test_a_pipe_is_copied(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"hello")
    os.close(pipe[1])
    one = open_message(pipe[0], copy=True)
    assert b"".join(one.chunks()) == b"hello"
    assert one.identity() is None
    os.close(one.fd)
    os.close(pipe[0])


def test_a_pipe_that_may_not_be_copied_is_refused(pipe: tuple[int, int]) -> None:
    with pytest.raises(NotSeekable):
        open_message(pipe[0], copy=False)
    os.close(pipe[0])
    os.close(pipe[1])


def test_a_file_of_the_queue_is_known_again(tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.write_bytes(b"x")
    found = set()
    for _ in range(2):
        fd = os.open(path, os.O_RDONLY)
        found.add(open_message(fd, copy=True).identity())
        os.close(fd)
    (tmp_path / "2").write_bytes(b"x")
    fd = os.open(tmp_path / "2", os.O_RDONLY)
    found.add(open_message(fd, copy=True).identity())
    os.close(fd)
    assert len(found) == 2 and None not in found


@pytest.mark.parametrize(
    ("data", "addresses"),
    [
        (b"Delivered-To: joe@example.com\n\nbody\n", {"joe@example.com"}),
        (b"DELIVERED-TO: JOE@Example.com\r\n\r\nbody\r\n", {"joe@example.com"}),
        (b"Subject: x\n\nDelivered-To: joe@example.com\n", set()),
        (b"Subject: x\n\r\nDelivered-To: joe@example.com\n", set()),
        (b"Delivered-To: a@b\nDelivered-To: c@d", {"a@b", "c@d"}),
        (b"X-Delivered-To: a@b\n Delivered-To: a@b\n\n", set()),
        (b"", set()),
    ],
)
def test_the_addresses_of_its_header(data: bytes, addresses: set[str]) -> None:
    one = message(data)
    assert one.delivered_to() == addresses
    os.close(one.fd)


@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b" ")), max_size=30))
def test_header_lines_are_those_before_the_first_blank_one(lines: list[bytes]) -> None:
    one = message(b"\n".join(lines))
    expected = []
    for line in b"\n".join(lines).split(b"\n"):
        if not line or line.startswith(b"\r"):
            break
        expected.append(line)
    assert list(one.header_lines()) == expected
    os.close(one.fd)


def test_a_line_longer_than_a_chunk_is_one_line() -> None:
    one = message(b"X: " + b"\0" * (1 << 16) + b"Delivered-To: a@b\nDelivered-To: c@d\n\n")
    assert one.delivered_to() == {"c@d"}
    os.close(one.fd)


@given(st.lists(st.binary(max_size=100), max_size=10))
def test_a_copy_holds_all_parts(parts: list[bytes]) -> None:
    fd = nameless_copy(parts)
    assert b"".join(Message(fd).chunks()) == b"".join(parts)
    os.close(fd)
