"""What users may keep and keep: site.quotas."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN, needs_root, tree
from tests.mailstore.daemons import known, unix_daemon, write_conf
from vpopmail import Vpopmail, VLimits, use
from vpopmail.accounts.notices import QUOTA_WARNING, notice
from vpopmail.accounts.quotas import Quota, Usage
from vpopmail.errors import DomainNotFound, HomeMissing, UserNotFound

JOE = f"joe@{DOMAIN}"
ANN = f"ann@{DOMAIN}"


@pytest.fixture(params=["cdb", "memory"])
def site(request: pytest.FixtureRequest, make_site: Callable[..., Vpopmail]) -> Iterator[Vpopmail]:
    """A site without domains, which is the current one."""
    made = make_site(backend=request.param)
    with use(made):
        yield made


@pytest.fixture
def joe(site: Vpopmail, domain: Path) -> Path:
    """The Maildir of joe, who may keep 2000 bytes or 4 messages, with 1500 bytes in 2."""
    site.users.add(JOE, "secret", quota="2000S,4C")
    maildir = Path(site.users.get(JOE).pw_dir, "Maildir")
    (maildir / "cur/1.h,S=1000:2,S").touch()
    (maildir / "new/2.h,S=500").touch()
    (maildir / "maildirsize").unlink()
    return maildir


def test_the_quota_of_a_user(site: Vpopmail, joe: Path) -> None:
    assert site.quotas.get(JOE.upper()) == Quota(2000, 4, "2000S,4C")
    site.users.add(ANN, "secret")
    assert site.quotas.get(ANN) == Quota(0, 0, "NOQUOTA")


def test_the_usage_is_counted_without_writing_anything(site: Vpopmail, joe: Path) -> None:
    before = tree(joe)
    assert site.quotas.usage(JOE) == Usage(1500, 2, 75)
    assert tree(joe) == before


def test_the_usage_is_that_of_maildirsize_while_it_is_young(site: Vpopmail, joe: Path) -> None:
    (joe / "maildirsize").write_text("2000S,4C\n100 1\n20 1\n")
    assert site.quotas.usage(JOE) == Usage(120, 2, 50)
    then = time.time() - 1000
    os.utime(joe / "maildirsize", (then, then))
    assert site.quotas.usage(JOE) == Usage(1500, 2, 75)


def test_a_count_is_written_if_there_is_a_quota(site: Vpopmail, joe: Path) -> None:
    assert site.quotas.recount(JOE) == Usage(1500, 2, 75)
    assert (joe / "maildirsize").read_bytes() == b"2000S,4C\n1500 2\n"
    site.users.set_quota(JOE, "NOQUOTA")
    assert site.quotas.recount(JOE) == Usage(1500, 2, 0)
    assert not (joe / "maildirsize").exists()


@needs_root
def test_what_is_written_belongs_to_the_domain(site: Vpopmail) -> None:
    site.domains.add("other.com", uid=1234, gid=2345)
    site.users.add("joe@other.com", "secret", quota="10M")
    site.quotas.recount("joe@other.com")
    status = Path(site.users.get("joe@other.com").pw_dir, "Maildir/maildirsize").stat()
    assert (status.st_uid, status.st_gid) == (1234, 2345)


@pytest.mark.parametrize(
    ("size", "count", "over"),
    [(500, 1, False), (501, 1, True), (0, 2, False), (0, 3, True), (0, 1, False)],
)
def test_over_is_what_does_not_fit(
    site: Vpopmail, joe: Path, size: int, count: int, over: bool
) -> None:
    assert site.quotas.is_over(JOE, size, count) is over


def test_a_file_that_says_over_is_checked(site: Vpopmail, joe: Path) -> None:
    (joe / "maildirsize").write_text("2000S,4C\n1500 2\n400 1\n")
    assert not site.quotas.is_over(JOE, 200)
    (joe / "maildirsize").write_text("2000S,4C\n1900 3\n")
    assert site.quotas.is_over(JOE, 200)


def test_without_a_quota_nobody_is_over(site: Vpopmail, domain: Path) -> None:
    site.users.add(ANN, "secret")
    assert not site.quotas.is_over(ANN, 2**60, 10**6)


def test_what_is_not_there(site: Vpopmail, joe: Path) -> None:
    quotas = site.quotas
    for ask in (quotas.get, quotas.usage, quotas.recount, quotas.is_over):
        with pytest.raises(UserNotFound):
            ask(f"nobody@{DOMAIN}")
        with pytest.raises(UserNotFound):
            ask("joe@missing.org")
    for ask_domain in (quotas.domain_usage, quotas.is_domain_over):
        with pytest.raises(DomainNotFound):
            ask_domain("missing.org")
    joe.rename(joe.parent / "away")
    with pytest.raises(HomeMissing):
        quotas.usage(JOE)


# domains


def test_a_domain_keeps_what_its_users_keep(site: Vpopmail, joe: Path) -> None:
    for number in range(60):  # beyond 50 homes are hashed
        site.users.add(f"user{number}@{DOMAIN}", "secret")
    hashed = Path(site.users.get(f"user59@{DOMAIN}").pw_dir, "Maildir")
    (hashed / "new/1.h,S=7").touch()
    Path(site.users.get(f"user1@{DOMAIN}").pw_dir).rename(joe.parent / "away")
    assert site.quotas.domain_usage(DOMAIN) == Usage(1507, 3, 0)
    site.domains.add_alias("alias.com", DOMAIN)
    site.limits.set(DOMAIN, VLimits(diskquota=1, maxmsgcount=6))
    assert site.quotas.domain_usage("alias.com") == Usage(1507, 3, 50)


@pytest.mark.parametrize(
    ("limits", "size", "count", "over"),
    [
        (VLimits(), 2**60, 1000, False),
        (VLimits(diskquota=1), 2**20 - 1500, 1000, False),
        (VLimits(diskquota=1), 2**20 - 1499, 1, True),
        (VLimits(maxmsgcount=3), 2**60, 1, False),
        (VLimits(maxmsgcount=3), 0, 2, True),
        (VLimits(diskquota=-1, maxmsgcount=-1), 2**60, 1000, False),
    ],
)
def test_a_domain_is_held_to_its_limits(
    site: Vpopmail, joe: Path, limits: VLimits, size: int, count: int, over: bool
) -> None:
    site.limits.set(DOMAIN, limits)
    assert site.quotas.is_domain_over(DOMAIN, size, count) is over


def test_without_any_limits_a_domain_is_not_over(site: Vpopmail, joe: Path) -> None:
    Path(site.settings.etc_path("vlimits.default")).unlink(missing_ok=True)
    assert not site.quotas.is_domain_over(DOMAIN, 2**60)
    assert site.quotas.domain_usage(DOMAIN) == Usage(1500, 2, 0)


def test_a_home_elsewhere_is_not_entered(site: Vpopmail, joe: Path, domain: Path) -> None:
    elsewhere = domain.parent / "elsewhere"
    (joe.parent).rename(elsewhere)
    user = site.users.get(JOE)
    user.pw_dir = str(elsewhere)
    with vpopmail.use(site):
        assert vpopmail.vauth_setpw(user, DOMAIN) == 0
    with pytest.raises(HomeMissing):
        site.quotas.usage(JOE)
    assert site.quotas.domain_usage(DOMAIN) == Usage(0, 0, 0)


# with a usage daemon


def test_the_daemon_is_asked_first_and_for_the_real_domain(site: Vpopmail, joe: Path) -> None:
    home = Path(site.settings.vpopmaildir)
    site.domains.add_alias("alias.com", DOMAIN)
    site.limits.set(DOMAIN, VLimits(maxmsgcount=10))
    write_conf(home, f"Filename = {home}/sock;")
    table = {JOE: (200, 1), f"@{DOMAIN}": (10**9, 10)}
    with unix_daemon(home / "sock", known(table)) as asked:
        assert site.quotas.usage("JOE@alias.com") == Usage(200, 1, 25)
        assert not site.quotas.is_over(JOE, 1800)
        assert site.quotas.is_over(JOE, 1801)
        assert site.quotas.domain_usage(DOMAIN) == Usage(10**9, 10, 100)
        assert site.quotas.is_domain_over("alias.com")
        assert not site.quotas.is_domain_over("alias.com", 10**12, 0)
    assert set(asked) == table.keys()
    assert site.quotas.usage(JOE) == Usage(1500, 2, 75)


# the warning


def test_the_warning_is_that_of_the_domain_else_of_the_site(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    def warning() -> bytes | None:
        return notice(site.installation, DOMAIN, QUOTA_WARNING)

    assert warning() is None
    Path(site.settings.domains_path, ".quotawarn.msg").write_bytes(b"site")
    assert warning() == b"site"
    (tmp_path / "secret").write_bytes(b"secret")
    (domain / ".quotawarn.msg").symlink_to(tmp_path / "secret")
    assert warning() == b"site"
    (domain / ".quotawarn.msg").unlink()
    os.mkfifo(domain / ".quotawarn.msg")
    assert warning() == b"site"
    (domain / ".quotawarn.msg").unlink()
    (domain / ".quotawarn.msg").write_bytes(b"domain")
    assert warning() == b"domain"
