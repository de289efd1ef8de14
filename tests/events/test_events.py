"""Telling subscribers of changes, before and after."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, tree, without_locks
from vpopmail import VLimits, Vpopmail
from vpopmail.errors import HomeMissing, NotPermitted, UserExists, UserNotFound
from vpopmail.events.events import Event

JOE = f"joe@{DOMAIN}"


@pytest.fixture
def told(site: Vpopmail) -> list[tuple[str, tuple[str, ...], str]]:
    """What a subscriber was told, in order."""
    seen: list[tuple[str, tuple[str, ...], str]] = []
    site.events.subscribe(
        lambda event: seen.append((event.command, event.arguments, event.when))
    )
    return seen


def both(command: str, *arguments: str) -> list[tuple[str, tuple[str, ...], str]]:
    """An event before and after its change."""
    return [(command, arguments, "before"), (command, arguments, "after")]


CHANGES: list[tuple[Callable[[Vpopmail], object], str, tuple[str, ...]]] = [
    (lambda s: s.domains.add("other.org"), "add_domain", ("other.org",)),
    (lambda s: s.domains.add("other.org", "x"), "add_domain", ("other.org",)),
    (lambda s: s.domains.add_alias("alias.org", DOMAIN), "add_alias_domain", ("alias.org", DOMAIN)),
    (lambda s: s.domains.delete(DOMAIN), "del_domain", (DOMAIN,)),
    (lambda s: s.users.add(f"Amy@{DOMAIN}", "x"), "add_user", (f"amy@{DOMAIN}",)),
    (lambda s: s.users.set_password(JOE, "y"), "mod_user", (JOE,)),
    (lambda s: s.users.set_quota(JOE, "1M"), "mod_user", (JOE,)),
    (lambda s: s.users.update(JOE, gecos="x"), "mod_user", (JOE,)),
    (lambda s: s.users.delete(JOE), "del_user", (JOE,)),
    (lambda s: s.aliases.add(f"a@{DOMAIN}", "&x@y.org"), "valias_insert", (f"a@{DOMAIN}", "&x@y.org")),
    (lambda s: s.limits.set(DOMAIN, VLimits()), "set_limits", (DOMAIN,)),
    (lambda s: s.default_delivery.set(DOMAIN, "delete"), "set_default_delivery", (DOMAIN, "delete")),
]


@pytest.mark.parametrize(("change", "command", "arguments"), CHANGES)
def test_each_change_is_told_of_before_and_after(
    site: Vpopmail,
    domain: Path,  # noqa: ARG001
    change: Callable[[Vpopmail], object],
    command: str,
    arguments: tuple[str, ...],
) -> None:
    site.users.add(JOE, "x")
    seen = []
    site.events.subscribe(
        lambda event: seen.append((event.command, event.arguments, event.when))
    )
    change(site)
    assert seen == both(command, *arguments)


@pytest.mark.usefixtures("domain")
def test_an_alias_domain_is_told_of_with_its_domain(site: Vpopmail) -> None:
    site.domains.add_alias("alias.org", DOMAIN)
    seen: list[Event] = []
    site.events.subscribe(seen.append)
    site.domains.delete("alias.org")
    assert [event.arguments for event in seen] == [(f"alias.org alias of {DOMAIN}",)] * 2


@pytest.mark.usefixtures("domain")
def test_what_is_refused_is_told_to_nobody(
    site: Vpopmail, told: list[tuple[str, tuple[str, ...], str]]
) -> None:
    site.users.add(JOE)
    told.clear()
    with pytest.raises(UserExists):
        site.users.add(JOE)
    with pytest.raises(UserNotFound):
        site.users.set_quota(f"nobody@{DOMAIN}", "1M")
    site.users.delete(JOE, dry_run=True)
    assert told == []


def test_a_subscriber_that_raises_before_a_change_prevents_it(site: Vpopmail, domain: Path) -> None:
    before = without_locks(tree(domain))

    def forbid(event: Event) -> None:
        if event.when == "before":
            raise NotPermitted(event.arguments[0], "not today")

    site.events.subscribe(forbid)
    with pytest.raises(NotPermitted):
        site.users.add(JOE)
    assert without_locks(tree(domain)) == before


@pytest.mark.usefixtures("domain")
def test_a_subscriber_that_fails_after_a_change_is_logged_and_others_are_told(
    site: Vpopmail, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    def fail(event: Event) -> None:
        if event.when == "after":
            raise ValueError("the listener's own trouble")

    site.events.subscribe(fail)
    site.events.subscribe(lambda event: seen.append(event.when))
    with caplog.at_level(logging.WARNING):
        assert site.users.add(JOE).carried_out
    assert seen == ["before", "after"]
    assert "ValueError" in caplog.text


@pytest.mark.usefixtures("domain")
def test_a_subscription_ends(site: Vpopmail) -> None:
    seen: list[Event] = []
    end = site.events.subscribe(seen.append)
    end()
    end()
    site.users.add(JOE)
    assert seen == []


@pytest.mark.usefixtures("domain")
def test_in_silence_nobody_is_told(
    site: Vpopmail, make_site: Callable[..., Vpopmail], told: list[tuple[str, tuple[str, ...], str]]
) -> None:
    other = make_site()
    heard: list[Event] = []
    other.events.subscribe(heard.append)
    with site.silent():
        site.users.add(JOE)
        other.users.delete(JOE)
    assert told == []
    assert len(heard) == 2
    site.users.add(JOE)
    assert told == both("add_user", JOE)


@pytest.mark.usefixtures("domain")
def test_silence_ends_with_an_error(
    site: Vpopmail, told: list[tuple[str, tuple[str, ...], str]]
) -> None:
    with pytest.raises(UserNotFound), site.silent():
        site.users.delete(JOE)
    site.users.add(JOE)
    assert told == both("add_user", JOE)


@pytest.mark.usefixtures("domain")
def test_what_a_subscriber_changes_is_not_told_of(site: Vpopmail) -> None:
    seen: list[str] = []

    def follow(event: Event) -> None:
        seen.append(f"{event.command} {event.when}")
        if event.when == "after":
            site.aliases.add(f"all@{DOMAIN}", f"&{event.arguments[0]}")

    site.events.subscribe(follow)
    site.users.add(JOE)
    assert seen == ["add_user before", "add_user after"]
    assert site.aliases.get(f"all@{DOMAIN}") == [f"&{JOE}"]


@pytest.mark.usefixtures("domain")
def test_a_batch_tells_after_its_commit(
    site: Vpopmail, told: list[tuple[str, tuple[str, ...], str]]
) -> None:
    with site.batch():
        site.users.add(JOE)
        site.users.set_quota(JOE, "1M")
        assert [when for _, _, when in told] == ["before", "before"]
    assert told[2:] == [("add_user", (JOE,), "after"), ("mod_user", (JOE,), "after")]


@pytest.mark.usefixtures("domain")
def test_a_batch_that_is_discarded_tells_of_nothing_done(
    site: Vpopmail, told: list[tuple[str, tuple[str, ...], str]]
) -> None:
    def fail() -> None:
        with site.batch():
            site.users.add(JOE)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [when for _, _, when in told] == ["before"]


def test_a_deleted_user_without_a_home_is_told_of(
    site: Vpopmail, domain: Path, told: list[tuple[str, tuple[str, ...], str]]
) -> None:
    site.users.add(JOE)
    (domain / "joe").rename(domain / "moved")
    told.clear()
    with pytest.raises(HomeMissing):
        site.users.delete(JOE)
    assert told == both("del_user", JOE)
