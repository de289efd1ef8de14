"""Programs of delivery files: what they get, how long they may run, what their end means."""

from __future__ import annotations

import os
import select
from collections.abc import Callable

import pytest

from tests.conftest import needs_root, open_to_others
from vpopmail.delivery.programs import program_environment

from .conftest import JOE, TEXT, Place

Make = Callable[..., Place]
FOR_EVER = (64, 65, 70, 76, 77, 78, 100, 112)


def ends(pid: int) -> bool:
    """Wait until a process has ended; False if it goes on."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    found = bool(poll.poll(10_000))
    os.close(fd)
    return found


@pytest.mark.parametrize("status", [0, 1, 64, 65, 70, 75, 76, 77, 78, 99, 100, 111, 112, 127])
def test_the_exit_status_says_what_becomes_of_the_mail(place: Place, status: int) -> None:
    place.lines(f"|exit {status}\n./Maildir/\n")
    code = 100 if status in FOR_EVER else status if status in (0, 99) else 111
    assert place.deliver()[0] == code
    assert len(place.new()) == (status == 0)


def test_a_program_that_is_killed_waits(place: Place) -> None:
    place.lines("|kill -9 $$\n")
    assert place.deliver()[0] == 111


def test_each_program_reads_the_message_from_its_beginning(place: Place) -> None:
    place.lines("|head -c 5 >one\n|cat >two\n")
    assert place.deliver() == (0, "")
    assert (place.home() / "one").read_bytes() == TEXT[:5]
    assert (place.home() / "two").read_bytes() == TEXT


def test_it_runs_in_the_home_with_the_variables_of_qmail(place: Place) -> None:
    place.lines('|pwd; echo "$SENDER $RECIPIENT $EXT@$HOST $USER $SHELL"\n')
    code, text = place.deliver()
    assert code == 0
    assert text == (
        f"{place.home()}\n"
        "a@remote.test example.com-joe@example.com joe@example.com example.com /bin/sh\n"
    )


def test_nothing_else_of_the_environment_reaches_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"EXT": "joe", "LD_PRELOAD": "/x.so", "BASH_ENV": "/x", "PYTHONPATH": "/x", "IFS": "x"}
    assert program_environment(given) == {
        "EXT": "joe",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "SHELL": "/bin/sh",
    }
    monkeypatch.setenv("VPOPMAIL_DATABASE_URL", "mysql://u:secret@h/d")
    place.lines("|env\n")
    assert "secret" not in place.deliver()[1]


def test_a_program_that_does_not_end_is_killed_with_all_it_started(make_place: Make) -> None:
    place = make_place(program_seconds=1)
    place.lines('|sleep 1000 & echo "$!"; sleep 1000\n')
    code, text = place.deliver()
    assert code == 111
    pid = int(text)
    assert ends(pid)


def test_one_that_goes_on_in_the_background_is_not_waited_for(make_place: Make) -> None:
    place = make_place(program_seconds=0)
    place.lines('|sleep 1000 & echo "$!"\n')
    code, text = place.deliver()
    os.kill(int(text), 9)
    assert code == 0


def test_its_output_is_passed_on_up_to_a_bound(make_place: Make) -> None:
    place = make_place(program_output=10)
    place.lines("|echo 0123456789abcdef; seq 100000; exit 3\n")
    assert place.deliver() == (111, "0123456789")


def test_one_that_never_stops_writing_is_stopped(make_place: Make) -> None:
    place = make_place(program_seconds=1, program_output=2)
    place.lines("|yes\n")
    assert place.deliver() == (111, "y\n")


def test_a_large_message_reaches_a_program_that_does_not_read_it(place: Place) -> None:
    place.lines("|true\n")
    assert place.deliver(message=TEXT + b"x" * 1_000_000) == (0, "")


def test_a_directory_that_is_gone_waits(place: Place) -> None:
    place.default("'|true'")
    assert place.deliver("nobody@example.com")[0] == 0


@needs_root
def test_root_runs_it_as_the_owner_of_the_domain(make_place: Make) -> None:
    """Whoever can write a delivery file is not root by that."""
    place = make_place(vpopuser=89, vpopgroup=90)
    (place.top / "seen").mkdir()
    os.chmod(place.top / "seen", 0o777)
    place.lines(f"|id -u >{place.top}/seen/id; id -G >>{place.top}/seen/id\n")
    os.chown(place.home() / ".qmail", 89, 90)
    open_to_others(place.top)
    groups = os.getgroups()
    os.setgroups([*groups, 4711])  # one of root's that is none of the owner's
    try:
        assert place.deliver()[0] == 0
    finally:
        os.setgroups(groups)
    assert (place.top / "seen/id").read_text() == "89\n90\n"


@needs_root
def test_a_delivery_file_of_another_is_not_obeyed(make_place: Make) -> None:
    place = make_place(vpopuser=89, vpopgroup=90)
    place.lines("|touch owned\n")
    os.chown(place.home() / ".qmail", 4711, 4711)
    assert place.deliver(JOE)[0] == 111
    assert not (place.home() / "owned").exists()


@needs_root
def test_root_follows_no_link_to_a_delivery_file(make_place: Make) -> None:
    place = make_place(vpopuser=89, vpopgroup=90)
    secret = place.top / "secret"
    secret.write_text("&a@b.org\n")
    (place.home() / ".qmail").symlink_to(secret)
    assert place.deliver(JOE)[0] == 111
