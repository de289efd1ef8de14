"""Becoming the next program: what cannot be done has its code and its line in the log."""

from __future__ import annotations

import logging
import os

import pytest

from vpopmail.access.login import Login
from vpopmail.commands.checkpassword import next_program
from vpopmail.commands.checkpassword.exit_codes import ExitCodes
from vpopmail.commands.checkpassword.next_program import Next, become, quota_rule

AS_C = ExitCodes(as_checkpassword=False)
CONVENTION = ExitCodes(as_checkpassword=True)
Done = list[tuple[object, ...]]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Done:
    """What is done to the process, which stays as it is; the first of each fails if it is named in it."""
    calls: Done = []

    def act(name: str) -> object:
        def record(*arguments: object) -> None:
            if ("fail", name) in calls:
                raise OSError(1, "no")
            calls.append((name, *arguments))

        return record

    for name in ("setgroups", "setgid", "setuid", "chdir"):
        monkeypatch.setattr(os, name, act(name))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(next_program, "_restore_signals", lambda: None)
    return calls


def following(*arguments: str, domain: str = "example.com", **more: str) -> Next:
    login = Login("joe", domain, name="joe@alias.org", uid=89, gid=90, home="/home/joe", quota=more.get("quota", ""))
    return Next(list(arguments) or ["/nowhere/program"], login, log_name="vchkpw-pop3", remote_ip="192.0.2.1")


def test_groups_come_first_and_the_directory_last(done: Done) -> None:
    assert become(following(), AS_C) == 111
    assert done == [("setgroups", [90]), ("setgid", 90), ("setuid", 89), ("chdir", "/home/joe")]


@pytest.mark.parametrize(
    ("fails", "code", "told"),
    [("setgroups", 4, "setgid 90"), ("setgid", 4, "setgid 90"), ("setuid", 5, "setuid 89"), ("chdir", 6, "chdir")],
)
def test_what_fails_has_its_code_and_nothing_is_run(
    done: Done, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fails: str, code: int, told: str
) -> None:
    monkeypatch.setattr(next_program, "_execute", lambda *_: pytest.fail("run"))
    caplog.set_level(logging.WARNING, "vpopmail")
    done.append(("fail", fails))
    assert become(following(), AS_C) == code
    assert become(following(), CONVENTION) == 111
    assert caplog.messages[0] == f"vchkpw-pop3: {told} failed errno 1 joe@example.com:192.0.2.1"


def test_process_that_is_not_root_sets_no_groups(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 89)
    become(following(), AS_C)
    assert [call[0] for call in done] == ["setgid", "setuid", "chdir"]


def test_user_of_passwd_has_his_own_groups(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getgrouplist", lambda user, gid: [gid, 7] if user == "joe" else [])
    become(following(domain=""), AS_C)
    assert done[0] == ("setgroups", [90, 7])


def test_dovecot_gets_its_variables_and_the_process_stays(done: Done) -> None:
    next_one = following(quota="1048576S,5C")
    next_one.serve_dovecot()
    assert become(next_one, CONVENTION) == 111
    assert done == []
    told = {name.decode(): value.decode() for name, value in next_one.environment.items()}
    assert told["USER"] == "joe@example.com"
    assert told["EXTRA"] == "userdb_uid userdb_gid userdb_quota_rule"
    assert (told["userdb_uid"], told["userdb_gid"]) == ("89", "90")


@pytest.mark.parametrize(
    ("quota", "rule"),
    [("NOQUOTA", ""), ("", ""), ("10S", "*:bytes=10"), ("5C", "*:messages=5"), ("10S,5C", "*:bytes=10:messages=5"), ("rubbish", "")],
)
def test_quota_is_written_as_dovecot_has_it(quota: str, rule: str) -> None:
    assert quota_rule(quota) == rule


def test_program_is_run_with_its_words_and_environment(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[object, ...]] = []

    def execve(*call: object) -> None:
        tried.append(call)
        raise FileNotFoundError(2, "no")

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.setattr(os, "environb", {b"PATH": b"/a::relative:/b", b"OTHER": b"\xff"})
    become(following("imapd", "Maildir"), AS_C)
    assert [call[:2] for call in tried] == [(b"/a/imapd", [b"imapd", b"Maildir"]), (b"/b/imapd", [b"imapd", b"Maildir"])]
    environment = tried[0][2]
    assert isinstance(environment, dict)
    assert environment[b"OTHER"] == b"\xff"
    assert environment[b"VPOPUSER"] == b"joe@alias.org"


def test_password_of_the_database_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next program may run as somebody who is not to know it."""
    given = {b"VPOPMAIL_DATABASE_URL": b"mysql://v:s3cret@db/v", b"VPOPMAIL_DOMAIN": b"example.com"}
    monkeypatch.setattr(os, "environb", given)
    environment = following().environment
    assert b"s3cret" not in b" ".join(environment.values())
    assert environment[b"VPOPMAIL_DOMAIN"] == b"example.com"


def test_program_that_may_not_be_run_is_told_as_that(done: Done, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "vpopmail")
    assert become(following("/etc"), AS_C) == 111
    assert "errno 13" in caplog.messages[-1]
    assert become(following("a\0b"), AS_C) == 111


def test_variable_of_the_locale_stays_if_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environb", {b"LC_CTYPE": b"C.UTF-8"})
    monkeypatch.setattr(next_program, "_was_given", lambda _name: True)
    assert next_program.given_environment() == {b"LC_CTYPE": b"C.UTF-8"}
    monkeypatch.setattr(next_program, "_was_given", lambda _name: False)
    assert next_program.given_environment() == {}
    monkeypatch.undo()
    assert next_program._was_given(b"NO_SUCH_VARIABLE") is False
