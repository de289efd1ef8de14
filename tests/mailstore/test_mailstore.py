"""Homes, domains and places beneath open directories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import needs_root, tree
from vpopmail.errors import FileNotUpdated, HomeExists
from vpopmail.mailstore.paths import split_home
from vpopmail.mailstore import domains, homes
from vpopmail.mailstore.free_places import change_free_places, free_places, is_place
from vpopmail.safeio.directory import Directory, Owner
from vpopmail.safeio.locks import FileLock

MAILDIR = dict.fromkeys(("Maildir", "Maildir/cur", "Maildir/new", "Maildir/tmp"), "d")


@pytest.mark.parametrize("sync", [False, True])
def test_a_built_home_has_a_maildir_and_its_files(
    directory: Directory, owner: Owner, sync: bool
) -> None:
    before = os.umask(0o077)
    try:
        homes.build(directory, "joe", owner, {"a": b"1", "Maildir/b": b"2"}, sync=sync)
    finally:
        os.umask(before)
    path = Path(directory.path, "joe")
    assert tree(path) == {**MAILDIR, "a": b"1", "Maildir/b": b"2"}
    assert {one.stat().st_mode & 0o777 for one in path.rglob("*") if one.is_dir()} == {0o700}
    assert {one.stat().st_mode & 0o777 for one in path.rglob("*") if one.is_file()} == {0o600}


@needs_root
def test_root_gives_all_of_a_home_away(directory: Directory) -> None:
    homes.build(directory, "joe", Owner(12345, 12346), {"a": b"1"}, sync=False)
    path = Path(directory.path, "joe")
    for one in (path, *path.rglob("*")):
        assert (one.stat().st_uid, one.stat().st_gid) == (12345, 12346)


def test_a_place_is_made_once(directory: Directory, owner: Owner) -> None:
    assert homes.make_place(directory, "0/A", owner) == ["0", "0/A"]
    assert homes.make_place(directory, "0/B", owner) == ["0/B"]
    assert homes.make_place(directory, "0/A", owner) == []
    assert homes.make_place(directory, "", owner) == []


def test_a_place_through_a_link_is_not_made(
    directory: Directory, owner: Owner, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    Path(directory.path, "0").symlink_to(tmp_path / "other")
    with pytest.raises(OSError):
        homes.make_place(directory, "0/A", owner)
    assert tree(tmp_path / "other") == {}


def test_a_free_name_passes_and_a_taken_one_is_refused(directory: Directory) -> None:
    homes.check_free(directory, "", "joe")
    homes.check_free(directory, "0/A", "joe")
    Path(directory.path, "0/A/joe").mkdir(parents=True)
    with pytest.raises(HomeExists) as caught:
        homes.check_free(directory, "0/A", "joe")
    assert caught.value.subject == f"{directory.path}/0/A/joe"


def test_a_home_goes_to_its_place_and_back(directory: Directory, owner: Owner) -> None:
    with directory.make("stage", owner) as stage:
        homes.build(stage, homes.staged_name("joe"), owner, {}, sync=False)
        homes.make_place(directory, "0", owner)
        with homes.enter_place(directory, "0") as place:
            stage.move(homes.staged_name("joe"), place, "joe")
        assert tree(Path(directory.path, "0/joe")) == MAILDIR
        assert stage.names() == []
        assert homes.take(stage, directory, "0", "joe", "joe")
        assert stage.names() == ["=joe"]
        assert not homes.take(stage, directory, "0", "joe", "joe")


@pytest.mark.parametrize("what", ["nothing", "no place", "file", "link", "place is a file"])
def test_what_is_no_home_is_not_taken(
    directory: Directory, owner: Owner, tmp_path: Path, what: str
) -> None:
    path = Path(directory.path)
    if what == "file":
        (path / "joe").write_bytes(b"")
    elif what == "link":
        (path / "joe").symlink_to(tmp_path)
    elif what == "place is a file":
        (path / "0").write_bytes(b"")
    place = "0" if "place" in what else ""
    with directory.make("stage", owner) as stage:
        before = tree(path)
        assert homes.take(stage, directory, place, "joe", "joe") is False
        assert tree(path) == before


names = st.text(st.sampled_from("ab./"), max_size=8)


@given(names)
def test_a_split_home_is_strictly_below_the_domain(rest: str) -> None:
    split = split_home("/d/dom", f"/d/dom/{rest}")
    if split is None:
        assert not rest or any(part in {"", ".", ".."} for part in rest.split("/"))
    else:
        assert os.path.normpath(f"/d/dom/{rest}") == f"/d/dom/{rest}"
        assert "/".join(part for part in split if part) == rest


@pytest.mark.parametrize("home", ["/d/dom", "/d/domain/joe", "/etc", "", "joe"])
def test_a_home_elsewhere_is_not_split(home: str) -> None:
    assert split_home("/d/dom", home) is None


# domains


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("/v/domains/a.example", ("/v/domains", "", "a.example")),
        ("/v/domains/0/a.example", ("/v/domains", "0", "a.example")),
        ("/v/domains/0/A/z/a.example", ("/v/domains", "0/A/z", "a.example")),
        ("/1/2/3/4/a.example", ("/1", "2/3/4", "a.example")),
        ("/a.example", ("/", "", "a.example")),
        ("/0/a.example", ("/0", "", "a.example")),
    ],
)
def test_the_directory_of_a_domain_is_split(path: str, split: tuple[str, str, str]) -> None:
    assert domains.split_domain(path) == split


@pytest.mark.parametrize("what", ["nothing", "no place", "place is a file"])
def test_a_domain_that_is_not_there_is_not_taken(
    directory: Directory, owner: Owner, what: str
) -> None:
    if what == "place is a file":
        Path(directory.path, "0").write_bytes(b"")
    place = "0" if "place" in what else ""
    with directory.make("stage", owner) as stage:
        assert domains.take_domain(stage, directory, place, "a.example", "a.example") is False
        Path(directory.path, "a.example").mkdir()
        if not place:
            assert domains.take_domain(stage, directory, "", "a.example", "a.example")
            Path(directory.path, "a.example").mkdir()
            assert not domains.take_domain(stage, directory, "", "a.example", "a.example")


# places


@given(st.text(max_size=6) | st.text(st.sampled_from("0Az/.é٣"), max_size=6))
def test_a_place_is_one_to_three_letters_or_digits(text: str) -> None:
    import re

    assert is_place(text) == bool(re.fullmatch(r"[0-9A-Za-z](/[0-9A-Za-z]){0,2}", text, re.ASCII))


def test_places_are_taken_and_freed_under_the_lock(directory: Directory, owner: Owner) -> None:
    directory.replace(".dir_control_free", [b"# old\n0\n../..\n0/A\n0\n"], owner)
    assert free_places(directory) == ["0", "0/A", "0"]
    change_free_places(directory, owner, 0, ["0", "z"], ["1/2"])
    assert free_places(directory) == ["0/A", "0", "1/2"]
    with FileLock(directory, ".dir_control_free.lock", 0):
        change_free_places(directory, owner, 0, [], [])
        with pytest.raises(FileNotUpdated):
            change_free_places(directory, owner, 0, ["0"], [])
    assert free_places(directory) == ["0/A", "0", "1/2"]


def test_without_a_list_no_place_is_free(directory: Directory) -> None:
    assert free_places(directory) == []
