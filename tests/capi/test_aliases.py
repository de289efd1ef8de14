"""Aliases by their C names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN, tree
from vpopmail import VA, Vpopmail, use

LONG_NAME = "a" * 65
LONG_DOMAIN = "a" * 97
LONG_LINE = "x" * 160
JOE = "&joe@example.com"
AMY = "&amy@other.org"


@pytest.fixture(params=["cdb", "memory"])
def kept(
    request: pytest.FixtureRequest, make_site: Callable[..., Vpopmail]
) -> Iterator[Vpopmail]:
    """The current site, with a domain and a user."""
    site = make_site(backend=request.param)
    with use(site):
        site.domains.add(DOMAIN)
        site.users.add(f"joe@{DOMAIN}")
        yield site


def until_none(first: object, following: Callable[[], object]) -> list[object]:
    found = []
    while first is not None:
        found.append(first)
        first = following()
    return found


def test_lines_come_one_by_one_and_from_the_iterator(kept: Vpopmail) -> None:
    for line in (JOE, "#", AMY):
        assert vpopmail.valias_insert("Sales", DOMAIN.upper(), line) == VA.SUCCESS
    for blank in ("", " \t"):
        assert vpopmail.valias_insert("Sales", DOMAIN, blank) == VA.NULL_POINTER
    first = vpopmail.valias_select("sales", DOMAIN)
    assert until_none(first, vpopmail.valias_select_next) == [JOE, "#", AMY]
    assert vpopmail.valias_select_next() is None
    assert list(vpopmail.valias_lines("sales", DOMAIN)) == [JOE, "#", AMY]
    assert vpopmail.last_error() == VA.SUCCESS


def test_names_and_all_lines_of_a_domain(kept: Vpopmail) -> None:
    kept.aliases.set(f"zeta@{DOMAIN}", [JOE])
    kept.aliases.set(f"a.b@{DOMAIN}", [JOE, AMY])
    kept.aliases.set(f"empty@{DOMAIN}", [])
    names = until_none(vpopmail.valias_select_names(DOMAIN), vpopmail.valias_select_names_next)
    assert names == list(vpopmail.valias_names(DOMAIN)) == ["a.b", "empty", "zeta"]
    pairs = until_none(vpopmail.valias_select_all(DOMAIN), vpopmail.valias_select_all_next)
    assert pairs == list(vpopmail.valias_all(DOMAIN))
    assert pairs == [("a.b", JOE), ("a.b", AMY), ("zeta", JOE)]
    assert vpopmail.valias_select_names(DOMAIN) == "a.b"
    vpopmail.valias_select_names_end()
    assert vpopmail.valias_select_names_next() is None


def test_a_cursor_shows_what_was_there_at_its_beginning_to_its_thread_only(kept: Vpopmail) -> None:
    kept.aliases.set(f"sales@{DOMAIN}", [JOE, AMY])
    assert vpopmail.valias_select("sales", DOMAIN) == JOE
    vpopmail.valias_delete("sales", DOMAIN)
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.append(vpopmail.valias_select_next()))
    thread.start()
    thread.join()
    assert seen == [None]
    assert vpopmail.valias_select_next() == AMY


def test_a_cursor_stays_with_the_site_it_began_on(
    kept: Vpopmail, tmp_path: Path, make_site: Callable[..., Vpopmail]
) -> None:
    kept.aliases.set(f"sales@{DOMAIN}", [JOE, AMY])
    vpopmail.valias_select_all(DOMAIN)
    with use(make_site(vpopmaildir=str(tmp_path / "v2"), qmaildir=str(tmp_path / "q2"))):
        assert vpopmail.valias_select_all_next() == ("sales", AMY)


def test_removing_and_deleting(kept: Vpopmail) -> None:
    kept.aliases.set(f"sales@{DOMAIN}", [JOE, f"{JOE}.au"])
    assert vpopmail.valias_remove("sales", DOMAIN, JOE) == VA.SUCCESS
    assert vpopmail.valias_remove("sales", DOMAIN, JOE) == VA.SUCCESS
    assert list(vpopmail.valias_lines("sales", DOMAIN)) == [f"{JOE}.au"]
    assert vpopmail.valias_delete("sales", DOMAIN) == VA.SUCCESS
    assert vpopmail.valias_delete("sales", DOMAIN) == -1
    assert vpopmail.last_error() == VA.COULD_NOT_OPEN_DOT_QMAIL
    assert vpopmail.valias_remove("sales", DOMAIN, JOE) == -1
    kept.aliases.add(f"sales@{DOMAIN}", JOE)
    assert vpopmail.valias_delete_domain(DOMAIN) == VA.SUCCESS
    assert vpopmail.valias_select_all(DOMAIN) is None


@pytest.mark.parametrize(
    ("alias", "domain", "line", "code"),
    [
        (None, DOMAIN, JOE, VA.NULL_POINTER),
        ("sales", None, JOE, VA.NULL_POINTER),
        ("sales", DOMAIN, None, VA.NULL_POINTER),
        (LONG_NAME, LONG_DOMAIN, LONG_LINE, VA.USER_NAME_TOO_LONG),
        ("sales", LONG_DOMAIN, LONG_LINE, VA.DOMAIN_NAME_TOO_LONG),
        ("sales", "none.example", LONG_LINE, VA.ALIAS_LINE_TOO_LONG),
        ("sales", "none.example", JOE, VA(-1)),
        ("sales", "", JOE, None),
        ("a/../b", DOMAIN, JOE, VA(-1)),
        ("\ud800", DOMAIN, JOE, VA(-1)),
        ("a\0b", DOMAIN, JOE, VA(-1)),
    ],
)
def test_the_codes_of_c_and_nothing_written(
    kept: Vpopmail, tmp_path: Path, alias: str | None, domain: str | None, line: str | None, code: VA | None
) -> None:  # fmt: skip
    before = tree(tmp_path)
    inserted = vpopmail.valias_insert(alias, domain, line)
    removed = vpopmail.valias_remove(alias, domain, line)
    assert (inserted, removed) == ((code, code) if code is not None else (inserted, VA(-1)))
    assert inserted < 0
    if line is not None and code != VA.ALIAS_LINE_TOO_LONG:
        assert vpopmail.valias_delete(alias, domain) == removed
        assert vpopmail.valias_select(alias, domain) is None
        looked = vpopmail.last_error()
        assert code is None or code == -1 or looked == code
    assert tree(tmp_path).keys() - before.keys() <= {f"v/domains/{DOMAIN}/.vpasswd.lock"}


def test_listings_of_no_domain_are_empty_and_say_why(kept: Vpopmail) -> None:
    for listing in (vpopmail.valias_select_names, vpopmail.valias_select_all):
        assert listing(None) is None
        assert vpopmail.last_error() == VA.NULL_POINTER
        assert listing("none.example") is None
        assert vpopmail.last_error() == VA.DOMAIN_DOES_NOT_EXIST
    assert vpopmail.valias_delete_domain(None) == VA.NULL_POINTER
    assert vpopmail.valias_delete_domain("none.example") == -1


def test_a_wrong_type_is_a_type_error(kept: Vpopmail) -> None:
    for call in (
        lambda: vpopmail.valias_insert(b"sales", DOMAIN, JOE),  # type: ignore[arg-type]
        lambda: vpopmail.valias_select(None, 1),  # type: ignore[arg-type]
        lambda: vpopmail.vadddotqmail("sales", DOMAIN, None),  # type: ignore[arg-type]
        lambda: vpopmail.vdeldotqmail(None, DOMAIN),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            call()


def test_dot_qmail_helpers_make_and_delete_a_whole_alias(kept: Vpopmail) -> None:
    assert vpopmail.vadddotqmail("Team.A", DOMAIN, "joe", "amy@other.org") == VA.SUCCESS
    maildir = f"{kept.users.get(f'joe@{DOMAIN}').pw_dir}/Maildir/"
    assert kept.aliases.get(f"team.a@{DOMAIN}") == [maildir, "amy@other.org"]
    assert vpopmail.vadddotqmail("team.a", DOMAIN, "x@other.org") == VA.SUCCESS
    for codes in (
        (vpopmail.vadddotqmail("team.a", DOMAIN, "amy@other.org", "nobody"), VA.USER_DOES_NOT_EXIST),
        (vpopmail.vadddotqmail("team.a", "none.example", "joe"), VA.DOMAIN_DOES_NOT_EXIST),
        (vpopmail.vadddotqmail("a/b", DOMAIN, "joe"), VA.ILLEGAL_USERNAME),
        (vpopmail.vadddotqmail("team.a", DOMAIN, "a@b\n|x"), VA.BAD_CHAR),
    ):
        assert codes[0] == codes[1]
    assert kept.aliases.get(f"team.a@{DOMAIN}") == ["x@other.org"]
    assert vpopmail.vdeldotqmail("team.a", DOMAIN) == VA.SUCCESS
    assert vpopmail.vdeldotqmail("team.a", DOMAIN) == VA.COULD_NOT_OPEN_DOT_QMAIL
    assert vpopmail.vdeldotqmail("team.a", "none.example") == VA.DOMAIN_DOES_NOT_EXIST


def test_an_alias_that_is_a_trap_gives_codes(site: Vpopmail, domain: Path) -> None:
    (domain / ".qmail-x").symlink_to("/etc/passwd")
    assert vpopmail.valias_select("x", DOMAIN) is None
    assert vpopmail.last_error() == VA.COULD_NOT_OPEN_DOT_QMAIL
    assert vpopmail.valias_insert("x", DOMAIN, JOE) == -1
    assert vpopmail.valias_remove("x", DOMAIN, JOE) == -1
    assert vpopmail.vadddotqmail("x", DOMAIN, "a@b.org") == VA.COULD_NOT_OPEN_DOT_QMAIL
    assert vpopmail.valias_select_all(DOMAIN) is None
    assert vpopmail.valias_delete("x", DOMAIN) == VA.SUCCESS


def test_the_first_line_of_the_default_is_read_as_an_alias(site: Vpopmail, domain: Path) -> None:
    line = vpopmail.valias_select("default", DOMAIN)
    assert line == (domain / ".qmail-default").read_text().rstrip("\n")
