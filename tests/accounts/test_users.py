"""Users on real files: adding, finding, deleting, and every refusal with its code."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, needs_root, tree, without_locks
from vpopmail import VLimits, Vpopmail
from vpopmail.codes import VA
from vpopmail.errors import (
    BackendUnavailable,
    CatchAllProtected,
    DomainDirectoryMissing,
    DomainNotFound,
    HomeExists,
    HomeMissing,
    InvalidInput,
    NotPermitted,
    UserExists,
    UserNotFound,
    VpopmailError,
)
from vpopmail.formats import cdb, vpasswd
from vpopmail.records import NO_POP, NO_SMTP, V_OVERRIDE, VqPasswd

JOE = f"joe@{DOMAIN}"


def put_line(domain: Path, user: VqPasswd) -> None:
    """A line as another program may have left it; the text is newer than its index."""
    with (domain / "vpasswd").open("ab") as file:
        file.write(vpasswd.format_line(user, clear_passwd=False) + b"\n")
    (domain / "vpasswd.cdb").unlink(missing_ok=True)


def test_an_added_user_has_a_record_an_index_and_a_maildir(site: Vpopmail, domain: Path) -> None:
    plan = site.users.add(JOE, password="secret", gecos="Joe User")
    assert plan.carried_out
    assert plan.unfinished == []
    user = site.users.get(JOE)
    assert (user.pw_name, user.pw_uid, user.pw_gid) == ("joe", 1, 0)
    assert (user.pw_gecos, user.pw_dir) == ("Joe User", f"{domain}/joe")
    assert (user.pw_shell, user.pw_clear_passwd) == ("NOQUOTA", "")
    text = (domain / "vpasswd").read_bytes()
    assert cdb.build(vpasswd.records(text)) == (domain / "vpasswd.cdb").read_bytes()
    assert tree(domain / "joe") == {
        "lastauth": b"0.0.0.0",
        **dict.fromkeys(("Maildir", "Maildir/cur", "Maildir/new", "Maildir/tmp"), "d"),
    }
    assert (domain / "joe").stat().st_mode & 0o7777 == 0o700
    assert site.users.check_password(JOE, "secret")
    assert not site.users.check_password(JOE, "wrong")
    assert not site.users.check_password(f"nobody@{DOMAIN}", "secret")


def test_a_name_is_found_in_any_case_and_by_alias_domain(site: Vpopmail, domain: Path) -> None:
    site.domains.add_alias("alias.example", DOMAIN)
    site.users.add("JOE@Alias.Example", password="x")
    assert site.users.find("Joe@EXAMPLE.com") == site.users.find("joe@alias.example")
    assert "joe@alias.example" in site.users
    assert "nobody@alias.example" not in site.users
    with pytest.raises(UserNotFound) as caught:
        site.users.get("nobody@alias.example")
    assert caught.value.code == VA.USER_DOES_NOT_EXIST


def test_deleting_gives_the_domain_back_as_it_was(site: Vpopmail, domain: Path) -> None:
    site.users.add(f"amy@{DOMAIN}", password="x")
    before = without_locks(tree(domain))
    site.users.add(JOE, password="x")
    assert site.users.delete(JOE).carried_out
    assert site.users.find(JOE) is None
    assert without_locks(tree(domain)) == before


def test_users_are_listed_by_name(site: Vpopmail, domain: Path) -> None:
    for name in ("joe", "amy", "bob"):
        site.users.add(f"{name}@{DOMAIN}", password="x")
    assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["amy", "bob", "joe"]
    with pytest.raises(DomainNotFound):
        list(site.users.iter("none.example"))


def test_listing_an_empty_domain_gives_nobody(site: Vpopmail, domain: Path) -> None:
    assert list(site.users.iter(DOMAIN)) == []
    assert site.users.find(JOE) is None


def test_flags_of_the_domain_are_added_unless_overridden(site: Vpopmail, domain: Path) -> None:
    put_line(domain, VqPasswd("amy", "", 1, NO_SMTP, "amy", f"{domain}/amy"))
    put_line(domain, VqPasswd("root", "", 1, V_OVERRIDE, "root", f"{domain}/root"))
    site.limits.set(DOMAIN, VLimits(disable_pop=1))
    assert site.users.get(f"amy@{DOMAIN}").pw_flags == NO_SMTP | NO_POP
    assert site.users.get(f"root@{DOMAIN}").pw_flags == V_OVERRIDE
    assert [user.pw_flags for user in site.users.iter(DOMAIN)] == [NO_SMTP | NO_POP, V_OVERRIDE]
    (domain / ".qmailadmin-limits").unlink()
    (domain / ".qmailadmin-limits").mkdir()
    assert site.users.get(f"amy@{DOMAIN}").pw_flags == NO_SMTP


def test_no_password_is_no_login(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE)
    site.users.add(f"amy@{DOMAIN}", password="")
    for name in ("joe", "amy"):
        assert site.users.get(f"{name}@{DOMAIN}").pw_passwd == ""
        assert not site.users.check_password(f"{name}@{DOMAIN}", "")


def test_a_crypt_string_is_stored_as_it_is(site: Vpopmail, domain: Path) -> None:
    crypted = "$1$abcdefgh$0123456789abcdefghijkl"
    site.users.add(JOE, crypted=crypted, apop=1)
    user = site.users.get(JOE)
    assert (user.pw_passwd, user.pw_uid) == (crypted, 2)
    for wrong, code in (("x" * 129, VA.PASSWD_TOO_LONG), ("a:b", VA.BAD_CHAR)):
        with pytest.raises(VpopmailError) as caught:
            site.users.add(f"amy@{DOMAIN}", crypted=wrong)
        assert caught.value.code == code
        assert wrong not in str(caught.value)


def test_the_clear_password_is_stored_where_the_site_says_so(
    make_site: Callable[..., Vpopmail],
) -> None:
    site = make_site(clear_passwd=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE, password="secret")
    assert site.users.get(JOE).pw_clear_passwd == "secret"
    assert "secret" not in repr(site.users.get(JOE))
    with pytest.raises(VpopmailError) as caught:
        site.users.add(f"amy@{DOMAIN}", password="a\nb")
    assert caught.value.code == VA.BAD_CHAR


@pytest.mark.parametrize(
    ("quota", "stored", "counted"),
    [
        ("NOQUOTA", "NOQUOTA", None),
        ("10M", "10485760S", b"10485760S\n"),
        ("1000", "1000S", b"1000S\n"),
        ("100C", "100C", b"100C\n"),
        ("5K,7C", "5120S,7C", b"5120S,7C\n"),
    ],
)
def test_a_quota_is_stored_and_counted(
    site: Vpopmail, domain: Path, quota: str, stored: str, counted: bytes | None
) -> None:
    site.users.add(JOE, quota=quota)
    assert site.users.get(JOE).pw_shell == stored
    size = domain / "joe/Maildir/maildirsize"
    assert size.exists() == (counted is not None)
    if counted is not None:
        first, second = size.read_bytes().split(b"\n")[:2]
        assert first + b"\n" == counted
        assert second.split() == [b"0", b"0"]


def test_the_quota_of_the_domains_limits_is_the_default(site: Vpopmail, domain: Path) -> None:
    site.limits.set(DOMAIN, VLimits(defaultquota=5000, defaultmaxmsgcount=20))
    site.users.add(JOE)
    assert site.users.get(JOE).pw_shell == "5000S,20C"


def test_without_any_limits_a_quota_must_be_given(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    (tmp_path / "v/etc/vlimits.default").unlink()
    with pytest.raises(VpopmailError) as caught:
        site.users.add(JOE)
    assert caught.value.code == VA.CANNOT_READ_LIMITS
    site.users.add(JOE, quota="NOQUOTA")
    assert JOE in site.users


@pytest.mark.parametrize(
    ("name", "fields", "code"),
    [
        ("joe", {"gecos": "a:b"}, VA.BAD_CHAR),
        ("joe", {"gecos": "a\nb"}, VA.BAD_CHAR),
        ("joe", {"gecos": "x" * 65}, VA.GECOS_TOO_LONG),
        ("joe", {"password": "x" * 129}, VA.PASSWD_TOO_LONG),
        ("joe", {"password": "a\0b"}, VA.BAD_CHAR),
        ("joe", {"quota": "10G"}, VA.QUOTA_TOO_LONG),
        ("joe", {"quota": "1" * 30}, VA.QUOTA_TOO_LONG),
        ("j", {}, VA.ILLEGAL_USERNAME),
        ("", {}, VA.ILLEGAL_USERNAME),
        ("x" * 65, {}, VA.USER_NAME_TOO_LONG),
        ("vpasswd", {}, VA.ILLEGAL_USERNAME),
        (".qmail-joe", {}, VA.ILLEGAL_USERNAME),
        ("..", {}, VA.ILLEGAL_USERNAME),
        ("j o", {}, VA.ILLEGAL_USERNAME),
        ("-amy", {}, VA.ILLEGAL_USERNAME),
        ("a|b", {}, VA.ILLEGAL_USERNAME),
        ("a&b", {}, VA.ILLEGAL_USERNAME),
        ("a`b`", {}, VA.ILLEGAL_USERNAME),
    ],
)
def test_a_refused_user_leaves_everything_as_it_was(
    site: Vpopmail, domain: Path, name: str, fields: dict[str, str], code: VA
) -> None:
    before = tree(domain)
    with pytest.raises(VpopmailError) as caught:
        site.users.add_to(name, DOMAIN, **fields)
    assert caught.value.code == code
    assert tree(domain) == before


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", VA.INVALID_DOMAIN_NAME),
        ("xy", VA.INVALID_DOMAIN_NAME),
        ("a" * 97, VA.DOMAIN_NAME_TOO_LONG),
        ("a b.example", VA.INVALID_DOMAIN_NAME),
        ("none.example", VA.DOMAIN_DOES_NOT_EXIST),
    ],
)
def test_a_domain_that_is_not_there_is_refused(site: Vpopmail, name: str, code: VA) -> None:
    with pytest.raises(VpopmailError) as caught:
        site.users.add(f"joe@{name}")
    assert caught.value.code == code


def test_a_user_who_exists_is_refused(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE, password="x")
    before = without_locks(tree(domain))
    with pytest.raises(UserExists) as caught:
        site.users.add(JOE, password="y")
    assert caught.value.code == VA.USERNAME_EXISTS
    assert without_locks(tree(domain)) == before


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("x")])
def test_something_in_the_homes_place_is_left_alone(
    site: Vpopmail, domain: Path, make: Callable[[Path], object]
) -> None:
    make(domain / "joe")
    before = without_locks(tree(domain))
    with pytest.raises(HomeExists) as caught:
        site.users.add(JOE, password="x")
    assert caught.value.code == VA.EXIST_U_DIR
    assert caught.value.subject == f"{domain}/joe"
    assert without_locks(tree(domain)) == before


def test_a_directory_that_becomes_too_long_is_refused(
    make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    base = tmp_path / ("x" * (150 - len(str(tmp_path)) - len("/v/domains/long.example")))
    base.mkdir()
    site = make_site(vpopmaildir=str(base / "v"))
    site.domains.add("long.example")
    before = without_locks(tree(base))
    with pytest.raises(VpopmailError) as caught:
        site.users.add("a" * 20 + "@long.example")
    assert caught.value.code == VA.DIR_TOO_LONG
    assert without_locks(tree(base)) == before


def test_a_dry_run_decides_and_touches_nothing(site: Vpopmail, domain: Path) -> None:
    site.users.add(f"amy@{DOMAIN}", password="x")
    before = tree(domain)
    plan = site.users.add(JOE, password="secret", dry_run=True)
    assert not plan.carried_out
    assert str(plan).startswith(f"add user joe@{DOMAIN}\n")
    assert str(plan).count("<- commit point") == 1
    assert "secret" not in str(plan)
    deletion = site.users.delete(f"amy@{DOMAIN}", dry_run=True)
    assert "take the homes of the deleted away" in str(deletion)
    with pytest.raises(UserExists):
        site.users.add(f"amy@{DOMAIN}", dry_run=True)
    with pytest.raises(UserNotFound):
        site.users.delete(JOE, dry_run=True)
    assert tree(domain) == before


# deleting


@pytest.mark.parametrize(
    ("name", "domain_name", "code"),
    [
        ("", DOMAIN, VA.ILLEGAL_USERNAME),
        ("nobody", DOMAIN, VA.USER_DOES_NOT_EXIST),
        ("joe", "none.example", VA.DOMAIN_DOES_NOT_EXIST),
    ],
)
def test_what_is_not_there_cannot_be_deleted(
    site: Vpopmail, domain: Path, name: str, domain_name: str, code: VA
) -> None:
    with pytest.raises(VpopmailError) as caught:
        site.users.delete_from(name, domain_name)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["j", "a b", "vpasswd.old", "..", "é", "a/b", "-amy", "a|b"])
def test_a_stored_name_however_odd_can_be_deleted(
    site: Vpopmail, domain: Path, name: str
) -> None:
    put_line(domain, VqPasswd(name, "", 1, 0, "odd", f"{domain}/home"))
    (domain / "home").mkdir()
    site.users.delete_from(name, DOMAIN)
    assert site.users.find_in(name, DOMAIN) is None
    assert not (domain / "home").exists()


@pytest.mark.parametrize("where", ["outside", "gone", "dots", "itself", "link"])
def test_a_home_that_is_not_below_the_domain_stays_and_is_told(
    site: Vpopmail, domain: Path, tmp_path: Path, where: str
) -> None:
    (tmp_path / "outside").mkdir()
    (domain / "link").symlink_to(tmp_path / "outside")
    homes = {
        "outside": f"{tmp_path}/outside",
        "gone": f"{domain}/gone",
        "dots": f"{domain}/../../../outside",
        "itself": str(domain),
        "link": f"{domain}/link",
    }
    put_line(domain, VqPasswd("joe", "", 1, 0, "joe", homes[where]))
    with pytest.raises(HomeMissing) as caught:
        site.users.delete(JOE)
    assert caught.value.code == VA.BAD_DIR
    assert site.users.find(JOE) is None
    assert (tmp_path / "outside").is_dir()
    assert (domain / ".qmail-default").exists()
    assert (domain / "link").is_symlink()


@pytest.mark.parametrize(
    ("action", "protected"),
    [
        (f"joe@{DOMAIN}", True),
        ("{domain}/joe", True),
        ("{domain}/joe/", True),
        (f"amy@{DOMAIN}", False),
        ("joe@elsewhere.example", False),
        ("/home/joe", False),
        ("bounce-no-mailbox", False),
        ("delete-no-mailbox", False),
        ("joe", False),
    ],
)
def test_the_catch_all_is_protected(
    site: Vpopmail, domain: Path, action: str, protected: bool
) -> None:
    site.users.add(JOE, password="x")
    line = f"| /v/bin/vdelivermail '' {action.format(domain=domain)}\n"
    (domain / ".qmail-default").write_text(line)
    if protected:
        before = without_locks(tree(domain))
        with pytest.raises(CatchAllProtected) as caught:
            site.users.delete(JOE)
        assert caught.value.code == VA.CANNOT_DELETE_CATCHALL
        assert without_locks(tree(domain)) == before
    else:
        site.users.delete(JOE)
        assert JOE not in site.users


def test_without_qmail_default_nobody_is_the_catch_all(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE, password="x")
    (domain / ".qmail-default").unlink()
    site.users.delete(JOE)
    assert JOE not in site.users


# trouble


def test_a_domain_whose_directory_is_gone(site: Vpopmail, domain: Path) -> None:
    domain.rename(domain.with_name("elsewhere"))
    for change in (lambda: site.users.add(JOE, password="x"), lambda: site.users.delete(JOE)):
        with pytest.raises(DomainDirectoryMissing) as caught:
            change()
        assert caught.value.code == VA.BAD_D_DIR


def test_a_link_of_root_or_the_site_may_stand_for_the_domain(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    domain.rename(tmp_path / "moved")
    domain.symlink_to(tmp_path / "moved")
    site.users.add(JOE, password="x")
    assert (tmp_path / "moved/joe/Maildir").is_dir()


@needs_root
def test_a_link_of_a_stranger_may_not(site: Vpopmail, domain: Path, tmp_path: Path) -> None:
    domain.rename(tmp_path / "moved")
    domain.symlink_to(tmp_path / "moved")
    os.lchown(domain, 12345, 12345)
    with pytest.raises(DomainDirectoryMissing):
        site.users.add(JOE, password="x")


def test_a_lock_that_is_held_is_no_connection(site: Vpopmail, domain: Path) -> None:
    entry = site.domains.get(DOMAIN)
    with site.installation.open_domain(entry) as opened:
        with site.installation.backend.transaction(entry, opened) as other:
            other.lock()
            with pytest.raises(BackendUnavailable) as caught:
                site.users.add(JOE, password="x")
        assert caught.value.code == VA.NO_AUTH_CONNECTION
    site.users.add(JOE, password="x")
    assert JOE in site.users


def test_a_vpasswd_that_cannot_be_read_is_no_connection(
    site: Vpopmail, domain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_line(domain, VqPasswd("joe", "", 1, 0, "joe", f"{domain}/joe"))
    real = os.open

    def refuse(path: str, flags: int, **more: int) -> int:
        if path.endswith("/vpasswd"):
            raise PermissionError(13, "Permission denied")
        return real(path, flags, **more)

    monkeypatch.setattr(os, "open", refuse)
    for look in (lambda: site.users.find(JOE), lambda: list(site.users.iter(DOMAIN))):
        with pytest.raises(BackendUnavailable) as caught:
            look()
        assert caught.value.subject == f"{domain}/vpasswd"


@pytest.mark.parametrize(
    ("kind", "needle"),
    [
        ("mkdir", ".vpopmail"),
        ("mkdir", "=joe/Maildir/cur"),
        ("create", "=joe/lastauth"),
        ("create", "vpasswd.new.vpopmail"),
        ("create", "entry"),
        ("rename", "=joe"),
        ("rename", "vpasswd"),
    ],
)
def test_a_failure_up_to_the_commit_point_changes_nothing(
    site: Vpopmail, domain: Path, fail: Callable[..., None], kind: str, needle: str
) -> None:
    site.users.add(f"amy@{DOMAIN}", password="x")
    before = without_locks(tree(domain))
    fail(kind, 1, needle)
    with pytest.raises(OSError):
        site.users.add(JOE, password="x")
    assert without_locks(tree(domain)) == before
    assert JOE not in site.users


@pytest.mark.parametrize("needle", ["vpasswd.cdb", ".dir-control"])
def test_a_failure_after_the_commit_point_is_noted_and_finished_later(
    site: Vpopmail, domain: Path, fail: Callable[..., None], needle: str,
    make_site: Callable[..., Vpopmail], monkeypatch: pytest.MonkeyPatch,
) -> None:
    from vpopmail.safeio import seam

    fail("rename", 1, needle)
    plan = site.users.add(JOE, password="x")
    assert plan.carried_out
    assert len(plan.unfinished) == 1
    assert JOE in site.users
    assert (domain / ".vpopmail").is_dir()
    monkeypatch.setattr(seam, "watch", None)
    make_site().users.add(f"amy@{DOMAIN}", password="x")
    assert not (domain / ".vpopmail").exists()
    text = (domain / "vpasswd").read_bytes()
    assert cdb.build(vpasswd.records(text)) == (domain / "vpasswd.cdb").read_bytes()
    assert (domain / ".dir-control").read_bytes().startswith(b"2\n")


def test_a_malformed_line_is_passed_over_and_kept(
    site: Vpopmail, domain: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (domain / "vpasswd").write_bytes(b"torn line\n")
    site.users.add(JOE, password="x")
    assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["joe"]
    assert b"torn line\n" in (domain / "vpasswd").read_bytes()
    assert "vpasswd, line" in caplog.text


def test_a_broken_index_is_not_trusted_and_is_built_anew(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE, password="x")
    status = (domain / "vpasswd").stat()
    (domain / "vpasswd.cdb").write_bytes(b"\xff" * 2048)
    os.utime(domain / "vpasswd.cdb", ns=(status.st_mtime_ns, status.st_mtime_ns))
    assert JOE in site.users
    site.users.add(f"amy@{DOMAIN}", password="x")
    text = (domain / "vpasswd").read_bytes()
    assert cdb.build(vpasswd.records(text)) == (domain / "vpasswd.cdb").read_bytes()


# permission


@needs_root
def test_only_root_and_the_owner_may_look_and_change(
    make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    site = make_site()
    site.domains.add(DOMAIN, uid=1000, gid=1000)
    site.users.add(JOE, password="x")
    for path in (tmp_path, *tmp_path.parents):
        if str(path).startswith("/tmp/"):
            path.chmod(0o755)

    def as_stranger() -> bool:
        from vpopmail import last_error, use, vadduser, vauth_getpw

        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        with use(site):
            assert vauth_getpw("joe", DOMAIN) is None
            assert last_error() == VA.BAD_UID
            with pytest.raises(NotPermitted):
                site.users.find(JOE)
            with pytest.raises(NotPermitted):
                list(site.users.iter(DOMAIN))
            assert vadduser("amy", DOMAIN, "x", "", 0) == VA.BAD_UID
        return True

    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = 0 if as_stranger() else 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@needs_root
def test_a_stranger_who_could_write_is_refused(
    make_site: Callable[..., Vpopmail], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site()
    site.domains.add(DOMAIN, uid=1000, gid=1000)
    before = tree(Path(site.domains.get(DOMAIN).path))
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(NotPermitted) as caught:
        site.users.add(JOE, password="x")
    assert caught.value.code == VA.BAD_UID
    assert tree(Path(site.domains.get(DOMAIN).path)) == before


def test_a_site_may_serve_everyone(
    make_site: Callable[..., Vpopmail], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(check_caller=False)
    site.domains.add(DOMAIN)
    site.users.add(JOE, password="x")
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert JOE in site.users


@pytest.mark.parametrize("password", [b"secret", None, 5])
def test_a_password_that_is_no_text_is_a_mistake_and_not_wrong(
    site: Vpopmail, domain: Path, password: object
) -> None:
    assert domain.is_dir()
    with pytest.raises(TypeError, match="str"):
        site.users.check_password(f"joe@{DOMAIN}", password)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", "''@example.com"),
        ("two words", "two words@example.com"),
        ("vpasswd", "vpasswd@example.com"),
        ("line\nbreak", "line\\nbreak@example.com"),
        ("x", "x@example.com"),
        ("a" * 65, "a" * 65 + "@example.com"),
    ],
)
def test_an_error_about_a_name_names_the_domain_too(
    site: Vpopmail, domain: Path, name: str, shown: str
) -> None:
    acts = [
        lambda: site.users.add(f"{name}@{DOMAIN}"),
        lambda: site.users.add_to(name, DOMAIN),
    ]
    if name != "x":
        acts.append(lambda: site.aliases.add(f"{name}@{DOMAIN}", "&joe@example.org"))
    for act in acts:
        with pytest.raises(InvalidInput) as caught:
            act()
        assert str(caught.value).startswith(f"{shown}: ")
