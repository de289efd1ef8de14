"""The C names for quotas: codes instead of errors, and nothing written where nothing should be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN, tree
from tests.mailstore.daemons import known, unix_daemon, write_conf
from vpopmail import Vpopmail, VLimits
from vpopmail.codes import VA

QUOTA = "2000S,4C"
JOE = f"joe@{DOMAIN}"


@pytest.fixture
def joe(site: Vpopmail, domain: Path) -> Path:
    """The home of joe, who keeps 1500 bytes in 2 messages."""
    site.users.add(JOE, "secret")
    home = Path(site.users.get(JOE).pw_dir)
    (home / "Maildir/cur/1.h,S=1000:2,S").touch()
    (home / "Maildir/new/2.h,S=500").touch()
    return home


@pytest.fixture
def maildir(joe: Path) -> str:
    """His Maildir, as C callers write it."""
    return f"{joe}/Maildir/"


def file_of(joe: Path) -> str | None:
    path = joe / "Maildir/maildirsize"
    return path.read_text() if path.exists() else None


# texts


@pytest.mark.parametrize("text", ["10G", "1000c", "-1", "9" * 30, "\ud800", "1\n2"])
def test_what_is_no_quota_is_told(site: Vpopmail, text: str) -> None:
    assert vpopmail.format_maildirquota(text) == ""
    assert vpopmail.last_error() == (0 if text == "\ud800" else VA.QUOTA_TOO_LONG)


def test_a_quota_is_normalised_and_read(site: Vpopmail) -> None:
    assert vpopmail.format_maildirquota("1mbs,1000C") == "1048576S,1000C"
    assert vpopmail.last_error() == 0
    assert vpopmail.quota_mtos("1048576S,1000C") == (1, 1048576, 1000)
    assert vpopmail.quota_mtos("NOQUOTA") == (1, 0, 0)
    assert vpopmail.quota_mtos(None) == (0, 0, 0)


# reading and counting


def test_the_percentage_makes_the_file(joe: Path, maildir: str) -> None:
    assert vpopmail.vmaildir_readquota(maildir, QUOTA) == 75
    assert file_of(joe) == "2000S,4C\n1500 2\n"


@pytest.mark.parametrize("quota", ["", "NOQUOTA", "NO"])
def test_without_a_quota_nothing_is_done(joe: Path, maildir: str, quota: str) -> None:
    before = tree(joe)
    assert vpopmail.vmaildir_readquota(maildir, quota) == 0
    assert vpopmail.maildir_addquota(maildir, quota, 5, 1) == 0
    assert vpopmail.user_over_maildirquota(maildir, quota, 2**60) == 0
    assert tree(joe) == before


def test_a_line_break_in_the_quota_is_not_written(joe: Path, maildir: str) -> None:
    before = tree(joe)
    assert vpopmail.vmaildir_readquota(maildir, "5S\n1") == 0
    assert vpopmail.last_error() == VA.BAD_CHAR
    assert vpopmail.maildir_addquota(maildir, "5S\n1", 5, 1) == -1
    assert tree(joe) == before


@pytest.mark.parametrize(("size", "over"), [(0, 0), (500, 0), (501, 1), (-1, 0)])
def test_a_message_that_does_not_fit(maildir: str, size: int, over: int) -> None:
    assert vpopmail.user_over_maildirquota(maildir, QUOTA, size) == over


def test_messages_are_added(joe: Path, maildir: str) -> None:
    assert vpopmail.maildir_addquota(maildir, QUOTA, 500, 1) == 0
    assert file_of(joe) == "2000S,4C\n1500 2\n"
    assert vpopmail.maildir_addquota(maildir, QUOTA, -500, -1) == 0
    assert file_of(joe) == "2000S,4C\n1500 2\n-500 -1\n"
    assert vpopmail.vmaildir_readquota(maildir, QUOTA) == 50


def test_a_maildir_is_counted_without_the_file(joe: Path, maildir: str) -> None:
    (joe / "Maildir/maildirsize").write_text("2000S,4C\n7 7\n")
    before = tree(joe)
    assert vpopmail.readuserquota(maildir) == (0, 1500, 2)
    assert vpopmail.wrapreaduserquota(maildir) == (0, 1500, 2)
    assert tree(joe) == before


def test_a_folder_stands_for_its_maildir(joe: Path) -> None:
    folder = joe / "Maildir/.Sent"
    folder.mkdir()
    (folder / "maildirfolder").touch()
    assert vpopmail.vmaildir_readquota(str(folder), QUOTA) == 75
    assert file_of(joe) == "2000S,4C\n1500 2\n"
    assert os.listdir(folder) == ["maildirfolder"]


def test_a_domain_is_counted(site: Vpopmail, joe: Path, domain: Path) -> None:
    assert vpopmail.readdomainquota(str(domain)) == (0, 1500, 2)
    assert vpopmail.readdomainquota(f"{domain}/none") == (-1, 0, 0)


def test_a_domain_is_held_to_its_limits(site: Vpopmail, maildir: str) -> None:
    site.limits.set(DOMAIN, VLimits(diskquota=1))
    assert vpopmail.domain_over_maildirquota(maildir, 2**20 - 1500) == 0
    assert vpopmail.domain_over_maildirquota(maildir, 2**20 - 1499) == 1
    for path in ("/tmp/Maildir", "", "/missing.org/joe/Maildir"):
        assert vpopmail.domain_over_maildirquota(path, 5) == -1


def test_the_usage_of_an_address(site: Vpopmail, joe: Path) -> None:
    assert vpopmail.quota_user_usage(JOE) == (1, 1500, 2)
    assert vpopmail.quota_user_usage("nobody@example.com") == (0, 0, 0)
    assert vpopmail.last_error() == VA.USER_DOES_NOT_EXIST


@pytest.mark.parametrize(
    "path", ["", "Maildir", "/none/Maildir", "/a\0b", "/etc/passwd", "/\ud800"]
)
def test_what_is_no_directory(site: Vpopmail, path: str) -> None:
    assert vpopmail.readuserquota(path) == (-1, 0, 0)
    assert vpopmail.readdomainquota(path) == (-1, 0, 0)
    assert vpopmail.vmaildir_readquota(path, QUOTA) == 0
    assert vpopmail.last_error() != 0
    assert vpopmail.maildir_addquota(path, QUOTA, 1, 1) == -1
    assert vpopmail.user_over_maildirquota(path, QUOTA, 1) == 0
    assert vpopmail.update_maildirsize(DOMAIN, path, QUOTA) != 0
    assert vpopmail.remove_maildirsize(path) == -1
    assert vpopmail.add_warningsize_to_quota(path, QUOTA) in {0, -1}


# writing


def test_the_file_is_made_and_removed(joe: Path) -> None:
    assert vpopmail.update_maildirsize(DOMAIN, str(joe), QUOTA) == VA.SUCCESS
    assert file_of(joe) == "2000S,4C\n1500 2\n"
    assert vpopmail.remove_maildirsize(str(joe)) == 0
    assert file_of(joe) is None
    assert vpopmail.remove_maildirsize(str(joe)) == 0
    assert vpopmail.update_maildirsize("missing.org", str(joe), QUOTA) == VA.DOMAIN_DOES_NOT_EXIST
    assert file_of(joe) is None


def test_a_file_that_cannot_be_written_is_told(joe: Path) -> None:
    (joe / "Maildir").rename(joe / "moved")
    (joe / "Maildir").symlink_to("moved")
    assert vpopmail.update_maildirsize(DOMAIN, str(joe), QUOTA) == -1
    assert not (joe / "moved/maildirsize").exists()


def test_a_full_disk_is_told(joe: Path, maildir: str, fail: Callable[..., None]) -> None:
    fail("write")
    assert vpopmail.maildir_addquota(maildir, QUOTA, 5, 1) == -1
    assert vpopmail.last_error() == -1
    assert file_of(joe) is None


def test_the_warning_is_added(site: Vpopmail, joe: Path, domain: Path, maildir: str) -> None:
    vpopmail.update_maildirsize(DOMAIN, str(joe), QUOTA)
    assert vpopmail.add_warningsize_to_quota(maildir, QUOTA) == 0
    assert file_of(joe) == "2000S,4C\n1500 2\n"
    (domain / ".quotawarn.msg").write_bytes(b"x" * 45)
    assert vpopmail.add_warningsize_to_quota(maildir, QUOTA) == 0
    assert file_of(joe) == "2000S,4C\n1500 2\n45 1\n"


# the usage daemon


def test_questions_to_the_daemon(site: Vpopmail, joe: Path, maildir: str) -> None:
    home = Path(site.settings.vpopmaildir)
    assert vpopmail.client_connect() is None
    assert vpopmail.client_query_quick(JOE) == (0, 0, 0)
    write_conf(home, f"Filename = {home}/sock;")
    before = tree(joe)
    with unix_daemon(home / "sock", known({JOE: (1000, 1), " ": (0, 0)})):
        handle = vpopmail.client_connect()
        assert handle is not None
        assert vpopmail.client_query(handle, " ") == (1, 0, 0)
        assert vpopmail.client_query(handle, JOE) == (1, 1000, 1)
        assert vpopmail.client_query(handle, "@missing.org") == (0, 0, 0)
        vpopmail.client_close(handle)
        vpopmail.client_close(handle)
        assert vpopmail.client_query(handle, JOE) == (0, 0, 0)
        assert vpopmail.client_query_quick(JOE) == (1, 1000, 1)
        assert vpopmail.quota_user_usage(JOE) == (1, 1000, 1)
        assert vpopmail.vmaildir_readquota(maildir, QUOTA) == 50
        assert vpopmail.vmaildir_readquota(maildir, "2C") == 50
        assert vpopmail.user_over_maildirquota(maildir, QUOTA, 1001) == 1
        assert vpopmail.maildir_addquota(maildir, QUOTA, 5, 1) == 0
    assert tree(joe) == before
    assert vpopmail.vmaildir_readquota(maildir, QUOTA) == 75


def test_wrong_types_are_mistakes_of_the_program(site: Vpopmail) -> None:
    calls: list[Callable[[], object]] = [
        lambda: vpopmail.format_maildirquota(5),  # type: ignore[arg-type]
        lambda: vpopmail.quota_mtos(5),  # type: ignore[arg-type]
        lambda: vpopmail.vmaildir_readquota("/x", None),  # type: ignore[arg-type]
        lambda: vpopmail.maildir_addquota("/x", "5S", "1", 1),  # type: ignore[arg-type]
        lambda: vpopmail.user_over_maildirquota("/x", "5S", "1"),  # type: ignore[arg-type]
        lambda: vpopmail.domain_over_maildirquota(b"/x", 1),  # type: ignore[arg-type]
        lambda: vpopmail.readuserquota(None),  # type: ignore[arg-type]
        lambda: vpopmail.readdomainquota(None),  # type: ignore[arg-type]
        lambda: vpopmail.update_maildirsize(DOMAIN, "/x", 5),  # type: ignore[arg-type]
        lambda: vpopmail.remove_maildirsize(None),  # type: ignore[arg-type]
        lambda: vpopmail.add_warningsize_to_quota("/x", 5),  # type: ignore[arg-type]
        lambda: vpopmail.quota_user_usage(None),  # type: ignore[arg-type]
        lambda: vpopmail.client_query(None, JOE),  # type: ignore[arg-type]
        lambda: vpopmail.client_close(5),  # type: ignore[arg-type]
        lambda: vpopmail.client_query_quick(5),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()
