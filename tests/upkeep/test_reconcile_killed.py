"""After a kill at any moment, of a change or of reconcile itself, reconcile puts the site in order."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import vpopmail
from tests.crash.conftest import top as top  # noqa: PLC0414 - the fixture
from tests.crash.places import Tree, differences, open_site, snapshot
from tests.crash.processes import FailOnce, Killed, in_child, kill_before, open_descriptors
from tests.crash.scenes import SCENES, Scene
from tests.crash.sweep import Figures, Stand
from tests.figures import FIGURES
from vpopmail.codes import VA
from vpopmail.safeio import seam

from .conftest import DOMAIN, JOE, fill
from .test_findings_of_domains import append, later

# In CI one scene of each kind of leftover; in the full run all.
IN_CI = {
    ("vadduser", "another user"),
    ("vdeluser", "user with mail"),
    ("domains.add", "domain with postmaster"),
    ("vdeldomain", "domain with users and alias domains"),
    ("vsetuserquota", "quota of a user with mail"),
    ("batch", "user added and user deleted"),
    ("catch_all.set", "catch-all"),
    ("rebuild", "all files lost"),
}
# What was there before is not given back, or is finished in part: docs/internals.md.
BETWEEN = {"directory that was there", "domain with two users in a directory that was there", "users/assign and morercpthosts lost"}
LEFT = (".new.vpopmail", "/.vpopmail", "cdb.tmp")


def reconciled(stand: Stand) -> tuple[list[str], list[str]]:
    """What a reconcile in a fresh process repairs and leaves, in lines."""
    return in_child(partial(_reconcile, stand))


def _reconcile(stand: Stand, number: int = 0) -> tuple[list[str], list[str]]:
    with open_site(stand.site, **stand.scene.settings) as site:
        if number:
            kill_before(number)
        report = site.reconcile()
        return [str(found) for found in report.repaired], [str(found) for found in report.left]


def without_locks(found: Tree) -> Tree:
    """What counts: without lock files, and without a users/assign that names nobody."""
    kept = {path: entry for path, entry in found.items() if not path.endswith(".lock")}
    if kept.get("q/users/assign", ("",) * 5)[-1] == b".\n":
        del kept["q/users/assign"], kept["q/users/cdb"]
    return kept


def left_over(found: Tree) -> list[str]:
    return [path for path in found if path.endswith(LEFT) or "_NeWmAiLdIrSiZe" in path]


def trouble_after(stand: Stand, ends: list[Tree]) -> str:
    """What is wrong after a kill and one reconcile; ``""`` if nothing.

    Args:
        stand: where it was killed.
        ends: the trees of which the site must be one.
    """
    reconciled(stand)
    found = without_locks(snapshot(stand.site))
    wrong = [f"left over: {path}" for path in left_over(found)]
    if stand.scene.name not in BETWEEN and all(differences(end, found) for end in ends):
        wrong += differences(ends[-1], found)
    repaired, _ = reconciled(stand)
    wrong += [f"only the second reconcile: {line}" for line in repaired]
    return "; ".join(wrong)


def sweep(
    stand: Stand, step: int, interrupted: Callable[[int], object], ends: list[Tree]
) -> Figures:
    """Interrupt at the first call and each ``step``-th after it, then reconcile."""
    figures = Figures()
    for point in range(1, len(stand.calls) + 1, step):
        stand.renew()
        try:
            in_child(partial(interrupted, point))
        except Killed:
            figures.counts["killed"] = figures.counts.get("killed", 0) + 1
        wrong = trouble_after(stand, ends)
        figures.counts["points"] += 1
        figures.counts["repeats succeeded"] += not wrong
        if wrong:
            figures.blame(stand, point, wrong)
    return figures


def _killed_change(stand: Stand, point: int) -> VA:
    kill_before(point)
    return stand.scene.run(stand.site)


def in_order(stand: Stand, *, done: bool) -> Tree:
    """The site without, or with, the change, in the order that reconcile makes."""
    stand.renew()
    if done:
        in_child(lambda: stand.scene.run(stand.site))
    reconciled(stand)
    return without_locks(snapshot(stand.site))


def told(figures: Figures) -> dict[str, int]:
    return {"points": figures.counts["points"], "in order after one reconcile": figures.counts["repeats succeeded"]}


def _name(scene: Scene) -> str:
    return f"{scene.operation}: {scene.name}"


def killed_changes(scene: Scene, top: Path, step: int) -> Figures:
    """Kill a change, reconcile, and compare with the site that it never touched or completed."""
    stand = Stand(scene, top)
    ends = [in_order(stand, done=done) for done in (False, True)]
    return sweep(stand, step, partial(_killed_change, stand), ends)


@pytest.mark.parametrize("scene", [one for one in SCENES if (one.operation, one.name) in IN_CI], ids=_name)
def test_after_a_killed_change_one_reconcile_leaves_the_site_as_before_or_after_it(
    scene: Scene, top: Path, full: bool, record_property: Callable[[str, object], None]
) -> None:
    figures = killed_changes(scene, top, 1 if full else 5)
    record_property(FIGURES, ("killed changes, then reconcile", told(figures)))
    assert figures.wrong == [], figures.report(scene)
    assert figures.counts["killed"] == figures.counts["points"] > 1


def test_after_any_killed_change_one_reconcile_leaves_the_site_as_before_or_after_it(
    top: Path, full: bool, record_property: Callable[[str, object], None]
) -> None:
    if not full:
        pytest.skip("all scenes at all points: in the full run")
    wrong: list[str] = []
    for number, scene in enumerate(SCENES):
        (top / str(number)).mkdir(mode=0o755)
        figures = killed_changes(scene, top / str(number), 1)
        record_property(FIGURES, ("killed changes, then reconcile", told(figures)))
        wrong += [figures.report(scene)] if figures.wrong else []
        shutil.rmtree(top / str(number))
    assert wrong == [], "\n".join(wrong)


# reconcile itself


def _spoilt_domain(site: vpopmail.Vpopmail) -> None:
    """A domain in which something of everything is wrong."""
    fill(site)
    place = Path(site.domains.get(DOMAIN).path)
    (place / ".vpopmail/0123456789abcdef/=max/Maildir").mkdir(parents=True)
    (place / "cdb.tmp").write_bytes(b"")
    (place / ".qmail-sales.new.vpopmail").write_bytes(b"")
    later(place / "vpasswd", place / "vpasswd.cdb")
    (place / "vpasswd").chmod(0o644)
    shutil.rmtree(place / "joe")
    shutil.rmtree(place / "anna/Maildir")
    (place / "postmaster/Maildir/cur").rmdir()
    (place / ".dir-control").unlink()
    (place / ".dir_control_free").write_text("0\n../..\n")


def _spoilt_domains(site: vpopmail.Vpopmail) -> None:
    """A set of domains in which something of everything is wrong."""
    fill(site)
    qmail, domains = Path(site.settings.qmaildir), Path(site.settings.domains_path)
    later(qmail / "users/assign", qmail / "users/cdb")
    (qmail / "users/cdb").unlink()
    (qmail / "users/.vpopmail").mkdir()
    (domains / ".vpopmail/0123456789abcdef").mkdir(parents=True)
    (domains / ".dir-control").unlink()
    (qmail / "control/rcpthosts").write_text("other.example\n" * 50)
    (qmail / "control/locals").write_text("example.net\n")
    append(qmail / "control/virtualdomains", "gone.example:gone.example\n")
    (qmail / "control/morercpthosts").write_text("more.example\n")
    (qmail / "control/rcpthosts.new.vpopmail").write_bytes(b"")
    domains.chmod(0o777)


def _spoilt_quota(site: vpopmail.Vpopmail) -> None:
    fill(site)
    path = Path(site.users.get(JOE).pw_dir, "Maildir/maildirsize")
    (path.parent / "new/1,S=7").write_bytes(b"1234567")
    path.write_text("1S\n0 0\n")


RECONCILE_SCENES = [
    Scene("a spoilt domain", "reconcile", _spoilt_domain, lambda s: s.reconcile() and VA.SUCCESS, VA.SUCCESS),
    Scene("a spoilt set of domains", "reconcile", _spoilt_domains, lambda s: s.reconcile() and VA.SUCCESS, VA.SUCCESS),
    Scene("a spoilt quota", "reconcile", _spoilt_quota, lambda s: s.reconcile() and VA.SUCCESS, VA.SUCCESS),
]  # fmt: skip


@pytest.mark.parametrize("scene", RECONCILE_SCENES, ids=lambda scene: scene.name)
def test_after_a_killed_reconcile_the_next_one_does_the_rest(
    scene: Scene, top: Path, full: bool, record_property: Callable[[str, object], None]
) -> None:
    stand = Stand(scene, top)
    goal = without_locks(stand.goal)
    figures = sweep(stand, 1 if full else 3, partial(_reconcile, stand), [goal])
    record_property(FIGURES, ("killed reconciles, then reconcile", told(figures)))
    assert figures.wrong == [], figures.report(scene)
    assert figures.counts["killed"] == figures.counts["points"] > 1


@pytest.mark.parametrize("scene", RECONCILE_SCENES, ids=lambda scene: scene.name)
def test_whatever_call_of_reconcile_fails_it_is_a_finding_and_the_next_one_does_the_rest(
    scene: Scene, top: Path, full: bool, record_property: Callable[[str, object], None]
) -> None:
    stand = Stand(scene, top)
    goal = without_locks(stand.goal)
    figures = sweep(stand, 1 if full else 5, partial(_failing, stand), [goal])
    record_property(FIGURES, ("reconciles with a failing call, then reconcile", told(figures)))
    assert figures.wrong == [], figures.report(scene)


def _failing(stand: Stand, point: int) -> None:
    with open_site(stand.site, **stand.scene.settings) as site:
        before = open_descriptors()
        seam.watch = FailOnce(point, errno.EIO)
        site.reconcile()
        seam.watch = None
        site.close()
        assert open_descriptors() == before
