"""Who is not root: what he may not look at or repair is told, or refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, needs_root
from tests.crash.processes import in_child
from vpopmail import Vpopmail
from vpopmail.errors import NotPermitted
from vpopmail.settings import load
from vpopmail.upkeep import findings
from vpopmail.upkeep.findings import Reconciled

from .conftest import JOE, PASSWORD, STRANGER

pytestmark = needs_root


def as_user(uid: int, site: Vpopmail, **arguments: object) -> list[tuple[str, str, bool]]:
    """Kind, subject and whether it was repaired of what a process of a uid finds."""

    def work() -> list[tuple[str, str, bool]]:
        report = opened_by(uid, site).reconcile(**arguments)  # type: ignore[arg-type]
        assert isinstance(report, Reconciled)
        return [(found.kind, found.subject, found.repaired) for found in report.findings]

    return in_child(work)


def opened_by(uid: int, site: Vpopmail) -> Vpopmail:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    settings = site.settings
    names = ("vpopmaildir", "qmaildir", "vpopuser", "vpopgroup", "sync", "lock_timeout")
    return Vpopmail(load({name: getattr(settings, name) for name in names}))


def test_the_owner_of_a_domain_reconciles_his_own(foreign: Vpopmail) -> None:
    place = Path(foreign.domains.get(DOMAIN).path)
    (place / "cdb.tmp").write_bytes(b"")
    (place / "joe").chmod(0o777)
    found = as_user(STRANGER, foreign, domains=[DOMAIN])
    assert set(found) == {
        (findings.C_LEFTOVER, str(place / "cdb.tmp"), True),
        (findings.MODE, str(place / "joe"), True),
    }
    assert not foreign.reconcile()


def test_the_set_of_domains_is_repaired_by_root_only(foreign: Vpopmail) -> None:
    assert as_user(STRANGER, foreign) == []
    (Path(foreign.settings.qmaildir) / "users/cdb.new.vpopmail").write_bytes(b"")

    def refused() -> None:
        with pytest.raises(NotPermitted):
            opened_by(STRANGER, foreign).reconcile()

    in_child(refused)
    assert [repaired for _, _, repaired in as_user(STRANGER, foreign, dry_run=True)] == [False]
    assert len(foreign.reconcile().repaired) == 1


def test_a_stranger_is_told_what_he_cannot_look_at_and_changes_nothing(foreign: Vpopmail) -> None:
    found = as_user(STRANGER + 1, foreign, dry_run=True)
    assert found
    assert {kind for kind, _, _ in found} <= {findings.UNREADABLE, findings.LINE_WITHOUT_DIRECTORY}
    assert not any(repaired for _, _, repaired in found)


def test_a_stranger_is_told_that_he_may_not_look_at_an_account(foreign: Vpopmail) -> None:
    def failed() -> str:
        diagnosis = opened_by(STRANGER + 1, foreign).diagnose(JOE, PASSWORD)
        assert diagnosis.failed is not None
        assert PASSWORD not in str(diagnosis)
        return diagnosis.failed.name

    assert in_child(failed) == "directory"


def test_the_owner_of_a_domain_diagnoses_his_users(foreign: Vpopmail) -> None:
    def steps() -> str:
        return str(opened_by(STRANGER, foreign).diagnose(JOE, PASSWORD))

    assert "FAILS" not in in_child(steps), in_child(steps)
