"""vpopmail user and quota: passwords at a terminal and from a pipe, flags, listings."""

from __future__ import annotations

import time

import pytest

from vpopmail import NO_IMAP, NO_POP, SA_ADMIN, SA_EXPERT, Vpopmail

from .front import CRYPTED, records, vpopmail
from .programs import run, run_at_terminal

JOE = "joe@example.com"
FIRST, AGAIN = f"Please enter password for {JOE}: ", "enter password again: "


@pytest.fixture
def joe(site: Vpopmail) -> Vpopmail:
    site.domains.add("example.com")
    site.users.add(JOE, crypted=CRYPTED, gecos="Joe")
    return site


def test_password_is_asked_for_twice_and_not_shown(site: Vpopmail) -> None:
    site.domains.add("example.com")
    answers = [(FIRST, "s3cret\n"), (AGAIN, "s3crte\n"), (FIRST, "s3cret\n"), (AGAIN, "s3cret\n")]
    code, shown = run_at_terminal(site, "vpopmail", "user", "add", JOE, answers=answers)
    assert code == 0
    assert shown == f"{FIRST}\n{AGAIN}\nPasswords do not match, try again\n{FIRST}\n{AGAIN}\n"
    assert site.users.check_password(JOE, "s3cret")


def test_password_from_standard_input_is_its_first_line(joe: Vpopmail) -> None:
    ran = vpopmail(joe, f"user password {JOE} --password-stdin", "n3w one\nrest\n")
    assert ran == (0, "", "")
    assert joe.users.check_password(JOE, "n3w one")


def test_crypt_string_from_standard_input_is_stored(joe: Vpopmail) -> None:
    assert vpopmail(joe, f"user password {JOE} --crypted-stdin", "$1$other$\n").code == 0
    assert joe.users.get(JOE).pw_passwd == "$1$other$"


def test_no_password_takes_it_away(joe: Vpopmail) -> None:
    assert vpopmail(joe, f"user password {JOE} --no-password").code == 0
    assert joe.users.get(JOE).pw_passwd == ""


def test_without_a_terminal_a_password_is_not_waited_for(joe: Vpopmail) -> None:
    ran = vpopmail(joe, "user add amy@example.com", "s3cret\n")
    assert ran == (2, "", "vpopmail user add: there is no terminal to ask for a password: give --password-stdin\n")
    assert "amy@example.com" not in joe.users


@pytest.mark.parametrize("option", ["--password-stdin", "--crypted-stdin"])
def test_empty_standard_input_is_no_password(joe: Vpopmail, option: str) -> None:
    ran = vpopmail(joe, f"user password {JOE} {option}", "\n")
    assert ran.code == 2
    assert ran.err.startswith("vpopmail user password: standard input gives no ")
    assert joe.users.get(JOE).pw_passwd == CRYPTED


def test_nothing_typed_at_the_terminal_is_no_password(joe: Vpopmail) -> None:
    answers = [(FIRST, "\n"), (AGAIN, "\n")]
    code, shown = run_at_terminal(joe, "vpopmail", "user", "password", JOE, answers=answers)
    assert code == 2
    assert shown.endswith("no password was given: --no-password is for that\n")
    assert joe.users.get(JOE).pw_passwd == CRYPTED


def test_password_of_nobody_is_not_asked_for(joe: Vpopmail) -> None:
    code, shown = run_at_terminal(joe, "vpopmail", "user", "password", "amy@example.com")
    assert (code, shown) == (246, "User does not exist: amy@example.com\n")


def test_new_user_has_what_the_options_say(joe: Vpopmail) -> None:
    line = "user add amy@example.com --no-password --comment Amy_Doe --quota 1.5G --no-pop --bounce --apop"
    assert vpopmail(joe, line) == (0, "", "")
    (amy,) = records(vpopmail(joe, "user list example.com --names a* --json"))
    told = {name: amy[name] for name in ("comment", "quota", "apop", "pop", "imap", "bounce")}
    assert told == {
        "comment": "Amy Doe", "quota": "1610612736S", "apop": True,
        "pop": False, "imap": True, "bounce": True,
    }  # fmt: skip


def test_flags_that_are_not_named_stay(joe: Vpopmail) -> None:
    joe.users.update(JOE, set_flags=NO_POP)
    assert vpopmail(joe, f"user set {JOE} --no-imap").code == 0
    assert joe.users.get(JOE).pw_gid == NO_POP | NO_IMAP
    assert vpopmail(joe, f"user set {JOE} --pop").code == 0
    assert joe.users.get(JOE).pw_gid == NO_IMAP
    assert joe.users.get(JOE).pw_gecos == "Joe"


@pytest.mark.parametrize(("flag", "bit"), [("system-admin", SA_ADMIN), ("expert", SA_EXPERT)])
def test_flags_of_administrators_have_their_names(joe: Vpopmail, flag: str, bit: int) -> None:
    assert vpopmail(joe, f"user set {JOE} --{flag}").code == 0
    assert joe.users.get(JOE).pw_gid == bit
    (user,) = records(vpopmail(joe, f"user show {JOE} --json"))
    assert user[flag.replace("-", "_")] is True


def test_setting_nothing_is_wrong_usage(joe: Vpopmail) -> None:
    ran = vpopmail(joe, f"user set {JOE}")
    assert (ran.code, ran.err) == (2, "vpopmail user set: say what to change: see --help\n")


def test_flags_that_limits_add_are_told_apart(joe: Vpopmail) -> None:
    joe.limits.update("example.com", disable_pop=1)
    (user,) = records(vpopmail(joe, "user list --json"))
    assert (user["pop"], user["from_limits"]) == (True, ["no-pop"])


def test_listing_for_people_has_a_user_a_line(joe: Vpopmail) -> None:
    joe.users.add("amy@example.com", gecos="Amy", quota="1536M,100C")
    joe.users.update("amy@example.com", set_flags=NO_POP)
    ran = vpopmail(joe, "user list")
    assert ran.out == "amy@example.com\t1.5G, 100 messages\tAmy\tno-pop\njoe@example.com\tno limit\tJoe\n"
    assert "\nquota: 1.5G, 100 messages\n" in vpopmail(joe, "user show amy@example.com").out
    (user,) = records(vpopmail(joe, "user show amy@example.com --json"))
    assert user["quota"] == "1610612736S,100C"


def test_no_password_is_asked_for_a_user_who_cannot_be_added(joe: Vpopmail) -> None:
    for address, told in [(JOE, "Username exists"), ("amy@example.org", "Domain does not exist")]:
        _, shown = run_at_terminal(joe, "vpopmail", "user", "add", address)
        assert shown.startswith(f"{told}: ")
    _, shown = run_at_terminal(joe, "vpopmail", "domain", "add", "example.com")
    assert shown == "Domain already exists: example.com\n"


def test_times_are_shown_to_people_as_they_read_them(joe: Vpopmail) -> None:
    joe.users.note_login(JOE, "192.0.2.1")
    joe.relay.open("192.0.2.1")
    (user,) = records(vpopmail(joe, f"user show {JOE} --json"))
    seconds = user["last_login"]
    assert isinstance(seconds, int)
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    assert f"\nlast login: {when}\n" in vpopmail(joe, f"user show {JOE}").out
    (one,) = records(vpopmail(joe, "relay list --json"))
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(int(str(one["last_login"]))))
    assert vpopmail(joe, "relay list").out == f"192.0.2.1\t{when}\n"


def test_last_login_is_shown(joe: Vpopmail) -> None:
    (user,) = records(vpopmail(joe, f"user show {JOE} --json"))
    assert (user["last_login"], user["last_login_address"]) == (None, None)
    joe.users.note_login(JOE, "192.0.2.1")
    (user,) = records(vpopmail(joe, f"user show {JOE} --json"))
    assert user["last_login_address"] == "192.0.2.1"


def test_alias_domain_stands_for_its_domain(joe: Vpopmail) -> None:
    joe.domains.add_alias("example.net", "example.com")
    (user,) = records(vpopmail(joe, "user show joe@example.net --json"))
    assert user["address"] == JOE
    assert vpopmail(joe, "user delete JOE@example.net").code == 0
    assert JOE not in joe.users


def test_odd_comment_moves_no_cursor(joe: Vpopmail) -> None:
    from pathlib import Path

    path = Path(joe.domains.get("example.com").path, "vpasswd")
    path.write_bytes(path.read_bytes().replace(b":Joe:", b":\x1b[2J\xff:"))
    Path(f"{path}.cdb").unlink()
    assert "\\x1b[2J\\udcff" in vpopmail(joe, "user list").out
    (user,) = records(vpopmail(joe, "user list --json"))
    assert user["comment"] == "\x1b[2J\udcff"


def test_quota_is_set_and_shown_in_units(joe: Vpopmail) -> None:
    assert run(joe, "vpopmail", "quota", "set", JOE, "2 GB, 100 messages").code == 0
    assert joe.users.get(JOE).pw_shell == "2147483648S,100C"
    ran = vpopmail(joe, f"quota show {JOE}")
    assert ran.out == f"{JOE}\t2G, 100 messages\t0, 0 messages, 0%\n"
    assert vpopmail(joe, f"quota delete {JOE}").code == 0
    assert vpopmail(joe, "quota list example.com").out == f"{JOE}\tno limit\n"


def test_wrong_quota_is_told_in_a_line(joe: Vpopmail) -> None:
    ran = vpopmail(joe, f"quota set {JOE} lots")
    assert (ran.code, ran.out) == (227, "")
    assert ran.err == (
        "quota too long: lots: invalid quota: give none, a size (500M, 1.5G), 1000 messages, or both\n"
    )


def test_catch_all_is_not_deleted(joe: Vpopmail) -> None:
    joe.catch_all.set("example.com", "joe")
    ran = vpopmail(joe, f"user delete {JOE}")
    assert (ran.code, ran.err) == (201, f"can't delete catchall account: {JOE}\n")
