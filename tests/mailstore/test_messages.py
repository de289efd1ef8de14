"""A message is whole in ``new``, or not there at all."""

from __future__ import annotations

import errno
import mailbox
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.processes import FailOnce, Killed, in_child, kill_before
from vpopmail.mailstore import messages
from vpopmail.mailstore.messages import MessageNotWritten, share_message, unique_name, write_message
from vpopmail.safeio.directory import Directory, Owner

TEXT = b"Subject: x\n\nbody\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (tmp_path / "M" / part).mkdir(parents=True)
    return tmp_path / "M"


@pytest.fixture
def maildir(path: Path) -> Iterator[Directory]:
    with Directory.open(str(path)) as opened:
        yield opened


def test_it_comes_into_new_with_its_size_in_its_name(maildir: Directory, path: Path) -> None:
    name, size = write_message(maildir, [TEXT[:5], TEXT[5:]], None)
    assert size == len(TEXT)
    assert re.fullmatch(r"\d+\.M\d{6}P\d+Q\d+\.[^:/]+,S=17", name)
    assert (path / "new" / name).read_bytes() == TEXT
    assert (path / "new" / name).stat().st_mode & 0o777 == 0o600
    assert os.listdir(path / "tmp") == []


def test_other_programs_read_it(maildir: Directory, path: Path) -> None:
    write_message(maildir, [TEXT], None)
    assert [one.get_payload() for one in mailbox.Maildir(path)] == ["body\n"]


def test_names_are_never_the_same() -> None:
    assert len({unique_name() for _ in range(10_000)}) == 10_000


def test_a_host_with_a_slash_or_colon_makes_no_other_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages.os, "uname", lambda: os.uname_result(("", "a/b:c", "", "", "")))
    assert unique_name().endswith(".a\\057b\\072c")


def test_a_message_of_the_same_name_is_never_replaced(
    maildir: Directory, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(["1.M1P1Q1.h", "1.M1P1Q1.h", "2.M1P1Q1.h"])
    monkeypatch.setattr(messages, "unique_name", lambda: next(names))
    write_message(maildir, [b"one"], None)
    write_message(maildir, [b"two"], None)
    assert sorted(p.read_bytes() for p in (path / "new").iterdir()) == [b"one", b"two"]


def test_without_hard_links_it_is_moved(
    maildir: Directory, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*arguments: object, **keywords: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_links)
    name, _ = write_message(maildir, [TEXT], None)
    assert (path / "new" / name).read_bytes() == TEXT
    assert os.listdir(path / "tmp") == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES])
def test_each_call_may_fail_and_nothing_of_it_is_left(
    maildir: Directory, path: Path, code: int
) -> None:
    number = 0
    while True:
        number += 1
        failing = FailOnce(number, code)
        with failing:
            try:
                write_message(maildir, [TEXT], None)
            except MessageNotWritten as error:
                assert error.error.errno == code
            else:
                break
        if failing.seen < number:
            break
        assert all(p.read_bytes() == TEXT for p in (path / "new").iterdir())
        for part in ("new", "tmp"):
            for left in (path / part).iterdir():
                left.unlink()
    assert number > 3


def test_what_the_system_says_at_the_close_keeps_it_out_of_new(
    maildir: Directory, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS may tell only then that there is no room, if nothing was synced."""
    maildir.sync = False
    close = os.close

    def refuse(fd: int) -> None:
        is_file = stat.S_ISREG(os.fstat(fd).st_mode)
        close(fd)
        if is_file:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    before = len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patch:
        patch.setattr(messages.os, "close", refuse)
        with pytest.raises(MessageNotWritten) as caught:
            write_message(maildir, [TEXT], None)
    assert (caught.value.error.errno, caught.value.was_opened) == (errno.EDQUOT, True)
    assert list((path / "new").iterdir()) == list((path / "tmp").iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == before


def test_killed_anywhere_it_is_whole_in_new_or_not_there(path: Path) -> None:
    number, done = 0, False
    while not done:
        number += 1

        def deliver(number: int = number) -> None:
            kill_before(number)
            with Directory.open(str(path)) as opened:
                write_message(opened, [TEXT], None)

        try:
            in_child(deliver)
            done = True
        except Killed:
            pass
        for message in (path / "new").iterdir():
            assert message.read_bytes() == TEXT
            message.unlink()
    assert number > 5


def test_a_maildir_that_is_missing_is_told_with_the_file_that_was_to_be(tmp_path: Path) -> None:
    with Directory.open(str(tmp_path)) as opened, pytest.raises(MessageNotWritten) as caught:
        write_message(opened, [TEXT], None)
    assert not caught.value.was_opened
    assert caught.value.path.startswith(f"{tmp_path}/tmp/")


@pytest.mark.parametrize("symbolic", [True, False])
def test_a_shared_message_keeps_its_owner_and_mode(
    maildir: Directory, path: Path, tmp_path: Path, symbolic: bool
) -> None:
    source = tmp_path / "bulletin"
    source.write_bytes(TEXT)
    source.chmod(0o644)
    name = share_message(maildir, str(source), len(TEXT), symbolic=symbolic)
    shared = path / "new" / name
    assert shared.is_symlink() is symbolic
    assert shared.read_bytes() == TEXT
    assert source.stat().st_mode & 0o777 == 0o644
    assert source.stat().st_nlink == (1 if symbolic else 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_gives_it_to_its_owner(maildir: Directory, path: Path) -> None:
    name, _ = write_message(maildir, [TEXT], Owner(89, 90))
    status = (path / "new" / name).stat()
    assert (status.st_uid, status.st_gid) == (89, 90)


def test_it_follows_no_link_in_place_of_tmp(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (path / "tmp").rmdir()
    (path / "tmp").symlink_to(elsewhere)
    with Directory.open(str(path)) as opened, pytest.raises(MessageNotWritten):
        write_message(opened, [TEXT], None)
    assert list(elsewhere.iterdir()) == []
