"""What may go wrong around a delivery: descriptors, the disk, long lines, the rights of root."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import needs_root
from tests.crash.processes import FailOnce
from vpopmail.delivery.deliver import deliver
from vpopmail.delivery.message import Message

from .conftest import DOMAIN, NOBODY, TEXT, Place

Make = Callable[..., Place]
ENVIRONMENT = {"EXT": "joe", "HOST": DOMAIN}


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def open_files(place: Place) -> set[str]:
    """What this process holds open, without the files of the domain, which its stores watch."""
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # that of the listing
            found.add(os.readlink(f"/proc/self/fd/{fd}"))
    return {path for path in found if os.path.dirname(path) != str(place.domain)}


@contextmanager
def at_most(more: int) -> Iterator[None]:
    """Let this process open a few more descriptors only."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_descriptors() - 1 + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_message_through_a_pipe_leaves_no_descriptor_open(place: Place) -> None:
    place.deliver()  # the directory of the domain stays open for the next message
    place.lines("./Maildir/\n|cat >/dev/null\n&a@b.org\n")
    before = open_files(place)
    begin, end = os.pipe()
    os.write(end, TEXT)
    os.close(end)
    assert deliver(place.site.installation, ENVIRONMENT, begin, "delete", print) == 0
    os.close(begin)
    assert open_files(place) == before


@pytest.mark.parametrize("flag", ["YES", "NO"])
def test_a_filter_leaves_no_descriptor_open(make_place: Make, tmp_path: Path, flag: str) -> None:
    spamc = tmp_path / "spamc"
    spamc.write_text(f"#!/bin/sh\necho X-Spam-Flag: {flag}\ncat\n")
    spamc.chmod(0o755)
    place = make_place(spamassassin=True, spamc_prog=str(spamc))
    place.site.limits.update(DOMAIN, delete_spam=True)
    place.deliver()
    before = open_files(place)
    assert place.deliver() == (0, "")
    assert open_files(place) == before
    assert len(place.new()) == (0 if flag == "YES" else 2)


def test_without_descriptors_the_message_waits(place: Place) -> None:
    place.lines("./Maildir/\n|cat >/dev/null\n")
    queued = place.top / "queued"
    queued.write_bytes(TEXT)
    before = open_descriptors()
    codes = []
    for more in range(1, 25):
        fd = os.open(queued, os.O_RDONLY)
        with at_most(more):
            codes.append(deliver(place.site.installation, ENVIRONMENT, fd, "delete", print))
        os.close(fd)
        # The directory of the domain stays open for the next message, if it can.
        assert open_descriptors() - before in (0, 1)
    assert set(codes) == {0, 111}
    assert codes == sorted(codes, reverse=True)
    assert place.new()


def test_a_message_whose_name_may_not_be_on_the_disk_comes_again_alone(make_place: Make) -> None:
    place = make_place(file_sync=True)
    call = 0
    while True:
        call += 1
        failing = FailOnce(call, 5)
        with failing:
            code, _ = place.deliver()
        if failing.seen < call:
            break
        kept = place.new()
        assert code == (0 if kept else 111), f"call {call}"
        for message in (place.home() / "Maildir/new").iterdir():
            message.unlink()
    assert call > 6


def test_a_header_line_without_end_costs_no_more_than_its_length(tmp_path: Path) -> None:
    """Its pieces are not put together again and again: what is read stays small."""
    path = tmp_path / "long"
    path.write_bytes(b"X: " + b"y" * (1 << 22) + b"\nDelivered-To: a@b\n\n")
    fd = os.open(path, os.O_RDONLY)
    lines = list(Message(fd).header_lines())
    os.close(fd)
    assert len(lines) == 2
    assert len(lines[0]) < 1 << 18
    assert lines[1] == b"Delivered-To: a@b"


def test_an_extension_longer_than_a_file_name_is_one_all_the_same(make_place: Make) -> None:
    place = make_place(qmail_ext=True)
    address = f"joe-{'x' * 252}@{DOMAIN}"
    queued = place.top / "queued"
    queued.write_bytes(TEXT)
    fd = os.open(queued, os.O_RDONLY)
    given = {"EXT": address.partition("@")[0], "HOST": DOMAIN}
    assert deliver(place.site.installation, given, fd, "delete", print) == 0
    os.close(fd)
    assert len(place.new()) == 1
    assert place.site.mail.deliverable(address) == "extension"
    assert place.site.mail.deliverable(f"{'y' * 300}@{DOMAIN}") is None


@needs_root
def test_root_puts_no_mail_where_the_owner_of_the_domain_could_not(public_place: Place) -> None:
    place = public_place
    other = place.top / "other/Maildir"
    for part in ("tmp", "new", "cur"):
        (other / part).mkdir(parents=True)
    place.lines(f"{other}/\n")
    os.chown(place.home() / ".qmail", NOBODY, NOBODY)
    code, text = place.deliver()
    assert (code, list((other / "new").iterdir())) == (111, [])
    assert "errno=13" in text
