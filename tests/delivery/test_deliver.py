"""Deliveries on a real site: where the message goes, what is told, with which code."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.processes import FailOnce
from vpopmail.accounts.notices import OVER_QUOTA, notice
from vpopmail.errors import DomainNotFound, InvalidCharacter
from vpopmail.mailstore.maildirsize import FILE
from vpopmail.records import BOUNCE_MAIL

from .conftest import DOMAIN, JOE, SENDER, TEXT, Place

HEAD = b"Return-Path: <a@remote.test>\nDelivered-To: joe@example.com\n"
Make = Callable[..., Place]


def injected(place: Place) -> str:
    path = place.top / "injected"
    return path.read_text() if path.exists() else ""


# mailboxes


def test_a_message_comes_into_the_mailbox_with_two_lines_before_it(place: Place) -> None:
    assert place.deliver() == (0, "")
    assert place.new() == [HEAD + TEXT]


def test_an_alias_domain_delivers_to_the_real_one(place: Place) -> None:
    place.site.domains.add_alias("example.org", DOMAIN)
    assert place.deliver("JOE@Example.ORG") == (0, "")
    assert place.new() == [HEAD + TEXT]


def test_a_bounce_has_an_empty_return_path(place: Place) -> None:
    place.deliver(sender="")
    assert place.new()[0].startswith(b"Return-Path: <>\n")


def test_an_empty_message_is_nothing(place: Place) -> None:
    assert place.deliver(message=b"") == (0, "")
    assert place.new() == []


def test_a_message_that_has_been_here_bounces(place: Place) -> None:
    assert place.deliver(message=HEAD + TEXT) == (100, "mail is looping\n")


def test_a_loop_through_an_alias_domain_ends(place: Place) -> None:
    place.site.domains.add_alias("example.org", DOMAIN)
    message = b"Delivered-To: joe@example.org\n" + TEXT
    assert place.deliver("joe@example.org", message) == (100, "mail is looping\n")
    assert place.deliver("amy@example.org", message)[0] == 0


def test_a_locked_user_bounces(place: Place) -> None:
    place.site.users.update(JOE, flags=BOUNCE_MAIL)
    code, text = place.deliver()
    assert (code, place.new()) == (100, [])
    assert "locked" in text


def test_a_domain_that_is_not_here_is_refused(place: Place) -> None:
    with pytest.raises(DomainNotFound):
        place.deliver("joe@elsewhere.org")


def test_a_missing_home_is_made(place: Place) -> None:
    home = place.home()
    os.system(f"rm -r {home}")  # noqa: S605
    assert place.deliver() == (0, "")
    assert place.new() == [HEAD + TEXT]


def test_the_default_delivery_goes_on_in_a_home_that_is_new(make_place: Make) -> None:
    place = make_place(defaultdelivery=True)
    where = place.top / "where"
    control = Path(place.site.settings.qmaildir) / "control/defaultdelivery"
    control.write_text(f"|pwd >{where}\n./Maildir/\n")
    control.chmod(0o644)
    home = place.home()
    os.system(f"rm -r {home}")  # noqa: S605
    vpasswd = place.domain / "vpasswd"
    vpasswd.write_text(vpasswd.read_text().replace(str(home), ""))
    (place.domain / "vpasswd.cdb").unlink()
    assert place.deliver() == (0, "")
    assert where.read_text() == f"{home}\n"
    assert place.new() == [HEAD + TEXT]


def test_a_missing_maildir_in_a_home_waits(place: Place) -> None:
    os.rename(place.home() / "Maildir", place.home() / "Mail")
    code, text = place.deliver()
    assert code == 111
    assert text.startswith("can not open new email file errno=2 file=")


def test_a_home_that_cannot_be_made_waits(place: Place) -> None:
    home = place.home()
    os.system(f"rm -r {home}")  # noqa: S605
    with FailOnce(3, 28):  # the message itself is kept first
        code, text = place.deliver()
    assert code == 111
    assert "No space left" in text
    assert place.deliver() == (0, "")


@pytest.mark.parametrize("number", [28, 5, 13])
def test_trouble_with_the_disk_waits_and_leaves_nothing(place: Place, number: int) -> None:
    call = 0
    while True:
        call += 1
        failing = FailOnce(call, number)
        with failing:
            code, _ = place.deliver()
        if failing.seen < call:
            break
        kept = place.new()
        assert code == (0 if kept else 111)
        for message in (place.home() / "Maildir/new").iterdir():
            message.unlink()
        for left in (place.home() / "Maildir/tmp").iterdir():
            left.unlink()  # an unlink that failed: readers remove it in time
    assert call > 4


def test_a_quota_of_the_file_system_bounces_and_leaves_nothing(place: Place) -> None:
    codes = set()
    for call in range(3, 6):  # by then the message itself is kept, as a pipe would be
        with FailOnce(call, errno.EDQUOT):
            code, text = place.deliver()
        codes.add(code)
        assert place.new() == [] or code == 0
        assert text == ("user is over quota\n" if code else "")
        for part in ("new", "tmp"):
            for message in (place.home() / "Maildir" / part).iterdir():
                message.unlink()
    assert codes == {100}


# delivery files


def test_forwards_keep_the_envelope_sender(place: Place) -> None:
    place.lines("&fwd@other.org\n")
    assert place.deliver() == (0, "")
    assert injected(place) == "-- fwd@other.org\n" + (HEAD + TEXT).decode()
    assert place.new() == []


def test_a_forward_that_fails_hands_on_the_code(place: Place) -> None:
    place.lines("&fwd@other.org\n")
    (place.top / "status").write_text("111")
    assert place.deliver() == (111, "system error calling qmail-inject\n")


def test_a_forward_without_the_program_waits(make_place: Make) -> None:
    place = make_place(qmail_inject="/none")
    place.lines("&fwd@other.org\n")
    assert place.deliver() == (111, "system error, can't open qmail-inject\n")


def test_a_program_in_the_place_of_qmail_inject_does_not_end_the_lines(place: Place) -> None:
    place.lines("&fwd@other.org\n")
    (place.top / "status").write_text("99")
    assert place.deliver()[0] == 111


def test_a_prefix_is_taken_from_a_forward_once(place: Place) -> None:
    """A user may have a name that begins as his domain does."""
    place.site.users.add("example.com-x@example.com", crypted="*")
    place.lines("&fwd@other.org\n", "example.com-x")
    place.deliver("example.com-x@example.com")
    assert "\nDelivered-To: example.com-x@example.com\n" in injected(place)


def test_a_line_with_a_nul_waits(place: Place) -> None:
    for line in ("&a\0b@c.org", "|ec\0ho", "./a\0b/", "/a\0b/"):
        place.lines(f"{line}\n")
        assert place.deliver() == (111, "vdelivermail: a NUL in a delivery line\n")


@pytest.mark.parametrize("line", ["&", "& ", "|", "| "])
def test_a_line_that_lacks_its_address_or_command_waits(place: Place, line: str) -> None:
    place.lines(f"{line}\n")
    told = "vdelivermail: a delivery line without command or address\n"
    assert place.deliver() == (111, told)
    assert injected(place) == ""


def test_a_sender_that_no_envelope_can_have_is_refused(place: Place) -> None:
    for sender in ("a\0b", "a\nX: y", "a\ud800"):
        with pytest.raises(InvalidCharacter):
            place.deliver(sender=sender)


def test_maildir_lines_lead_to_others_of_the_domain_and_to_ones_own(place: Place) -> None:
    place.lines(f"{place.home('amy')}/Maildir/\n./Maildir/\n")
    assert place.deliver() == (0, "")
    assert place.new() == [HEAD + TEXT]
    assert place.new("amy") == [HEAD.replace(b"joe", b"amy") + TEXT]


def test_a_relative_line_does_not_lead_out_of_the_home(place: Place) -> None:
    place.lines("./../amy/Maildir/\n")
    assert place.deliver()[0] == 111
    assert place.new("amy") == []


def test_a_file_that_others_can_write_is_not_obeyed(place: Place) -> None:
    place.lines("|touch /tmp/owned\n")
    (place.home() / ".qmail").chmod(0o666)
    code, text = place.deliver()
    assert code == 111
    assert "only its owner writes" in text


def test_a_fifo_as_delivery_file_holds_up_nobody(place: Place) -> None:
    os.mkfifo(place.home() / ".qmail", 0o600)
    assert place.deliver()[0] == 111


# quotas


def test_a_message_that_just_fits_comes_in_and_the_next_does_not(place: Place) -> None:
    size = len(HEAD + TEXT)
    place.site.users.set_quota(JOE, f"{size}S")
    assert place.deliver() == (0, "")
    assert place.deliver() == (100, "user is over quota\n\n")
    assert len(place.new()) == 1
    told = (place.home() / "Maildir" / FILE).read_text().splitlines()
    assert told[0] == f"{size}S"


def test_the_lines_that_are_put_before_a_message_count(place: Place) -> None:
    place.site.users.set_quota(JOE, f"{len(HEAD + TEXT) - 1}S")
    assert place.deliver() == (100, "user is over quota\n\n")
    assert place.new() == []


def test_a_number_of_messages_is_a_quota_too(place: Place) -> None:
    place.site.users.set_quota(JOE, "2C")
    assert [place.deliver()[0] for _ in range(3)] == [0, 0, 100]


def test_the_texts_of_the_domain_come_before_those_of_the_site(place: Place) -> None:
    place.site.users.set_quota(JOE, "1S")
    (place.domain.parent / ".over-quota.msg").write_text("site\n")
    assert place.deliver() == (100, "site\n\n")
    (place.domain / ".over-quota.msg").write_text("domain\n")
    assert place.deliver() == (100, "domain\n\n")


def test_a_nearly_full_mailbox_is_warned_once_a_day(place: Place) -> None:
    (place.domain / ".quotawarn.msg").write_text("Subject: nearly full\n\nx\n")
    place.site.users.set_quota(JOE, "1000S")
    full = place.home() / "Maildir/cur/1.a.host,S=900:2,S"
    full.write_text("x")
    place.site.quotas.recount(JOE)
    assert place.deliver(message=b"a\n") == (0, "")
    warnings = [one for one in place.new() if b"nearly full" in one]
    assert warnings[0].startswith(b"Delivered-To: joe@example.com\nDate: ")
    full.unlink()
    place.site.quotas.recount(JOE)
    full.with_name("2.a.host,S=900:2,").write_text("x")
    place.site.quotas.recount(JOE)
    place.deliver(message=b"a\n")
    assert len([one for one in place.new() if b"nearly full" in one]) == 1
    mark = place.home() / "Maildir/quotawarn"
    then = time.time() - 86401
    os.utime(mark, (then, then))
    place.deliver(message=b"a\n")
    assert len([one for one in place.new() if b"nearly full" in one]) == 2


def test_a_count_that_broke_off_is_not_gone_on_with(place: Place) -> None:
    place.site.users.set_quota(JOE, "10000S")
    file = place.home() / "Maildir" / FILE
    file.write_text("10000S\n1 1")
    place.deliver()
    size = len(HEAD + TEXT)
    assert file.read_text() == f"10000S\n0 0\n{size} 1\n"


def test_what_comes_is_counted(place: Place) -> None:
    place.site.users.set_quota(JOE, "10000S")
    place.deliver()
    place.deliver()
    usage = place.site.quotas.usage(JOE)
    assert (usage.size, usage.count) == (2 * len(HEAD + TEXT), 2)


def test_where_there_is_no_directory_for_texts_there_is_none(place: Place) -> None:
    os.rename(place.domain.parent, place.top / "elsewhere")
    assert notice(place.site.installation, DOMAIN, OVER_QUOTA) is None


def test_a_domain_has_a_quota_with_the_option(make_place: Make) -> None:
    place = make_place(domainquotas=True)
    place.site.limits.update(DOMAIN, maxmsgcount=1)
    assert place.deliver() == (0, "")
    assert place.deliver("amy@example.com") == (100, "domain is over quota\n\n")


def test_another_maildir_keeps_its_own_quota(place: Place) -> None:
    place.site.users.set_quota("amy@example.com", "1S")
    place.lines(f"{place.home('amy')}/Maildir/\n")
    assert place.deliver()[0] == 100


# unknown users


def test_unknown_users_bounce(place: Place) -> None:
    text = "Sorry, no mailbox here by that name. (#5.1.1)\n"
    assert place.deliver("nobody@example.com") == (100, text)


def test_the_catch_all_home_gets_the_mail_as_it_came(place: Place) -> None:
    place.site.catch_all.set(DOMAIN, "joe")
    code, text = place.deliver("nobody@example.com")
    assert (code, text) == (0, f"user does not exist, but will deliver to {place.home()}/\n")
    assert b"Delivered-To: nobody@example.com\n" in place.new()[0]


@pytest.mark.parametrize("end", ["", "/"])
def test_the_catch_all_maildir_of_the_manual_works(place: Place, end: str) -> None:
    place.default(f"{place.home()}/Maildir{end}")
    assert place.deliver("nobody@example.com")[0] == 0
    assert len(place.new()) == 1


@pytest.mark.parametrize("action", ["' '", "'# x'", "'&'", "'|'"])
def test_an_action_that_says_nothing_waits(place: Place, action: str) -> None:
    place.default(action)
    code, text = place.deliver("nobody@example.com")
    assert code == 111
    assert text.startswith("vdelivermail: ")


def test_unknown_users_are_dropped(place: Place) -> None:
    place.default("delete")
    assert place.deliver("nobody@example.com") == (0, "")


# what the backend keeps


def test_an_alias_that_the_backend_keeps_is_delivered(make_place: Make) -> None:
    place = make_place(backend="memory")
    place.site.aliases.add("sales@example.com", "&fwd@other.org")
    assert place.deliver("sales@example.com") == (0, "vdelivermail: valiases processed\n")
    assert injected(place).startswith("-- fwd@other.org\n")
