"""vchangepw as users meet it: at a terminal, through sudo, as a login shell."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.conftest import needs_root, settings_for, tree, without_locks
from tests.system_log import SystemLog
from vpopmail import NO_PASSWD_CHNG, Vpopmail
from vpopmail.settings import load

from .conftest import DOMAIN, JOE, NOBODY, VPOPMAIL
from .programs import command, environment, run, run_as, run_at_terminal

ADDRESS = "Please enter the email address: "
OLD = "Enter old password: "
NEW = f"Please enter password for {JOE}: "
AGAIN = "enter password again: "
FAILED = "Error: authentication failed!\n"


def test_user_changes_his_password(site: Vpopmail, home: Path) -> None:
    answers = [(ADDRESS, f"{JOE}\n"), (OLD, "s3cret\n"), (NEW, "geheim\n"), (AGAIN, "geheim\n")]
    code, shown = run_at_terminal(site, "vchangepw", answers=answers)
    assert code == 0
    assert shown == (
        f"{ADDRESS}{JOE}\n{JOE}\n{OLD}\n{NEW}\n{AGAIN}\nPassword successfully changed.\n"
    )
    assert site.users.check_password(JOE, "geheim")


def test_all_can_come_from_standard_input(site: Vpopmail, home: Path) -> None:
    ran = run(site, "vchangepw", text=f"Joe@EXAMPLE.com\ns3cret\ngeheim\ngeheim\n")
    assert ran == (
        0,
        f"{ADDRESS}Joe@EXAMPLE.com\nPassword successfully changed.\n",
        f"{OLD}{NEW}{AGAIN}",
    )
    assert site.users.check_password(JOE, "geheim")


@pytest.mark.parametrize("address", [JOE, f"amy@{DOMAIN}", "joe@missing.org", "joe", ""])
def test_wrong_password_and_unknown_user_are_told_alike(site: Vpopmail, home: Path, address: str) -> None:
    before = without_locks(tree(home))
    ran = run(site, "vchangepw", text=f"{address}\nwrong\ngeheim\ngeheim\n")
    assert ran == (3, f"{ADDRESS}{address}\n{FAILED}", OLD)
    assert without_locks(tree(home)) == before


def test_without_an_address_it_ends(site: Vpopmail) -> None:
    assert run(site, "vchangepw") == (0, f"{ADDRESS}\n\n", "")


def test_address_that_cannot_be_one_is_told(site: Vpopmail, home: Path) -> None:
    ran = run(site, "vchangepw", text="a b@example.com\n")
    assert ran == (255, f"{ADDRESS}a b@example.com\nError: Illegal username\n", "user invalid a b\n")


def test_line_without_an_end_is_too_long(site: Vpopmail, home: Path) -> None:
    ran = run(site, "vchangepw", text="j" * 200_000)
    assert ran == (3, f"{ADDRESS}\nError: email address too long\n", "")
    ran = run(site, "vchangepw", text=f"{JOE}\n{'x' * 200_000}")
    assert ran == (3, f"{ADDRESS}{JOE}\nError: password too long.\n", OLD)


def test_new_password_must_be_one(site: Vpopmail, home: Path) -> None:
    ran = run(site, "vchangepw", text=f"{JOE}\ns3cret\n\n\n")
    assert ran.code == 255
    assert ran.out.endswith("Error: No password entered\n")
    Path(site.settings.etc_path("password_strength.conf")).write_text("Policy = Long.\nLength >= 9\n")
    ran = run(site, "vchangepw", text=f"{JOE}\ns3cret\ngeheim\ngeheim\n")
    assert ran.code == 186
    assert ran.out.endswith(
        "Error: password requires more characters \nA password policy is in place:\n\tLong.\n"
    )
    assert site.users.check_password(JOE, "s3cret")


def test_who_may_not_change_his_password_keeps_it(site: Vpopmail, home: Path) -> None:
    site.users.update(JOE, set_flags=NO_PASSWD_CHNG)
    ran = run(site, "vchangepw", text=f"{JOE}\ns3cret\ngeheim\ngeheim\n")
    assert (ran.code, ran.out) == (255, f"{ADDRESS}{JOE}\nError: Illegal username\n")
    assert site.users.check_password(JOE, "s3cret")


def test_words_of_a_login_shell_run_nothing(site: Vpopmail, home: Path, tmp_path: Path) -> None:
    ran = run(site, "vchangepw", "-c", f"touch {tmp_path}/made", text="")
    assert ran == (0, f"{ADDRESS}\n\n", "")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("at", [ADDRESS, OLD, NEW])
@pytest.mark.parametrize(("key", "number"), [("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT)])
def test_interrupt_ends_it_and_changes_nothing(
    site: Vpopmail, home: Path, at: str, key: str, number: int
) -> None:
    right = {ADDRESS: f"{JOE}\n", OLD: "s3cret\n"}
    before = without_locks(tree(home))
    answers = [*((asked, given) for asked, given in right.items() if asked != at and at != ADDRESS), (at, key)]
    if at == OLD:
        answers = [(ADDRESS, f"{JOE}\n"), (OLD, key)]
    code, shown = run_at_terminal(site, "vchangepw", answers=answers)
    assert code == -number
    assert "Traceback" not in shown
    assert without_locks(tree(home)) == before


def test_it_cannot_be_stopped_to_get_at_what_started_it(site: Vpopmail, home: Path) -> None:
    answers = [(ADDRESS, f"\x1a{JOE}\n"), (OLD, "\x1awrong\n")]
    code, shown = run_at_terminal(site, "vchangepw", answers=answers)
    assert code == 3
    assert shown.endswith(FAILED)


def test_guess_waits_for_that_of_another_in_the_domain(site: Vpopmail, home: Path) -> None:
    other = os.open(home, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    child = subprocess.Popen(
        command("vchangepw"), env=environment(site), start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert child.stdin is not None
    child.stdin.write(f"{JOE}\nwrong\n".encode())
    child.stdin.close()
    waits = f"-> FLOCK  ADVISORY  WRITE {child.pid} "
    while waits not in Path("/proc/locks").read_text():
        assert child.poll() is None
        os.sched_yield()
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=60) == -signal.SIGINT
    os.close(other)
    assert child.stdout is not None
    assert FAILED not in child.stdout.read().decode()
    child.stdout.close()


def test_signal_does_not_free_the_way_for_the_next_guess(site: Vpopmail, home: Path) -> None:
    child = subprocess.Popen(
        command("vchangepw"), env=environment(site), start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert child.stdin is not None
    child.stdin.write(f"{JOE}\nwrong\n".encode())
    child.stdin.close()
    status = Path(f"/proc/{child.pid}/status")
    wanted = {signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP}
    while not wanted <= _blocked(status):
        assert child.poll() is None
        os.sched_yield()
    child.send_signal(signal.SIGTERM)
    # It is taken after the pause.
    assert child.wait(timeout=60) == -signal.SIGTERM


def _blocked(status: Path) -> set[int]:
    """The signals that a process does not take now."""
    text = status.read_text()
    mask = int(text.partition("SigBlk:")[2].split()[0], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


@needs_root
def test_root_becomes_the_owner_of_the_domain_before_a_password_is_asked_for(owned: Vpopmail) -> None:
    child = subprocess.Popen(
        command("vchangepw"), env=environment(owned), start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
    )  # fmt: skip
    assert child.stdin is not None and child.stdout is not None and child.stderr is not None
    child.stdin.write(f"{JOE}\n".encode())
    asked = b""
    while not asked.endswith(OLD.encode()):
        part = child.stderr.read(1)
        assert part, child.stdout.read()
        asked += part
    status = Path(f"/proc/{child.pid}/status").read_text()
    ids = {line.split(":")[0]: line.split()[1:] for line in status.splitlines()}
    assert ids["Uid"] == ids["Gid"] == [str(VPOPMAIL)] * 4
    assert ids["Groups"] == [str(VPOPMAIL)]
    out, err = child.communicate(b"s3cret\ngeheim\ngeheim\n")
    assert (child.returncode, err) == (0, f"{NEW}{AGAIN}".encode())
    assert out.endswith(b"Password successfully changed.\n")
    assert owned.users.check_password(JOE, "geheim")
    assert not owned.reconcile(dry_run=True).findings


# Tells on standard error of what is imported by who is no longer root.
SPY = """
import os, sys
sys.addaudithook(lambda event, args: event == "import" and os.geteuid() and print("import", args[0], file=sys.stderr))
from vpopmail.commands.vchangepw import main
main()
"""


@needs_root
@pytest.mark.parametrize("options", [{}, {"backend": "sqlite"}, {"backend": "sqlite", "many_domains": False}])
def test_nothing_is_imported_by_the_owner_of_the_domain(options: dict[str, object]) -> None:
    """Where root's Python is installed he may not be let in."""
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        base.chmod(0o755)
        for name, value in settings_for(base, vpopuser=VPOPMAIL, vpopgroup=VPOPMAIL, **options).items():
            options = {**options, name: value}
        with Vpopmail(load(options)) as site:
            site.prepare()
            site.domains.add(DOMAIN)
            site.users.add(JOE, "s3cret")
        more = {f"VPOPMAIL_{name.upper()}": str(value) for name, value in options.items()}
        done = subprocess.run(
            [sys.executable, "-c", SPY], env={**os.environ, **more}, start_new_session=True,
            input=f"{JOE}\ns3cret\ngeheim\ngeheim\n", capture_output=True, text=True,
        )  # fmt: skip
        assert done.stdout.endswith("Password successfully changed.\n"), done
        assert "import" not in done.stderr


@needs_root
def test_nobody_gets_the_same_answer_as_for_a_wrong_password(owned: Vpopmail) -> None:
    ran = run_as(NOBODY, owned, "vchangepw", text=f"{JOE}\ns3cret\n")
    assert (ran.code, ran.out) == (3, f"{ADDRESS}{JOE}\n{FAILED}")


@pytest.mark.parametrize(
    ("text", "priority", "told"),
    [
        (f"{JOE}\nwrong\n", 37, f"Wrong password for user <{JOE}>"),
        (f"amy@{DOMAIN}\nwrong\n", 37, f"Domain of address <amy@{DOMAIN}> does not exist"),
        ("joe@missing.org\nwrong\n", 37, "Domain of address <joe@missing.org> does not exist"),
        (f"{JOE}\n{'x' * 999}\n", 37, f"Too long password for user <{JOE}>"),
        (f"{JOE}\ns3cret\ngeheim\ngeheim\n", 39, f"User <{JOE}> changed password"),
        (
            f"{JOE}\ns3cret\n{'x' * 999}\n{'x' * 999}\n",
            37,
            f"Error changing users password! User <{JOE}>, message: password too long",
        ),
    ],
)
def test_system_log_hears_what_became_of_it(
    site: Vpopmail, home: Path, text: str, priority: int, told: str
) -> None:
    with SystemLog() as log:
        if not log.listens:
            pytest.skip("somebody else listens to the system log")
        child = subprocess.Popen(
            command("vchangepw"), env=environment(site), start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        child.communicate(text.encode())
        sent = log.messages(child.pid)
    assert sent == [{"priority": priority, "ident": "vchangepw", "message": f"{told}\n"}]
