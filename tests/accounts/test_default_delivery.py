"""What happens to mail for unknown users, and who gets it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, tree, without_locks
from vpopmail import Vpopmail, isCatchall, use
from vpopmail.errors import (
    AliasNotFound,
    AliasUnreadable,
    CatchAllProtected,
    DomainNotFound,
    InvalidInput,
    UserNotFound,
)
from vpopmail.events.events import Event

JOE = f"joe@{DOMAIN}"


@pytest.fixture(params=["cdb", "memory"])
def kept(
    request: pytest.FixtureRequest, make_site: Callable[..., Vpopmail]
) -> Iterator[Vpopmail]:
    """A site with a domain, its alias domain and a user."""
    site = make_site(backend=request.param)
    with use(site):
        site.domains.add(DOMAIN)
        site.domains.add_alias("alias.example", DOMAIN)
        site.users.add(JOE)
        yield site


@pytest.fixture
def default(kept: Vpopmail) -> Path:
    """The domain's .qmail-default."""
    return Path(kept.domains.get(DOMAIN).path, ".qmail-default")


def line(site: Vpopmail, action: str) -> str:
    return f"| {site.settings.bindir}/vdelivermail '' {action}\n"


# the action


def test_a_new_domain_bounces_and_has_no_catch_all(kept: Vpopmail) -> None:
    assert kept.default_delivery.get(DOMAIN) == "bounce-no-mailbox"
    assert kept.catch_all.find("Alias.example") is None
    with pytest.raises(AliasNotFound):
        kept.catch_all.get(DOMAIN)


@pytest.mark.parametrize(
    "action", ["delete", "bounce-no-mailbox", "amy@other.org", "/home/some where/it's", JOE]
)
def test_an_action_is_stored_and_read_back(kept: Vpopmail, default: Path, action: str) -> None:
    plan = kept.default_delivery.set("alias.example", action)
    assert plan.carried_out
    assert kept.default_delivery.get(DOMAIN) == action
    assert default.read_bytes().count(b"\n") == 1
    kept.default_delivery.delete(DOMAIN)
    assert default.read_text() == line(kept, "bounce-no-mailbox")


@pytest.mark.parametrize(
    "action",
    ["", "joe", "bounce", "Maildir/", "./Maildir/", "|/bin/sh", "&amy@other.org", "a@b@c.org",
     "a@", "@b.org", "a b@c.org", "a@b.org\n|x", "/a\n", "/a/../b", "-x@b.org", "#a@b.org", "/\0"],
)  # fmt: skip
def test_what_is_no_action_is_refused_and_changes_nothing(
    kept: Vpopmail, tmp_path: Path, action: str
) -> None:
    before = tree(tmp_path)
    for dry_run in (True, False):
        with pytest.raises(InvalidInput) as caught:
            kept.default_delivery.set(DOMAIN, action, dry_run=dry_run)
        assert "\n" not in str(caught.value)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("content", "action", "after"),
    [
        ("# mine\n|/bin/filter\n{LINE}", "bounce-no-mailbox", "# mine\n|/bin/filter\n{NEW}"),
        ("{LINE}# last", "bounce-no-mailbox", "{NEW}# last\n"),
        (
            "|spamc | /v/vdelivermail '' delete\n",
            "delete",
            "|spamc | /v/vdelivermail '' a@b.org\n",
        ),
        ("# | x/vdelivermail '' old@b.org\n&amy@other.org\n", "&amy@other.org",
         "# | x/vdelivermail '' old@b.org\n{NEW}"),
        ("|/bin/filter\n./Maildir/ \n\n", "./Maildir/", "|/bin/filter\n{NEW}\n"),
        ("# nothing\n\n", None, "# nothing\n\n{NEW}"),
        ("", None, "{NEW}"),
        (None, None, "{NEW}"),
    ],
)  # fmt: skip
def test_other_lines_of_the_file_stay(
    kept: Vpopmail, default: Path, content: str | None, action: str | None, after: str
) -> None:
    def filled(text: str) -> str:
        old, new = line(kept, "bounce-no-mailbox"), line(kept, "a@b.org")
        return text.replace("{LINE}", old).replace("{NEW}", new)

    default.unlink()
    if content is not None:
        default.write_text(filled(content))
    assert kept.default_delivery.find(DOMAIN) == action
    kept.default_delivery.set(DOMAIN, "a@b.org")
    assert default.read_text() == filled(after)
    assert kept.default_delivery.get(DOMAIN) == "a@b.org"


def test_without_a_default_delivery_get_says_so(kept: Vpopmail, default: Path) -> None:
    default.unlink()
    with pytest.raises(AliasNotFound):
        kept.default_delivery.get(DOMAIN)
    assert isCatchall("joe", DOMAIN, "") == isCatchall("joe", "none.example", "") == 0
    assert kept.catch_all.find(DOMAIN) is None
    for look in (kept.default_delivery.find, kept.catch_all.find, kept.default_delivery.delete):
        with pytest.raises(DomainNotFound):
            look("none.example")


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_a_link_or_a_pipe_is_not_read(kept: Vpopmail, default: Path, kind: str) -> None:
    default.unlink()
    default.symlink_to("/etc/passwd") if kind == "link" else os.mkfifo(default)
    for touch in (
        lambda: kept.default_delivery.find(DOMAIN),
        lambda: kept.default_delivery.set(DOMAIN, "delete"),
        lambda: kept.catch_all.set(DOMAIN, "joe"),
    ):
        with pytest.raises(AliasUnreadable):
            touch()


def test_iteration_goes_over_all_real_domains(kept: Vpopmail) -> None:
    for name in ("one.example", "two.example"):
        kept.domains.add(name)
    kept.default_delivery.set("one.example", "amy@other.org")
    assert dict(kept.default_delivery) == {
        DOMAIN: "bounce-no-mailbox",
        "one.example": "amy@other.org",
        "two.example": "bounce-no-mailbox",
    }
    assert list(kept.catch_all.iter()) == [("one.example", "amy@other.org")]


# the catch-all


@pytest.mark.parametrize("given", ["joe", JOE, "Joe@Alias.Example", "JOE"])
def test_a_user_as_catch_all_is_stored_by_his_home_and_protected(
    kept: Vpopmail, given: str
) -> None:
    kept.catch_all.set("alias.example", given)
    assert kept.default_delivery.get(DOMAIN) == kept.users.get(JOE).pw_dir
    assert kept.catch_all.get(DOMAIN) == JOE
    assert isCatchall("joe", DOMAIN, "") == 1
    with pytest.raises(CatchAllProtected):
        kept.users.delete(JOE)
    kept.catch_all.delete(DOMAIN)
    assert kept.catch_all.find(DOMAIN) is None
    kept.users.delete(JOE)


def test_a_user_in_a_hash_directory_gets_the_mail_in_his_own_home(kept: Vpopmail) -> None:
    with kept.batch():
        for number in range(101):
            kept.users.add(f"u{number:03}@{DOMAIN}", crypted="x")
    home = kept.users.get(f"u100@{DOMAIN}").pw_dir
    assert home.endswith("/0/u100")
    kept.catch_all.set(DOMAIN, "u100")
    assert kept.default_delivery.get(DOMAIN) == home
    with pytest.raises(CatchAllProtected):
        kept.users.delete(f"u100@{DOMAIN}")


def test_a_user_whose_home_is_elsewhere_is_stored_by_address(kept: Vpopmail) -> None:
    user = kept.users.get(JOE)
    user.pw_dir = "/home/joe"
    kept.users.store(user, DOMAIN)
    kept.catch_all.set(DOMAIN, "joe")
    assert kept.default_delivery.get(DOMAIN) == kept.catch_all.get(DOMAIN) == JOE
    with pytest.raises(CatchAllProtected):
        kept.users.delete(JOE)


def test_addresses_elsewhere_are_stored_as_they_are(kept: Vpopmail) -> None:
    kept.catch_all.set(DOMAIN, "Amy@Other.org")
    assert kept.default_delivery.get(DOMAIN) == kept.catch_all.get(DOMAIN) == "Amy@Other.org"
    kept.users.delete(JOE)


def test_an_own_address_that_nobody_has_is_refused_but_an_alias_is_taken(kept: Vpopmail) -> None:
    for given in ("sales", f"sales@{DOMAIN}", "sales@alias.example"):
        with pytest.raises(UserNotFound):
            kept.catch_all.set(DOMAIN, given)
    for given in ("", "a b", "/home/joe", "|x", "a@b@c.org"):
        with pytest.raises(InvalidInput):
            kept.catch_all.set(DOMAIN, given)
    kept.aliases.add(f"sales@{DOMAIN}", "&amy@other.org")
    kept.catch_all.set(DOMAIN, "sales@alias.example")
    assert kept.catch_all.get(DOMAIN) == f"sales@{DOMAIN}"


@pytest.mark.parametrize(
    ("content", "address"),
    [
        ("&amy@other.org\n", "amy@other.org"),
        ("./Maildir/\n", None),
        ("|/bin/prog a@b.org\n", None),
        ("| /v/vdelivermail '' delete-no-mailbox\n", None),
        ("| /v/vdelivermail '' /elsewhere/joe\n", None),
        ("| /v/vdelivermail '' {HOME}/\n", JOE),
        ("|/bin/filter\n| /v/vdelivermail '' {HOME}\n", JOE),
        ("| /v/vdelivermail '' {HOME}/../amy\n", None),
    ],
)
def test_whom_a_file_names_however_it_was_written(
    kept: Vpopmail, default: Path, content: str, address: str | None
) -> None:
    home = kept.users.get(JOE).pw_dir
    default.write_text(content.replace("{HOME}", home))
    assert kept.catch_all.find(DOMAIN) == address
    if address == JOE:
        with pytest.raises(CatchAllProtected):
            kept.users.delete(JOE)


# dry run, batch, events


def test_a_dry_run_changes_nothing(kept: Vpopmail, tmp_path: Path) -> None:
    before = without_locks(tree(tmp_path))
    plans = [
        kept.default_delivery.set(DOMAIN, "delete", dry_run=True),
        kept.default_delivery.delete(DOMAIN, dry_run=True),
        kept.catch_all.set(DOMAIN, "joe", dry_run=True),
        kept.catch_all.delete(DOMAIN, dry_run=True),
    ]
    assert all(plan.steps and not plan.carried_out for plan in plans)
    with pytest.raises(UserNotFound):
        kept.catch_all.set(DOMAIN, "nobody", dry_run=True)
    assert without_locks(tree(tmp_path)) == before


def test_a_user_of_a_batch_can_be_its_catch_all(kept: Vpopmail) -> None:
    with kept.batch():
        kept.domains.add("new.example", "secret")
        kept.catch_all.set("new.example", "postmaster")
        assert kept.catch_all.get("new.example") == "postmaster@new.example"
        kept.users.add(f"amy@{DOMAIN}")
        plan = kept.catch_all.set(DOMAIN, "amy")
        assert (isCatchall("amy", DOMAIN, ""), isCatchall("joe", DOMAIN, "")) == (1, 0)
        assert kept.catch_all.get(DOMAIN) == f"amy@{DOMAIN}"
        assert dict(kept.catch_all) == {
            DOMAIN: f"amy@{DOMAIN}",
            "new.example": "postmaster@new.example",
        }
        with pytest.raises(CatchAllProtected):
            kept.users.delete(f"amy@{DOMAIN}")
        kept.users.delete(JOE)
        with pytest.raises(UserNotFound):
            kept.catch_all.set(DOMAIN, "joe")
    assert plan.carried_out
    assert kept.default_delivery.get(DOMAIN) == kept.users.get(f"amy@{DOMAIN}").pw_dir
    home = kept.users.get("postmaster@new.example").pw_dir
    assert kept.default_delivery.get("new.example") == home


def test_subscribers_hear_of_the_action(kept: Vpopmail) -> None:
    heard: list[Event] = []
    kept.events.subscribe(heard.append)
    kept.default_delivery.set("alias.example", "delete")
    kept.catch_all.set(DOMAIN, "joe")
    kept.catch_all.delete(DOMAIN)
    assert [event.arguments for event in heard if event.when == "after"] == [
        (DOMAIN, "delete"),
        (DOMAIN, JOE),
        (DOMAIN, "bounce-no-mailbox"),
    ]
    assert {event.command for event in heard} == {"set_default_delivery"}


def test_an_address_that_nobody_has_gets_no_mail_of_unknown_users(
    site: Vpopmail, domain: Path
) -> None:
    before = (domain / ".qmail-default").read_bytes()
    with pytest.raises(UserNotFound):
        site.default_delivery.set(DOMAIN, f"ghost@{DOMAIN}")
    assert (domain / ".qmail-default").read_bytes() == before
    site.aliases.add(f"ghost@{DOMAIN}", "&x@other.org")
    site.default_delivery.set(DOMAIN, f"ghost@{DOMAIN}")
    assert site.default_delivery.get(DOMAIN) == f"ghost@{DOMAIN}"
