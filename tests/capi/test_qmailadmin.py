"""The calls of qmailadmin, a web administration, in the order and the way in which it makes them."""

from __future__ import annotations

import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN, needs_root, tree
from vpopmail import VA, Vpopmail, VqPasswd, use
from vpopmail.settings import load

ADMIN = "postmaster"
PASSWORD = "open sesame 7"
FORWARD = "&amy@other.org"
OWNER = 12345
USER_FLAGS = (vpopmail.V_USER0, vpopmail.V_USER1, vpopmail.V_USER2, vpopmail.V_USER3)


@pytest.fixture(params=["5.4", "5.6"])
def panel(request: pytest.FixtureRequest, make_site: Callable[..., Vpopmail]) -> Iterator[Vpopmail]:
    """The current site: a domain with an administrator and two users."""
    site = make_site(profile=request.param)
    with use(site):
        assert vpopmail.vadddomain(DOMAIN) == 0
        for name in (ADMIN, "zoe", "joe"):
            assert vpopmail.vadduser(name, DOMAIN, PASSWORD, name.title(), vpopmail.USE_POP) == 0
        yield site


@pytest.fixture
def place(panel: Vpopmail) -> Path:
    """The directory of the domain, as qmailadmin learns of it."""
    found = vpopmail.vget_assign(DOMAIN)
    assert found is not None
    return Path(found[0])


def user(name: str) -> VqPasswd:
    found = vpopmail.vauth_getpw(name, DOMAIN)
    assert found is not None
    return found


def listed(sorted_: int = 1) -> list[str]:
    """``vauth_getall(dom,1,sorted)``, then ``vauth_getall(dom,0,0)``."""
    names = []
    record = vpopmail.vauth_getall(DOMAIN, 1, sorted_)
    while record is not None:
        names.append(record.pw_name)
        record = vpopmail.vauth_getall(DOMAIN, 0, 0)
    return names


def aliases() -> list[tuple[str, str]]:
    """``valias_select_all``, then ``valias_select_all_next``."""
    found = []
    pair = vpopmail.valias_select_all(DOMAIN)
    while pair is not None:
        found.append(pair)
        pair = vpopmail.valias_select_all_next()
    return found


def lines(alias: str) -> list[str]:
    """``valias_select``, then ``valias_select_next``."""
    found = []
    line = vpopmail.valias_select(alias, DOMAIN)
    while line is not None:
        found.append(line)
        line = vpopmail.valias_select_next()
    return found


def kind(first_line: str) -> str:
    """What an alias is: seen from what stands before the first space of its first line."""
    program = first_line[: first_line.find(" ") + 1]
    if "/autorespond " in program:
        return "autoresponder"
    return "list" if "/ezmlm-reject " in program else "forward"


# login


def test_an_administrator_logs_in(panel: Vpopmail) -> None:
    record = vpopmail.vauth_getpw(ADMIN.upper(), DOMAIN.upper())
    assert record is not None
    assert record == vpopmail.vauth_user(ADMIN, DOMAIN, PASSWORD, "")
    assert vpopmail.vauth_crypt(ADMIN, DOMAIN, PASSWORD, record) == 0
    assert record.pw_flags & vpopmail.QA_ADMIN == 0  # postmaster needs no flag


def test_who_gives_a_wrong_password_or_name_stays_outside(panel: Vpopmail) -> None:
    assert vpopmail.vauth_user(ADMIN, DOMAIN, PASSWORD[:-1], "") is None
    assert vpopmail.vauth_user("nobody", DOMAIN, PASSWORD, "") is None
    assert vpopmail.vauth_getpw("nobody", DOMAIN) is None
    assert vpopmail.vauth_getpw(ADMIN, "missing.org") is None
    assert vpopmail.vget_assign("missing.org") is None


def test_a_form_without_a_field_is_no_crash(panel: Vpopmail) -> None:
    assert vpopmail.vauth_user(ADMIN, DOMAIN, None) is None
    assert vpopmail.last_error() == VA.SUCCESS
    assert vpopmail.vget_assign(None) is None
    assert vpopmail.vdeluser(None, DOMAIN) == VA.ILLEGAL_USERNAME
    assert vpopmail.valias_insert("sales", DOMAIN, None) == VA.NULL_POINTER
    assert listed() == ["joe", ADMIN, "zoe"]


def test_the_session_is_a_file_that_is_no_mail(panel: Vpopmail) -> None:
    maildir = Path(user("joe").pw_dir) / "Maildir"
    (maildir / "1700000000.qw").write_text("ip_addr=192.0.2.1&returntext=\n")
    assert vpopmail.readuserquota(str(maildir)) == (0, 0, 0)
    assert vpopmail.vsetuserquota("joe", DOMAIN, "1000000") == 0
    assert (maildir / "1700000000.qw").exists()


# users


def test_users_are_listed_and_counted(panel: Vpopmail) -> None:
    assert listed() == ["joe", ADMIN, "zoe"]
    assert sorted(listed(0)) == ["joe", ADMIN, "zoe"]
    assert vpopmail.vauth_getall("missing.org", 1, 1) is None
    assert vpopmail.vauth_getall(DOMAIN, 0, 0) is None


def test_a_row_of_the_listing_may_look_at_everything_else(panel: Vpopmail) -> None:
    rows = []
    record = vpopmail.vauth_getall(DOMAIN, 1, 1)
    while record is not None:
        code, size, count = vpopmail.readuserquota(f"{record.pw_dir}/Maildir")
        again = vpopmail.vauth_getpw(record.pw_name, DOMAIN)
        assert vpopmail.vget_limits(DOMAIN)[0] == 0
        assert vpopmail.valias_select("default", DOMAIN) is not None
        rows.append((record.pw_name, again == record, code, size, count))
        record = vpopmail.vauth_getall(DOMAIN, 0, 0)
    assert rows == [(name, True, 0, 0, 0) for name in ("joe", ADMIN, "zoe")]


def test_a_page_of_the_listing_begins_anew_each_time(panel: Vpopmail) -> None:
    first = vpopmail.vauth_getall(DOMAIN, 1, 1)
    assert first is not None
    assert first.pw_name == "joe"
    assert listed() == ["joe", ADMIN, "zoe"]


def test_a_user_is_added_and_deleted(panel: Vpopmail, place: Path) -> None:
    assert vpopmail.vadduser("amy", DOMAIN, PASSWORD, "Amy", vpopmail.USE_POP) == 0
    assert vpopmail.vadduser("amy", DOMAIN, PASSWORD, "Amy", vpopmail.USE_POP) == VA.USERNAME_EXISTS
    home = Path(user("amy").pw_dir)
    (home / ".qmail").write_text(f"{FORWARD}\n{home}/Maildir/\n")
    (home / "vacation").mkdir()
    (home / "vacation/message").write_text("Subject: away\n\nAway.\n")
    assert vpopmail.vdeluser("amy", DOMAIN) == 0
    assert not home.exists()
    assert vpopmail.vdeluser("amy", DOMAIN) == VA.USER_DOES_NOT_EXIST
    assert listed() == ["joe", ADMIN, "zoe"]


def test_users_are_deleted_while_they_are_listed(panel: Vpopmail) -> None:
    gone = []
    record = vpopmail.vauth_getall(DOMAIN, 1, 1)
    while record is not None:
        if record.pw_name != ADMIN:
            assert vpopmail.vdeluser(record.pw_name, DOMAIN) == 0
            gone.append(record.pw_name)
        record = vpopmail.vauth_getall(DOMAIN, 0, 0)
    assert gone == ["joe", "zoe"]
    assert listed() == [ADMIN]


def test_a_password_page_tells_what_vpasswd_says(panel: Vpopmail) -> None:
    code = vpopmail.vpasswd("joe", DOMAIN, "another 7 secret", vpopmail.USE_POP)
    assert (code, vpopmail.verror(code)) == (0, "Success")
    assert vpopmail.vauth_user("joe", DOMAIN, "another 7 secret", "") is not None
    record = user("joe")
    record.pw_gid |= vpopmail.NO_PASSWD_CHNG
    assert vpopmail.vauth_setpw(record, DOMAIN) == 0
    assert user("joe").pw_flags & vpopmail.NO_PASSWD_CHNG
    code = vpopmail.vpasswd("joe", DOMAIN, "yet another 7", vpopmail.USE_POP)
    assert vpopmail.verror(code) == "Illegal username"
    code = vpopmail.vpasswd("joe", DOMAIN, "x" * 129, vpopmail.USE_POP)
    assert vpopmail.verror(code).startswith("password too long")
    assert vpopmail.vauth_user("joe", DOMAIN, "another 7 secret", "") is not None


def test_a_user_page_changes_the_comment_and_flags(panel: Vpopmail) -> None:
    before = user("joe")
    record = user("joe")
    record.pw_gecos = "Joe Doe"
    for flag in USER_FLAGS:
        record.pw_gid |= flag
    assert vpopmail.vauth_setpw(record, DOMAIN) == 0
    found = user("joe")
    assert (found.pw_gecos, found.pw_gid, found.pw_flags) == ("Joe Doe", 0x780, 0x780)
    found.pw_gid &= ~vpopmail.V_USER1
    assert vpopmail.vauth_setpw(found, DOMAIN) == 0
    assert user("joe").pw_gid == 0x680
    same = ("pw_name", "pw_passwd", "pw_uid", "pw_dir", "pw_shell", "pw_clear_passwd")
    assert [getattr(user("joe"), name) for name in same] == [getattr(before, name) for name in same]


def test_limits_are_seen_in_flags_and_never_stored_in_gid(panel: Vpopmail, place: Path) -> None:
    (place / ".qmailadmin-limits").write_text("disable_pop\ndisable_webmail\n")
    record = user("joe")
    assert record.pw_flags == vpopmail.NO_POP | vpopmail.NO_WEBMAIL
    record.pw_gid |= vpopmail.V_USER0
    assert vpopmail.vauth_setpw(record, DOMAIN) == 0
    (place / ".qmailadmin-limits").unlink()
    assert (user("joe").pw_gid, user("joe").pw_flags) == (vpopmail.V_USER0, vpopmail.V_USER0)


# limits


def test_the_limits_that_it_enforces_are_read(panel: Vpopmail, place: Path) -> None:
    fields = {
        "maxpopaccounts": 5, "maxforwards": 0, "maxautoresponders": 2, "maxmailinglists": -1,
        "maxaliases": 7,
    }  # fmt: skip
    flags = ("disable_pop", "disable_imap", "disable_dialup", "disable_webmail")
    text = "".join(f"{name} {value}\n" for name, value in fields.items()) + "\n".join(flags)
    (place / ".qmailadmin-limits").write_text(f"# ours\n{text}\n")
    code, limits = vpopmail.vget_limits(DOMAIN)
    assert code == 0
    assert {name: getattr(limits, name) for name in fields} == fields
    assert all(getattr(limits, name) for name in flags)
    assert not (limits.disable_passwordchanging or limits.disable_relay)
    (place / ".qmailadmin-limits").write_text("disable_password_changing\ndisable_external_relay\n")
    limits = vpopmail.vget_limits(DOMAIN)[1]
    assert limits.disable_passwordchanging and limits.disable_relay  # noqa: PT018 - one line of the file
    assert (limits.maxpopaccounts, limits.disable_pop) == (-1, 0)
    assert vpopmail.vget_limits("missing.org")[0] == -1


# quotas


def test_a_quota_is_bytes_or_none(panel: Vpopmail) -> None:
    maildirsize = Path(user("joe").pw_dir) / "Maildir/maildirsize"
    assert vpopmail.vsetuserquota("joe", DOMAIN, str(10 * 1048576)) == 0
    assert user("joe").pw_shell == "10485760S"
    assert maildirsize.read_text().startswith("10485760S\n")
    assert vpopmail.vsetuserquota("joe", DOMAIN, "NOQUOTA") == 0
    assert user("joe").pw_shell == "NOQUOTA"
    assert not maildirsize.exists()
    assert vpopmail.vsetuserquota("nobody", DOMAIN, "NOQUOTA") == VA.USER_DOES_NOT_EXIST


def test_the_usage_column_counts_without_saving(panel: Vpopmail) -> None:
    maildir = Path(user("joe").pw_dir) / "Maildir"
    (maildir / "cur/1.host,S=1000:2,S").touch()
    (maildir / "new/2.host").write_bytes(b"x" * 500)
    (maildir / ".Trash/cur").mkdir(parents=True)
    (maildir / ".Trash/cur/3.host,S=9000:2,S").touch()
    before = tree(maildir)
    assert vpopmail.readuserquota(str(maildir)) == (0, 1500, 2)
    assert tree(maildir) == before


# forwards


def test_a_forward_is_made_shown_changed_and_deleted(panel: Vpopmail) -> None:
    assert vpopmail.valias_select("sales.dept", DOMAIN) is None  # it is free
    assert vpopmail.valias_insert("sales.dept", DOMAIN, FORWARD) == 0
    assert vpopmail.valias_insert("sales.dept", DOMAIN, "/d/joe/Maildir/") == 0
    assert lines("sales.dept") == [FORWARD, "/d/joe/Maildir/"]
    assert vpopmail.valias_remove("sales.dept", DOMAIN, FORWARD) == 0
    assert lines("sales.dept") == ["/d/joe/Maildir/"]
    assert not vpopmail.valias_delete("sales.dept", DOMAIN)
    assert vpopmail.valias_select("sales.dept", DOMAIN) is None
    assert -vpopmail.valias_delete("sales.dept", DOMAIN) == 1


def test_forwards_autoresponders_and_lists_are_told_apart(panel: Vpopmail, place: Path) -> None:
    robot = "|/usr/bin/autorespond 10000 5 /d/AWAY/message /d/AWAY"
    reject = "|/usr/local/bin/ezmlm/ezmlm-reject '/d/news'"
    assert vpopmail.valias_insert("away", DOMAIN, robot) == 0
    assert vpopmail.valias_insert("away", DOMAIN, "&joe@example.com") == 0
    assert vpopmail.valias_insert("sales", DOMAIN, FORWARD) == 0
    (place / ".qmail-news").write_text(f"{reject}\n|/usr/local/bin/ezmlm/ezmlm-send '/d/news'\n")
    (place / ".qmail-news-default").write_text("|/usr/local/bin/ezmlm/ezmlm-manage\n")
    found: dict[str, list[str]] = {}
    for alias, line in aliases():
        found.setdefault(alias, []).append(line)
    assert {alias: kind(first) for alias, (first, *_) in found.items()} == {
        "away": "autoresponder",
        "news": "list",
        "news-default": "forward",
        "sales": "forward",
    }
    assert found["away"] == [robot, "&joe@example.com"]


def test_forwards_are_deleted_while_they_are_listed(panel: Vpopmail) -> None:
    for name in ("a1", "b1", "c1"):
        assert vpopmail.valias_insert(name, DOMAIN, "&joe@example.com") == 0
    pair = vpopmail.valias_select_all(DOMAIN)
    while pair is not None:
        assert lines(pair[0]) == ["&joe@example.com"]
        assert vpopmail.valias_delete(pair[0], DOMAIN) == 0
        pair = vpopmail.valias_select_all_next()
    assert aliases() == []


def test_an_autoresponder_goes_with_its_directory(panel: Vpopmail, place: Path) -> None:
    (place / "AWAY").mkdir()
    (place / "AWAY/message").write_text("From: joe@example.com\nSubject: away\n\nAway.\n")
    (place / "AWAY/link").symlink_to(place / "joe")
    assert vpopmail.valias_insert("away", DOMAIN, "|/usr/bin/autorespond 1 5 /d/AWAY") == 0
    assert vpopmail.valias_delete("away", DOMAIN) == 0
    assert vpopmail.vdelfiles(f"{place}/AWAY") == 0
    assert not (place / "AWAY").exists()
    assert (place / "joe/Maildir").is_dir()
    assert vpopmail.vdelfiles(f"{place}/AWAY") == -1


# what it edits itself


def test_a_forward_that_it_writes_or_removes_itself_is_seen_at_once(
    panel: Vpopmail, place: Path
) -> None:
    file = place / ".qmail-sales:dept"
    assert aliases() == []
    file.write_text(f"{FORWARD}\n&joe@example.com\n")
    assert lines("sales.dept") == [FORWARD, "&joe@example.com"]
    assert aliases() == [("sales.dept", FORWARD), ("sales.dept", "&joe@example.com")]
    assert vpopmail.isExistingAlias(str(place), "sales.dept", DOMAIN) == 1
    file.write_text("&joe@example.com\n")
    assert lines("sales.dept") == ["&joe@example.com"]
    file.unlink()
    assert vpopmail.valias_select("sales.dept", DOMAIN) is None
    assert aliases() == []


def test_a_catch_all_that_it_writes_itself_is_seen_at_once(panel: Vpopmail, place: Path) -> None:
    default = place / ".qmail-default"
    program = default.read_text().split("''")[0]
    for action in (f"{user('joe').pw_dir}", f"joe@{DOMAIN}"):
        default.write_text(f"{program}'' {action}\n")
        assert vpopmail.valias_select("default", DOMAIN) == f"{program}'' {action}"
        assert vpopmail.isCatchall("joe", DOMAIN, str(place)) == 1
        assert vpopmail.vdeluser("joe", DOMAIN) == VA.CANNOT_DELETE_CATCHALL
    default.write_text(f"{program}'' bounce-no-mailbox\n")
    assert aliases() == []
    assert vpopmail.vdeluser("joe", DOMAIN) == 0


def test_the_dot_qmail_of_a_user_is_its_own(panel: Vpopmail) -> None:
    home = Path(user("joe").pw_dir)
    text = f"{FORWARD}\n{home}/Maildir/\n| /usr/bin/autorespond 86400 3 {home}/vacation/message\n"
    (home / ".qmail").write_text(text)
    (home / ".qmail").chmod(0o600)
    assert vpopmail.vpasswd("joe", DOMAIN, "another 7 secret", vpopmail.USE_POP) == 0
    assert vpopmail.vsetuserquota("joe", DOMAIN, "5000000") == 0
    record = user("joe")
    record.pw_gecos = "Joe Doe"
    assert vpopmail.vauth_setpw(record, DOMAIN) == 0
    assert (home / ".qmail").read_text() == text
    (home / "vacation").mkdir()
    assert vpopmail.vdelfiles(f"{home}/vacation") == 0


# the end


def test_mailing_lists_are_told_with_one_argument(
    make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    site = make_site(onchange_script=True, profile="5.4")
    script = tmp_path / "v/etc/onchange"
    script.write_text(f'#!/bin/sh\necho "$#:$1" >> {tmp_path}/log\n')
    script.chmod(0o755)
    with use(site):
        assert vpopmail.call_onchange("addmailinglist") == 0
        assert vpopmail.call_onchange("delmailinglist") == 0
    assert (tmp_path / "log").read_text() == "2:addmailinglist\n2:delmailinglist\n"


def test_it_may_go_on_after_it_closed(panel: Vpopmail) -> None:
    vpopmail.vclose()
    assert vpopmail.vauth_user(ADMIN, DOMAIN, PASSWORD, "") is not None
    vpopmail.vclose()
    vpopmail.vclose()
    assert listed() == ["joe", ADMIN, "zoe"]
    vpopmail.vclose()
    assert vpopmail.valias_insert("sales", DOMAIN, FORWARD) == 0
    assert vpopmail.vadduser("amy", DOMAIN, PASSWORD, "Amy", vpopmail.USE_POP) == 0
    assert "amy" in listed()


def test_form_input_is_folded(panel: Vpopmail) -> None:
    assert vpopmail.lowerit("Joe.Doe@EXAMPLE.com") == "joe.doe@example.com"


# as the user that it becomes


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that everybody may enter."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def in_child(act: Callable[[], None]) -> int:
    """The exit status of a process that does something and then ends."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        act()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


@needs_root
def test_it_becomes_the_owner_of_the_domain_and_can_do_all_of_it(open_place: Path) -> None:
    options = {
        "vpopmaildir": str(open_place / "v"), "qmaildir": str(open_place / "q"),
        "vpopuser": OWNER, "vpopgroup": OWNER, "sync": False, "lock_timeout": 0,
    }  # fmt: skip
    with Vpopmail(load(options)) as site, use(site):
        site.prepare()
        assert vpopmail.vadddomain(DOMAIN) == 0
        assert vpopmail.vadduser(ADMIN, DOMAIN, PASSWORD, "", vpopmail.USE_POP) == 0
        assert in_child(_become_and_work) == 0
        assert listed() == ["joe", ADMIN]
        assert {path.lstat().st_uid for path in (open_place / "v/domains").rglob("*")} == {OWNER}


def _become_and_work() -> None:
    found = vpopmail.vget_assign(DOMAIN)
    assert found is not None
    place, uid, gid, real = found
    os.setgid(gid)
    os.setuid(uid)
    os.chdir(place)
    assert (os.getuid(), os.getgid(), real) == (OWNER, OWNER, DOMAIN)
    assert vpopmail.vauth_user(ADMIN, DOMAIN, PASSWORD, "") is not None
    for name in ("joe", "zoe"):
        assert vpopmail.vadduser(name, DOMAIN, PASSWORD, "", vpopmail.USE_POP) == 0
    assert vpopmail.vsetuserquota("joe", DOMAIN, "5000000") == 0
    assert vpopmail.vpasswd("joe", DOMAIN, "another 7 secret", vpopmail.USE_POP) == 0
    assert vpopmail.valias_insert("sales", DOMAIN, FORWARD) == 0
    assert aliases() == [("sales", FORWARD)]
    assert vpopmail.valias_delete("sales", DOMAIN) == 0
    assert vpopmail.vdeluser("zoe", DOMAIN) == 0
    assert os.getcwd() == place
    assert vpopmail.last_error() == VA.SUCCESS
    vpopmail.vclose()
