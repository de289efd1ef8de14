"""SpamAssassin, maildrop and Dovecot's LDA: the real programs of Debian."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vpopmail.records import DELETE_SPAM, NO_MAILDROP, NO_SPAMASSASSIN

from .conftest import DOMAIN, JOE, TEXT, Place
from .programs_of_debian import program

Make = Callable[..., Place]
SPAM = TEXT + b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"


@pytest.fixture(scope="session")
def spamc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A spamc that asks a spamd of our own."""
    client, server = program("spamc", "spamc"), program("spamd", "spamassassin")
    top = tmp_path_factory.mktemp("spamd")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [server, "-x", "-L", "-m", "1", "-i", "127.0.0.1", "-p", str(port), "-s", "stderr",
         "--pidfile", top / "pid"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        assert any("server started" in line for line in process.stderr)
        path = top / "spamc"
        path.write_text(f'#!/bin/sh\nexec {client} -d 127.0.0.1 -p {port} "$@"\n')
        path.chmod(0o755)
        yield str(path)
    finally:
        process.terminate()
        process.communicate()


def test_spam_is_marked_and_its_size_is_that_of_the_marked_message(
    make_place: Make, spamc: str
) -> None:
    place = make_place(spamassassin=True, spamc_prog=spamc)
    assert place.deliver(message=SPAM) == (0, "")
    assert b"\nX-Spam-Flag: YES\n" in place.new()[0]
    (path,) = (place.home() / "Maildir/new").iterdir()
    assert int(path.name.rpartition(",S=")[2]) == path.stat().st_size


def test_other_mail_comes_in_with_delete_spam(make_place: Make, spamc: str) -> None:
    place = make_place(spamassassin=True, spamc_prog=spamc)
    place.site.users.update(JOE, flags=DELETE_SPAM)
    assert place.deliver() == (0, "")
    assert place.new()[0].endswith(b"\nbody\n")


def test_spam_is_dropped_for_who_wants_that_by_himself_or_by_his_limits(
    make_place: Make, spamc: str
) -> None:
    place = make_place(spamassassin=True, spamc_prog=spamc)
    place.site.users.update(JOE, flags=DELETE_SPAM)
    assert place.deliver(message=SPAM) == (0, "")
    place.site.limits.update(DOMAIN, delete_spam=1)
    assert place.deliver("amy@example.com", SPAM) == (0, "")
    assert place.new() == place.new("amy") == []


def test_who_wants_no_filter_gets_his_mail_as_it_came(make_place: Make, spamc: str) -> None:
    place = make_place(spamassassin=True, spamc_prog=spamc)
    place.site.users.update(JOE, flags=NO_SPAMASSASSIN | DELETE_SPAM)
    assert place.deliver(message=SPAM) == (0, "")
    assert place.new()[0].endswith(SPAM)


@pytest.mark.parametrize("end", [None, "exit 1", "kill -9 $$"])
def test_a_filter_that_fails_loses_no_mail(
    make_place: Make, tmp_path: Path, end: str | None
) -> None:
    spamc = tmp_path / "spamc"
    if end is not None:
        spamc.write_text(f"#!/bin/sh\necho X-Spam-Flag: YES\n{end}\n")
        spamc.chmod(0o755)
    place = make_place(spamassassin=True, spamc_prog=str(spamc))
    place.site.users.update(JOE, flags=DELETE_SPAM)
    assert place.deliver(message=SPAM)[0] == 0
    assert place.new()[0].endswith(SPAM)


def test_maildrop_delivers_by_its_own_file(make_place: Make, tmp_path: Path) -> None:
    """The file is named to it: by itself it would take the home of its uid from /etc/passwd."""
    wrapper, rules = tmp_path / "by-rules", tmp_path / "rules"
    rules.write_text('to "./Maildir"\n')
    rules.chmod(0o600)
    wrapper.write_text(f"#!/bin/sh\nexec {program('maildrop', 'maildrop')} {rules}\n")
    wrapper.chmod(0o755)
    place = make_place(maildrop=True, maildrop_prog=str(wrapper))
    assert place.deliver() == (0, "")
    (text,) = place.new()
    assert b"Return-Path: <a@remote.test>\n" in text
    assert b"Delivered-To: example.com-joe@example.com\n" in text
    assert text.endswith(TEXT)


def test_who_wants_no_maildrop_gets_his_mail_from_us(make_place: Make) -> None:
    place = make_place(maildrop=True, maildrop_prog="/bin/false")
    assert place.deliver()[0] == 111
    place.site.users.update(JOE, flags=NO_MAILDROP)
    assert place.deliver()[0] == 0
    assert len(place.new()) == 1
    place.site.limits.update(DOMAIN, disable_maildrop=True)
    assert place.deliver("amy@example.com")[0] == 0
    assert len(place.new("amy")) == 1


def test_a_default_delivery_by_the_lda_of_dovecot(
    public_place: Place, tmp_path: Path, dovecot_conf: Path
) -> None:
    place = public_place
    lda = program("/usr/lib/dovecot/dovecot-lda", "dovecot-core")
    control = place.top / "q/control/defaultdelivery"
    control.write_text(f'# sieve\n|HOME=$PWD {lda} -c {dovecot_conf} -f "$SENDER"\n')
    code, text = place.deliver()
    assert (code, text) == (0, "")
    assert place.new()[0].endswith(TEXT)


def test_the_default_delivery_falls_back_on_the_mailbox(make_place: Make) -> None:
    place = make_place(defaultdelivery=True)
    assert place.deliver() == (0, "")
    (place.top / "q/control/defaultdelivery").write_text("| /v/bin/vdelivermail '' delete\n")
    assert place.deliver() == (0, "")
    assert len(place.new()) == 2


def test_no_program_is_missing_in_ci() -> None:
    if os.environ.get("CI"):
        assert all(shutil.which(name) for name in ("spamc", "spamd", "maildrop", "doveadm"))
