"""Whether an address exists: as a user, an alias, a mailing list, an autoresponder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN, needs_root
from vpopmail import Vpopmail

PATH_FUNCTIONS = (vpopmail.isExistingAlias, vpopmail.isValidMailList, vpopmail.isExistingRobot)


@pytest.fixture(params=["5.4", "5.6"])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(make_site: Callable[..., Vpopmail], profile: str, tmp_path: Path) -> object:
    """The directory of a domain with one address of each kind."""
    site = make_site(profile=profile)
    with vpopmail.use(site):
        site.domains.add(DOMAIN)
        assert vpopmail.vadduser("joe", DOMAIN, "secret", "", 0) == 0
        path = Path(site.domains.get(DOMAIN).path)
        (path / ".qmail-plain").write_bytes(b"&joe@example.com\n")
        (path / ".qmail-with:dot").write_bytes(b"&joe@example.com\n")
        (path / ".qmail-empty").write_bytes(b"")
        (path / ".qmail-list").write_bytes(b"|/ezmlm/ezmlm-reject x\n|/ezmlm/ezmlm-send x\n")
        (path / ".qmail-sender").write_bytes(b"|/ezmlm/ezmlm-send x\n")
        (path / ".qmail-second").write_bytes(b"# a list\n|/ezmlm/ezmlm-send x\n")
        (path / ".qmail-robot").write_bytes(b"|/bin/autorespond 1 2 x y\n")
        (path / "ROBOT").mkdir()
        (path / "ROBOT/message").write_bytes(b"away\n")
        (path / "SILENT").mkdir()
        (tmp_path / "q/alias").mkdir()
        (tmp_path / "q/alias/.qmail-root").write_bytes(b"")
        (tmp_path / "q/alias/.qmail-lists-default").write_bytes(b"")
        (tmp_path / "q/alias/.qmail-dot:ted").write_bytes(b"")
        yield path


ALIASES = {
    "plain": (1, 1), "with.dot": (1, 1), "PLAIN": (1, 1), "empty": (1, 1), "second": (1, 1),
    "list": (1, 0), "sender": (1, 0), "robot": (1, 0), "default": (1, 0),
    "joe": (0, 0), "none": (0, 0), "": (0, 0), "..": (0, 0), "a/b": (0, 0), "nul\0": (0, 0), "\ud800": (0, 0),
    "x" * 300: (0, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_is_a_dot_qmail_file(place: Path, profile: str, name: str) -> None:
    expected = ALIASES[name][profile == "5.6"]
    assert vpopmail.isExistingAlias(str(place), name) == expected
    assert vpopmail.isExistingAlias(str(place), name, DOMAIN) == expected


@pytest.mark.parametrize(
    ("name", "found"),
    [("list", 1), ("sender", 1), ("LIST", 1), ("second", 0), ("plain", 0), ("none", 0), ("", 0)],
)
def test_a_mailing_list_runs_ezmlm_in_its_first_line(place: Path, name: str, found: int) -> None:
    assert vpopmail.isValidMailList(str(place), name) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [("robot", 1), ("Robot", 1), ("silent", 0), ("none", 0), ("", 0), (".", 0), ("..", 0),
     ("robot/", 0), ("nul\0", 0), ("\ud800", 0), ("x" * 300, 0)],
)  # fmt: skip
def test_a_robot_has_a_message(place: Path, name: str, found: int) -> None:
    assert vpopmail.isExistingRobot(str(place), name) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [("root", 1), ("ROOT", 1), ("lists", 1), ("dot.ted", 1), ("none", 0), ("a/b", 0), ("", 0),
     ("nul\0", 0), ("\ud800", 0), ("x" * 300, 0)],
)  # fmt: skip
def test_qmail_s_own_aliases(place: Path, name: str, found: int) -> None:
    assert vpopmail.isQmailAlias(name) == found


def test_without_qmail_s_alias_directory_it_has_none(site: Vpopmail) -> None:
    assert vpopmail.isQmailAlias("root") == 0
    assert vpopmail.last_error() == 0


def test_a_user_exists_in_its_domain(place: Path) -> None:
    assert vpopmail.isExistingUser("joe", DOMAIN) == 1
    assert vpopmail.isExistingUser("JOE", "Example.COM") == 1
    assert vpopmail.isExistingUser("joe", "none.example") == 0
    assert vpopmail.isExistingUser("plain", DOMAIN) == 0


def test_an_address_is_a_user_or_an_alias(place: Path, profile: str) -> None:
    (place / ".qmail-robot").unlink()
    for name, found in (("joe", 1), ("plain", 1), ("none", 0), ("robot", profile == "5.6")):
        assert vpopmail.isExistingAddress(DOMAIN, name, str(place)) == found


@pytest.mark.parametrize("name", ["joe", "plain", "list", "robot", "root"])
def test_any_address_is_any_of_them(place: Path, name: str) -> None:
    assert vpopmail.isExistingAnyAddress(DOMAIN, name, str(place)) == 1
    assert vpopmail.isExistingAnyAddress(DOMAIN, f"no-{name}", str(place)) == 0


@pytest.mark.parametrize("path", ["", "relative", ".", "/none", "/nul\0", "/\ud800"])
def test_in_a_directory_that_cannot_be_opened_nothing_exists(
    place: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    for function in PATH_FUNCTIONS:
        assert function(path, "plain") == function(path, "robot") == function(path, "list") == 0


@needs_root
def test_links_of_a_mailbox_owner_are_not_followed(place: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"|ezmlm-send\n")
    (place / ".qmail-link").symlink_to(tmp_path / "secret")
    (place / "LINK").symlink_to(place / "ROBOT")
    (tmp_path / "way").symlink_to(place)
    os.lchown(tmp_path / "way", 1234, 2345)
    for function in PATH_FUNCTIONS:
        assert function(str(place), "link") == 0
        assert function(str(tmp_path / "way"), "list") == 0
        assert function(str(tmp_path / "way"), "robot") == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: vpopmail.isExistingUser(b"joe", DOMAIN),
        lambda: vpopmail.isExistingAlias("/x", b"joe"),
        lambda: vpopmail.isExistingAlias("/x", "joe", None),
        lambda: vpopmail.isExistingAddress(DOMAIN, "joe", 7),
        lambda: vpopmail.isValidMailList(None, "joe"),
        lambda: vpopmail.isExistingRobot("/x", 7),
        lambda: vpopmail.isQmailAlias(b"joe"),
        lambda: vpopmail.isExistingAnyAddress(None, "joe", "/x"),
    ],
)
def test_a_wrong_type_is_a_type_error(site: Vpopmail, call: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        call()


def test_an_alias_that_the_backend_keeps_exists(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(backend="memory")
    site.domains.add(DOMAIN)
    site.aliases.add(f"sales@{DOMAIN}", "&joe@example.org")
    path = site.domains.get(DOMAIN).path
    with vpopmail.use(site):
        assert vpopmail.isExistingAlias(path, "Sales", DOMAIN) == 1
        assert vpopmail.isExistingAlias(path, "sales") == 0
        assert vpopmail.isExistingAlias(path, "other", DOMAIN) == 0
        assert vpopmail.isExistingAddress(DOMAIN, "sales", path) == 1


def test_an_old_mailing_list_is_a_link(site: Vpopmail, domain: Path) -> None:
    (domain / "list").mkdir()
    (domain / "list/editor").write_text("|/usr/local/bin/ezmlm/ezmlm-reject\n")
    (domain / ".qmail-list").symlink_to("list/editor")
    assert vpopmail.isValidMailList(str(domain), "list") == 1
