"""What a site holds can be added, got, found, listed, updated and deleted, all in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from tests.conftest import DOMAIN, tree, without_locks
from vpopmail import VLimits, Vpopmail
from vpopmail.errors import NotFound, VpopmailError
from vpopmail.plan.steps import Plan
from vpopmail.records import NO_POP, NO_SMTP
from vpopmail.testing import sandbox

OTHER = "other.example"
ALIAS = "alias.example"
JOE = f"joe@{DOMAIN}"
AMY = f"amy@{DOMAIN}"
SALES = f"sales@{DOMAIN}"


@attrs.frozen
class Kind:
    """One kind of thing that a site holds; each member gets the site."""

    add: Callable[..., Plan]
    find: Callable[[Vpopmail], object]
    get: Callable[[Vpopmail], object]
    listed: Callable[[Vpopmail], object]
    update: Callable[..., Plan]
    delete: Callable[..., Plan]
    first: object
    second: object
    nothing: object = None  # what ``find`` gives without it
    always: bool = False  # whether there is always one, so that ``get`` never fails


def alias_of(site: Vpopmail) -> str | None:
    found = site.domains.find(ALIAS)
    return None if found is None else found.realdomain


def gecos_of(site: Vpopmail) -> str | None:
    found = site.users.find(AMY)
    return None if found is None else found.pw_gecos


def own_flags(site: Vpopmail) -> int:
    return site.users.get(JOE).pw_gid


def own_limit(site: Vpopmail) -> int | None:
    return limit_in(site.limits.get(DOMAIN))


def limit_in(limits: VLimits) -> int | None:
    return None if limits.maxaliases == -1 else limits.maxaliases


def quota_of(site: Vpopmail) -> str | None:
    found = site.quotas.find(JOE)
    return None if found is None else found.text


KINDS = {
    "alias domain": Kind(
        add=lambda site, **more: site.domains.add_alias(ALIAS, DOMAIN, **more),
        find=alias_of,
        get=lambda site: site.domains.get(ALIAS).realdomain,
        listed=lambda site: next((e.realdomain for e in site.domains if e.domain == ALIAS), None),
        update=lambda site, **more: site.domains.update_alias(ALIAS, OTHER, **more),
        delete=lambda site, **more: site.domains.delete(ALIAS, **more),
        first=DOMAIN,
        second=OTHER,
    ),
    "user": Kind(
        add=lambda site, **more: site.users.add(AMY, "secret-7", gecos="Amy", **more),
        find=gecos_of,
        get=lambda site: site.users.get(AMY).pw_gecos,
        listed=lambda site: next((u.pw_gecos for u in site.users.iter(DOMAIN, names="amy")), None),
        update=lambda site, **more: site.users.update(AMY, gecos="Amelia", **more),
        delete=lambda site, **more: site.users.delete(AMY, **more),
        first="Amy",
        second="Amelia",
    ),
    "alias": Kind(
        add=lambda site, **more: site.aliases.add(SALES, f"&{JOE}", **more),
        find=lambda site: site.aliases.find(SALES),
        get=lambda site: site.aliases.get(SALES),
        listed=lambda site: dict(site.aliases.iter(DOMAIN)).get("sales"),
        update=lambda site, **more: site.aliases.set(SALES, ["&amy@other.org", "|x"], **more),
        delete=lambda site, **more: site.aliases.delete(SALES, **more),
        first=[f"&{JOE}"],
        second=["&amy@other.org", "|x"],
    ),
    "catch-all": Kind(
        add=lambda site, **more: site.catch_all.set(DOMAIN, "joe", **more),
        find=lambda site: site.catch_all.find(DOMAIN),
        get=lambda site: site.catch_all.get(DOMAIN),
        listed=lambda site: dict(site.catch_all.iter()).get(DOMAIN),
        update=lambda site, **more: site.catch_all.set(DOMAIN, "amy@other.org", **more),
        delete=lambda site, **more: site.catch_all.delete(DOMAIN, **more),
        first=JOE,
        second="amy@other.org",
    ),
    "default delivery": Kind(
        add=lambda site, **more: site.default_delivery.set(DOMAIN, "delete", **more),
        find=lambda site: site.default_delivery.find(DOMAIN),
        get=lambda site: site.default_delivery.get(DOMAIN),
        listed=lambda site: dict(site.default_delivery.iter()).get(DOMAIN),
        update=lambda site, **more: site.default_delivery.set(DOMAIN, "amy@other.org", **more),
        delete=lambda site, **more: site.default_delivery.delete(DOMAIN, **more),
        first="delete",
        second="amy@other.org",
        nothing="bounce-no-mailbox",
        always=True,
    ),
    "limits": Kind(
        add=lambda site, **more: site.limits.set(DOMAIN, VLimits(maxaliases=3), **more),
        find=own_limit,
        get=lambda site: site.limits.get(DOMAIN).maxaliases,
        listed=lambda site: limit_in(dict(site.limits.iter())[DOMAIN]),
        update=lambda site, **more: site.limits.update(DOMAIN, maxaliases=5, **more),
        delete=lambda site, **more: site.limits.delete(DOMAIN, **more),
        first=3,
        second=5,
        always=True,
    ),
    "quota": Kind(
        add=lambda site, **more: site.quotas.set(JOE, "5M", **more),
        find=quota_of,
        get=lambda site: site.quotas.get(JOE).text,
        listed=lambda site: dict(site.quotas.iter(DOMAIN))["joe"].text,
        update=lambda site, **more: site.quotas.set(JOE, "7M,100C", **more),
        delete=lambda site, **more: site.quotas.delete(JOE, **more),
        first="5242880S",
        second="7340032S,100C",
        nothing="NOQUOTA",
        always=True,
    ),
    "flags": Kind(
        add=lambda site, **more: site.users.update(JOE, set_flags=NO_POP, **more),
        find=own_flags,
        get=own_flags,
        listed=lambda site: next((u.pw_gid for u in site.users.iter(DOMAIN, flags=NO_POP)), 0),
        update=lambda site, **more: site.users.update(JOE, flags=NO_POP | NO_SMTP, **more),
        delete=lambda site, **more: site.users.update(JOE, flags=0, **more),
        first=NO_POP,
        second=NO_POP | NO_SMTP,
        nothing=0,
        always=True,
    ),
    "domain": Kind(
        add=lambda site, **more: site.domains.add("new.example", **more),
        find=lambda site: "new.example" if "new.example" in site.domains else None,
        get=lambda site: site.domains.get("new.example").domain,
        listed=lambda site: next((e.domain for e in site.domains.iter("new.example")), None),
        update=lambda site, **more: site.limits.update("new.example", maxaliases=1, **more),
        delete=lambda site, **more: site.domains.delete("new.example", **more),
        first="new.example",
        second="new.example",
    ),
}


@pytest.fixture(params=["cdb", "memory"])
def site(request: pytest.FixtureRequest) -> Iterator[Vpopmail]:
    with sandbox(request.param) as made:
        made.domains.add(DOMAIN)
        made.domains.add(OTHER)
        made.users.add(JOE, "secret-7")
        yield made


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def files(site: Vpopmail) -> dict[str, object]:
    """Everything of the site and of qmail but lock files."""
    return without_locks(tree(Path(site.settings.vpopmaildir).parent))


def check(site: Vpopmail, kind: Kind, value: object) -> None:
    """All ways of looking say the same."""
    assert kind.find(site) == value
    assert kind.listed(site) == value
    if value != kind.nothing:
        assert kind.get(site) == value
    elif not kind.always:
        with pytest.raises(NotFound):
            kind.get(site)


def test_a_life(site: Vpopmail, kind: Kind) -> None:
    told: list[tuple[str, str]] = []
    site.events.subscribe(lambda event: told.append((event.when, event.command)))
    check(site, kind, kind.nothing)
    assert kind.add(site).carried_out
    check(site, kind, kind.first)
    assert kind.update(site).carried_out
    check(site, kind, kind.second)
    assert kind.delete(site).carried_out
    check(site, kind, kind.nothing)
    assert [when for when, _ in told] == ["before", "after"] * 3
    assert [command for when, command in told if when == "before"] == [
        command for when, command in told if when == "after"
    ]


def test_a_dry_run_changes_and_tells_nothing(site: Vpopmail, kind: Kind) -> None:
    told: list[object] = []
    site.events.subscribe(told.append)
    before = files(site)
    plan = kind.add(site, dry_run=True)
    assert not plan.carried_out
    assert str(plan)
    check(site, kind, kind.nothing)
    assert files(site) == before
    assert told == []
    kind.add(site)
    told.clear()
    for act in (kind.update, kind.delete):
        plan = act(site, dry_run=True)
        assert not plan.carried_out
        check(site, kind, kind.first)
    assert told == []


def test_a_batch_has_it_pending_and_then_for_good(site: Vpopmail, kind: Kind) -> None:
    with site.batch():
        kind.add(site)
        check(site, kind, kind.first)
        plan = kind.update(site)
        check(site, kind, kind.second)
        assert not plan.carried_out
    check(site, kind, kind.second)
    assert plan.carried_out
    with site.batch():
        kind.delete(site)
        check(site, kind, kind.nothing)
    check(site, kind, kind.nothing)


def test_a_discarded_batch_leaves_nothing(site: Vpopmail, kind: Kind) -> None:
    before = files(site)
    with site.batch() as batch:
        kind.add(site)
        kind.update(site)
        batch.discard()
    check(site, kind, kind.nothing)
    assert files(site) == before


def test_what_is_refused_is_refused_by_a_dry_run_too(site: Vpopmail, kind: Kind) -> None:
    kind.add(site)
    kind.delete(site)
    for act in (kind.update, kind.delete):
        outcomes = []
        for dry in (True, False):
            try:
                act(site, dry_run=dry)
                outcomes.append(None)
            except VpopmailError as error:
                outcomes.append(type(error))
        assert outcomes[0] == outcomes[1]


def test_domains_are_filtered(site: Vpopmail) -> None:
    site.domains.add_alias(ALIAS, DOMAIN)
    listed = lambda *domain, **names: [e.domain for e in site.domains.iter(*domain, **names)]  # noqa: E731
    assert listed() == [ALIAS, DOMAIN, OTHER]
    assert listed(ALIAS) == [ALIAS, DOMAIN]
    assert listed(names="*A*.example") == [ALIAS]
    assert listed(DOMAIN, names="ex*") == [DOMAIN]
    assert listed("none.example") == []
    with site.batch():
        site.domains.add("new.example")
        assert listed(names="*.example") == [ALIAS, OTHER, "new.example"]
