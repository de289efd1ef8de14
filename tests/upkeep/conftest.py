"""A site with a little of everything, in order."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, settings_for
from vpopmail import VLimits, Vpopmail
from vpopmail.settings import load
from vpopmail.upkeep.findings import Finding, Reconciled

JOE = f"joe@{DOMAIN}"
PASSWORD = "Secret-1"
STRANGER = 12345  # a uid and gid without an entry


def fill(site: Vpopmail) -> None:
    """A domain with users, aliases and limits, an alias domain and another domain."""
    site.domains.add(DOMAIN, PASSWORD)
    site.domains.add_alias("example.org", DOMAIN)
    site.domains.add("example.net")
    site.users.add(JOE, PASSWORD, quota="10M")
    site.users.add(f"anna@{DOMAIN}", crypted="")
    site.aliases.add(f"sales@{DOMAIN}", f"&{JOE}")
    site.catch_all.set(DOMAIN, "anna")
    site.limits.set(DOMAIN, VLimits(maxpopaccounts=9))


@pytest.fixture
def filled(site: Vpopmail) -> Vpopmail:
    """The site of ``site``, filled."""
    fill(site)
    return site


@pytest.fixture
def foreign() -> Iterator[Vpopmail]:
    """A filled site of root's whose mail user is a stranger, who can enter all above it."""
    base = Path(tempfile.mkdtemp(prefix="foreign"))
    base.chmod(0o755)
    with Vpopmail(load(settings_for(base, vpopuser=STRANGER, vpopgroup=STRANGER))) as site:
        site.prepare()
        fill(site)
        yield site
    shutil.rmtree(base)


@pytest.fixture
def place(filled: Vpopmail) -> Path:
    """The directory of the domain of the filled site."""
    return Path(filled.domains.get(DOMAIN).path)


@pytest.fixture
def qmail(filled: Vpopmail) -> Path:
    """qmail's directory of the filled site."""
    return Path(filled.settings.qmaildir)


Repaired = Callable[[str], list[Finding]]
Told = Callable[[str], list[Finding]]


def only(report: Reconciled, kind: str) -> list[Finding]:
    """The findings, which are all of one kind."""
    assert {finding.kind for finding in report.findings} == {kind}, str(report)
    return report.findings


@pytest.fixture
def repaired(filled: Vpopmail) -> Repaired:
    """Checks that a dry run finds one kind alone, that it is repaired, and that nothing is left."""

    def check(kind: str) -> list[Finding]:
        before = only(filled.reconcile(dry_run=True), kind)
        assert all(finding.repairable and not finding.repaired for finding in before)
        done = only(filled.reconcile(), kind)
        assert all(finding.repaired for finding in done), str(done)
        assert [(found.subject, found.what) for found in done] == [
            (found.subject, found.what) for found in before
        ]
        again = filled.reconcile()
        assert not again, str(again)
        return done

    return check


@pytest.fixture
def told(filled: Vpopmail) -> Told:
    """Checks that one kind alone is found, and is only told, as often as it is looked."""

    def check(kind: str) -> list[Finding]:
        before = only(filled.reconcile(dry_run=True), kind)
        assert not any(finding.repairable for finding in before)
        assert only(filled.reconcile(), kind) == before
        assert filled.reconcile().left == before
        return before

    return check
