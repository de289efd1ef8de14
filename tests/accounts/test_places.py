"""Where homes go: hashed directories, and places that became free."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, tree, without_locks
from vpopmail import Vpopmail
from vpopmail.accounts.places import Places
from vpopmail.backends.files.dir_control import FileDirControl
from vpopmail.errors import HomeExists
from vpopmail.safeio.directory import Directory, Owner


def set_counter(domain: Path, users: int, place: str) -> None:
    domain.joinpath(".dir-control").write_text(
        f"{users}\n0\n3\n0 0 0\n61 61 61\n0 2 4\n0 0 0\n{place}\n"
    )


def test_the_hundredth_home_goes_into_the_first_directory(site: Vpopmail, domain: Path) -> None:
    set_counter(domain, 99, "")
    site.users.add(f"joe@{DOMAIN}", password="x")
    assert site.users.get(f"joe@{DOMAIN}").pw_dir == f"{domain}/0/joe"
    assert (domain / "0/joe/Maildir/new").is_dir()
    assert (domain / ".dir-control").read_bytes().startswith(b"100\n")


def test_a_place_that_became_free_is_used_again(site: Vpopmail, domain: Path) -> None:
    set_counter(domain, 99, "")
    site.users.add(f"joe@{DOMAIN}", password="x")
    site.users.delete(f"joe@{DOMAIN}")
    assert (domain / ".dir_control_free").read_bytes() == b"0\n"
    assert (domain / ".dir-control").read_bytes().startswith(b"99\n")
    set_counter(domain, 500, "4")
    site.users.add(f"amy@{DOMAIN}", password="x")
    assert site.users.get(f"amy@{DOMAIN}").pw_dir == f"{domain}/0/amy"
    assert (domain / ".dir_control_free").read_bytes() == b""
    assert (domain / ".dir-control").read_bytes().startswith(b"501\n")


def test_without_hashing_all_homes_lie_in_the_domain(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(users_big_dir=False)
    site.domains.add(DOMAIN)
    domain = Path(site.domains.get(DOMAIN).path)
    set_counter(domain, 99, "")
    site.users.add(f"j@{DOMAIN}", password="x")
    assert site.users.get(f"j@{DOMAIN}").pw_dir == f"{domain}/j"
    site.users.delete(f"j@{DOMAIN}")
    assert (domain / ".dir-control").read_bytes().startswith(b"99\n")


@pytest.mark.parametrize("place", ["../..", "/etc", "0/../..", "..", "a/b/c/d"])
def test_a_counter_or_list_that_leads_elsewhere_is_not_believed(
    site: Vpopmail, domain: Path, tmp_path: Path, place: str
) -> None:
    set_counter(domain, 7, place)
    (domain / ".dir_control_free").write_text(f"{place}\n")
    site.users.add(f"joe@{DOMAIN}", password="x")
    assert site.users.get(f"joe@{DOMAIN}").pw_dir == f"{domain}/joe"


@pytest.mark.parametrize(
    "numbers",
    [
        "0\n3\n0 0 0\n61 61 61\n1 2 4\n0 0 0\n0",
        "0\n3\n0 0 0\n61 61 61\n9223372036854775807 2 4\n0 0 0\n0",
        "1\n3\n0 0 0\n61 61 61\n0 2 4\n0 0 0\n0",
        "0\n3\n0 0 0\n61 61 61\n0 2 4\n0 0 0\n0/A",
        "2\n3\n0 0 0\n61 61 61\n0 2 4\n0 0 0\n",
    ],
)
def test_a_counter_whose_numbers_do_not_fit_its_directory_is_not_believed(
    site: Vpopmail, domain: Path, numbers: str
) -> None:
    (domain / ".dir-control").write_text(f"99\n{numbers}\n")
    site.users.add(f"joe@{DOMAIN}", password="x")
    assert site.users.get(f"joe@{DOMAIN}").pw_dir == f"{domain}/joe"
    assert (domain / ".dir-control").read_bytes().startswith(b"1\n")


def test_a_home_that_cannot_be_put_gives_its_place_back(site: Vpopmail, domain: Path) -> None:
    (domain / ".dir_control_free").write_text("0/A\n")
    (domain / "0/A/joe").mkdir(parents=True)
    before = without_locks(tree(domain))
    with pytest.raises(HomeExists):
        site.users.add(f"joe@{DOMAIN}", password="x")
    assert without_locks(tree(domain)) == before


def test_a_failed_addition_removes_the_directories_that_it_made(
    site: Vpopmail, domain: Path, fail: Callable[..., None]
) -> None:
    set_counter(domain, 6299, "z")
    before = without_locks(tree(domain))
    fail("rename", 1, "vpasswd")
    with pytest.raises(OSError):
        site.users.add(f"joe@{DOMAIN}", password="x")
    assert without_locks(tree(domain)) == before


@pytest.fixture
def places(directory: Directory) -> Places:
    return Places(FileDirControl(), "key", directory, hashed=True)


def test_a_place_that_is_not_used_after_all_is_free_again(directory: Directory, places: Places) -> None:
    directory.replace(".dir_control_free", [b"1\n2\n"], None)
    assert [places.next(), places.next(), places.next()] == ["1", "2", ""]
    places.cancel("")
    places.cancel("2")
    assert (list(places.moves()), places.taken) == (["reuse"], ["1"])
    assert places.next() == "2"
    places.give_back("")
    places.cancel("1")
    places.cancel("2")
    assert (list(places.moves()), places.taken) == (["retreat"], [])


def test_facts_are_finished_once(directory: Directory, places: Places, owner: Owner) -> None:
    directory.replace(".dir_control_free", [b"1\n2\n"], None)
    directory.replace(".dir-control", [b"5\n"], None)
    places.next()
    places.give_back("0/A")
    places.give_back("")
    facts = list(places.facts())
    assert facts[0] == ("count", "5", "2")
    for _ in range(2):
        Places(FileDirControl(), "key", directory, hashed=True).finish(facts, owner, 0)
        assert (directory.read(".dir-control") or b"").startswith(b"4\n")


def test_a_list_of_free_places_is_finished_once(
    directory: Directory, places: Places, owner: Owner
) -> None:
    directory.replace(".dir_control_free", [b"1\n2\n"], None)
    places.next()
    facts = list(places.facts())
    for _ in range(2):
        Places(FileDirControl(), "key", directory, hashed=True).finish(facts, owner, 0)
        assert directory.read(".dir_control_free") == b"2\n"


@pytest.mark.parametrize("place", ["#", "0\n", "..", "0/A/", "a b", "0#"])
def test_a_fact_that_frees_what_is_no_place_is_passed_over(
    directory: Directory, places: Places, owner: Owner, place: str
) -> None:
    directory.replace(".dir_control_free", [b"1\n"], None)
    places.finish([("count", "0", "1"), ("freed", place), ("freed", "0/A")], owner, 0)
    assert directory.read(".dir_control_free") == b"1\n0/A\n"


def test_facts_of_other_kinds_are_passed_over(
    directory: Directory, places: Places, owner: Owner
) -> None:
    places.finish([("add", "joe", "0")], owner, 0)
    assert directory.names() == []
