"""A site whose qmail files were lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import tree, without_locks
from vpopmail import Vpopmail
from vpopmail.errors import NotPermitted
from vpopmail.safeio import seam


def lose(site: Vpopmail, *names: str) -> None:
    for name in names or ("users/assign", "users/cdb", "control/rcpthosts", "control/virtualdomains", "control/morercpthosts", "control/morercpthosts.cdb"):  # fmt: skip
        Path(site.settings.qmaildir, name).unlink(missing_ok=True)


def test_more_than_a_hundred_domains_and_their_users_are_found_again(site: Vpopmail) -> None:
    with site.batch():
        for number in range(120):
            site.domains.add(f"d{number:03}.example", "" if number in {0, 119} else None)
    before = without_locks(tree(Path(site.settings.qmaildir)))
    assigned = vpopmail.vget_assign("d119.example")
    lose(site)
    assert vpopmail.vget_assign("d119.example") is None
    report = site.rebuild()
    assert len(report.domains) == 120
    assert report.notes == []
    assert without_locks(tree(Path(site.settings.qmaildir))) == before
    assert vpopmail.vget_assign("d119.example") == assigned
    assert assigned is not None
    assert assigned[0].endswith("/domains/0/d119.example")
    assert "postmaster@d119.example" in site.users
    site.users.add("joe@d050.example", "Secret-1")
    assert site.users.check_password("joe@d050.example", "Secret-1")


def test_another_base_is_found_by_the_line_that_is_left(site: Vpopmail, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    site.domains.add("one.example")
    site.domains.add("far.example", dir=str(tmp_path / "base"))
    site.domains.add_alias("also.example", "far.example")
    before = without_locks(tree(Path(site.settings.qmaildir)))
    lose(site, "users/assign", "control/rcpthosts", "control/virtualdomains")
    report = site.rebuild()
    assert [entry.domain for entry in report.domains] == ["one.example", "far.example"]
    assert [entry.domain for entry in report.aliases] == ["also.example"]
    assert without_locks(tree(Path(site.settings.qmaildir))) == before
    lose(site)
    report = site.rebuild([str(tmp_path / "base/domains")], aliases={"also.example": "far.example"})
    assert without_locks(tree(Path(site.settings.qmaildir))) == before


def test_a_dry_run_writes_nothing(site: Vpopmail, tmp_path: Path) -> None:
    site.domains.add("one.example")
    lose(site)
    before = tree(tmp_path)
    report = site.rebuild(dry_run=True)
    assert "commit point" in str(report)
    assert [entry.domain for entry in report.domains] == ["one.example"]
    assert tree(tmp_path) == before


def test_the_account_store_is_not_asked(make_site: Callable[..., Vpopmail]) -> None:
    make_site().domains.add("one.example")
    site = make_site(backend="unheard-of")
    lose(site)
    assert site.rebuild().plan.carried_out
    assert site.qmail.find("one.example") is not None


def test_who_may_not_change_the_files_is_told(site: Vpopmail, monkeypatch: pytest.MonkeyPatch) -> None:
    site.domains.add("one.example")
    lose(site)

    def refuse(call: str, arguments: tuple[object, ...]) -> None:
        raise PermissionError(13, os.strerror(13), str(arguments[0]))

    monkeypatch.setattr(seam, "watch", refuse)
    with pytest.raises(NotPermitted):
        site.rebuild()
