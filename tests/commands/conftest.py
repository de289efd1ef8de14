"""Sites with a user, as the programs find them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import settings_for
from vpopmail import Vpopmail
from vpopmail.settings import load

DOMAIN = "example.com"
JOE, AMY, BOB = f"joe@{DOMAIN}", f"amy@{DOMAIN}", "bob@example.org"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
VPOPMAIL = 89
NOBODY = 65534


@pytest.fixture
def home(site: Vpopmail) -> Path:
    """The directory of example.com, where joe has an account with the password s3cret."""
    site.domains.add(DOMAIN)
    site.users.add(JOE, "s3cret", gecos="Joe User")
    return Path(site.domains.get(DOMAIN).path)


@pytest.fixture
def three_users(site: Vpopmail) -> None:
    """Two domains, an alias domain of the first, and three users."""
    for name in (DOMAIN, "example.org"):
        site.domains.add(name)
    site.domains.add_alias("alias.example", DOMAIN)
    for address in (JOE, AMY, BOB):
        site.users.add(address, crypted=HASH)


@pytest.fixture
def owned() -> Iterator[Vpopmail]:
    """A site that belongs to the uid 89, with joe; others can look into it where they may.

    Not in pytest's directory, which another run on this machine closes to others.
    """
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        base.chmod(0o755)
        options = settings_for(base, vpopuser=VPOPMAIL, vpopgroup=VPOPMAIL)
        with Vpopmail(load(options)) as site:
            site.prepare()
            site.domains.add(DOMAIN)
            site.users.add(JOE, "s3cret")
            yield site
