"""Changes of a batch in odd orders, and what others and contexts do meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path

import pytest

from tests.conftest import DOMAIN
from vpopmail import Vpopmail
from vpopmail.errors import DomainNotFound, InvalidDomainName
from vpopmail.events.events import Event
from vpopmail.safeio import seam

pytestmark = pytest.mark.usefixtures("on_disk")

JOE = f"joe@{DOMAIN}"
ALIAS = "alias.org"
OTHER = "other.org"


@pytest.fixture(autouse=True)
def domains(site: Vpopmail, domain: Path) -> Path:
    """Two domains and an alias domain of the first."""
    site.domains.add(OTHER)
    site.domains.add_alias(ALIAS, DOMAIN)
    return domain


def names(site: Vpopmail) -> dict[str, str]:
    """Each name and the domain that it stands for."""
    return {entry.domain: entry.realdomain for entry in site.domains}


def test_an_alias_domain_goes_and_the_users_of_its_domain_are_changed(site: Vpopmail) -> None:
    with site.batch():
        site.users.add(JOE)
        site.domains.delete(ALIAS)
    assert JOE in site.users
    assert names(site) == {DOMAIN: DOMAIN, OTHER: OTHER}


@pytest.mark.parametrize("gone", [ALIAS, OTHER])
def test_a_moved_alias_domain_goes_alone_or_with_its_new_domain(site: Vpopmail, gone: str) -> None:
    with site.batch():
        site.domains.update_alias(ALIAS, OTHER)
        site.domains.delete(gone)
    assert ALIAS not in names(site)
    assert DOMAIN in names(site)


def test_a_moved_alias_domain_stays_when_its_old_domain_goes(site: Vpopmail) -> None:
    with site.batch():
        site.domains.update_alias(ALIAS, OTHER)
        site.domains.delete(DOMAIN)
    assert names(site) == {ALIAS: OTHER, OTHER: OTHER}


def test_an_alias_domain_moved_to_a_pending_domain_goes_with_it(site: Vpopmail) -> None:
    with site.batch():
        site.domains.add("new.org")
        site.domains.update_alias(ALIAS, "new.org")
        site.domains.delete("new.org")
    assert names(site) == {DOMAIN: DOMAIN, OTHER: OTHER}


def test_an_alias_of_a_domain_deleted_meanwhile_is_not_made(
    site: Vpopmail, make_site: Callable[..., Vpopmail]
) -> None:
    other = make_site()

    def fail() -> None:
        with site.batch():
            site.domains.add_alias("late.org", OTHER)
            other.domains.delete(OTHER)

    with pytest.raises(DomainNotFound):
        fail()
    assert "late.org" not in names(site)


def test_an_alias_added_meanwhile_goes_with_its_domain(
    site: Vpopmail, make_site: Callable[..., Vpopmail]
) -> None:
    other = make_site()
    with site.batch():
        site.domains.delete(OTHER)
        other.domains.add_alias("late.org", OTHER)
    assert names(site) == {ALIAS: DOMAIN, DOMAIN: DOMAIN}


def test_a_user_of_a_new_domain_can_be_added_changed_and_deleted(site: Vpopmail) -> None:
    with site.batch():
        site.domains.add("new.org")
        site.users.add("bob@new.org")
        site.users.delete("bob@new.org")
        site.users.add("amy@new.org", quota="1M")
        site.users.set_quota("amy@new.org", "5M")
    home = Path(site.users.get("amy@new.org").pw_dir)
    assert (home / "Maildir/maildirsize").read_text() == "5242880S\n0 0\n"
    assert not (home.parent / "bob").exists()
    site.users.add("bob@new.org")


def test_what_is_given_out_in_a_batch_is_a_copy(site: Vpopmail) -> None:
    with site.batch():
        site.domains.add("new.org")
        site.domains.get("new.org").path = "/zzz"
        site.limits.get("new.org").maxaliases = 7
        assert site.domains.get("new.org").path != "/zzz"
        assert site.limits.get("new.org").maxaliases == -1


def test_a_context_that_outlives_a_batch_is_not_in_it(site: Vpopmail) -> None:
    with site.batch():
        site.users.add("amy@example.com")
        context = copy_context()
    plan = context.run(site.users.add, JOE)
    assert plan.carried_out
    assert context.run(site.users.find, JOE) is not None
    assert JOE in site.users


def test_what_happens_in_silence_is_not_told_at_the_end(site: Vpopmail) -> None:
    seen: list[Event] = []
    site.events.subscribe(seen.append)
    with site.batch(), site.silent():
        site.users.add(JOE)
    assert seen == []


def test_a_subscriber_that_raises_prevents_the_change_in_a_batch_too(site: Vpopmail) -> None:
    def forbid(event: Event) -> None:
        if event.arguments == (JOE,):
            raise KeyError

    site.events.subscribe(forbid)
    with site.batch():
        with pytest.raises(KeyError):
            site.users.add(JOE)
        site.users.add(f"amy@{DOMAIN}")
    assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["amy"]


def test_a_spoilt_home_stops_no_other_change(site: Vpopmail, domains: Path, tmp_path: Path) -> None:
    site.users.add(JOE)
    (domains / "joe").rename(tmp_path / "moved")
    (domains / "joe").symlink_to(tmp_path / "moved")
    site.users.set_quota(JOE, "1M")
    site.users.add(f"amy@{DOMAIN}")
    assert site.users.get(JOE).pw_shell == "1048576S"
    assert not (tmp_path / "moved/Maildir/maildirsize").exists()


def test_domains_committed_before_a_failure_are_told_of(
    site: Vpopmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(call: str, arguments: tuple[object, ...]) -> None:
        if call == "rename" and arguments[2] == "vpasswd":
            renamed.append(call)
            if len(renamed) == 2:
                raise OSError(28, "no space left")

    renamed: list[str] = []
    seen: list[tuple[str, str]] = []
    site.events.subscribe(lambda event: seen.append((event.when, event.arguments[0])))

    def fail() -> None:
        with site.batch():
            site.users.add(JOE)
            site.users.add(f"amy@{OTHER}")
            monkeypatch.setattr(seam, "watch", full)

    with pytest.raises(OSError, match="no space"):
        fail()
    monkeypatch.setattr(seam, "watch", None)
    assert [name for when, name in seen if when == "after"] == [JOE]
    assert JOE in site.users
    assert f"amy@{OTHER}" not in site.users


@pytest.mark.parametrize("was", ["domain", "alias domain"])
def test_a_name_that_means_another_domain_by_now_is_not_deleted(
    site: Vpopmail, make_site: Callable[..., Vpopmail], was: str
) -> None:
    other = make_site()
    name = OTHER if was == "domain" else ALIAS

    def change() -> None:
        with site.batch():
            site.domains.delete(name)
            other.domains.delete(name)
            if was == "domain":
                other.domains.add_alias(name, DOMAIN)
            else:
                other.domains.add(name)

    with pytest.raises(DomainNotFound, match="another domain"):
        change()
    assert names(site)[DOMAIN] == DOMAIN
    assert name in names(site)


def test_a_pending_domain_is_no_alias_domain_that_could_be_moved(site: Vpopmail) -> None:
    with site.batch():
        site.domains.add("new.example")
        with pytest.raises(InvalidDomainName):
            site.domains.update_alias("new.example", OTHER)
        site.domains.add_alias("also.example", OTHER)
        with pytest.raises(DomainNotFound):
            site.domains.update_alias("also.example", "nowhere.example")
    assert names(site)["new.example"] == "new.example"
    assert names(site)["also.example"] == OTHER


def test_a_pending_alias_domain_moved_to_where_it_is_stays(site: Vpopmail) -> None:
    with site.batch():
        site.domains.add_alias("also.example", OTHER)
        site.domains.update_alias("also.example", "also.example")
        site.domains.update_alias("also.example", "ALSO.example", dry_run=True)
    assert names(site)["also.example"] == OTHER
