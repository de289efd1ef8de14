"""vmkpasswd as an administrator runs it who has edited vpasswd."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_root
from vpopmail import Vpopmail

from .programs import run

OTHER = "vmkpasswd: is only needed by the cdb authentication module\n"


@pytest.fixture
def directory(site: Vpopmail) -> Path:
    """Of a domain with joe."""
    site.domains.add("example.com")
    site.users.add("joe@example.com", "s3cret")
    return Path(site.domains.get("example.com").path)


def test_index_is_made_anew_from_the_text(site: Vpopmail, directory: Path) -> None:
    text = directory / "vpasswd"
    before = (directory / "vpasswd.cdb").read_bytes()
    text.write_text(text.read_text() + text.read_text().replace("joe", "zoe"))
    assert run(site, "vmkpasswd", "Example.com") == (0, "", "")
    index = (directory / "vpasswd.cdb").read_bytes()
    assert index != before
    assert b"zoe" in index
    assert "zoe@example.com" in site.users


def test_missing_index_comes_back(site: Vpopmail, directory: Path) -> None:
    index = directory / "vpasswd.cdb"
    before = index.read_bytes()
    index.unlink()
    assert run(site, "vmkpasswd", "example.com") == (0, "", "")
    assert index.read_bytes() == before
    assert index.stat().st_mode & 0o777 == 0o600


def test_alias_domain_names_its_domain(site: Vpopmail, directory: Path) -> None:
    site.domains.add_alias("example.net", "example.com")
    (directory / "vpasswd.cdb").unlink()
    assert run(site, "vmkpasswd", "example.net") == (0, "", "")
    assert (directory / "vpasswd.cdb").exists()


def test_domain_that_is_not_there_is_told_by_the_exit_status(site: Vpopmail) -> None:
    assert run(site, "vmkpasswd", "example.edu") == (253, "", "")


@pytest.mark.parametrize("words", [(), ("example.com", "example.org")])
def test_words_that_do_not_fit_get_the_usage_without_a_site(
    site: Vpopmail, words: tuple[str, ...]
) -> None:
    ran = run(site, "vmkpasswd", *words, BACKEND="no-such-backend")
    assert (ran.code, ran.err) == (255, "")
    assert ran.out.startswith("vmkpasswd: usage: ")


def test_other_backends_have_no_index(make_site: Callable[..., Vpopmail], tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/accounts"
    site = make_site(backend="sqlite", database_url=url)
    assert run(site, "vmkpasswd", "example.com", DATABASE_URL=url) == (0, OTHER, "")


@needs_root
def test_index_belongs_to_the_owner_of_the_domain(site: Vpopmail) -> None:
    site.domains.add("example.org", uid=1234, gid=1234)
    site.users.add("joe@example.org", "s3cret")
    index = Path(site.domains.get("example.org").path, "vpasswd.cdb")
    index.unlink()
    assert run(site, "vmkpasswd", "example.org") == (0, "", "")
    assert (index.stat().st_uid, index.stat().st_gid) == (1234, 1234)
    assert os.listdir(index.parent).count("cdb.tmp") == 0
