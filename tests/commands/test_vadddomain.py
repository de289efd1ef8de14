"""vadddomain: domain, postmaster, quota and catch-all, all of it or nothing."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.concurrency.c_tool import locked
from tests.conftest import needs_root, open_to_others, tree, without_locks
from tests.qmail.test_send import echoes, running
from vpopmail import Vpopmail
from vpopmail.formats import cdb

from .programs import command, environment, run, run_as, run_at_terminal

PROGRAM = "vadddomain"
DOMAIN = "example.com"
POSTMASTER = f"postmaster@{DOMAIN}"
NOBODY = 65534


def delivery(site: Vpopmail, domain: str = DOMAIN) -> str:
    return Path(site.domains.get(domain).path, ".qmail-default").read_text()


def test_domain_has_its_postmaster_and_bounces_what_is_for_nobody(site: Vpopmail) -> None:
    assert run(site, PROGRAM, "Example.COM", "s3cret") == (0, "", "")
    user = site.users.get(POSTMASTER)
    assert (user.pw_gecos, user.pw_shell) == ("Postmaster", "NOQUOTA")
    assert site.users.check_password(POSTMASTER, "s3cret")
    program = f"{site.settings.bindir}/vdelivermail"
    assert delivery(site) == f"| {program} '' bounce-no-mailbox\n"
    assert not site.reconcile(dry_run=True).findings


def test_password_is_asked_for_twice_and_not_shown(site: Vpopmail) -> None:
    prompts = ("Please enter password for postmaster: ", "enter password again: ")
    answers = [(prompts[0], "one-1\n"), (prompts[1], "two-2\n")]
    answers += [(prompts[0], "s3cret\n"), (prompts[1], "s3cret\n")]
    code, shown = run_at_terminal(site, PROGRAM, DOMAIN, answers=answers)
    assert (code, shown) == (
        0,
        f"{prompts[0]}\n{prompts[1]}\nPasswords do not match, try again\n{prompts[0]}\n{prompts[1]}\n",
    )
    assert site.users.check_password(POSTMASTER, "s3cret")


def test_domain_that_is_there_is_told_before_anything_is_asked(site: Vpopmail) -> None:
    site.domains.add(DOMAIN)
    site.domains.add_alias("alias.org", DOMAIN)
    for name in (DOMAIN, "ALIAS.org"):
        told = run_at_terminal(site, PROGRAM, name)
        assert told == (243, "Error: Domain already exists\n")


@pytest.mark.parametrize(
    ("words", "profile", "length"),
    [(("-r",), "5.4", 8), (("-r",), "5.6", 12), (("-r20",), "5.4", 20), (("-r20",), "5.6", 20)],
)
def test_random_password_is_shown_and_counts(
    site: Vpopmail, words: tuple[str, ...], profile: str, length: int
) -> None:
    ran = run(site, PROGRAM, *words, DOMAIN, PROFILE=profile)
    assert (ran.code, ran.err) == (0, "")
    password = ran.out.removeprefix("Random password: ").rstrip("\n")
    assert len(password) == length
    assert site.users.check_password(POSTMASTER, password)


def test_random_password_beside_a_given_one_is_refused_by_the_later_release(site: Vpopmail) -> None:
    told = "Error: don't use -r option when giving password on command line\n"
    assert run(site, PROGRAM, "-r", DOMAIN, "s3cret", PROFILE="5.6") == (255, told, "")
    assert DOMAIN not in site.domains
    ran = run(site, PROGRAM, "-r", DOMAIN, "s3cret", PROFILE="5.4")
    assert ran == (0, "Random password: s3cret\n", "")


@pytest.mark.parametrize("words", [(DOMAIN, ""), (DOMAIN,)])
def test_empty_password_is_no_login(site: Vpopmail, words: tuple[str, ...]) -> None:
    assert run(site, PROGRAM, *words, text="\n\n").code == 0
    assert site.users.get(POSTMASTER).pw_passwd == ""


@pytest.mark.parametrize("text", ["", "s3cret\n", "s3cret\nother\n"])
def test_input_that_ends_too_soon_is_no_empty_password(site: Vpopmail, text: str) -> None:
    ran = run(site, PROGRAM, DOMAIN, text=text)
    assert ran.code == 255
    assert "Error: No password entered\nvadddomain: usage: " in ran.out
    assert DOMAIN not in site.domains


@pytest.mark.parametrize(
    ("whom", "told"),
    [
        ("postmaster", "{path}/postmaster"),
        ("Joe", "{path}/joe"),
        (POSTMASTER, POSTMASTER),
        ("joe@other.net", "joe@other.net"),
    ],
)
def test_mail_for_nobody_goes_to_a_user_or_an_address(
    site: Vpopmail, whom: str, told: str
) -> None:
    assert run(site, PROGRAM, "-e", whom, DOMAIN, "s3cret") == (0, "", "")
    action = told.format(path=site.domains.get(DOMAIN).path)
    assert delivery(site) == f"| {site.settings.bindir}/vdelivermail '' {action}\n"


def test_quota_is_that_of_postmaster(site: Vpopmail) -> None:
    assert run(site, PROGRAM, "-q", "10m,100c", DOMAIN, "s3cret").code == 0
    assert site.users.get(POSTMASTER).pw_shell == "10485760S,100C"
    assert Path(site.domains.get(DOMAIN).path, "postmaster/Maildir/maildirsize").exists()


@pytest.mark.parametrize(
    ("words", "ran"),
    [
        (("-q", "10G", DOMAIN, "s3cret"), (227, "Error: quota too long\n")),
        (("-e", "joe@example.com", DOMAIN, "s3cret"), (246, "Error: User does not exist\n")),
        (("-e", "../joe", DOMAIN, "s3cret"), (255, "Error: Illegal username\n")),
        (("-e", "", DOMAIN, "s3cret"), (255, "Error: Illegal username\n")),
        (("-e", "a b@c.org", DOMAIN, "s3cret"), (255, "Error: Illegal username\n")),
        ((DOMAIN, "x" * 129), (229, "Error: (vadduser) password too long\n")),
        (("ab", "s3cret"), (244, "Error: Invalid domain name\n")),
        (("localhost", "s3cret"), (244, "Error: Invalid domain name\n")),
        (("-bad.org", "s3cret"), None),
        (("a" * 97, "s3cret"), (230, "Error: domain name too long\n")),
        (("-u", "no such user", DOMAIN, "s3cret"),
         (255, "Error: user no such user not found in /etc/passwd\n")),
        (("-i", "root", DOMAIN, "s3cret"), None),
        (("-g", "-1", DOMAIN, "s3cret"), None),
        (("-i", "9" * 30, DOMAIN, "s3cret"), (234, "Error: running as invalid uid\n")),
        (("-i", "9" * 5000, DOMAIN, "s3cret"), None),
        (("-r0", DOMAIN), None),
        (("-Z", DOMAIN, "s3cret"), None),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing(
    site: Vpopmail, tmp_path: Path, words: tuple[str, ...], ran: tuple[int, str] | None
) -> None:
    before = without_locks(tree(tmp_path))
    told = run(site, PROGRAM, *words)
    if ran is None:
        assert told.code == 255
        assert told.out.startswith("vadddomain: usage: ")
    else:
        assert told[:2] == ran
    assert "Traceback" not in told.err
    assert without_locks(tree(tmp_path)) == before


def test_missing_base_directory_is_told_and_leaves_nothing(site: Vpopmail, tmp_path: Path) -> None:
    before = without_locks(tree(tmp_path))
    ran = run(site, PROGRAM, "-d", str(tmp_path / "none"), DOMAIN, "s3cret")
    assert ran.code == 250
    assert ran.out.startswith("Error: ")
    assert str(tmp_path / "none") in ran.err
    assert without_locks(tree(tmp_path)) == before


def test_weak_password_is_told_with_the_policy_and_leaves_nothing(
    site: Vpopmail, tmp_path: Path
) -> None:
    Path(site.settings.etc_path("password_strength.conf")).write_text(
        "Policy = eight characters at least\nLength > 7\n"
    )
    before = without_locks(tree(tmp_path))
    ran = run(site, PROGRAM, DOMAIN, "s3cret")
    assert ran.code == 256 - 70
    assert ran.out.startswith("Error: (vadduser) ")
    assert ran.out.endswith("A password policy is in place:\n\teight characters at least\n")
    assert "s3cret" not in ran.out + ran.err
    assert without_locks(tree(tmp_path)) == before


@pytest.mark.parametrize("words", [("-b", "delete", DOMAIN), ("-b", "bounce-no-mailbox", DOMAIN, "pw")])
def test_words_after_b_are_not_taken_for_a_domain_and_its_password(
    site: Vpopmail, words: tuple[str, ...]
) -> None:
    ran = run(site, PROGRAM, *words)
    assert ran.code == 255
    assert ran.err.startswith("vadddomain: -b takes no value")
    assert list(site.domains) == []


def test_b_is_what_holds_anyway(site: Vpopmail) -> None:
    assert run(site, PROGRAM, "-b", DOMAIN, "s3cret").code == 0
    assert delivery(site).endswith(" bounce-no-mailbox\n")


def test_without_a_domain_it_shows_the_usage(site: Vpopmail) -> None:
    ran = run(site, PROGRAM, "-v")
    assert ran.code == 0
    assert ran.out.startswith("version: ")
    assert "\nvadddomain: usage: " in ran.out


def test_base_directory_is_where_the_domain_goes(site: Vpopmail, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    assert run(site, PROGRAM, "-d", f"{tmp_path}/base", DOMAIN, "s3cret").code == 0
    assert site.domains.get(DOMAIN).path == f"{tmp_path}/base/domains/{DOMAIN}"


@needs_root
def test_owner_is_given_by_number_or_by_name(site: Vpopmail, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    base = ("-d", f"{tmp_path}/base")
    assert run(site, PROGRAM, *base, "-i", "1234", "-g1235", "one.org", "pw").code == 0
    assert run(site, PROGRAM, *base, "-u", "nobody", "-i", "1", "two.org", "pw").code == 0
    one, two, nobody = site.domains.get("one.org"), site.domains.get("two.org"), pwd.getpwnam("nobody")
    assert (one.uid, one.gid) == (1234, 1235)
    assert (two.uid, two.gid) == (nobody.pw_uid, nobody.pw_gid)
    home = Path(two.path, "postmaster/Maildir").stat()
    assert (home.st_uid, home.st_gid) == (nobody.pw_uid, nobody.pw_gid)


def test_one_of_many_leaves_what_costs_to_the_last(site: Vpopmail, tmp_path: Path) -> None:
    control = Path(site.settings.qmaildir, "control")
    control.joinpath("rcpthosts").write_text("".join(f"h{n}.example\n" for n in range(50)))
    index = control / "morercpthosts.cdb"
    with running(Path(site.settings.qmaildir, "bin/qmail-send")) as qmail_send:
        for name in ("one.org", "two.org"):
            assert run(site, PROGRAM, "-O", name, "pw").code == 0
        assert control.joinpath("morercpthosts").read_text() == "one.org\ntwo.org\n"
        assert not index.exists()
        assert echoes(qmail_send)
        assert run(site, PROGRAM, "three.org", "pw").code == 0
        assert qmail_send.wait() == -signal.SIGHUP
    names = {name for name, _ in cdb.iterate(index.read_bytes())}
    assert names == {b"one.org", b"two.org", b"three.org"}


def test_script_hears_of_the_domain_and_the_quota_but_not_of_postmaster(site: Vpopmail) -> None:
    heard = Path(site.settings.vpopmaildir, "heard")
    script = Path(site.settings.etc_path("onchange"))
    script.write_text(f'#!/bin/sh\necho "$1 $2" >> {heard}\n')
    script.chmod(0o755)
    words = ("-q", "10M", "-e", "postmaster", DOMAIN, "pw")
    assert run(site, PROGRAM, *words, ONCHANGE_SCRIPT="yes", PROFILE="5.4").code == 0
    assert heard.read_text() == f"add_domain {DOMAIN}\nmod_user {POSTMASTER}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_no_domain(
    site: Vpopmail, tmp_path: Path, number: signal.Signals
) -> None:
    users = Path(site.settings.qmaildir, "users")
    site.domains.add("first.org")
    before = without_locks(tree(tmp_path))
    with locked(users / "assign.lock"):
        child = subprocess.Popen(
            command(PROGRAM, "-q", "10M", "-e", "postmaster", DOMAIN, "s3cret"),
            env=environment(site, LOCK_TIMEOUT="60"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        wait_until_it_has_opened(child.pid, users / "assign.lock")
        child.send_signal(number)
        assert child.communicate(timeout=60) == (b"", b"")
    assert child.returncode == -number
    assert without_locks(tree(tmp_path)) == before
    assert not site.reconcile(dry_run=True).findings


def test_interrupted_at_the_prompt_it_leaves_nothing(site: Vpopmail, tmp_path: Path) -> None:
    before = without_locks(tree(tmp_path))
    code, _ = run_at_terminal(site, PROGRAM, DOMAIN, answers=[("postmaster: ", "\x03")])
    assert code == -signal.SIGINT
    assert without_locks(tree(tmp_path)) == before


@needs_root
def test_nobody_may_not(site: Vpopmail, tmp_path: Path) -> None:
    open_to_others(tmp_path)
    before = without_locks(tree(tmp_path))
    ran = run_as(NOBODY, site, PROGRAM, DOMAIN, "s3cret")
    assert ran.code != 0
    assert ran.out.startswith("Error: ")
    assert ran.err
    assert without_locks(tree(tmp_path)) == before


@needs_root
def test_owner_of_the_site_may_not_change_the_files_of_qmail(
    site: Vpopmail, tmp_path: Path
) -> None:
    open_to_others(tmp_path)
    for path in ("", "etc", "domains"):
        os.chown(Path(site.settings.vpopmaildir, path), NOBODY, NOBODY)
    before = without_locks(tree(tmp_path))
    options = {"VPOPUSER": str(NOBODY), "VPOPGROUP": str(NOBODY)}
    ran = run_as(NOBODY, site, PROGRAM, DOMAIN, "s3cret", **options)
    assert ran.code != 0
    assert "root" in ran.err
    assert without_locks(tree(tmp_path)) == before


def wait_until_it_has_opened(process: int, path: Path) -> None:
    """Return as soon as a process has a file open."""
    folder = Path(f"/proc/{process}/fd")
    while True:
        for link in list(folder.iterdir()):
            with suppress(FileNotFoundError):
                if link.readlink() == path:
                    return
        os.sched_yield()
