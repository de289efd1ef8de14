"""How the programs of the administrator begin and end."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.concurrency.c_tool import locked
from vpopmail import Vpopmail

from .programs import command, environment, run

JOE = "joe@example.com"


@pytest.fixture
def joe(site: Vpopmail) -> str:
    site.domains.add("example.com")
    site.users.add(JOE, "s3cret")
    return JOE


def test_what_cannot_be_done_is_told_on_standard_output_with_the_code(site: Vpopmail, joe: str) -> None:
    assert run(site, "vdeluser", "amy@example.com") == (246, "Error: User does not exist\n", "")


def test_words_that_do_not_fit_get_the_usage_text(site: Vpopmail) -> None:
    ran = run(site, "vdeluser")
    assert (ran.code, ran.err) == (255, "")
    assert ran.out.startswith("vdeluser: usage: ")


def test_unknown_option_is_told_and_nothing_is_done(site: Vpopmail, joe: str) -> None:
    ran = run(site, "vdeluser", "-Z", joe)
    assert (ran.code, ran.err) == (255, "vdeluser: invalid option -- 'Z'\n")
    assert joe in site.users


def test_site_that_cannot_be_opened_is_told_as_c_does(site: Vpopmail) -> None:
    ran = run(site, "vdeluser", JOE, BACKEND="mysql", DATABASE_URL="mysql://nobody@127.0.0.1:1/none")
    assert ran.code == 233
    assert ran.err.splitlines()[-1] == "Error - no authentication database connection. Initial open."
    assert "Traceback" not in ran.err


def test_settings_that_cannot_be_read_are_told_in_a_line(site: Vpopmail) -> None:
    Path(site.settings.vpopmaildir, "etc/vpopmail.toml").write_text("backend = ")
    ran = run(site, "vdeluser", JOE)
    assert ran.code != 0
    assert "vpopmail.toml" in ran.err.splitlines()[0]
    assert "Traceback" not in ran.err


def test_reason_that_no_code_can_tell_comes_on_standard_error(site: Vpopmail, joe: str) -> None:
    entry = site.domains.get("example.com")
    Path(entry.path, "vpasswd").unlink()
    Path(entry.path, "vpasswd").mkdir()
    ran = run(site, "vdeluser", joe)
    assert ran.code != 0
    assert ran.out.startswith("Error: ")
    assert "vpasswd" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_closed_descriptor_is_not_taken_by_a_file_of_the_site(
    site: Vpopmail, joe: str, closed: int
) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec {closed}>&-; exec "$@"', "sh", *command("vdeluser", joe)],
        env=environment(site), capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0
    assert joe not in site.users


@pytest.mark.parametrize(("closed", "told"), [(1, (0, b"", b"")), (2, (0, b"joe\n", b""))])
def test_what_is_told_on_a_closed_descriptor_is_lost(
    site: Vpopmail, joe: str, closed: int, told: tuple[int, bytes, bytes]
) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec {closed}>&-; exec "$@"', "sh", *command("vuserinfo", "-n", joe)],
        env=environment(site), capture_output=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == told


@pytest.mark.parametrize("errors", ["2>&-", "2>/dev/full", ""], ids=["closed", "full", "reader gone"])
def test_complaint_that_nobody_hears_changes_nothing(site: Vpopmail, joe: str, errors: str) -> None:
    for words, code, out in (
        (command("valias", "-n", joe), 255, b""),
        (command("vpopmail", "user", "show", "amy@example.com"), 246, b""),
        (command("vdeluser", "-Z"), 255, None),
    ):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            ["/bin/sh", "-c", f'exec "$@" {errors}', "sh", *words],
            env=environment(site), stdout=subprocess.PIPE, stderr=writing,
        )  # fmt: skip
        os.close(writing)
        assert done.returncode == code
        assert b"invalid option" not in done.stdout
        assert out is None or done.stdout == out


def test_full_standard_output_is_told(site: Vpopmail) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command("vdeluser"), env=environment(site), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr) == (255, "vdeluser: standard output: No space left on device\n")


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("full", (255, "vuserinfo: standard output: No space left on device\n")),
        ("closed pipe", (-signal.SIGPIPE, "")),
    ],
)
def test_what_could_not_be_written_is_not_told_twice(
    site: Vpopmail, joe: str, output: str, told: tuple[int, str]
) -> None:
    if output == "full":
        writing = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, writing = os.pipe()
        os.close(reading)
    # Python 3.13 tells what goes wrong in the last flush; in development mode all do.
    done = subprocess.run(
        command("vuserinfo", joe), env=environment(site) | {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "ignore"},
        stdout=writing, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == told


def test_wrong_quota_is_told_besides_the_text_of_its_code(site: Vpopmail, joe: str) -> None:
    ran = run(site, "vsetuserquota", joe, "10X")
    assert (ran.code, ran.out) == (227, "Error: quota too long\n")
    assert ran.err.startswith("10X: invalid quota: a number, then K or M")


def test_error_whose_code_has_no_text_is_told_in_words(site: Vpopmail, joe: str) -> None:
    ran = run(site, "vipmap", "-a", "nowhere", "example.com", IP_ALIAS_DOMAINS="yes")
    assert ran == (217, "Error: Unknown error\n", "nowhere: invalid IP address\n")


def test_closed_pipe_ends_it_quietly_as_any_program(site: Vpopmail) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command("vdeluser"), env=environment(site), stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_it_without_a_word_and_the_site_is_as_before(
    site: Vpopmail, joe: str, tmp_path: Path, number: signal.Signals
) -> None:
    # The lock of the domain is held: the program waits for it.
    lock = Path(site.domains.get("example.com").path, ".vpasswd.lock")
    with locked(lock):
        child = subprocess.Popen(
            command("vdeluser", joe),
            env=environment(site, LOCK_TIMEOUT="60"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            # Who runs the tests by nohup has one of them ignored.
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
        )  # fmt: skip
        _wait_until_it_has_opened(child.pid, lock)
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (-number, b"", b"")
    assert joe in site.users
    assert not site.reconcile(dry_run=True).findings


def _wait_until_it_has_opened(process: int, path: Path) -> None:
    """Return as soon as a process has a file open."""
    folder = Path(f"/proc/{process}/fd")
    while True:
        for link in list(folder.iterdir()):
            with suppress(FileNotFoundError):
                if link.readlink() == path:
                    return
        os.sched_yield()
