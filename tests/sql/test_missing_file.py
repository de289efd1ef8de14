"""A file of SQLite that is not there: who reads does not make it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import vpopmail
from vpopmail import VA_NO_AUTH_CONNECTION, VA_SUCCESS, Vpopmail
from vpopmail.delivery.deliverable import deliverable
from vpopmail.errors import BackendUnavailable
from vpopmail.testing import sandbox

DOMAIN = "example.com"
JOE = f"joe@{DOMAIN}"


@pytest.fixture
def file(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite://"))


@pytest.fixture
def site(sqlite_url: str) -> Iterator[Vpopmail]:
    """Of which only SQLite's file was lost."""
    with sandbox("sqlite", database_url=sqlite_url, valias=True, mysql_limits=True, sql_logging=True) as site:
        yield site


READS: dict[str, Callable[[Vpopmail], object]] = {
    "a user": lambda site: site.users.find(JOE),
    "the users": lambda site: list(site.users.iter(DOMAIN)),
    "whether he gets mail": lambda site: deliverable(site.installation, JOE),
}


@pytest.mark.parametrize("what", READS)
def test_a_lost_file_is_told_and_not_made_by_who_reads(site: Vpopmail, file: Path, what: str) -> None:
    site.domains.add(DOMAIN)
    site.users.add(JOE)
    site.installation.backend.close()
    file.unlink()
    for _ in range(2):
        with pytest.raises(BackendUnavailable):
            READS[what](site)
        with vpopmail.use(site):
            assert vpopmail.vauth_getpw("joe", DOMAIN) is None
            assert vpopmail.last_error() == VA_NO_AUTH_CONNECTION
        assert site.aliases.find(f"sales@{DOMAIN}") is None  # as of a new database
        assert list(site.auth_log) == []
    assert not file.exists()


def test_a_file_that_is_no_database_is_told_and_does_not_stay_open(site: Vpopmail, file: Path) -> None:
    site.domains.add(DOMAIN)
    site.installation.backend.close()
    file.write_bytes(b"no database " * 100)
    with pytest.raises(BackendUnavailable, match="NOTADB"):
        site.users.find(JOE)
    assert not is_open(file)


def is_open(file: Path) -> bool:
    """Whether this process has it open."""
    for fd in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            if os.readlink(f"/proc/self/fd/{fd}") == str(file):
                return True
    return False


def test_looking_at_the_tables_of_a_new_site_makes_no_file(site: Vpopmail, file: Path) -> None:
    assert site.schema.check()
    assert site.schema.create(dry_run=True).statements
    assert site.schema.upgrade(dry_run=True).statements
    with vpopmail.use(site):
        assert vpopmail.vauth_open(0) == VA_SUCCESS
    assert list(site.domains) == []
    assert not file.exists()


def test_the_first_change_makes_the_file_for_its_owner_alone(site: Vpopmail, file: Path) -> None:
    site.domains.add(DOMAIN, dry_run=True)
    assert not file.exists()
    site.schema.create()
    assert file.stat().st_mode & 0o7777 == 0o600
    site.domains.add(DOMAIN)
    site.users.add(JOE)
    assert site.users.find(JOE) is not None
    assert not site.schema.check()
