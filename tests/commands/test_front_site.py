"""vpopmail site: set up, looked over, repaired, moved; with accounts in databases too."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_root, settings_for, tree
from tests.sql.conftest import mysql_url, sqlite_url  # noqa: F401 - fixtures
from vpopmail import Vpopmail, log
from vpopmail.commands import vpopmail as front_door
from vpopmail.settings import load
from vpopmail.upkeep.programs import PROGRAMS

from .front import CRYPTED, records, vpopmail
from .conftest import NOBODY
from .programs import command, environment, run, run_as, run_at_terminal


@pytest.fixture
def bare(tmp_path: Path) -> Vpopmail:
    """A site of which nothing is there yet."""
    return Vpopmail(load(settings_for(tmp_path)))


@pytest.fixture
def joe(site: Vpopmail) -> Vpopmail:
    site.domains.add("example.com")
    site.users.add("joe@example.com", "s3cret")
    return site


def test_init_makes_a_site_that_takes_domains_and_says_what_it_made(bare: Vpopmail) -> None:
    ran = vpopmail(bare, "site init")
    assert ran.code == 0
    assert f"made: {bare.settings.domains_path}\n" in ran.out
    assert "account store: answers\n" in ran.out
    assert vpopmail(bare, "domain add example.com --no-password").code == 0
    assert vpopmail(bare, "site check") == (0, "", "")


def test_init_installs_the_programs_that_domains_look_for(bare: Vpopmail) -> None:
    vpopmail(bare, "site init")
    bindir = Path(bare.settings.bindir)
    assert {path.name for path in bindir.iterdir() if path.name[0] != "."} == set(PROGRAMS)
    vpopmail(bare, "domain add example.com --no-password")
    default = Path(bare.domains.get("example.com").path, ".qmail-default").read_text()
    assert f"{bindir}/vdelivermail" in default
    # The launcher knows its site.
    done = subprocess.run(
        [bindir / "vpopmail", "domain", "list"], env=environment(bare), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "example.com\n", "")


@pytest.mark.parametrize("action", ["check", "repair"])
def test_malformed_line_is_told_once(joe: Vpopmail, action: str) -> None:
    domain = joe.domains.get("example.com").path
    with Path(domain, "vpasswd").open("a") as file:
        file.write("secret\n")
    Path(domain, ".qmail-odd").symlink_to("/etc/passwd")
    ran = vpopmail(joe, f"site {action}")
    assert (ran.code, ran.out.count("vpasswd, line 2: "), ran.err) == (1, 1, "")
    assert "secret" not in ran.out


def test_warning_that_no_finding_tells_is_shown_with_a_repair(
    joe: Vpopmail, tmp_path: Path, fail: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(log, "_listeners", [])
    Path(joe.users.get("joe@example.com").pw_dir).rename(tmp_path / "away")
    fail("rmdir", 1)
    assert front_door.run(["site", "repair"], settings_for(tmp_path)) == 0
    told = capsys.readouterr()
    assert told.out.startswith("repaired: user without home: ")
    assert told.err.startswith("warning: ")
    assert " is left to be removed: " in told.err
    assert told.err.count("\n") == 1


@needs_root
@pytest.mark.parametrize("words", [("check",), ("check", "example.com"), ("repair", "--dry-run")])
def test_domain_that_the_caller_may_not_look_at_is_not_told_to_be_missing(
    owned: Vpopmail, words: tuple[str, ...]
) -> None:
    ran = run_as(NOBODY, owned, "vpopmail", "site", *words)
    assert (ran.code, ran.err) == (1, "")
    assert "not there" not in ran.out
    assert "left: unreadable: example.com: " in ran.out
    assert len(set(ran.out.splitlines())) == ran.out.count("\n")
    assert "Errno" not in ran.out


def test_init_can_be_called_again_and_changes_nothing_that_is_there(
    bare: Vpopmail, tmp_path: Path
) -> None:
    vpopmail(bare, "site init")
    Path(bare.settings.etc_path("vlimits.default")).write_text("maxpopaccounts 3\n")
    before = tree(tmp_path)
    ran = vpopmail(bare, "site init")
    assert ran.code == 0
    assert "made: nothing, all is there\n" in ran.out
    assert tree(tmp_path) == before


def test_init_tells_what_it_would_make(bare: Vpopmail, tmp_path: Path) -> None:
    ran = vpopmail(bare, "site init --dry-run")
    assert f"to make: {bare.settings.qmaildir}/control\n" in ran.out
    assert tree(tmp_path) == {}


def test_init_tells_of_a_store_that_does_not_answer(bare: Vpopmail) -> None:
    options = {"BACKEND": "mysql", "DATABASE_URL": "mysql://nobody:hidden@127.0.0.1:1/none"}
    ran = vpopmail(bare, "site init", **options)
    assert ran.code == 233
    assert ran.err.startswith("no authentication database connection: ")
    assert (ran.err.count("\n"), "hidden" in ran.err) == (1, False)


@needs_root
@pytest.mark.parametrize("is_closed", [True, False])
def test_init_warns_of_a_python_that_the_owner_of_the_domains_cannot_read(
    bare: Vpopmail, tmp_path: Path, is_closed: bool
) -> None:
    closed = tmp_path / "closed"
    venv.create(closed, symlinks=True)
    library = Path(sysconfig.get_path("purelib", vars={"base": str(closed)}))
    library.rmdir()
    library.symlink_to(sysconfig.get_path("purelib"))
    closed.chmod(0o700)
    owner = str(NOBODY if is_closed else os.geteuid())
    done = subprocess.run(
        [closed / "bin" / "python", *command("vpopmail", "site", "init")[1:]],
        env=environment(bare, VPOPUSER=owner, VPOPGROUP=owner), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0
    assert (f" is closed to uid {owner}: programs that it runs will not start\n" in done.stderr) == is_closed


def test_init_names_the_settings_that_the_programs_will_not_know(bare: Vpopmail) -> None:
    file = Path(bare.settings.etc_path("vpopmail.toml"))
    ran = vpopmail(bare, "site init", VPOPUSER="root", DATABASE_URL="mysql://joe:hidden@host/db")
    assert ran.code == 0
    told, _, where = ran.err.partition("; ")
    assert where == f"programs look in {file}\n"
    assert told.startswith("only in this environment: ")
    assert {"VPOPMAIL_QMAILDIR", "VPOPMAIL_DATABASE_URL"} <= set(told.partition(": ")[2].split(", "))
    assert "VPOPMAIL_VPOPMAILDIR" not in told and "hidden" not in told
    settings = bare.settings
    file.write_text(
        f"qmaildir = '{settings.qmaildir}'\nvpopuser = {settings.uid}\nvpopgroup = {settings.gid}\nlock_timeout = 0\n"
    )
    ran = vpopmail(bare, "site init")
    assert (ran.code, ran.err) == (0, "")


def test_setting_that_is_wrong_is_told_in_a_line(site: Vpopmail) -> None:
    Path(site.settings.etc_path("vpopmail.toml")).write_text("lock_timeout = 'soon'\n")
    ran = vpopmail(site, "site init", LOCK_TIMEOUT="soon")
    assert ran.code == 233
    assert ran.err.startswith("no authentication database connection: ")
    assert ran.err.count("\n") == 1


def test_check_tells_and_repair_repairs(joe: Vpopmail, tmp_path: Path) -> None:
    cdb = Path(joe.settings.qmaildir, "users/cdb")
    cdb.unlink()
    before = tree(tmp_path)
    ran = vpopmail(joe, "site check")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith("to repair: users/cdb: ")
    assert vpopmail(joe, "site check --json").out.startswith('{"kind": "users/cdb", ')
    assert tree(tmp_path) == before
    assert vpopmail(joe, "site repair --dry-run").code == 1
    assert tree(tmp_path) == before
    (one,) = records(vpopmail(joe, "site repair --json"))
    assert one["repaired"] is True
    assert vpopmail(joe, "site check").code == 0


def test_repair_that_leaves_something_says_so(joe: Vpopmail) -> None:
    joe.aliases.add("sales@example.com", "&nobody@example.com")
    ran = vpopmail(joe, "site repair example.com")
    assert ran.code == 1
    assert ran.out.startswith("left: alias to nowhere: sales@example.com: ")


def test_lost_control_files_are_made_anew(joe: Vpopmail) -> None:
    for name in ("control/rcpthosts", "control/virtualdomains", "users/assign", "users/cdb"):
        Path(joe.settings.qmaildir, name).unlink()
    ran = vpopmail(joe, "site rebuild-control --alias-domain example.net=example.com")
    assert "line made: example.com" in ran.out
    assert [entry.domain for entry in joe.domains] == ["example.com", "example.net"]
    assert vpopmail(joe, "site rebuild-control --alias-domain example.net").code == 2


def test_diagnose_says_which_step_fails(joe: Vpopmail) -> None:
    assert vpopmail(joe, "site diagnose joe@example.com --password-stdin", "s3cret\n").code == 0
    ran = vpopmail(joe, "site diagnose joe@example.com --password-stdin", "wr0ng0ne\n")
    assert ran.code == 1
    assert "FAILS password: " in ran.out
    assert "wr0ng0ne" not in ran.out
    assert vpopmail(joe, "site diagnose joe@example.com").code == 0
    ran = vpopmail(joe, "site diagnose amy@example.com --json")
    assert (ran.code, ran.err) == (1, "")


def test_diagnose_asks_for_the_password_without_showing_it(joe: Vpopmail) -> None:
    prompt = "Password of joe@example.com, or nothing: "
    for answer, ending in (("s3cret\n", 0), ("an0ther\n", 1), ("\n", 0)):
        code, shown = run_at_terminal(
            joe, "vpopmail", "site", "diagnose", "joe@example.com", answers=[(prompt, answer)]
        )
        assert code == ending
        assert shown.startswith(f"{prompt}\n")
        assert answer.strip() not in shown or answer == "\n"


def test_vpopmaildir_of_the_words_names_the_site(joe: Vpopmail, tmp_path: Path) -> None:
    ran = vpopmail(joe, f"--vpopmaildir {joe.settings.vpopmaildir} domain list", VPOPMAILDIR="/nowhere")
    assert ran.out == "example.com\n"


# databases


def test_accounts_move_to_a_database_and_back(joe: Vpopmail, mysql_url: str, tmp_path: Path) -> None:  # noqa: F811
    joe.aliases.add("sales@example.com", "&joe@example.com")
    ran = vpopmail(joe, "site convert --to mysql --database-url-stdin --json", f"{mysql_url}\n")
    assert (ran.code, ran.err) == (0, "")
    (one,) = [line for line in ran.out.splitlines() if "example.com" in line]
    assert '"users": 1' in one
    options = {"BACKEND": "mysql", "DATABASE_URL": mysql_url}
    assert [user["address"] for user in records(vpopmail(joe, "user list --json", **options))] == [
        "joe@example.com"
    ]
    assert vpopmail(joe, "site schema check", **options) == (0, "nothing differs\n", "")
    assert vpopmail(joe, "user add amy@example.com --no-password", **options).code == 0
    before = tree(tmp_path)
    ran = vpopmail(joe, "site convert --to cdb --replace --dry-run", **options)
    assert "example.com: 2 users" in ran.out
    assert tree(tmp_path) == before
    assert vpopmail(joe, "site convert --to cdb --replace", **options).code == 0
    assert "amy@example.com" in joe.users


def test_domain_that_the_target_has_otherwise_is_told(joe: Vpopmail, sqlite_url: str) -> None:  # noqa: F811
    options = {"BACKEND": "sqlite", "DATABASE_URL": sqlite_url}
    assert vpopmail(joe, "site convert --to sqlite --database-url-stdin", sqlite_url).code == 0
    assert vpopmail(joe, "user delete joe@example.com", **options).code == 0
    assert vpopmail(joe, "user add joe@example.com --no-password", **options).code == 0
    ran = vpopmail(joe, "site convert --to sqlite --database-url-stdin --json", sqlite_url)
    assert ran.code == 1
    assert ran.err.startswith("example.com: Domain already exists: ")
    assert ran.err.endswith(": vpopmail site convert --replace lets them go\n")
    assert '"error": "example.com: ' in ran.out


@pytest.mark.parametrize("option", ["valias", "database_url=mysql://root:hidden@127.0.0.1/x"])
def test_option_that_is_none_or_would_show_a_password_is_refused(joe: Vpopmail, option: str) -> None:
    ran = run(joe, "vpopmail", "site", "convert", "--to", "mysql", "--option", option)
    assert (ran.code, ran.err.count("\n")) == (2, 1)


def test_tables_are_looked_at_made_and_upgraded(make_site, sqlite_url: str) -> None:  # type: ignore[no-untyped-def] # noqa: F811
    site = make_site(backend="sqlite", database_url=sqlite_url)
    options = {"DATABASE_URL": sqlite_url}
    ran = vpopmail(site, "site schema check", **options)
    assert ran.code == 1
    assert "CREATE TABLE" in ran.out
    assert '"found": "missing"' in vpopmail(site, "site schema check --json", **options).out
    for action in ("create", "upgrade"):
        ran = vpopmail(site, f"site schema {action} --dry-run", **options)
        assert (ran.code, "CREATE TABLE" in ran.out) == (0, True)
    assert vpopmail(site, "site schema check", **options).code == 1
    assert vpopmail(site, "site schema create", **options) == (0, "", "")
    assert vpopmail(site, "site schema check", **options).code == 0
    assert vpopmail(site, "site schema upgrade", **options) == (0, "", "")


def test_site_on_files_has_no_tables(site: Vpopmail) -> None:
    ran = vpopmail(site, "site schema check")
    assert (ran.code, ran.err.count("\n")) == (233, 1)


@pytest.mark.parametrize("backend", ["sqlite", "mysql"])
def test_users_in_a_database_are_changed_one_by_one_and_in_bulk(
    make_site, request: pytest.FixtureRequest, backend: str  # type: ignore[no-untyped-def]
) -> None:
    url = request.getfixturevalue(f"{backend}_url")
    site = make_site(backend=backend, database_url=url)
    options = {"DATABASE_URL": url}
    assert vpopmail(site, "domain add example.com --no-postmaster", **options).code == 0
    text = f"address,crypted,quota\njoe@example.com,{CRYPTED},1G\namy@example.com,,\njoe@example.com,,\n"
    ran = vpopmail(site, "user add --bulk csv", text, **options)
    assert ran.err == "line 4: Username exists: joe@example.com\n1 bad of 3 lines, 2 done\n"
    assert vpopmail(site, "user set joe@example.com --no-pop", **options).code == 0
    joe = records(vpopmail(site, "user show joe@example.com --json --hashes", **options))[0]
    assert (joe["crypted"], joe["quota"], joe["pop"]) == (CRYPTED, "1073741824S", False)
    assert vpopmail(site, "user delete amy@example.com", **options).code == 0
    assert [user.pw_name for user in site.users.iter("example.com")] == ["joe"]
