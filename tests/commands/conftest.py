"""Sites with a user, as the programs find them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import open_to_others
from vpopmail import Vpopmail

DOMAIN = "example.com"
JOE = f"joe@{DOMAIN}"
VPOPMAIL = 89
NOBODY = 65534


@pytest.fixture
def home(site: Vpopmail) -> Path:
    """The directory of example.com, where joe has an account with the password s3cret."""
    site.domains.add(DOMAIN)
    site.users.add(JOE, "s3cret", gecos="Joe User")
    return Path(site.domains.get(DOMAIN).path)


@pytest.fixture
def owned(make_site: Callable[..., Vpopmail], tmp_path: Path) -> Vpopmail:
    """A site that belongs to the uid 89, with joe; others can look into it where they may."""
    site = make_site(vpopuser=VPOPMAIL, vpopgroup=VPOPMAIL)
    open_to_others(tmp_path)
    site.domains.add(DOMAIN)
    site.users.add(JOE, "s3cret")
    return site
