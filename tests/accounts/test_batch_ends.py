"""How changes and batches end: each thing is closed whatever fails, and decided again as it was noted."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN, settings_for, tree, without_locks
from tests.qmail.test_send import echoes, running
from vpopmail import VA, VLimits, Vpopmail
from vpopmail.accounts.domain_change import DomainChange
from vpopmail.errors import (
    CatchAllProtected,
    InvalidDomainName,
    UserExists,
    UserNotFound,
)
from vpopmail.formats import cdb
from vpopmail.records import NO_PASSWD_CHNG, NO_POP
from vpopmail.safeio import seam
from vpopmail.settings import load

pytestmark = pytest.mark.usefixtures("on_disk")

JOE = f"joe@{DOMAIN}"
AMY = f"amy@{DOMAIN}"
ALIAS = "alias.example"
OTHER = "other.example"
NEW = "new.example"
GOOD = "Wonderful-1"


def descriptors() -> int:
    """How many descriptors are open."""
    return len(os.listdir("/proc/self/fd"))


class ReadOnly:
    """From the first rename to a name on every change of a file fails: the disk is read-only."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.begun = False

    def __call__(self, call: str, arguments: tuple[object, ...]) -> None:
        if call == "rename" and arguments[2] == self.name:
            self.begun = True
        if self.begun and call not in {"open_lock", "fsync"}:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), call)


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Lets the disk be read-only from the commit of a name on; None: as before again."""

    def arm(name: str | None) -> None:
        monkeypatch.setattr(seam, "watch", None if name is None else ReadOnly(name))

    return arm


# closing


def test_a_disk_that_becomes_read_only_at_the_commit_holds_no_repeat_up(
    site: Vpopmail, domain: Path, read_only: Callable[[str | None], None]
) -> None:
    read_only("vpasswd")
    before = descriptors()
    with pytest.raises(OSError, match="rename"):
        site.users.add(JOE)
    assert descriptors() == before
    read_only(None)
    site.users.add(JOE)
    assert (domain / "joe/Maildir").is_dir()
    assert not (domain / ".vpopmail").exists()


def test_a_batch_on_a_disk_that_becomes_read_only_holds_no_repeat_up(
    site: Vpopmail, domain: Path, read_only: Callable[[str | None], None]
) -> None:
    site.domains.add(OTHER)
    heard: list[str] = []
    site.events.subscribe(lambda event: heard.append(f"{event.when} {event.arguments[0]}"))

    def change() -> None:
        with site.batch():
            site.users.add(JOE)
            site.users.add(f"amy@{OTHER}")

    read_only("vpasswd")
    before = descriptors()
    with pytest.raises(OSError, match="rename"):
        change()
    assert descriptors() == before
    assert not [one for one in heard if one.startswith("after")]
    read_only(None)
    change()
    assert [site.users.get(one).pw_name for one in (JOE, f"amy@{OTHER}")] == ["joe", "amy"]
    assert not list(domain.parent.rglob(".vpopmail"))


def test_a_new_domain_on_a_disk_that_becomes_read_only_holds_no_repeat_up(
    site: Vpopmail, tmp_path: Path, read_only: Callable[[str | None], None]
) -> None:
    read_only("cdb")
    before = descriptors()
    with pytest.raises(OSError, match="rename"):
        site.domains.add(NEW, GOOD)
    assert descriptors() == before
    read_only(None)
    site.domains.add(NEW, GOOD)
    assert not list(tmp_path.rglob(".vpopmail"))


def test_a_new_domain_in_a_batch_on_a_disk_that_becomes_read_only_holds_no_repeat_up(
    site: Vpopmail, domain: Path, tmp_path: Path, read_only: Callable[[str | None], None]
) -> None:
    def change() -> None:
        with site.batch():
            site.users.add(JOE)
            site.domains.add(NEW, GOOD)
            site.domains.add(OTHER, GOOD)

    read_only("cdb")
    before = descriptors()
    with pytest.raises(OSError, match="rename"):
        change()
    assert descriptors() == before
    read_only(None)
    change()
    assert domain.is_dir()
    assert not list(tmp_path.rglob(".vpopmail"))


def test_recovery_that_fails_keeps_no_lock(
    site: Vpopmail, make_site: Callable[..., Vpopmail], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("vpopmail.accounts.domain_recovery.recover_domains", broken)
    with DomainChange(site.installation, batch=True) as change:
        with pytest.raises(OSError, match="Input/output"):
            change.recover(site.settings.domains_path)
        monkeypatch.undo()
        make_site().domains.add(NEW)
        change.recover(site.settings.domains_path)


def test_a_batch_tries_again_what_was_left_after_recovery_has_failed(
    site: Vpopmail,
    domain: Path,
    make_site: Callable[..., Vpopmail],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*arguments: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    other = make_site()
    with site.batch():
        with monkeypatch.context() as patch:
            patch.setattr("vpopmail.accounts.user_recovery.recover_users", broken)
            patch.setattr("vpopmail.accounts.domain_recovery.recover_domains", broken)
            with pytest.raises(OSError, match="Input/output"):
                site.users.add(JOE)
            with pytest.raises(OSError, match="Input/output"):
                site.domains.add(NEW)
        other.users.add(AMY)
        other.domains.add(OTHER)
        site.users.add(JOE)
        site.domains.add(NEW)
    assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["amy", "joe"]
    assert domain.is_dir()


# batches within batches


def test_a_batch_of_another_site_inside_hides_neither(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    (tmp_path / "b").mkdir()
    with Vpopmail(load(settings_for(tmp_path / "b"))) as other:
        other.prepare()
        other.domains.add(OTHER)
        with site.batch():
            site.users.add(JOE)
            with other.batch():
                other.users.add(f"bob@{OTHER}")
                site.users.add(AMY)
                assert JOE in site.users
                with site.batch():
                    site.users.update(JOE, gecos="Joe")
            assert f"bob@{OTHER}" in other.users
            assert JOE in site.users
            assert not (domain / "vpasswd").exists()
    assert [user.pw_gecos for user in site.users.iter(DOMAIN)] == ["amy", "Joe"]


def test_a_batch_that_ends_in_another_context_is_committed(site: Vpopmail, domain: Path) -> None:
    from contextvars import copy_context

    batch = site.batch()
    context = copy_context()
    context.run(batch.__enter__)
    context.run(site.users.add, JOE)
    batch.__exit__(None, None, None)
    assert JOE in site.users
    assert (domain / "joe").is_dir()
    assert context.run(site.users.add, AMY).carried_out


# decided again at the end, as it was noted


def test_a_user_changes_his_password_through_a_pending_alias_domain(
    site: Vpopmail, domain: Path
) -> None:
    site.users.add(JOE)
    with site.batch():
        site.domains.add_alias(ALIAS, DOMAIN)
        assert vpopmail.vpasswd("joe", ALIAS, GOOD, 0) == VA.SUCCESS
    assert site.users.check_password(JOE, GOOD)
    assert domain.is_dir()


def test_a_user_changes_his_password_through_a_moved_alias_domain(
    site: Vpopmail, domain: Path
) -> None:
    site.domains.add(OTHER)
    site.domains.add_alias(ALIAS, OTHER)
    site.users.add(JOE)
    with site.batch():
        site.domains.update_alias(ALIAS, DOMAIN)
        assert vpopmail.vpasswd("joe", ALIAS, GOOD, 0) == VA.SUCCESS
    assert site.users.check_password(JOE, GOOD)
    assert domain.is_dir()


@pytest.mark.parametrize("backend", ["cdb", "memory", "sqlite"])
def test_a_user_changes_his_password_after_limits_and_flags_of_the_same_batch(
    make_site: Callable[..., Vpopmail], tmp_path: Path, backend: str
) -> None:
    site = make_site(backend=backend, **_url(backend, tmp_path))
    site.domains.add(DOMAIN)
    for address in (JOE, AMY):
        site.users.add(address)
    site.limits.set(DOMAIN, VLimits(disable_passwordchanging=1))
    site.users.update(AMY, set_flags=NO_PASSWD_CHNG)
    with site.batch():
        with pytest.raises(vpopmail.errors.PasswordChangeForbidden):
            site.users.change_own_password("joe", DOMAIN, GOOD)
        site.limits.update(DOMAIN, disable_passwordchanging=0)
        site.users.change_own_password("joe", DOMAIN, GOOD)
        site.users.update(AMY, clear_flags=NO_PASSWD_CHNG)
        site.users.change_own_password("amy", DOMAIN, GOOD)
        site.limits.update(DOMAIN, disable_passwordchanging=1)
        with pytest.raises(vpopmail.errors.PasswordChangeForbidden):
            site.users.change_own_password("joe", DOMAIN, GOOD)
    assert site.users.check_password(JOE, GOOD)
    assert site.users.check_password(AMY, GOOD)
    assert site.users.get(JOE).pw_flags & NO_PASSWD_CHNG


def test_the_default_delivery_to_a_pending_alias_domain_is_stored_as_it_was_decided(
    site: Vpopmail, domain: Path
) -> None:
    site.users.add(JOE)
    with site.batch():
        site.domains.add_alias(ALIAS, DOMAIN)
        site.default_delivery.set(DOMAIN, f"joe@{ALIAS}")
        inside = site.default_delivery.get(DOMAIN)
    assert site.default_delivery.get(DOMAIN) == inside == JOE
    assert domain.is_dir()


def test_a_user_whom_the_batch_adds_and_whose_record_it_forgets_leaves_nothing(
    site: Vpopmail, domain: Path
) -> None:
    with site.batch():
        site.users.add(JOE)
        site.users.add(AMY)
        assert vpopmail.vauth_deluser("amy", DOMAIN) == VA.SUCCESS
        assert vpopmail.vauth_deluser("joe", DOMAIN) == VA.SUCCESS
        site.users.add(JOE, gecos="again")
    assert [user.pw_gecos for user in site.users.iter(DOMAIN)] == ["again"]
    assert (domain / "joe/Maildir").is_dir()
    assert not (domain / "amy").exists()


def test_a_user_whose_record_the_batch_forgets_cannot_be_added_in_it(
    site: Vpopmail, domain: Path
) -> None:
    site.users.add(JOE)
    (domain / "joe").rename(domain / "moved")
    with site.batch():
        assert vpopmail.vauth_deluser("joe", DOMAIN) == VA.SUCCESS
        with pytest.raises(UserExists, match="must end first"):
            site.users.add(JOE)
    assert JOE not in site.users
    assert not (domain / "joe").exists()


@pytest.mark.parametrize("backend", ["cdb", "memory", "sqlite"])
@pytest.mark.parametrize("new", [True, False])
def test_a_record_is_stored_and_the_user_deleted_in_one_batch(
    make_site: Callable[..., Vpopmail], tmp_path: Path, backend: str, new: bool
) -> None:
    site = make_site(backend=backend, **_url(backend, tmp_path))
    where = NEW if new else DOMAIN
    site.domains.add(DOMAIN)
    with vpopmail.use(site), site.batch():
        if new:
            site.domains.add(NEW)
        assert vpopmail.vauth_adduser("joe", where, GOOD, "Joe") == VA.SUCCESS
        site.users.update(f"joe@{where}", gecos="x")
        site.users.delete(f"joe@{where}")
        assert vpopmail.vauth_adduser("joe", where, GOOD, "Jim") == VA.SUCCESS
        assert vpopmail.vauth_deluser("joe", where) == VA.SUCCESS
        site.users.add(f"amy@{where}")
    assert [user.pw_name for user in site.users.iter(where)] == ["amy"]
    home = Path(site.users.get(f"amy@{where}").pw_dir)
    assert not (home.parent / "joe").exists()


@pytest.mark.parametrize("how", ["catch_all", "default_delivery", "home"])
def test_a_catch_all_is_set_unset_and_its_user_deleted_in_one_batch(
    site: Vpopmail, domain: Path, how: str
) -> None:
    site.users.add(JOE)
    with site.batch():
        if how == "catch_all":
            site.catch_all.set(DOMAIN, JOE)
        else:
            action = JOE if how == "default_delivery" else str(domain / "joe")
            site.default_delivery.set(DOMAIN, action)
        site.catch_all.delete(DOMAIN)
        site.users.delete(JOE)
    assert JOE not in site.users
    assert site.catch_all.find(DOMAIN) is None


# what others do meanwhile


def test_a_user_who_is_the_catch_all_by_now_is_not_deleted(
    site: Vpopmail, domain: Path, make_site: Callable[..., Vpopmail]
) -> None:
    other = make_site()
    site.users.add(JOE)

    def change() -> None:
        with site.batch():
            site.users.delete(JOE)
            other.catch_all.set(DOMAIN, JOE)

    with pytest.raises(CatchAllProtected):
        change()
    assert JOE in site.users
    assert (domain / "joe").is_dir()


def test_the_home_that_a_user_has_by_now_goes_with_him(
    site: Vpopmail, domain: Path, make_site: Callable[..., Vpopmail]
) -> None:
    other = make_site()
    site.users.add(JOE)
    assert site.users.get(JOE).pw_dir == str(domain / "joe")
    with site.batch():
        site.users.delete(JOE)
        other.users.delete(JOE)
        with other.batch():
            for number in range(101):
                other.users.add(f"u{number:03}@{DOMAIN}", crypted="x")
        other.users.add(JOE)
        (domain / "joe").mkdir()  # a stranger's
        home = Path(other.users.get(JOE).pw_dir)
        assert home.parent != domain
    assert JOE not in site.users
    assert not home.exists()
    assert (domain / "joe").is_dir()


@pytest.mark.parametrize("add", [True, False])
def test_a_user_added_or_deleted_meanwhile_refuses_the_batch(
    site: Vpopmail, domain: Path, make_site: Callable[..., Vpopmail], add: bool
) -> None:
    other = make_site()
    if not add:
        site.users.add(JOE)

    def change() -> None:
        with site.batch():
            (site.users.add if add else site.users.delete)(JOE)
            site.users.add(AMY)
            (other.users.add if add else other.users.delete)(JOE)

    with pytest.raises(UserExists if add else UserNotFound, match="meanwhile"):
        change()
    assert AMY not in site.users
    assert domain.is_dir()


def test_domains_that_share_a_table_name_are_refused_at_the_end_too(
    make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    options = {"backend": "sqlite", "many_domains": False} | _url("sqlite", tmp_path)
    site, other = make_site(**options), make_site(**options)

    def change() -> None:
        with site.batch():
            site.domains.add("a-b.example")
            other.domains.add("a.b.example")

    with pytest.raises(InvalidDomainName):
        change()
    assert [entry.domain for entry in other.domains] == ["a.b.example"]


# pending limits


@pytest.mark.parametrize("backend", ["cdb", "memory", "sqlite"])
def test_a_dry_run_in_a_batch_leaves_pending_limits(
    make_site: Callable[..., Vpopmail], tmp_path: Path, backend: str
) -> None:
    site = make_site(backend=backend, **_url(backend, tmp_path))
    site.domains.add(DOMAIN)
    with site.batch():
        site.limits.set(DOMAIN, VLimits(maxaliases=5))
        site.limits.update(DOMAIN, maxaliases=7, dry_run=True)
        site.limits.get(DOMAIN).maxaliases = 9
        assert site.limits.get(DOMAIN).maxaliases == 5
    assert site.limits.get(DOMAIN).maxaliases == 5


def test_limits_that_cannot_be_read_add_no_flags_in_a_batch_either(
    site: Vpopmail, domain: Path
) -> None:
    site.users.add(JOE)
    site.users.update(JOE, set_flags=NO_POP)
    (domain / ".qmailadmin-limits").mkdir()
    outside = site.users.get(JOE).pw_flags
    with site.batch():
        assert site.users.get(JOE).pw_flags == outside == NO_POP
        assert [user.pw_flags for user in site.users.iter(DOMAIN)] == [NO_POP]


# a directory of domains that only a discarded batch wanted


def test_a_base_of_a_discarded_domain_is_as_it_was(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    base.mkdir()
    before = without_locks(tree(tmp_path))
    with site.batch() as batch:
        site.domains.add(NEW, GOOD, dir=str(base))
        batch.discard()
    assert without_locks(tree(tmp_path)) == before
    with site.batch():
        site.domains.add(NEW, GOOD, dir=str(base))
        site.domains.delete(NEW)
    assert without_locks(tree(tmp_path)) == before
    assert domain.is_dir()


def _url(backend: str, tmp_path: Path) -> dict[str, object]:
    return {"database_url": f"sqlite://{tmp_path}/accounts.sqlite"} if backend == "sqlite" else {}


@pytest.mark.parametrize("backend", ["cdb", "memory", "sqlite"])
def test_mail_for_a_domain_deleted_beside_a_new_one_is_taken_no_more(
    make_site: Callable[..., Vpopmail], tmp_path: Path, backend: str
) -> None:
    site = make_site(backend=backend, **_url(backend, tmp_path))
    site.domains.add(DOMAIN)
    with site.batch():
        site.domains.add(NEW)
        site.domains.delete(DOMAIN)
    control = tmp_path / "q/control"
    assert (control / "rcpthosts").read_text().split() == [NEW]
    assert (control / "virtualdomains").read_text().split() == [f"{NEW}:{NEW}"]


def test_deferred_domains_wait_for_one_that_is_not(site: Vpopmail, tmp_path: Path) -> None:
    control = tmp_path / "q/control"
    control.joinpath("rcpthosts").write_text("".join(f"h{n}.example\n" for n in range(50)))
    with running(tmp_path / "q/bin/qmail-send") as qmail_send:
        with site.batch(deferred=True):
            site.domains.add("one.org")
        assert control.joinpath("morercpthosts").read_text() == "one.org\n"
        assert not control.joinpath("morercpthosts.cdb").exists()
        assert echoes(qmail_send)
        site.domains.add("two.org")
        assert qmail_send.wait() == -signal.SIGHUP
    index = cdb.iterate(control.joinpath("morercpthosts.cdb").read_bytes())
    assert {name for name, _ in index} == {b"one.org", b"two.org"}


def test_change_after_deferred_ones_need_not_be_of_morercpthosts(
    site: Vpopmail, tmp_path: Path
) -> None:
    control = tmp_path / "q/control"
    hosts = control / "rcpthosts"
    hosts.write_text("".join(f"h{n}.example\n" for n in range(50)))
    site.domains.add("zero.org")
    with site.batch(deferred=True):
        site.domains.add("one.org")
    hosts.write_text("")
    site.domains.add("two.org")
    assert hosts.read_text() == "two.org\n"
    index = cdb.iterate(control.joinpath("morercpthosts.cdb").read_bytes())
    assert {name for name, _ in index} == {b"zero.org", b"one.org"}
