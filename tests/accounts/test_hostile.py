"""What the owner of a domain puts into his directories leads root nowhere else."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from vpopmail import VA, VLimits, Vpopmail, use
from vpopmail.errors import DomainDirectoryMissing, DomainExists
from vpopmail.plan import journal
from vpopmail.safeio import seam

from tests.conftest import DOMAIN, needs_root

OWNER = 12345


def linked_away(site: Vpopmail, tmp_path: Path) -> Path:
    """A domain whose owner has put a link in the place of his domains; where it leads."""
    base = tmp_path / "joe"
    base.mkdir()
    os.chown(base, OWNER, OWNER)
    site.domains.add(DOMAIN, dir=str(base), uid=OWNER, gid=OWNER)
    victim = tmp_path / "victim"
    (victim / DOMAIN).mkdir(parents=True)
    (victim / DOMAIN / "kept").write_text("mail")
    (base / "domains").rename(base / "was")
    (base / "domains").symlink_to(victim)
    os.chown(base / "domains", OWNER, OWNER, follow_symlinks=False)
    return victim


@needs_root
def test_a_link_of_the_owner_leads_no_change_out_of_the_site(
    site: Vpopmail, tmp_path: Path
) -> None:
    victim = linked_away(site, tmp_path)
    with pytest.raises(DomainDirectoryMissing):
        site.users.add(f"amy@{DOMAIN}")
    with pytest.raises(DomainDirectoryMissing):
        site.limits.set(DOMAIN, VLimits(maxaliases=1))
    with pytest.raises(OSError, match="symbolic link"):
        site.domains.delete(DOMAIN)
    assert [path.name for path in (victim / DOMAIN).iterdir()] == ["kept"]


def test_a_counter_that_names_a_path_makes_no_directory(site: Vpopmail, tmp_path: Path) -> None:
    site.domains.add(DOMAIN)
    (tmp_path / "v/domains" / DOMAIN / ".dir-control").write_text(
        "99\n0\n3\n0 0 0\n61 61 61\n0 2 4\n0 0 0\n../../ESCAPED\n"
    )
    with use(site):
        vpopmail.open_big_dir(DOMAIN, os.getuid(), os.getgid())
        vpopmail.next_big_dir(os.getuid(), os.getgid())
        vpopmail.close_big_dir(DOMAIN, os.getuid(), os.getgid())
    assert not list(tmp_path.rglob("*ESCAPED*"))


@pytest.mark.parametrize("fact", ["add\tx", "add\tx\\x00\ty", "counter\tx", "delete", "strange\tx", ""])
def test_a_planted_entry_that_makes_no_sense_is_swept_away(
    site: Vpopmail, tmp_path: Path, fact: str
) -> None:
    site.domains.add(DOMAIN)
    for place in (tmp_path / "v/domains" / DOMAIN, tmp_path / "v/domains", tmp_path / "q/users"):
        stage = place / journal.JOURNAL / "0123456789abcdef"
        stage.mkdir(parents=True)
        (stage / journal.ENTRY).write_text(f"vpopmail journal 1\nusers\n{fact}\nend\n")
    with use(site):
        assert vpopmail.vadduser("amy", DOMAIN, "", "", 0) == VA.SUCCESS
        assert vpopmail.vadddomain("other.org") == VA.SUCCESS
    assert not list(tmp_path.rglob(journal.JOURNAL))


def test_a_recovery_that_fails_leaves_the_entry_for_the_next(
    make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    site = make_site()
    site.domains.add(DOMAIN)
    site.users.add(f"joe@{DOMAIN}")
    domain = tmp_path / "v/domains" / DOMAIN

    def die_before_the_home_goes(name: str, arguments: tuple[object, ...]) -> None:
        if name == "rename" and arguments[0] == "joe":
            os._exit(0)

    child = os.fork()
    if child == 0:
        seam.watch = die_before_the_home_goes
        site.users.delete(f"joe@{DOMAIN}")
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def refuse_the_home(name: str, arguments: tuple[object, ...]) -> None:
        if name == "rename" and arguments[0] == "joe":
            raise OSError(errno.ENOSPC, "no space")

    seam.watch = refuse_the_home
    try:
        with pytest.raises(OSError, match="no space"):
            site.users.add(f"amy@{DOMAIN}")
    finally:
        seam.watch = None
    assert (domain / "joe").is_dir()
    site.users.add(f"amy@{DOMAIN}")
    assert not (domain / "joe").exists()
    assert not (domain / journal.JOURNAL).exists()


def test_a_batch_takes_pending_alias_domains_with_their_domain(site: Vpopmail) -> None:
    site.domains.add("c.org")
    with site.batch():
        site.domains.add("a.org")
        site.domains.add_alias("b.org", "a.org")
        site.domains.delete("a.org")
        site.domains.add_alias("d.org", "c.org")
        site.domains.delete("c.org")
    assert list(site.domains) == []


def test_a_domain_deleted_in_a_batch_cannot_be_added_in_it(site: Vpopmail, tmp_path: Path) -> None:
    site.domains.add(DOMAIN)
    default = tmp_path / "v/domains" / DOMAIN / ".qmail-default"
    default.write_text("&joe@other.org\n")
    with pytest.raises(DomainExists), site.batch():
        site.domains.delete(DOMAIN)
        site.domains.add(DOMAIN)
    assert default.read_text() == "&joe@other.org\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("x.org", "rel", 0, 0), VA.BAD_V_DIR),
        (("x.org", "/no\0where", 0, 0), VA.BAD_V_DIR),
        (("x.org", None, -1, 0), VA.BAD_UID),
        (("x.org", None, 0, 2**40), VA.BAD_UID),
    ],
)
def test_a_base_or_owner_that_cannot_be_is_refused_before_anything_is_made(
    site: Vpopmail, arguments: tuple[str, str | None, int, int], code: VA
) -> None:
    with use(site):
        assert vpopmail.vadddomain(*arguments) == code
        assert vpopmail.vget_assign("x.org") is None


def test_an_empty_base_is_the_sites_own(site: Vpopmail) -> None:
    site.domains.add("x.org", dir="")
    assert site.domains.get("x.org").path == f"{site.settings.domains_path}/x.org"
