"""The journal: entries, stages, and what a dead process left."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import needs_root, tree
from vpopmail.errors import FileNotUpdated, FormatError
from vpopmail.plan import journal
from vpopmail.safeio.directory import Directory, Owner

CHILD = """
import os, sys
from vpopmail.plan import journal
from vpopmail.safeio.directory import Directory, Owner
stage = journal.begin(Directory.open(sys.argv[1]), Owner(os.geteuid(), os.getegid()))
stage.directory.create("=joe", [b"built"], None)
if sys.argv[2] == "entry":
    stage.enter("users", [("add", "joe", "0/A")])
print(stage.name, flush=True)
sys.stdin.read()
"""

words = st.text(st.characters(exclude_categories=["Cs"])) | st.binary(max_size=8).map(
    lambda data: data.decode("utf-8", "surrogateescape")
)
facts = st.lists(st.lists(words, min_size=1, max_size=4).map(tuple), max_size=5)
kinds = st.sampled_from(["users", "domains", "domain directories"])


@given(kinds, facts)
def test_an_entry_reads_back_whatever_its_words(kind: str, said: list[journal.Fact]) -> None:
    assert journal.parse_entry(journal.format_entry(kind, said)) == (kind, said)


@given(kinds, facts, st.data())
def test_a_torn_entry_is_refused(kind: str, said: list[journal.Fact], data: st.DataObject) -> None:
    whole = journal.format_entry(kind, said)
    with pytest.raises(FormatError):
        journal.parse_entry(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(st.binary())
def test_anything_else_is_refused_as_a_format_error(data: bytes) -> None:
    for text in (data, b"vpopmail journal 1\nusers\n" + data + b"\nend\n"):
        try:
            kind, _ = journal.parse_entry(text)
        except FormatError:
            continue
        assert kind == "users"


def start(place: Directory, what: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, place.path, what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def test_a_closed_stage_leaves_nothing(directory: Directory, owner: Owner) -> None:
    stage = journal.begin(directory, owner)
    stage.directory.create("=joe", [b""], None)
    stage.enter("users", [])
    assert stage.entry() == ("users", [])
    stage.close()
    stage.close()
    assert directory.names() == []


def test_a_withdrawn_entry_is_none(directory: Directory, owner: Owner) -> None:
    stage = journal.begin(directory, owner)
    assert stage.entry() is None
    stage.enter("users", [])
    stage.withdraw()
    assert stage.entry() is None
    stage.close()


def test_a_torn_entry_is_none(directory: Directory, owner: Owner) -> None:
    stage = journal.begin(directory, owner)
    stage.directory.create("entry", [b"vpopmail journal 1\nusers\nadd\tjo"], None)
    assert stage.entry() is None
    stage.close()


def test_without_sync_an_entry_is_written_all_the_same(
    directory: Directory, owner: Owner
) -> None:
    directory.sync = False
    stage = journal.begin(directory, owner)
    stage.enter("users", [("add", "joe")])
    assert stage.entry() == ("users", [("add", "joe")])
    stage.close()


def test_two_stages_lie_side_by_side(directory: Directory, owner: Owner) -> None:
    first, second = journal.begin(directory, owner), journal.begin(directory, owner)
    first.close()
    assert directory.names() == [".vpopmail"]
    second.close()
    assert directory.names() == []


def test_a_living_process_keeps_its_stage_and_a_dead_one_leaves_it(
    directory: Directory,
) -> None:
    process = start(directory, "entry")
    assert list(journal.leftovers(directory)) == []
    process.kill()
    process.communicate()
    found = list(journal.leftovers(directory))
    assert [left.entry() for left in found] == [("users", [("add", "joe", "0/A")])]
    assert journal.is_ours(found[0])
    assert found[0].directory.read("=joe") == b"built"
    found[0].close()
    assert directory.names() == []


def test_a_dead_stage_without_entry_is_given_too(directory: Directory) -> None:
    process = start(directory, "none")
    process.kill()
    process.communicate()
    (left,) = journal.leftovers(directory)
    assert left.entry() is None
    left.close()


def test_an_abandoned_stage_is_a_leftover(directory: Directory, owner: Owner) -> None:
    stage = journal.begin(directory, owner)
    stage.enter("users", [])
    stage.abandon()
    (left,) = journal.leftovers(directory)
    assert left.name == stage.name
    left.close()


def test_where_there_is_no_journal_nothing_is_left(directory: Directory) -> None:
    assert list(journal.leftovers(directory)) == []


def test_a_symlinked_journal_is_a_strangers(directory: Directory, tmp_path: Path) -> None:
    (tmp_path / "other/stage").mkdir(parents=True)
    (tmp_path / "other/stage/entry").write_bytes(journal.format_entry("users", []))
    Path(directory.path, ".vpopmail").symlink_to(tmp_path / "other")
    before = tree(tmp_path / "other")
    assert list(journal.leftovers(directory)) == []
    assert tree(tmp_path / "other") == before


def test_a_file_in_the_journals_place_is_a_strangers(directory: Directory, owner: Owner) -> None:
    Path(directory.path, ".vpopmail").write_bytes(b"")
    assert list(journal.leftovers(directory)) == []
    with pytest.raises(FileNotUpdated, match="move it away"):
        journal.begin(directory, owner)


def test_a_file_or_link_in_the_journal_is_passed_over(
    directory: Directory, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    place = Path(directory.path, ".vpopmail")
    place.mkdir()
    (place / "file").write_bytes(b"")
    (place / "link").symlink_to(tmp_path / "other")
    assert list(journal.leftovers(directory)) == []
    assert tree(place) == {"file": b"", "link": f"-> {tmp_path / 'other'}"}


def test_an_empty_journal_is_removed(directory: Directory) -> None:
    Path(directory.path, ".vpopmail").mkdir()
    assert list(journal.leftovers(directory)) == []
    assert directory.names() == []


def test_trouble_with_the_journal_is_told(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Directory, name: str) -> Directory:
        raise OSError(errno.EIO, "disk")

    monkeypatch.setattr(Directory, "enter", refuse)
    with pytest.raises(OSError):
        list(journal.leftovers(directory))


def test_a_stage_that_another_takes_first_is_made_anew(
    directory: Directory, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between making and locking a stage, recovery may lock and remove it."""
    taken: list[int] = []
    real = fcntl.flock

    def flock(fd: int, operation: int) -> None:
        if not taken:
            taken.append(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY))
            real(taken[0], operation)
        real(fd, operation)

    monkeypatch.setattr(journal.fcntl, "flock", flock)
    stage = journal.begin(directory, owner)
    assert not os.path.samestat(os.fstat(stage.directory.fd), os.fstat(taken[0]))
    os.close(taken[0])
    stage.close()


def test_a_journal_that_is_cleared_away_meanwhile_is_made_again(
    directory: Directory, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vpopmail.safeio import seam

    cleared: list[str] = []

    def clear(kind: str, arguments: tuple[object, ...]) -> None:
        if kind == "mkdir" and arguments[0] != ".vpopmail" and not cleared:
            os.rmdir(f"{directory.path}/.vpopmail")
            cleared.append("once")

    monkeypatch.setattr(seam, "watch", clear)
    stage = journal.begin(directory, owner)
    assert cleared
    stage.enter("users", [])
    assert stage.entry() == ("users", [])
    stage.close()


def test_a_journal_that_goes_before_it_is_entered_is_made_again(
    directory: Directory, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(directory.path, ".vpopmail").mkdir()
    real = Directory.enter

    def enter(self: Directory, name: str) -> Directory:
        if name == ".vpopmail" and not os.listdir(f"{directory.path}/.vpopmail") and not gone:
            gone.append(name)
            os.rmdir(f"{directory.path}/.vpopmail")
        return real(self, name)

    gone: list[str] = []
    monkeypatch.setattr(Directory, "enter", enter)
    stage = journal.begin(directory, owner)
    assert gone
    stage.close()
    assert directory.names() == []


def test_trying_for_a_stage_ends(
    directory: Directory, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_lock", lambda stage: False)
    with pytest.raises(OSError) as caught:
        journal.begin(directory, owner)
    assert caught.value.errno == errno.EAGAIN


@needs_root
def test_a_stage_of_another_user_is_not_ours(directory: Directory, owner: Owner) -> None:
    stage = journal.begin(directory, owner)
    os.fchown(stage.directory.fd, 12345, 12345)
    assert not journal.is_ours(stage)
    os.fchown(directory.fd, 12345, 12345)
    assert journal.is_ours(stage)
    stage.close()


def test_what_cannot_be_removed_is_logged_and_left_to_the_next(
    directory: Directory,
    owner: Owner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from tests.conftest import Failing
    from vpopmail.safeio import seam

    stage = journal.begin(directory, owner)
    monkeypatch.setattr(seam, "watch", Failing("rmdir", 1, stage.name))
    stage.close()
    assert f"{stage.name} is left to be removed" in caplog.text
    monkeypatch.setattr(seam, "watch", None)
    for left in journal.leftovers(directory):
        left.close()
    assert directory.names() == []


@pytest.mark.parametrize("escape", ["\\q", "\\777", "\\N{DIGIT ONE}", "\\u0041", "\\", "\\\\\\q", "\\x4"])
def test_an_escape_that_no_entry_has_is_refused_without_a_warning(escape: str) -> None:
    text = f"vpopmail journal 1\nusers\nadd\t{escape}\t\nend\n"
    with pytest.raises(FormatError):
        journal.parse_entry(text.encode())


@pytest.mark.parametrize("word", ["9" * 20, "9" * 5000, "-1", "\u0661", ""])
def test_what_is_no_number_of_ours_makes_no_fact(directory: Directory, owner: Owner, word: str) -> None:
    with journal.begin(directory, owner) as stage:
        stage.enter("domain directories", [("counter", word)])
        assert stage.entry() is None
