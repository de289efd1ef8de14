"""How the front door ends: its errors, interrupts, pipes, and who may do what."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_root, settings_for, tree, without_locks
from vpopmail import Vpopmail, __version__, log
from vpopmail.codes import VA, verror
from vpopmail.commands import vpopmail as front_door
from vpopmail.commands.front import showing
from vpopmail.errors import AliasNotFound, InvalidIpAddress, IpMapNotFound, UserNotFound, VpopmailError

from .conftest import DOMAIN, JOE, NOBODY, VPOPMAIL
from .front import vpopmail
from .programs import command, environment, run, run_as, run_at_terminal


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserNotFound(JOE), f"User does not exist: {JOE}"),
        (UserNotFound(JOE, "look"), f"User does not exist: {JOE}: look"),
        (AliasNotFound(JOE), f"Could not open dot qmail file: {JOE}: there is no such alias"),
        (IpMapNotFound("::1"), "no such IP map: ::1"),  # no code of its own
        (InvalidIpAddress("x"), "invalid IP address: x"),  # a code without a text
        (UserNotFound("a\nb\x1b"), "User does not exist: a\\nb\\x1b"),
        (UserNotFound(), "User does not exist"),
    ],
)
def test_line_of_an_error_begins_with_what_is_wrong(error: VpopmailError, line: str) -> None:
    assert error.headline == line


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("user show amy@example.com", VA.USER_DOES_NOT_EXIST),
        ("user list example.org", VA.DOMAIN_DOES_NOT_EXIST),
        (f"user add {JOE} --no-password", VA.USERNAME_EXISTS),
        ("user add x/y@example.com --no-password", VA.ILLEGAL_USERNAME),
        ("user add amy --no-password", VA.INVALID_DOMAIN_NAME),
        ("domain add x..y --no-postmaster", VA.INVALID_DOMAIN_NAME),
        ("alias show sales@example.com", VA.COULD_NOT_OPEN_DOT_QMAIL),
        (f"quota set {JOE} {'9' * 18}T", VA.QUOTA_TOO_LONG),
    ],
)
def test_error_is_one_line_on_standard_error_with_its_code(
    site: Vpopmail, home: Path, line: str, code: VA
) -> None:
    ran = vpopmail(site, line)
    assert (ran.code, ran.out) == (code % 256, "")
    assert ran.err.startswith(verror(code))
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("change", ["user add {} --no-password", "alias add {} &x@example.org"])
@pytest.mark.parametrize(
    ("address", "told"),
    [("a@b@example.com", "one '@' is enough"), ("amy@@example.com", "one '@' is enough"), ("amy", "give user@domain")],
)
def test_address_that_is_none_is_told_as_it_was_given(
    site: Vpopmail, home: Path, change: str, address: str, told: str
) -> None:
    line = f"Invalid domain name: {address}: {told}\n"
    assert vpopmail(site, change.format(address)) == (244, "", line)


@pytest.mark.parametrize(
    "line", ["", "nothing", "user", "user nothing", "user show", "user list --nothing", "user show a b"]
)
def test_words_that_do_not_fit_are_told_in_a_line(site: Vpopmail, line: str) -> None:
    ran = vpopmail(site, line)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "--help tells more\n" in ran.err


def test_version_is_told(site: Vpopmail) -> None:
    assert vpopmail(site, "--version") == (0, f"vpopmail {__version__}\n", "")


def test_python_runs_it_as_a_module(site: Vpopmail, home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vpopmail", "domain", "list"],
        env=environment(site), capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "example.com\n", "")


@pytest.mark.parametrize(
    ("words", "prompt"),
    [
        (["user", "password", JOE], "again: "),
        (["domain", "delete", "example.com"], "Type yes: "),
        (["site", "diagnose", JOE], "or nothing: "),
    ],
    ids=["password", "delete", "diagnose"],
)
def test_interrupt_at_a_prompt_ends_it_and_nothing_has_changed(
    site: Vpopmail, home: Path, tmp_path: Path, words: list[str], prompt: str
) -> None:
    before = without_locks(tree(tmp_path))
    first = [("password for", "wonderful\n")] if words[1] == "password" else []
    answers = [*first, (prompt, "\x03")]
    code, shown = run_at_terminal(site, "vpopmail", *words, answers=answers)
    assert code == -signal.SIGINT
    assert "Traceback" not in shown
    assert without_locks(tree(tmp_path)) == before


def test_closed_pipe_ends_a_listing_quietly(site: Vpopmail, home: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command("vpopmail", "user", "list"), env=environment(site), stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


def test_full_standard_output_is_told(site: Vpopmail, home: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command("vpopmail", "user", "list"),
            env=environment(site), stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (255, "vpopmail: standard output: No space left on device\n")


@pytest.mark.parametrize("users", [1, 3000])
def test_listing_that_cannot_be_written_is_not_taken_for_a_full_site(
    site: Vpopmail, home: Path, users: int
) -> None:
    with site.batch():
        for number in range(users):
            site.users.add(f"user{number}@{DOMAIN}", crypted="x", gecos="A long name" * 3)
    lists = (("vpopmail", "user", "list", "--json"), ("vuserinfo", "-D", DOMAIN), ("vuserinfo", "-nD", DOMAIN))
    for words in lists:
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                command(*words), env=environment(site), stdout=full, stderr=subprocess.PIPE, text=True
            )
        told = f"{words[0]}: standard output: No space left on device\n"
        assert (done.returncode, done.stderr) == (255, told)


def test_listing_waits_for_a_slow_reader_of_a_pipe_that_does_not_block(site: Vpopmail, home: Path) -> None:
    with site.batch():
        for number in range(500):
            site.users.add(f"user{number}@{DOMAIN}", crypted="x")
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)  # as one does who holds the other end of a socket, or shares it
    words = command("vuserinfo", "-D", DOMAIN)
    with subprocess.Popen(words, env=environment(site), stdout=writing, stderr=subprocess.PIPE) as program:
        os.close(writing)
        shown = b""
        while some := os.read(reading, 256):
            shown += some
        assert program.stderr is not None
        told = program.stderr.read()
    os.close(reading)
    assert (program.returncode, told) == (0, b"")
    assert shown.decode() == run(site, "vuserinfo", "-D", DOMAIN).out


@pytest.mark.parametrize("line", ["user add --bulk csv", f"user password {JOE} --password-stdin"])
def test_closed_standard_input_is_told(site: Vpopmail, home: Path, line: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec <&-; exec "$@"', "sh", *command("vpopmail", *line.split())],
        env=environment(site), capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


@needs_root
def test_owner_of_the_site_may_do_to_users_what_root_may(owned: Vpopmail) -> None:
    assert run_as(VPOPMAIL, owned, "vpopmail", "user", "set", JOE, "--comment", "Joe").code == 0
    assert owned.users.get(JOE).pw_gecos == "Joe"


@needs_root
@pytest.mark.parametrize(
    "line", ["user list", f"user show {JOE} --hashes", f"user delete {JOE}", "user add amy@example.com --no-password"]
)
def test_others_may_not(owned: Vpopmail, line: str) -> None:
    ran = run_as(NOBODY, owned, "vpopmail", *line.split())
    assert ran.code == 234
    assert ran.out == ""
    assert ran.err.startswith("running as invalid uid: ")
    assert JOE in owned.users


def test_undecodable_word_is_told_as_it_is(site: Vpopmail, home: Path) -> None:
    ran = run(site, "vpopmail", "user", "show", "\udcffx@example.com")
    assert (ran.code, ran.err) == (246, "User does not exist: \\udcffx@example.com\n")


def test_what_the_system_refuses_is_told_in_words(
    site: Vpopmail, home: Path, tmp_path: Path, fail: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(log, "_listeners", [])
    fail("rename", 1, "vpasswd")
    words = ["user", "add", "amy@example.com", "--no-password"]
    assert front_door.run(words, settings_for(tmp_path)) == VA.COULD_NOT_UPDATE_FILE
    told = capsys.readouterr().err
    assert told.startswith("Could not update file: ")
    assert "No space left on device (add user amy@example.com: " in told
    assert told.count("\n") == 1
    lock = home / ".vpasswd.lock"
    lock.unlink()
    lock.mkdir()
    ran = vpopmail(site, "user add zoe@example.com --no-password")
    told = f"no authentication database connection: example.com: {lock}: Is a directory\n"
    assert ran == (233, "", told)


def test_warnings_of_the_log_are_a_line_each_on_standard_error(site: Vpopmail, home: Path) -> None:
    script = Path(site.settings.etc_path("onchange"))
    script.write_text("#!/bin/sh\n")
    script.chmod(0o644)
    alias = Path(site.domains.get("example.com").path, ".qmail-odd")
    alias.symlink_to("/etc/passwd")
    told = f"warning: {script} is not executable: make it so, or turn onchange_script off\n"
    passed_over = "warning: an alias of example.com is passed over: "
    on = {"ONCHANGE_SCRIPT": "true"}
    rows = "address\namy@example.com\nzoe@example.com\n"
    assert vpopmail(site, f"user set {JOE} --comment J", **on) == (0, "", told)
    assert vpopmail(site, "user add --bulk csv", rows, **on) == (0, "", told)
    ran = vpopmail(site, "alias list example.com --json")
    assert (ran.code, ran.out, ran.err.count("\n")) == (0, "", 1)
    assert ran.err.startswith(passed_over)
    # The programs of C say what they always said.
    assert run(site, "vmoduser", "-c", "Joe", JOE, **on) == (0, "", "")


def test_warnings_that_are_remembered_are_not_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "_MOST_KEPT", 2)
    told: list[str] = []
    warnings = showing.Warnings(told.append)
    for text in ("a", "b", "a", "c", "a"):
        warnings.show(text)
    assert told == [f"warning: {text}" for text in ("a", "b", "c", "a")]


def test_what_is_left_to_be_finished_is_told_once(
    site: Vpopmail, home: Path, tmp_path: Path, fail: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(log, "_listeners", [])
    fail("rename", 1, ".dir-control")
    words = ["user", "add", "amy@example.com", "--no-password"]
    assert front_door.run(words, settings_for(tmp_path)) == 0
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert told.err.startswith("warning: add user amy@example.com is done, but not finished: ")
