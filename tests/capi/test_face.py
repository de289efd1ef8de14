"""The C-named functions: names, types, codes, and the last error."""

from __future__ import annotations

import ast
import string
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN, settings_for, tree
from vpopmail import DirControl, Vpopmail, VLimits, records
from vpopmail.codes import VA

PUBLIC = [name for names in vpopmail._PUBLIC.values() for name in names]
FORBIDDEN = (
    *("attr", "attrs", "re", "enum", "typing", "tomllib", "logging", "passlib", "hashlib"),
    *("functools", "dataclasses", "pathlib", "threading", "argparse"),
)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(vpopmail, name)
    assert (value.__doc__ or "").strip()
    assert name in dir(vpopmail)


def test_codes_flags_and_errors_are_there() -> None:
    for name in (name for name in vars(VA) if name.isupper()):
        assert getattr(vpopmail, f"VA_{name}") == getattr(VA, name)
    assert vpopmail.VA_SUCCES == 0
    assert vpopmail.NO_POP == 2
    assert vpopmail.errors.UserExists.code == VA.USERNAME_EXISTS
    for name in ("VA_NOTHING", "NOTHING", "vnothing"):
        with pytest.raises(AttributeError, match=name):
            getattr(vpopmail, name)


def test_type_checkers_know_every_public_name() -> None:
    tree_of_package = ast.parse(Path(vpopmail.__file__).read_text())
    declared: set[str] = set()
    for node in ast.walk(tree_of_package):
        if isinstance(node, ast.ImportFrom):
            declared |= {alias.asname for alias in node.names if alias.asname}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            declared.add(node.target.id)
    codes = {f"VA_{name}" for name in vars(VA) if name.isupper()} | {"VA_SUCCES"}
    flags = {name for name in vars(records) if name.isupper() and name[0] != "_"} - {"TYPE_CHECKING"}
    assert declared == {*PUBLIC, *codes, *flags, "errors"}


CALLS_WITH_TEXT: dict[str, Callable[[object], object]] = {
    "lowerit": lambda x: vpopmail.lowerit(x),
    "is_username_valid": lambda x: vpopmail.is_username_valid(x),
    "is_domain_valid": lambda x: vpopmail.is_domain_valid(x),
    "vvalidchar": lambda x: vpopmail.vvalidchar(x),
    "parse_email": lambda x: vpopmail.parse_email(x),
    "vset_default_domain": lambda x: vpopmail.vset_default_domain(x),
    "extract_domain": lambda x: vpopmail.extract_domain(x, 1),
    "vadddomain": lambda x: vpopmail.vadddomain(x),
    "vdeldomain": lambda x: vpopmail.vdeldomain(x),
    "vaddaliasdomain": lambda x: vpopmail.vaddaliasdomain(DOMAIN, x),
    "vget_assign": lambda x: vpopmail.vget_assign(x),
    "get_domain_entries": lambda x: vpopmail.get_domain_entries(x),
    "vadduser": lambda x: vpopmail.vadduser("joe", DOMAIN, "x", x),
    "vadduser password": lambda x: vpopmail.vadduser("joe", DOMAIN, x, ""),
    "vdeluser": lambda x: vpopmail.vdeluser("joe", x),
    "vauth_getpw": lambda x: vpopmail.vauth_getpw(x, DOMAIN),
    "vauth_user": lambda x: vpopmail.vauth_user("joe", DOMAIN, x),
    "valias_insert": lambda x: vpopmail.valias_insert("a", DOMAIN, x),
    "isCatchall": lambda x: vpopmail.isCatchall(x, DOMAIN, ""),
    "vget_limits": lambda x: vpopmail.vget_limits(x),
    "vset_limits": lambda x: vpopmail.vset_limits(x, VLimits()),
    "vdel_limits": lambda x: vpopmail.vdel_limits(x),
    "make_user_dir": lambda x: vpopmail.make_user_dir("joe", x, 0, 0),
    "vread_dir_control": lambda x: vpopmail.vread_dir_control(x, 0, 0),
    "vwrite_dir_control": lambda x: vpopmail.vwrite_dir_control(DirControl(), x, 0, 0),
    "vdel_dir_control": lambda x: vpopmail.vdel_dir_control(x),
    "dec_dir_control": lambda x: vpopmail.dec_dir_control(x, 0, 0),
    "open_big_dir": lambda x: vpopmail.open_big_dir(x, 0, 0),
    "backfill": lambda x: vpopmail.backfill("joe", x, None, 1),
}


@pytest.mark.parametrize("name", CALLS_WITH_TEXT)
@pytest.mark.parametrize("wrong", [b"bytes", 7], ids=["bytes", "int"])
def test_what_is_no_text_is_a_type_error(
    site: Vpopmail, tmp_path: Path, name: str, wrong: object
) -> None:
    before = tree(tmp_path)
    with pytest.raises(TypeError):
        CALLS_WITH_TEXT[name](wrong)
    assert tree(tmp_path) == before


def test_a_life_of_a_domain_in_codes(site: Vpopmail) -> None:
    assert vpopmail.vadddomain("Example.com") == VA.SUCCESS
    assert vpopmail.vadddomain(DOMAIN) == VA.DOMAIN_ALREADY_EXISTS
    assert vpopmail.last_error() == VA.DOMAIN_ALREADY_EXISTS
    assert vpopmail.vaddaliasdomain("alias.example", DOMAIN) == VA.SUCCESS
    assert vpopmail.vadduser("joe", "alias.example", "secret", "Joe", 1) == VA.SUCCESS
    user = vpopmail.vauth_getpw("JOE", DOMAIN)
    assert user is not None
    assert (user.pw_name, user.pw_uid, user.pw_gecos) == ("joe", 2, "Joe")
    assert vpopmail.vauth_user("joe", DOMAIN, "secret") == user
    assert vpopmail.vauth_user("joe", DOMAIN, "wrong") is None
    assert vpopmail.last_error() == VA.SUCCESS
    assert vpopmail.isCatchall("joe", DOMAIN, "") == 0
    assert vpopmail.isCatchall("joe", "none.example", "") == 0
    assert vpopmail.count_rcpthosts() == 2
    assert vpopmail.vdeluser("joe", DOMAIN) == VA.SUCCESS
    assert vpopmail.vdeluser("joe", DOMAIN) == VA.USER_DOES_NOT_EXIST
    assert vpopmail.vauth_getpw("joe", DOMAIN) is None
    assert vpopmail.last_error() == VA.SUCCESS
    vpopmail.vclose()
    assert vpopmail.vdeldomain(DOMAIN) == VA.SUCCESS
    assert vpopmail.vdeldomain(DOMAIN) == VA.DOMAIN_DOES_NOT_EXIST
    assert vpopmail.vget_assign("alias.example") is None


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: vpopmail.vadddomain("a b"), VA.INVALID_DOMAIN_NAME),
        (lambda: vpopmail.vadddomain("a" * 97), VA.DOMAIN_NAME_TOO_LONG),
        (lambda: vpopmail.vadddomain("new.example", "/nonexistent"), VA.BAD_V_DIR),
        (lambda: vpopmail.vaddaliasdomain("x.example", "none.example"), VA.DOMAIN_DOES_NOT_EXIST),
        (lambda: vpopmail.vadduser("joe", DOMAIN, "x", "a:b"), VA.BAD_CHAR),
        (lambda: vpopmail.vadduser("x" * 65, DOMAIN, "x", ""), VA.USER_NAME_TOO_LONG),
        (lambda: vpopmail.vadduser("joe", DOMAIN, "x" * 129, ""), VA.PASSWD_TOO_LONG),
        (lambda: vpopmail.vadduser("joe", DOMAIN, "x", "x" * 65), VA.GECOS_TOO_LONG),
        (lambda: vpopmail.vadduser("joe", "none.example", "x", ""), VA.DOMAIN_DOES_NOT_EXIST),
        (lambda: vpopmail.vdeluser("", DOMAIN), VA.ILLEGAL_USERNAME),
        (lambda: vpopmail.vdeluser("joe", "none.example"), VA.DOMAIN_DOES_NOT_EXIST),
        (lambda: vpopmail.valias_insert("joe", DOMAIN, "x" * 160), VA.ALIAS_LINE_TOO_LONG),
        (lambda: vpopmail.valias_insert("joe", "none.example", "&x"), -1),
        (lambda: vpopmail.is_username_valid("a b"), VA.ILLEGAL_USERNAME),
        (lambda: vpopmail.is_domain_valid("a b"), VA.INVALID_DOMAIN_NAME),
    ],
)
def test_failures_are_codes_and_change_nothing(
    site: Vpopmail, domain: Path, tmp_path: Path, call: Callable[[], VA], code: int
) -> None:
    before = tree(tmp_path / "v")
    assert call() == code
    assert tree(tmp_path / "v") == before


@pytest.mark.parametrize(
    ("call", "needle", "code"),
    [
        (lambda: vpopmail.vadddomain("new.example"), "cdb", VA.COULD_NOT_UPDATE_FILE),
        (lambda: vpopmail.vdeldomain(DOMAIN), "cdb", VA.COULD_NOT_UPDATE_FILE),
        (lambda: vpopmail.vadduser("joe", DOMAIN, "x", ""), "vpasswd", VA.BAD_U_DIR),
        (lambda: vpopmail.valias_insert("joe", DOMAIN, "&x"), ".qmail-joe", -1),
    ],
)
def test_trouble_of_the_system_is_a_code_and_logged(
    site: Vpopmail,
    domain: Path,
    fail: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    call: Callable[[], VA],
    needle: str,
    code: int,
) -> None:
    fail("rename", 1, needle)
    assert call() == code
    assert vpopmail.last_error() == code
    assert "No space left on device" in caplog.text


def test_a_question_that_the_system_refuses_is_no_connection(
    site: Vpopmail, domain: Path, fail: Callable[..., None]
) -> None:
    fail("mkdir", 1, "=joe")
    assert vpopmail.make_user_dir("joe", DOMAIN, 0, 0) is None
    assert vpopmail.last_error() == VA.NO_AUTH_CONNECTION


def test_the_last_error_is_of_each_thread(site: Vpopmail) -> None:
    assert vpopmail.is_username_valid("a b") == VA.ILLEGAL_USERNAME
    seen: list[VA] = []
    thread = threading.Thread(target=lambda: seen.append(vpopmail.last_error()))
    thread.start()
    thread.join()
    assert seen == [VA.SUCCESS]
    assert vpopmail.last_error() == VA.ILLEGAL_USERNAME


def test_the_cursor_is_of_each_thread(make_site: Callable[..., Vpopmail]) -> None:
    # Which takes a name without a dot, though it does not list it.
    site = make_site(profile="5.4")
    for name in ("a.example", "b.example", "nodot"):
        site.domains.add(name)
    site.domains.add_alias("alias.example", "a.example")
    with vpopmail.use(site):
        _see_the_cursor()


def _see_the_cursor() -> None:
    first = vpopmail.get_domain_entries("")
    assert first is not None
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.append(vpopmail.get_domain_entries(None)))
    thread.start()
    thread.join()
    assert seen == [None]
    rest = [vpopmail.get_domain_entries(None) for _ in range(3)]
    assert [first.domain, *(entry.domain for entry in rest if entry)] == [
        *("a.example", "alias.example", "b.example"),
    ]
    assert rest[-1] is None
    assert [entry.domain for entry in vpopmail.domain_entries("ALIAS.example")] == [
        *("a.example", "alias.example"),
    ]


def test_listing_without_assign_is_told(site: Vpopmail) -> None:
    assert vpopmail.get_domain_entries("") is None
    assert vpopmail.last_error() == VA.CANNOT_READ_ASSIGN


# addresses


@pytest.mark.parametrize(
    ("email", "result"),
    [
        ("Joe@Example.COM", (VA.SUCCESS, "joe", "example.com")),
        ("joe%example.com", (VA.SUCCESS, "joe", "example.com")),
        ("joe/example.com", (VA.SUCCESS, "joe", "example.com")),
        ("joe", (VA.SUCCESS, "joe", "default.example")),
        ("j oe@example.com", (VA.ILLEGAL_USERNAME, "j oe", "example.com")),
        ("joe@exa_mple.com", (VA.ILLEGAL_USERNAME, "joe", "exa_mple.com")),
    ],
)
def test_an_address_is_split(
    site: Vpopmail,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    email: str,
    result: tuple[VA, str, str],
) -> None:
    monkeypatch.delenv("VPOPMAIL_DOMAIN", raising=False)
    (tmp_path / "v/etc/defaultdomain").write_text("default.example\nsecond\n")
    assert vpopmail.parse_email(email) == result
    assert vpopmail.last_error() == result[0]


def test_the_default_domain(
    site: Vpopmail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VPOPMAIL_DOMAIN", raising=False)
    assert vpopmail.default_domain() == ""
    assert vpopmail.vset_default_domain("") == ""
    assert vpopmail.vset_default_domain("given.example") == "given.example"
    (tmp_path / "v/etc/defaultdomain").write_text("x" * 200)
    assert vpopmail.vset_default_domain("") == "x" * 96
    monkeypatch.setenv("VPOPMAIL_DOMAIN", "env.example; rm" + "y" * 100)
    assert vpopmail.vset_default_domain("") == ("env.example__rm" + "y" * 100)[:96]
    (tmp_path / "v/etc/defaultdomain").unlink()
    (tmp_path / "v/etc/defaultdomain").symlink_to("/etc/passwd")
    assert vpopmail.default_domain() == ""


def test_characters_of_an_address() -> None:
    assert [vpopmail.vvalidchar(char) for char in "aZ9.-_"] == [1] * 6
    assert vpopmail.vvalidchar("é") == 0
    assert vpopmail.last_error() == VA.INVALID_EMAIL_CHAR
    assert vpopmail.lowerit("ÄBC") == "Äbc"
    assert vpopmail.extract_domain("+example.com-:example.com:1:2:/d:-::", 1)


# limits


def test_limits_in_codes(site: Vpopmail, domain: Path, tmp_path: Path) -> None:
    limits = vpopmail.vdefault_limits()
    assert limits == VLimits()
    limits.maxpopaccounts = 7
    assert vpopmail.vset_limits(DOMAIN, limits) == 0
    assert vpopmail.vget_limits(DOMAIN) == (0, limits)
    assert vpopmail.vdel_limits(DOMAIN) == 0
    assert vpopmail.vdel_limits("none.example") == -1
    (tmp_path / "v/etc/vlimits.default").unlink()
    assert vpopmail.vget_limits(DOMAIN) == (-1, VLimits())
    assert vpopmail.vset_limits("none.example", limits) == -1


@pytest.mark.parametrize(("profile", "code"), [("5.4", -1), ("5.6", 0)])
def test_limits_that_are_not_there_are_deleted_in_newer_versions(
    make_site: Callable[..., Vpopmail], profile: str, code: int
) -> None:
    with vpopmail.use(make_site(profile=profile)) as site:
        site.domains.add(DOMAIN)
        assert vpopmail.vdel_limits(DOMAIN) == code
        assert vpopmail.vset_limits(DOMAIN, VLimits()) == 0
        assert vpopmail.vdel_limits(DOMAIN) == 0


# homes


def test_a_home_is_made_for_a_user_and_for_a_stranger(site: Vpopmail, domain: Path) -> None:
    site.users.add(f"kim@{DOMAIN}", crypted="*")  # homes without any user are those of lost ones
    assert vpopmail.make_user_dir("joe", DOMAIN, 0, 0) == ""
    assert (domain / "joe/Maildir/cur").is_dir()
    assert vpopmail.make_user_dir("joe", DOMAIN, 0, 0) is None
    assert vpopmail.last_error() == VA.EXIST_U_DIR
    assert vpopmail.vadduser("amy", DOMAIN, "x", "") == 0
    (domain / "amy").rename(domain / "lost")
    (domain / ".dir_control_free").write_text("0/A\n")
    assert vpopmail.make_user_dir("amy", DOMAIN, 0, 0) == "0/A"
    user = vpopmail.vauth_getpw("amy", DOMAIN)
    assert user is not None
    assert user.pw_dir == f"{domain}/0/A/amy"
    assert vpopmail.make_user_dir("amy", "none.example", 0, 0) is None
    assert vpopmail.last_error() == VA.DOMAIN_DOES_NOT_EXIST


def test_a_home_whose_path_is_too_long_is_not_made(
    site: Vpopmail, tmp_path: Path
) -> None:
    base = tmp_path / ("x" * (130 - len(str(tmp_path))))
    base.mkdir()
    assert vpopmail.vadddomain("long.example", str(base)) == 0
    assert vpopmail.make_user_dir("a" * 40, "long.example", 0, 0) is None
    assert vpopmail.last_error() == VA.DIR_TOO_LONG


def test_places_are_taken_and_given_back(site: Vpopmail, domain: Path) -> None:
    assert vpopmail.backfill("", DOMAIN, None, 1) is None
    assert vpopmail.backfill("", DOMAIN, f"{domain}/0/A/joe", 2) == "0/A"
    assert vpopmail.backfill("", DOMAIN, f"{domain}/joe", 2) is None
    assert vpopmail.backfill("", DOMAIN, "/elsewhere/0/joe", 2) is None
    assert vpopmail.backfill("", DOMAIN, None, 2) is None
    assert vpopmail.backfill("", DOMAIN, None, 1) == "0/A"
    assert vpopmail.backfill("", DOMAIN, None, 1) is None
    assert vpopmail.backfill("", "none.example", None, 1) is None
    assert vpopmail.last_error() == VA.DOMAIN_DOES_NOT_EXIST


def test_the_counter_is_read_written_and_forgotten(site: Vpopmail, domain: Path) -> None:
    assert vpopmail.vread_dir_control(DOMAIN, 0, 0) == (-1, DirControl())
    state = DirControl()
    for _ in range(100):
        vpopmail.inc_dir_control(state)
    assert (state.cur_users, state.the_dir) == (100, "0")
    assert vpopmail.vwrite_dir_control(state, DOMAIN, 0, 0) == 0
    assert vpopmail.vread_dir_control(DOMAIN, 0, 0) == (0, state)
    assert vpopmail.dec_dir_control(DOMAIN, 0, 0) == 0
    assert vpopmail.vread_dir_control(DOMAIN, 0, 0)[1].cur_users == 99
    assert vpopmail.vdel_dir_control(DOMAIN) == 0
    assert vpopmail.vdel_dir_control(DOMAIN) == -1


@pytest.mark.parametrize(
    ("level", "before", "after"),
    [
        (0, "", "0"),
        (0, "0", "1"),
        (0, "9", "A"),
        (0, "z", "0"),
        (1, "0/Z", "0/a"),
        (1, "0/z", "1/0"),
        (2, "0/z/z", "1/0/0"),
    ],
)
def test_a_directory_steps_onward(level: int, before: str, after: str) -> None:
    state = DirControl()
    state.the_dir = before
    assert vpopmail.inc_dir(state, level) == 0
    assert vpopmail.print_control(state) == f"dir = {after}"


@pytest.mark.parametrize("level", [-1, 3])
def test_a_level_that_is_none_changes_nothing(level: int) -> None:
    state = DirControl()
    assert vpopmail.inc_dir(state, level) == -1
    assert state == DirControl()


def test_the_alphabet_of_directories() -> None:
    found = "0"
    while (following := vpopmail.next_char(found[-1])) != "0":
        found += following
    assert found == string.digits + string.ascii_uppercase + string.ascii_lowercase
    assert vpopmail.next_char("") == "0"
    assert vpopmail.next_char("-") == "0"


def test_the_big_directory_makes_its_places(site: Vpopmail, domain: Path) -> None:
    import os

    assert vpopmail.next_big_dir(os.getuid(), os.getgid()) == ""
    state = DirControl()
    state.cur_users = 99
    vpopmail.vwrite_dir_control(state, DOMAIN, 0, 0)
    assert vpopmail.open_big_dir(DOMAIN, 0, 0) == 0
    assert vpopmail.next_big_dir(os.getuid(), os.getgid()) == "0"
    assert (domain / "0").is_dir()
    assert vpopmail.close_big_dir(DOMAIN, 0, 0) == 0
    assert vpopmail.close_big_dir(DOMAIN, 0, 0) == 0
    assert vpopmail.vread_dir_control(DOMAIN, 0, 0)[1].cur_users == 100


# the ways in


def run_light(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{program}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


ROOT = Path(vpopmail.__file__).parents[1]
HEAVY = f"print([name for name in {FORBIDDEN!r} if name in sys.modules])"


def test_importing_the_package_imports_and_reads_nothing() -> None:
    program = f"""
opened = []
sys.addaudithook(lambda kind, arguments: opened.append(arguments[0]) if kind == "open" else None)
import vpopmail
print([str(path) for path in opened if not str(path).endswith(".py") and "__pycache__" not in str(path)])
print(sorted(name for name in sys.modules if name.startswith("vpopmail.")))
{HEAVY}
"""
    assert run_light(program) == "[]\n[]\n[]\n"


@pytest.mark.parametrize("cipher", ["found", "unknown"])
def test_a_lookup_imports_nothing_heavy(site: Vpopmail, tmp_path: Path, cipher: str) -> None:
    site.domains.add(DOMAIN)
    site.users.add(f"found@{DOMAIN}", password="x")
    environment = {
        f"VPOPMAIL_{name.upper()}": str(value)
        for name, value in settings_for(tmp_path).items()
        if name != "sync"
    }
    program = f"""
import vpopmail
user = vpopmail.vauth_getpw({cipher!r}, {DOMAIN!r})
print(user and user.pw_name)
{HEAVY}
"""
    # -I ignores the environment of Python, not ours.
    expected = "found" if cipher == "found" else "None"
    assert run_light(program, **environment) == f"{expected}\n[]\n"


def test_the_errors_are_an_attribute_of_the_package() -> None:
    program = """
import vpopmail
print(vpopmail.errors.UserExists.__name__, "vadduser" in dir(vpopmail))
"""
    assert run_light(program) == "UserExists True\n"


def test_a_star_import_gives_every_public_name(tmp_path: Path) -> None:
    program = "from vpopmail import *; print(vadduser.__name__, Vpopmail.__name__, VA.SUCCESS)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "vadduser Vpopmail VA.SUCCESS\n"


def test_the_counter_of_a_domain_that_is_not_there_is_nobody_s(
    site: Vpopmail, domain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("vpopmail.accounts.domain_tree.pwd.getpwuid", asked.append)
    assert vpopmail.vdel_dir_control("none.example") == -1
    assert asked == []


def test_the_counter_of_the_domains_is_forgotten_by_its_key(site: Vpopmail, domain: Path) -> None:
    import os

    key = f"dom_{os.getuid()}"
    state = DirControl()
    state.cur_users = 7
    assert vpopmail.vwrite_dir_control(state, key, os.getuid(), os.getgid()) == 0
    assert vpopmail.vdel_dir_control(key) == 0
    assert vpopmail.vread_dir_control(key, os.getuid(), os.getgid())[0] == -1
    assert vpopmail.vdel_dir_control(key) == -1


def test_a_batch_lists_the_domains_that_it_has_pending(site: Vpopmail, domain: Path) -> None:
    site.domains.add("gone.example")
    site.domains.add_alias("alias.example", DOMAIN)
    with site.batch():
        site.domains.add("new.example")
        site.domains.delete("gone.example")
        site.domains.update_alias("alias.example", "new.example")
        listed = [entry.domain for entry in vpopmail.domain_entries()]
        assert sorted(listed) == ["alias.example", DOMAIN, "new.example"]
        assert [entry.domain for entry in vpopmail.domain_entries("alias.example")] == [
            *("alias.example", "new.example"),
        ]
        assert [entry.domain for entry in vpopmail.domain_entries(DOMAIN)] == [DOMAIN]
        first = vpopmail.get_domain_entries("gone.example")
        assert (first, vpopmail.last_error()) == (None, VA.SUCCESS)


def test_a_wrong_setting_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("vpopmail.site._sites", {})  # whatever another test has configured
    for name, value in settings_for(tmp_path, lock_timeout="soon").items():
        monkeypatch.setenv(f"VPOPMAIL_{name.upper()}", "no" if name == "sync" else str(value))
    for _ in range(3):
        assert vpopmail.vadduser("joe", DOMAIN, "x", "") == VA.NO_AUTH_CONNECTION
        assert vpopmail.vauth_getpw("joe", DOMAIN) is None
        assert vpopmail.last_error() == VA.NO_AUTH_CONNECTION
    assert len(caplog.records) == 1
    assert "VPOPMAIL_LOCK_TIMEOUT = 'soon'" in caplog.text


def test_a_wrong_setting_is_told_to_who_listens_later() -> None:
    program = """
import vpopmail
for _ in range(2):
    assert vpopmail.vauth_getpw("joe", "example.com") is None
import logging
logging.basicConfig()
for _ in range(2):
    assert vpopmail.vauth_getpw("joe", "example.com") is None
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env={"VPOPMAIL_LOCK_TIMEOUT": "soon"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert done.stderr.count("VPOPMAIL_LOCK_TIMEOUT") == 1
