"""Whether an address can get mail, and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vpopmail.records import BOUNCE_MAIL

from .conftest import DOMAIN, JOE, Place

Make = Callable[..., Place]


def test_users_of_a_domain_by_any_of_its_names(place: Place) -> None:
    place.site.domains.add_alias("example.org", DOMAIN)
    for address in (JOE, "JOE@EXAMPLE.COM", "joe@example.org"):
        assert place.site.mail.deliverable(address) == "user"


def test_nobody_here_or_elsewhere(place: Place) -> None:
    for address in ("nobody@example.com", "joe@elsewhere.org", "joe", "", "@example.com", "a b@x.org"):
        assert place.site.mail.deliverable(address) is None


def test_a_locked_user_is_nobody_even_with_a_catch_all(place: Place) -> None:
    place.site.catch_all.set(DOMAIN, "amy")
    place.site.users.update(JOE, flags=BOUNCE_MAIL)
    assert place.site.mail.deliverable(JOE) is None
    assert place.site.mail.deliverable("nobody@example.com") == "catch-all"


@pytest.mark.parametrize("action", ["bounce-no-mailbox", "delete", "delete-no-mailbox"])
def test_actions_that_deliver_nothing_are_no_catch_all(place: Place, action: str) -> None:
    place.default(action)
    assert place.site.mail.deliverable("nobody@example.com") is None


@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_an_alias_wherever_it_is_kept(make_place: Make, backend: str) -> None:
    place = make_place(backend=backend)
    place.site.aliases.add("sales@example.com", "&a@b.org")
    place.site.aliases.add("first.last@example.com", "&a@b.org")
    assert place.site.mail.deliverable("Sales@example.com") == "alias"
    assert place.site.mail.deliverable("first.last@example.com") == "alias"


@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_without_a_delivery_of_the_domain_only_aliases_in_files_get_mail(
    make_place: Make, backend: str
) -> None:
    """qmail-local asks nobody then: the mail of users bounces, and of aliases that a backend keeps."""
    place = make_place(backend=backend, qmail_ext=True)
    place.site.aliases.add("kept@example.com", "&a@b.org")
    (place.domain / ".qmail-sales").write_text("&a@b.org\n")
    (place.domain / ".qmail-default").unlink()
    found = [place.site.mail.deliverable(f"{name}@{DOMAIN}") for name in ("joe", "joe-x", "kept", "kept-x")]
    assert found == [None, None, "alias" if backend == "cdb" else None, None]
    assert place.site.mail.deliverable(f"sales@{DOMAIN}") == "alias"


def test_lists_and_autoresponders_by_their_first_line(place: Place) -> None:
    place.site.aliases.add("news@example.com", "|/usr/bin/ezmlm-send '/x'")
    place.site.aliases.add("info@example.com", "| /usr/local/bin/autorespond 86400 3 /m /d")
    assert place.site.mail.deliverable("news@example.com") == "list"
    assert place.site.mail.deliverable("info@example.com") == "autoresponder"


def test_a_list_as_ezmlm_makes_it(place: Place) -> None:
    (place.domain / "news").mkdir()
    (place.domain / "news/editor").write_text("|ezmlm-send x\n")
    (place.domain / ".qmail-news").symlink_to(place.domain / "news/editor")
    (place.domain / ".qmail-news-default").symlink_to(place.domain / "news/manager")
    assert place.site.mail.deliverable("news@example.com") == "list"
    assert place.site.mail.deliverable("news-subscribe@example.com") == "list"


def test_extensions_of_users_with_the_option_only(make_place: Make) -> None:
    assert make_place(qmail_ext=True).site.mail.deliverable("joe-x-y@example.com") == "extension"


def test_without_the_option_an_extension_is_nobody(place: Place) -> None:
    assert place.site.mail.deliverable("joe-x@example.com") is None


def test_an_alias_for_all_names_of_a_beginning(place: Place) -> None:
    place.site.aliases.add("a-default@example.com", "&a@b.org")
    assert place.site.mail.deliverable("a-b-c@example.com") == "extension"
    assert place.site.mail.deliverable("a@example.com") is None


@given(address=st.text(max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_whatever_is_asked_is_answered(place: Place, address: str) -> None:
    assert place.site.mail.deliverable(f"{address}@{DOMAIN}") in (None, "user")


NAMES = [
    *("joe", "amy", "nobody", "sales", "sales-x", "sales-", "joe-x", "joe-"),
    *("a-b", "a-locked", "postmaster"),
]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_deliverable_does_not_bounce_as_unknown(make_place: Make, name: str) -> None:
    """The check while a message is received and the delivery afterwards agree."""
    place = make_place(backend="memory", qmail_ext=True)
    place.site.aliases.add("sales@example.com", "# drop")
    place.site.aliases.add("a-default@example.com", "# drop")
    place.site.users.add("a-locked@example.com", crypted="*")
    place.site.users.update("a-locked@example.com", flags=BOUNCE_MAIL)
    code, _ = place.deliver(f"{name}@{DOMAIN}")
    assert (place.site.mail.deliverable(f"{name}@{DOMAIN}") is not None) is (code == 0)
