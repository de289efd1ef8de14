"""What is to be done with a message: read off the list of actions, no disk touched."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.delivery.actions import (
    BOUNCED,
    DEFERRED,
    DELIVERED,
    Forward,
    MakeHome,
    Run,
    Say,
    Stop,
    ToMailbox,
    ToMaildir,
)
from vpopmail.delivery.decision import decide
from vpopmail.delivery.recipient import Recipient
from vpopmail.formats.dotqmail import BLANK, DeliveryLine, parse
from vpopmail.records import BOUNCE_MAIL, NO_POP, DomainEntry, VqPasswd

ENTRY = DomainEntry("example.com", "example.com", 89, 89, "/domains/example.com")
JOE_HOME = "/domains/example.com/joe"
NO_MAILBOX = Stop(BOUNCED, "Sorry, no mailbox here by that name. (#5.1.1)\n")
LOOPING = Stop(BOUNCED, "mail is looping\n")
BOUNCE = "bounce-no-mailbox"


@dataclass
class Site:
    """Facts as a test gives them."""

    aliases: dict[str, list[str]] = field(default_factory=dict)
    users: dict[str, VqPasswd] = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    homes: set[str] = field(default_factory=set)
    default: str = ""
    no_user: str = ""
    qmail_ext: bool = False
    has_aliases: bool = True

    def alias(self, recipient: Recipient, name: str) -> list[str] | None:
        return self.aliases.get(name)

    def user(self, recipient: Recipient, name: str) -> VqPasswd | None:
        return self.users.get(name)

    def has_home(self, user: VqPasswd) -> bool:
        return user.pw_dir in self.homes

    def lines(self, recipient: Recipient, directory: str, file: str) -> list[DeliveryLine]:
        found = parse(self.files.get((directory, file), "").encode())
        return [line for line in found if line.kind != BLANK]

    def default_lines(self) -> list[DeliveryLine]:
        return parse(self.default.encode())

    def no_user_notice(self, recipient: Recipient) -> str | None:
        return self.no_user or None


def joe(**more: object) -> VqPasswd:
    return VqPasswd("joe", pw_dir=JOE_HOME, **more)  # type: ignore[arg-type]


def with_joe(**more: object) -> Site:
    return Site(users={"joe": joe()}, homes={JOE_HOME}, **more)  # type: ignore[arg-type]


def decided(
    site: Site,
    name: str = "joe",
    unknown: str = BOUNCE,
    seen: frozenset[str] = frozenset(),
    entry: DomainEntry | None = ENTRY,
) -> list[object]:
    return list(decide(site, Recipient(name, "example.com", entry, "/here"), seen, unknown))


# the user


def test_mail_of_a_user_goes_to_his_mailbox() -> None:
    assert decided(with_joe()) == [ToMailbox(joe())]


def test_a_locked_user_bounces() -> None:
    site = Site(users={"joe": joe(pw_gid=BOUNCE_MAIL)}, homes={JOE_HOME})
    text = "vdelivermail: account is locked email bounced joe@example.com\n"
    assert decided(site) == [Stop(BOUNCED, text)]


def test_the_flag_counts_as_the_users_own_and_not_as_that_of_the_limits() -> None:
    site = Site(users={"joe": joe(pw_gid=NO_POP, pw_flags=BOUNCE_MAIL)}, homes={JOE_HOME})
    assert decided(site) == [ToMailbox(site.users["joe"])]


def test_a_home_that_is_missing_is_made_first() -> None:
    assert decided(Site(users={"joe": joe()})) == [MakeHome(joe()), ToMailbox(joe())]


def test_a_loop_bounces_before_anything_is_looked_up() -> None:
    assert decided(with_joe(), seen=frozenset({"joe@example.com"})) == [LOOPING]


def test_the_lines_of_his_file_are_done_in_order_and_nothing_else() -> None:
    text = "# note\n&a@b.org\n\nc@d.org\n|cat\n./Maildir/\n/x/Maildir/\n"
    assert decided(with_joe(files={(JOE_HOME, ".qmail"): text})) == [
        Forward("a@b.org"),
        Forward("c@d.org"),
        Run("cat", JOE_HOME),
        ToMaildir("./Maildir/", JOE_HOME),
        ToMaildir("/x/Maildir/", JOE_HOME),
    ]


def test_a_file_with_comments_only_drops_the_mail() -> None:
    assert decided(with_joe(files={(JOE_HOME, ".qmail"): "# delete\n"})) == []


@pytest.mark.parametrize("text", ["", "\n", "\n \n\t\n"])
def test_a_file_that_says_nothing_is_as_none(text: str) -> None:
    assert decided(with_joe(files={(JOE_HOME, ".qmail"): text})) == [ToMailbox(joe())]


def test_an_mbox_line_defers_after_what_stands_before_it() -> None:
    found = decided(with_joe(files={(JOE_HOME, ".qmail"): "&a@b.org\n./mbox\n&c@d.org\n"}))
    assert found == [
        Forward("a@b.org"),
        Stop(DEFERRED, "can't handle mbox delivery for ./mbox"),
    ]


def test_a_forward_to_where_the_mail_has_been_bounces() -> None:
    site = with_joe(files={(JOE_HOME, ".qmail"): "&a@b.org\n&C@d.org\n"})
    assert decided(site, seen=frozenset({"c@d.org"})) == [Forward("a@b.org"), LOOPING]


# extensions


def test_an_extension_is_nobody_without_the_option() -> None:
    assert decided(with_joe(), "joe-list") == [NO_MAILBOX]


@pytest.mark.parametrize(
    "file",
    [".qmail-a-b:c", ".qmail-a-default", ".qmail-default", ".qmail"],
)
def test_an_extension_is_delivered_by_the_nearest_file(file: str) -> None:
    order = [".qmail-a-b:c", ".qmail-a-default", ".qmail-default", ".qmail"]
    there = {(JOE_HOME, name): f"&{name[1:].replace(':', '.')}@x.org" for name in order[order.index(file) :]}
    found = decided(with_joe(files=there, qmail_ext=True), "joe-a-b.c")
    assert found == [Forward(f"{file[1:].replace(':', '.')}@x.org")]


def test_a_slash_in_an_extension_leads_to_no_file_elsewhere() -> None:
    site = with_joe(files={(JOE_HOME, ".qmail-a/../../x"): "|x\n"}, qmail_ext=True)
    assert decided(site, "joe-a/../../x") == [ToMailbox(joe())]


def test_an_extension_without_a_file_goes_to_the_mailbox() -> None:
    assert decided(with_joe(qmail_ext=True), "joe-list") == [ToMailbox(joe())]


def test_a_user_with_a_dash_in_his_name_comes_before_an_extension() -> None:
    other = VqPasswd("joe-x", pw_dir="/h")
    site = Site(users={"joe": joe(), "joe-x": other}, homes={"/h", JOE_HOME}, qmail_ext=True)
    assert decided(site, "joe-x") == [ToMailbox(other)]


def test_an_extension_of_nobody_is_nobody() -> None:
    assert decided(with_joe(qmail_ext=True), "nobody-list") == [NO_MAILBOX]


# aliases of the backend

DONE = Stop(DELIVERED, "vdelivermail: valiases processed\n")


def test_an_alias_hides_a_mailbox_of_its_name() -> None:
    site = with_joe(aliases={"joe": ["&a@b.org", "/x/Maildir/"]})
    assert decided(site) == [Forward("a@b.org"), ToMaildir("/x/Maildir/", ENTRY.path), DONE]


def test_the_longest_beginning_with_default_is_taken_and_told_to_programs() -> None:
    site = Site(aliases={"a-default": ["|one"], "a-b-default": ["|two"]})
    assert decided(site, "a-b-c") == [Run("two", ENTRY.path, "c"), DONE]
    assert decided(site, "a-x-c") == [Run("one", ENTRY.path, "x-c"), DONE]


def test_an_alias_without_lines_is_none() -> None:
    assert decided(with_joe(aliases={"joe": []})) == [ToMailbox(joe())]


def test_with_extensions_the_part_before_the_first_dash_is_an_alias_too() -> None:
    site = Site(aliases={"sales": ["&a@b.org"]}, qmail_ext=True)
    assert decided(site, "sales-x-y") == [Forward("a@b.org"), DONE]
    assert decided(Site(aliases=site.aliases), "sales-x-y") == [NO_MAILBOX]


# control/defaultdelivery


def test_the_default_delivery_takes_the_place_of_the_mailbox() -> None:
    site = with_joe(default="# by Dovecot\n|dovecot-lda -d $EXT@$USER\n")
    assert decided(site) == [Run("dovecot-lda -d $EXT@$USER", JOE_HOME)]


def test_a_line_with_vdelivermail_ends_it_with_the_mailbox() -> None:
    site = with_joe(default="|log\n| /v/bin/vdelivermail '' delete\n|never\n")
    assert decided(site) == [Run("log", JOE_HOME), ToMailbox(joe())]


def test_a_comment_that_names_vdelivermail_does_not() -> None:
    site = with_joe(default="# not vdelivermail\n|lda\n")
    assert decided(site) == [Run("lda", JOE_HOME)]


def test_his_own_file_comes_before_the_default() -> None:
    site = with_joe(default="|lda\n", files={(JOE_HOME, ".qmail"): "&a@b.org\n"})
    assert decided(site) == [Forward("a@b.org")]


# nobody


def test_unknown_users_bounce_with_the_text_of_the_domain() -> None:
    assert decided(Site()) == [NO_MAILBOX]
    assert decided(Site(no_user="gone\n")) == [Stop(BOUNCED, "gone\n")]


def test_unknown_users_are_dropped_silently() -> None:
    assert decided(Site(), unknown="delete") == [Stop(DELIVERED)]


def test_a_domain_that_is_not_there_has_unknown_users_only() -> None:
    assert decided(with_joe(), entry=None) == [NO_MAILBOX]


@pytest.mark.parametrize("unknown", ["catch@other.org", "&catch@other.org"])
def test_a_catch_all_address_gets_it(unknown: str) -> None:
    assert decided(Site(), "x", unknown) == [Forward("catch@other.org")]


def test_a_catch_all_command_runs_in_the_directory_of_the_delivery() -> None:
    assert decided(Site(), "x", "|spam-trap") == [Run("spam-trap", "/here")]


def test_a_catch_all_home_gets_it_by_its_file_or_into_its_maildir() -> None:
    said = Say("user does not exist, but will deliver to /h/joe/\n")
    into = ToMaildir("/h/joe/Maildir/", "/h/joe", is_catch_all=True)
    for unknown in ("/h/joe", "/h/joe/"):
        assert decided(Site(), "x", unknown) == [said, into]
    site = Site(files={("/h/joe", ".qmail"): "&a@b.org\n"})
    assert decided(site, "x", "/h/joe") == [said, Forward("a@b.org")]


def test_a_catch_all_maildir_is_taken_as_the_manual_gives_it() -> None:
    found = decided(Site(), "x", "/h/joe/Maildir/")
    assert found[1:] == [ToMaildir("/h/joe/Maildir/", "/h/joe/Maildir", is_catch_all=True)]


# whatever the lines are


@given(st.lists(st.text("ab/.|#&-@ x\t", max_size=12), max_size=8), st.booleans())
def test_whatever_the_lines_a_decision_ends_with_the_first_stop(
    lines: list[str], extension: bool
) -> None:
    site = with_joe(files={(JOE_HOME, ".qmail"): "\n".join(lines)}, qmail_ext=extension)
    found = decided(site)
    assert all(not isinstance(action, Stop) for action in found[:-1])
    delivering = [line for line in lines if line.strip(" \t")]
    if not delivering:
        assert found == [ToMailbox(joe())]
