"""Accounts as the backend has them: records, listings, the index, last logins."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN, tree, without_locks
from vpopmail import VA, VLimits, VqPasswd, Vpopmail, last_error, use
from vpopmail.records import NO_PASSWD_CHNG, NO_POP
from vpopmail.safeio.directory import Directory, Owner
from vpopmail.safeio.locks import FileLock

TOO_LONG = "u" * 65
LONG_DOMAIN = "d" * 93 + ".org"


@pytest.fixture(autouse=True)
def users(site: Vpopmail, domain: Path) -> Path:
    """Three users in the directory of their domain, and an alias domain."""
    with site.batch():
        for name in ("cid", "amy", "bob"):
            site.users.add(f"{name}@{DOMAIN}", "secret")
    site.domains.add_alias("alias.org", DOMAIN)
    return domain


def names(domain: str = DOMAIN) -> list[str]:
    """All users, by the cursor."""
    found = []
    user = vpopmail.vauth_getall(domain, 1, 1)
    while user is not None:
        found.append(user.pw_name)
        user = vpopmail.vauth_getall(domain, 0, 1)
    return found


# listing


def test_users_are_listed_one_by_one() -> None:
    assert names() == names("alias.org") == ["amy", "bob", "cid"]
    assert [user.pw_name for user in vpopmail.vauth_users(DOMAIN)] == ["amy", "bob", "cid"]


def test_nobody_is_listed_of_an_unknown_domain_and_it_is_told() -> None:
    assert vpopmail.vauth_getall("missing.org", 1, 0) is None
    assert last_error() == VA.DOMAIN_DOES_NOT_EXIST
    assert vpopmail.vauth_getall("missing.org", 0, 0) is None
    assert list(vpopmail.vauth_users("missing.org")) == []


def test_users_can_be_deleted_while_they_are_listed() -> None:
    seen = []
    user = vpopmail.vauth_getall(DOMAIN, 1, 1)
    while user is not None:
        seen.append(user.pw_name)
        assert vpopmail.vdeluser(user.pw_name, DOMAIN) == 0
        assert vpopmail.vadduser(f"new{user.pw_name}", DOMAIN, "", "", 0) == 0
        user = vpopmail.vauth_getall(DOMAIN, 0, 1)
    assert seen == ["amy", "bob", "cid"]
    assert names() == ["newamy", "newbob", "newcid"]


def test_a_listing_that_is_ended_gives_nobody() -> None:
    assert vpopmail.vauth_getall(DOMAIN, 1, 1) is not None
    vpopmail.vauth_end_getall()
    assert vpopmail.vauth_getall(DOMAIN, 0, 1) is None


def test_each_thread_has_a_listing_of_its_own(site: Vpopmail) -> None:
    found: list[list[str]] = []

    def run() -> None:
        with use(site):
            found.append(names())

    assert vpopmail.vauth_getall(DOMAIN, 1, 1).pw_name == "amy"  # type: ignore[union-attr]
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [["amy", "bob", "cid"]]
    assert vpopmail.vauth_getall(DOMAIN, 0, 1).pw_name == "bob"  # type: ignore[union-attr]


def test_a_listing_stays_with_the_site_it_began_on() -> None:
    assert vpopmail.vauth_getall(DOMAIN, 1, 1) is not None
    from vpopmail.testing import sandbox

    with sandbox() as other, use(other):
        other.domains.add(DOMAIN)
        other.users.add(f"other@{DOMAIN}")
        assert vpopmail.vauth_getall(DOMAIN, 0, 1).pw_name == "bob"  # type: ignore[union-attr]
        assert names() == ["other"]


def test_flags_of_the_limits_are_in_the_listing() -> None:
    assert vpopmail.vset_limits(DOMAIN, VLimits(disable_pop=1)) == 0
    user = vpopmail.vauth_getall(DOMAIN, 1, 0)
    assert user is not None
    assert (user.pw_flags, user.pw_gid) == (NO_POP, 0)


# records


def test_a_record_is_stored_without_a_home(users: Path) -> None:
    assert vpopmail.vauth_adduser("Dan", "alias.org", "secret", "", "0/A", 1) == 0
    user = vpopmail.vauth_getpw("dan", DOMAIN)
    assert user is not None
    assert (user.pw_dir, user.pw_uid, user.pw_gecos) == (f"{users}/0/A/dan", 2, "dan")
    assert vpopmail.vauth_user("dan", DOMAIN, "secret") is not None
    assert not (users / "0").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("amy", DOMAIN, "x", "", ""), VA.USERNAME_EXISTS),
        (("vpasswd", DOMAIN, "x", "", ""), VA.ILLEGAL_USERNAME),
        (("", DOMAIN, "x", "", ""), VA.ILLEGAL_USERNAME),
        (("x", DOMAIN, "x", "", ""), VA.ILLEGAL_USERNAME),
        ((TOO_LONG, DOMAIN, "x", "", ""), VA.USER_NAME_TOO_LONG),
        (("dan", "missing.org", "x", "", ""), VA.DOMAIN_DOES_NOT_EXIST),
        (("dan", LONG_DOMAIN, "x", "", ""), VA.DOMAIN_NAME_TOO_LONG),
        (("dan", DOMAIN, "p" * 129, "", ""), VA.PASSWD_TOO_LONG),
        (("dan", DOMAIN, "x", "a:b", ""), VA.BAD_CHAR),
        (("dan", DOMAIN, "x", "g" * 65, ""), VA.GECOS_TOO_LONG),
        (("dan", DOMAIN, "x", "", "../up"), VA(-1)),
    ],
)
def test_a_record_that_cannot_be_is_refused(
    users: Path, arguments: tuple[str, ...], code: VA
) -> None:
    before = without_locks(tree(users))
    assert vpopmail.vauth_adduser(*arguments) == code
    assert last_error() == code
    assert without_locks(tree(users)) == before


def test_a_record_goes_and_its_home_stays(users: Path) -> None:
    assert vpopmail.vauth_deluser("amy", DOMAIN) == 0
    assert vpopmail.vauth_getpw("amy", DOMAIN) is None
    assert (users / "amy/Maildir/new").is_dir()
    assert vpopmail.vauth_deluser("amy", DOMAIN) == 0
    assert vpopmail.vauth_deluser("amy", "missing.org") == VA.DOMAIN_DOES_NOT_EXIST


def test_all_members_of_a_record_are_stored_but_the_flags() -> None:
    pw = vpopmail.vauth_getpw("amy", DOMAIN)
    assert pw is not None
    pw.pw_gecos, pw.pw_gid, pw.pw_uid, pw.pw_shell = "Amy", 5, 2, "1000S"
    pw.pw_flags = 99
    assert vpopmail.vauth_setpw(pw, "ALIAS.org") == 0
    stored = vpopmail.vauth_getpw("amy", DOMAIN)
    assert stored is not None
    pw.pw_flags = 5
    assert stored == pw


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("pw_name", TOO_LONG, VA.USER_NAME_TOO_LONG),
        ("pw_name", "x", VA.ILLEGAL_USERNAME),
        ("pw_passwd", "x" * 129, VA.PASSWD_TOO_LONG),
        ("pw_gecos", "x" * 65, VA.GECOS_TOO_LONG),
        ("pw_dir", "/" + "x" * 160, VA.DIR_TOO_LONG),
        ("pw_shell", "1" * 21, VA.QUOTA_TOO_LONG),
        ("pw_gecos", "a:b", VA.BAD_CHAR),
        ("pw_gecos", "a\nb", VA.BAD_CHAR),
        ("pw_dir", "/a:b", VA.BAD_CHAR),
        ("pw_shell", "1S\n", VA.BAD_CHAR),
        ("pw_passwd", "x\n", VA.BAD_CHAR),
    ],
)
def test_a_member_that_cannot_be_stored_is_refused(
    users: Path, member: str, value: str, code: VA
) -> None:
    before = without_locks(tree(users))
    pw = vpopmail.vauth_getpw("amy", DOMAIN)
    setattr(pw, member, value)
    assert vpopmail.vauth_setpw(pw, DOMAIN) == code  # type: ignore[arg-type]
    assert without_locks(tree(users)) == before


def test_storing_a_record_of_nobody_changes_nothing(users: Path) -> None:
    before = without_locks(tree(users))
    assert vpopmail.vauth_setpw(VqPasswd("nobody", "x", pw_dir="/d"), DOMAIN) == 0
    assert vpopmail.vauth_setpw(VqPasswd("amy", "x", pw_dir="/d"), "missing.org") < 0
    assert without_locks(tree(users)) == before


def test_the_backend_s_quota_leaves_maildirsize_alone(users: Path) -> None:
    assert vpopmail.vsetuserquota("amy", DOMAIN, "1M") == 0
    counted = (users / "amy/Maildir/maildirsize").read_text()
    assert vpopmail.vauth_setquota("amy", DOMAIN, "2M") == 0
    assert vpopmail.vauth_getpw("amy", DOMAIN).pw_shell == "2097152S"  # type: ignore[union-attr]
    assert (users / "amy/Maildir/maildirsize").read_text() == counted
    assert vpopmail.vauth_setquota("nobody", DOMAIN, "2M") == VA.USER_DOES_NOT_EXIST
    assert vpopmail.vauth_setquota("amy", "missing.org", "2M") == VA.USER_DOES_NOT_EXIST
    assert vpopmail.vauth_setquota("amy", DOMAIN, "1" * 21) == VA.QUOTA_TOO_LONG


def test_the_store_opens_and_closes(site: Vpopmail) -> None:
    assert vpopmail.vauth_open(1) == 0
    vpopmail.vclose()
    assert vpopmail.vauth_open() == 0
    assert vpopmail.vauth_module_name() == "cdb"
    assert vpopmail.vauth_adddomain("other.org") == 0
    assert vpopmail.vauth_deldomain("other.org") == 0
    assert names() == ["amy", "bob", "cid"]
    assert "other.org" not in site.domains


def test_an_unknown_backend_has_its_code(make_site: Callable[..., Vpopmail]) -> None:
    with use(make_site(backend="missing")):
        assert vpopmail.vauth_open() == VA.NO_AUTH_MODULE
        assert vpopmail.vauth_module_name() == ""
        assert vpopmail.vauth_adddomain("other.org") == VA.NO_AUTH_MODULE


# the index


def test_the_index_is_built_anew(users: Path) -> None:
    index = users / "vpasswd.cdb"
    right = index.read_bytes()
    index.write_bytes(b"broken")
    assert vpopmail.vmkpasswd("alias.org") == 0
    assert index.read_bytes() == right
    assert vpopmail.vmkpasswd("missing.org") == VA.BAD_DIR


def test_the_index_waits_for_the_lock(users: Path) -> None:
    owner = Owner(os.getuid(), os.getgid())
    with Directory.open(str(users)) as directory, FileLock(directory, ".vpasswd.lock", 0, owner):
        assert vpopmail.vmkpasswd(DOMAIN) == VA.NO_AUTH_CONNECTION


# passwords and quotas


def test_a_password_is_changed_unless_it_is_forbidden() -> None:
    assert vpopmail.vpasswd("AMY", "alias.org", "changed", 0) == 0
    assert vpopmail.vauth_user("amy", DOMAIN, "changed") is not None
    pw = vpopmail.vauth_getpw("amy", DOMAIN)
    assert pw is not None
    pw.pw_gid = NO_PASSWD_CHNG
    assert vpopmail.vauth_setpw(pw, DOMAIN) == 0
    assert vpopmail.vpasswd("amy", DOMAIN, "again", 0) == VA.ILLEGAL_USERNAME
    assert vpopmail.vauth_user("amy", DOMAIN, "changed") is not None


@pytest.mark.parametrize(
    ("name", "where", "password", "code"),
    [
        ("nobody", DOMAIN, "x", VA.USER_DOES_NOT_EXIST),
        ("amy", "missing.org", "x", VA.USER_DOES_NOT_EXIST),
        (TOO_LONG, DOMAIN, "x", VA.USER_NAME_TOO_LONG),
        ("x", DOMAIN, "x", VA.ILLEGAL_USERNAME),
        ("amy", LONG_DOMAIN, "x", VA.DOMAIN_NAME_TOO_LONG),
        ("amy", DOMAIN, "p" * 129, VA.PASSWD_TOO_LONG),
    ],
)
def test_a_password_that_cannot_be_changed_has_its_code(
    users: Path, name: str, where: str, password: str, code: VA
) -> None:
    before = without_locks(tree(users))
    assert vpopmail.vpasswd(name, where, password, 0) == code
    assert without_locks(tree(users)) == before


@pytest.mark.parametrize(
    ("name", "where", "quota", "code"),
    [
        ("nobody", DOMAIN, "1M", VA.USER_DOES_NOT_EXIST),
        ("amy", "missing.org", "1M", VA.USER_DOES_NOT_EXIST),
        (TOO_LONG, DOMAIN, "1M", VA.USER_NAME_TOO_LONG),
        ("x", DOMAIN, "1M", VA.ILLEGAL_USERNAME),
        ("amy", LONG_DOMAIN, "1M", VA.DOMAIN_NAME_TOO_LONG),
        ("amy", DOMAIN, "1" * 21, VA.QUOTA_TOO_LONG),
        ("amy", DOMAIN, "10G", VA.QUOTA_TOO_LONG),
    ],
)
def test_a_quota_that_cannot_be_set_has_its_code(
    users: Path, name: str, where: str, quota: str, code: VA
) -> None:
    before = without_locks(tree(users))
    assert vpopmail.vsetuserquota(name, where, quota) == code
    assert without_locks(tree(users)) == before


def test_a_copy_of_the_hash_is_written_for_sqwebmail(users: Path, tmp_path: Path) -> None:
    uid, gid = os.getuid(), os.getgid()
    assert vpopmail.vsqwebmail_pass(str(users / "amy"), "$6$x", uid, gid) == 0
    assert (users / "amy/Maildir/sqwebmail-pass").read_text() == "\t$6$x\n"
    assert vpopmail.vsqwebmail_pass(None, "$6$x", uid, gid) == 0
    missing = str(tmp_path / "missing")
    assert vpopmail.vsqwebmail_pass(missing, "x", uid, gid) == VA.SQWEBMAIL_PASS_FAIL
    assert last_error() == VA.SQWEBMAIL_PASS_FAIL


def test_the_real_domain_of_a_name() -> None:
    assert vpopmail.vget_real_domain("ALIAS.org") == DOMAIN
    assert vpopmail.vget_real_domain(DOMAIN) == DOMAIN
    assert vpopmail.vget_real_domain("missing.org") == "missing.org"


# last logins


@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_a_login_is_noted(make_site: Callable[..., Vpopmail], backend: str) -> None:
    site = make_site(backend=backend)
    with use(site):
        site.domains.add("logins.org")
        site.users.add("joe@logins.org")
        pw = vpopmail.vauth_getpw("joe", "logins.org")
        assert pw is not None
        assert vpopmail.vget_lastauthip(pw, "logins.org") == "0.0.0.0"
        assert abs(vpopmail.vget_lastauth(pw, "logins.org") - time.time()) < 60
        for address in ("192.0.2.1", "2001:db8::1"):
            assert vpopmail.vset_lastauth("JOE", "Logins.org", address) == 0
            assert vpopmail.vget_lastauthip(pw, "logins.org") == address
        assert site.users.last_auth("joe@logins.org")[0] == "2001:db8::1"  # type: ignore[index]


def test_logins_of_nobody_and_from_nowhere(users: Path) -> None:
    before = tree(users)
    assert vpopmail.vset_lastauth("nobody", DOMAIN, "192.0.2.1") == 0
    assert vpopmail.vset_lastauth("amy", "missing.org", "192.0.2.1") == 0
    assert vpopmail.vset_lastauth("amy", DOMAIN, "x\ny") == -1
    assert vpopmail.vset_lastauth("amy", DOMAIN, "x" * 40) == -1
    assert tree(users) == before


def test_without_a_file_no_login_is_known(users: Path) -> None:
    pw = vpopmail.vauth_getpw("amy", DOMAIN)
    assert pw is not None
    (users / "amy/lastauth").unlink()
    assert vpopmail.vget_lastauth(pw, DOMAIN) == 0
    assert vpopmail.vget_lastauthip(pw, DOMAIN) is None
    pw.pw_dir = f"{users}/../../etc"
    assert vpopmail.vget_lastauthip(pw, DOMAIN) is None
    assert vpopmail.vget_lastauth(pw, "missing.org") == 0


def test_a_last_login_leads_nowhere_else(users: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("192.0.2.99")
    (users / "amy/lastauth").unlink()
    (users / "amy/lastauth").symlink_to(secret)
    pw = vpopmail.vauth_getpw("amy", DOMAIN)
    assert pw is not None
    assert vpopmail.vget_lastauthip(pw, DOMAIN) is None
    assert vpopmail.vset_lastauth("amy", DOMAIN, "192.0.2.1") == 0
    assert secret.read_text() == "192.0.2.99"
    assert (users / "amy/lastauth").read_text() == "192.0.2.1"


# wrong types


@pytest.mark.parametrize(
    "call",
    [
        lambda: vpopmail.vauth_getall(3, 1, 0),
        lambda: vpopmail.vauth_getall(DOMAIN, "1", 0),
        lambda: vpopmail.vauth_setpw("amy", DOMAIN),
        lambda: vpopmail.vauth_adduser(b"amy", DOMAIN, "", ""),
        lambda: vpopmail.vauth_deluser(None, DOMAIN),
        lambda: vpopmail.vpasswd("amy", DOMAIN, None, 0),
        lambda: vpopmail.vsetuserquota("amy", DOMAIN, 5),
        lambda: vpopmail.vget_lastauth(None, DOMAIN),
        lambda: vpopmail.vset_lastauth("amy", DOMAIN, 5),
        lambda: vpopmail.vmkpasswd(None),
        lambda: vpopmail.vsqwebmail_pass("/x", "x", "0", 0),
    ],
)
def test_a_wrong_type_is_a_type_error(call: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        call()


def test_the_name_of_the_table_of_a_domain() -> None:
    assert vpopmail.vauth_munch_domain("My-Shop.example.com") == "my_shop_example_com"
    assert vpopmail.vauth_munch_domain("") == ""
