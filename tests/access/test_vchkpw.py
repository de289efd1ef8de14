"""The program vchkpw, started as its callers start it."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import needs_root, settings_for
from vpopmail import Vpopmail
from vpopmail.access.proof import apop_digest, cram_md5_digest
from vpopmail.errors import HomeMissing
from vpopmail.records import NO_IMAP, NO_POP, NO_SMTP, NO_WEBMAIL
from vpopmail.settings import load
from vpopmail.upkeep import programs as upkeep_programs
from vpopmail.upkeep.programs import BUNDLE, PROGRAMS, TYPED_BUNDLE

from .programs import Programs, credentials

JOE = "joe@example.com"
JOES = credentials(JOE)
IP = "192.0.2.1"


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A directory that everybody can enter, unlike pytest's own."""
    directory = Path(tempfile.mkdtemp(prefix="vchkpw-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def site(root: Path) -> Iterator[Vpopmail]:
    owner = {"vpopuser": 8900, "vpopgroup": 8901} if os.geteuid() == 0 else {}
    with Vpopmail(load(settings_for(root, profile="5.4", **owner))) as site:
        site.prepare()
        site.domains.add("example.com")
        site.domains.add_alias("alias.org", "example.com")
        for name in ("joe", "nopop", "noimap", "nosmtp", "noweb"):
            site.users.add(f"{name}@example.com", "s3cret")
        for name, flag in (("nopop", NO_POP), ("noimap", NO_IMAP), ("nosmtp", NO_SMTP), ("noweb", NO_WEBMAIL)):
            site.users.update(f"{name}@example.com", flags=flag)
        site.users.add("empty@example.com")
        yield site


@pytest.fixture(scope="module")
def programs(site: Vpopmail, root: Path) -> Programs:
    return Programs(site, root / "bin")


def test_next_program_runs_as_the_owner_in_the_home(programs: Programs, site: Vpopmail) -> None:
    ran = programs.run(JOES, TCPREMOTEIP=IP, OTHER="kept")
    entry = site.domains.get("example.com")
    assert ran.code == 0
    assert (ran.cwd, ran.uid, ran.gid) == (f"{entry.path}/joe", entry.uid, entry.gid)
    assert ran.env == {
        "TCPLOCALPORT": "110", "TCPREMOTEIP": IP, "OTHER": "kept", "USER": "joe", "SHELL": "NOLOGIN",
        "HOME": f"{entry.path}/joe", "VPOPUSER": JOE,
    }  # fmt: skip


@needs_root
def test_next_program_has_the_group_of_the_domain_alone(programs: Programs, site: Vpopmail) -> None:
    assert programs.run(JOES).groups == str(site.domains.get("example.com").gid)


def test_next_program_dies_of_a_broken_pipe_as_any_other(programs: Programs) -> None:
    # Of a shell's background job SIGINT and SIGQUIT are ignored all the same.
    assert not programs.run(JOES).ignored & 1 << signal.SIGPIPE - 1


def test_next_program_gets_its_arguments(programs: Programs) -> None:
    ran = programs.run(JOES, arguments=(programs.path("next"), "Maildir", "two words"))
    assert ran.words == f"{programs.path('next')} Maildir two words"


def test_next_program_is_looked_for_in_the_path(programs: Programs) -> None:
    assert programs.run(JOES, arguments=("next",), PATH=f"/nowhere::{programs.directory}:/usr/bin:/bin").ran


def test_relative_directory_of_the_path_is_passed_over(programs: Programs, site: Vpopmail) -> None:
    home = Path(site.users.get(JOE).pw_dir)
    shutil.copy(programs.path("next"), home / "evil")
    for path in (".", "", f"./:{home.name}"):
        ran = programs.run(JOES, arguments=("evil",), PATH=path)
        assert (ran.ran, ran.code) == (False, 111)


def test_locale_that_python_adds_is_not_passed_on(programs: Programs) -> None:
    assert "LC_CTYPE" not in programs.run(JOES).env
    assert programs.run(JOES, LC_CTYPE="C.UTF-8").env["LC_CTYPE"] == "C.UTF-8"


@pytest.mark.parametrize("port", ["25", "465", "587"])
def test_smtp_changes_nothing_of_the_process(programs: Programs, port: str) -> None:
    ran = programs.run(JOES, TCPLOCALPORT=port)
    assert (ran.code, ran.cwd, ran.uid) == (0, "/", os.getuid())
    assert ran.env["USER"] == "joe"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (JOES, 0),
        (credentials("JOE%Example.Com"), 0),
        (credentials("joe@alias.org"), 0),
        (b"joe@example.com\0s3cret", 0),
        (credentials(JOE, "wrong"), 3),
        (credentials("nobody@example.com"), 3),
        (credentials("joe@example.net"), 3),
        (credentials("nopop@example.com"), 1),
        (credentials("noimap@example.com"), 0),
        (credentials("empty@example.com"), 15),
        (b"", 12),
        (b"\0s3cret\0\0", 12),
        (credentials(JOE, ""), 13),
        (b"joe@example.com", 13),
        (credentials('b"d@example.com'), 20),
        (credentials(JOE, "x" * 490), 3),
        (credentials(JOE, "x" * 600), 20),
        (b"\0" * 600, 20),
        (None, 11),
    ],
)
def test_exit_codes_are_those_of_c_and_nothing_runs_without_the_password(
    programs: Programs, data: bytes | None, code: int
) -> None:
    ran = programs.run(data, TCPREMOTEIP=IP)
    assert (ran.code, ran.ran) == (code, code == 0)


@pytest.mark.parametrize(
    ("user", "port", "program", "ip", "code"),
    [
        ("nopop", "143", "next", IP, 0),
        ("noimap", "143", "next", IP, 1),
        ("noimap", "9999", "next-imapd", IP, 1),
        ("nopop", "9999", "next", IP, 1),
        ("nosmtp", "9999", "true", IP, 1),
        ("nosmtp", "587", "next", IP, 1),
        ("noweb", "143", "next", IP, 0),
        ("noweb", "143", "next", "127.0.0.1", 1),
        ("noweb", "110", "next", "::1", 1),
        ("nopop", "110", "next", "::ffff:127.0.0.1", 0),
        ("noweb", "25", "next", "127.0.0.1", 0),
        ("nopop", "junk", "next", IP, 1),
    ],
)
def test_service_is_that_of_port_program_and_client(
    programs: Programs, user: str, port: str, program: str, ip: str, code: int
) -> None:
    ran = programs.run(credentials(f"{user}@example.com"), program, TCPLOCALPORT=port, TCPREMOTEIP=ip)
    assert (ran.code, ran.ran) == (code, code == 0)


def test_apop_and_cram_md5(programs: Programs, root: Path) -> None:
    keeps = Programs_with_clear(root)
    for port, digest, code in (("110", apop_digest, 0), ("143", apop_digest, 3), ("25", cram_md5_digest, 0)):
        answer = digest(b"s3cret", b"<1.2@x>").decode()
        assert keeps.run(credentials("clear@example.edu", answer, "<1.2@x>"), TCPLOCALPORT=port).code == code


def Programs_with_clear(root: Path) -> Programs:
    owner = {"vpopuser": 8900, "vpopgroup": 8901} if os.geteuid() == 0 else {}
    below = root / "clear"
    below.mkdir()
    below.chmod(0o755)
    with Vpopmail(load(settings_for(below, profile="5.4", **owner))) as site:
        site.prepare()
        site.domains.add("example.edu")
        site.users.add("clear@example.edu", "s3cret")
        return Programs(site, below / "bin")


def test_client_behind_xinetd_is_known_by_remote_host(programs: Programs, site: Vpopmail) -> None:
    assert programs.run(JOES, REMOTE_HOST="192.0.2.77").code == 0
    assert site.users.last_auth(JOE)[0] == "192.0.2.77"  # type: ignore[index]


def test_name_alone_is_of_the_default_domain(programs: Programs, site: Vpopmail) -> None:
    path = Path(site.settings.etc_path("defaultdomain"))
    assert programs.run(credentials("joe")).code == 3
    path.write_text("example.com\n")
    try:
        ran = programs.run(credentials("joe"))
        assert (ran.code, ran.env["VPOPUSER"]) == (0, "joe")
        assert programs.run(credentials("joe"), VPOPMAIL_DOMAIN="example.net").code == 3
    finally:
        path.unlink()


# misuse and trouble


def test_home_that_cannot_be_made_has_the_code_of_c(programs: Programs, site: Vpopmail, root: Path) -> None:
    """6 if the account has one that is missing, 14 if it has none."""
    address = "homeless@example.com"
    convention = Programs(site, root / "homes", checkpassword_codes=True)
    site.users.add(address, "s3cret")
    try:
        for place, code in (("/nowhere/homeless", 6), ("", 14)):
            user = site.users.get(address)
            shutil.rmtree(user.pw_dir, ignore_errors=True)
            user.pw_dir = place
            site.users.store(user, "example.com")
            above = Path(site.settings.domains_path) / "example.com" / "homeless"
            above.write_text("in the way")
            for own, expected in ((programs, code), (convention, 111)):
                ran = own.run(credentials(address))
                assert (ran.code, ran.ran) == (expected, False)
            above.unlink()
    finally:
        with pytest.raises(HomeMissing):
            site.users.delete(address)


def test_program_that_is_not_there_is_trouble(programs: Programs) -> None:
    for program in ("/nowhere/program", "no-such-program", "", "/etc/passwd"):
        assert programs.run(JOES, arguments=(program,)).code == 111


def test_no_program_is_misuse(programs: Programs) -> None:
    assert programs.run(JOES, arguments=()).code == 2
    assert programs.run(JOES, own="vchkpw-dovecot", arguments=()).code == 2


def test_call_without_descriptor_3_says_what_the_program_is_for(programs: Programs) -> None:
    ran = programs.run(None)
    assert ran.stderr == (
        b"vchkpw-pop3: vchkpw is only for talking with qmail-popup and qmail-pop3d. "
        b"It is not for runnning on the command line.\n"
    )
    assert programs.run(None, own="vchkpw-dovecot").code == 2


@pytest.mark.parametrize("mode", [{}, {"checkpassword_codes": True}])
def test_store_and_settings_that_cannot_be_read_are_trouble_in_both_modes(
    site: Vpopmail, root: Path, mode: dict[str, object]
) -> None:
    broken = Programs(site, root / f"broken{len(mode)}", backend="nosuch", **mode)
    assert broken.run(JOES).code == 111
    broken = Programs(site, root / f"wrong{len(mode)}", logging="loud", **mode)
    ran = broken.run(JOES)
    assert ran.code == 111
    assert b"logging" in ran.stderr
    domain = Path(site.domains.get("example.com").path)
    users = domain / "vpasswd", domain / "vpasswd.cdb"
    for files in ((Path(site.settings.users_cdb_path),), users):
        for file in files:
            file.rename(f"{file}.away")
        try:
            lost = Programs(site, root / f"lost{len(mode)}{len(files)}", **mode)
            assert lost.run(JOES).code == 111
        finally:
            for file in files:
                Path(f"{file}.away").rename(file)


@pytest.mark.parametrize("errors", ["2>&-", "2>/dev/full"])
def test_trouble_that_cannot_be_told_is_no_wrong_password(site: Vpopmail, root: Path, errors: str) -> None:
    wrong = Programs(site, root / f"untold{len(errors)}", logging="loud", checkpassword_codes=True)
    for given, code in (("3</dev/null", 111), ("3<&-", 11)):
        line = f'exec "$0" "$0" {given} {errors}'
        assert subprocess.run(["/bin/sh", "-c", line, wrong.path("vchkpw")]).returncode == code


def test_checkpassword_codes_are_1_for_a_refusal_and_2_for_misuse(site: Vpopmail, root: Path) -> None:
    by_option = Programs(site, root / "convention", checkpassword_codes=True)
    refused = (b"", credentials(JOE, ""), credentials(JOE, "wrong"), credentials("nopop@example.com"),
               credentials("empty@example.com"), credentials('b"d'), b"x" * 600)  # fmt: skip
    for data in refused:
        assert by_option.run(data).code == 1
        assert by_option.run(data, own="vchkpw-dovecot", SERVICE="pop3").code == 1
    assert by_option.run(JOES).uid == site.domains.get("example.com").uid


def test_broken_installation_is_trouble_and_no_wrong_password(programs: Programs, root: Path) -> None:
    text = Path(programs.path("vchkpw")).read_text()
    broken = programs.directory / "broken"
    broken.write_text(text.replace("commands.vchkpw", "commands.nosuch"))
    broken.chmod(0o755)
    assert programs.run(JOES, own="broken").code == 111
    line = 'exec "$0" next 3</dev/null 2>/dev/full'
    assert subprocess.run(["/bin/sh", "-c", line, str(broken)]).returncode == 111


# Dovecot


def test_dovecot_is_told_the_address_owner_and_quota_and_the_process_stays(programs: Programs, site: Vpopmail) -> None:
    site.users.set_quota(JOE, "1M,10C")
    ran = programs.run(credentials("joe@alias.org"), own="vchkpw-dovecot", TCPLOCALPORT="10110", SERVICE="pop3")
    site.users.set_quota(JOE, "NOQUOTA")
    entry = site.domains.get("example.com")
    assert (ran.code, ran.uid, ran.cwd) == (0, os.getuid(), "/")
    assert ran.env["USER"] == JOE
    assert ran.env["HOME"] == f"{entry.path}/joe"
    assert ran.env["EXTRA"].split() == ["userdb_uid", "userdb_gid", "userdb_quota_rule"]
    assert (ran.env["userdb_uid"], ran.env["userdb_gid"]) == (str(entry.uid), str(entry.gid))
    assert ran.env["userdb_quota_rule"] == "*:bytes=1048576:messages=10"
    ran = programs.run(JOES, own="vchkpw-dovecot", SERVICE="imap")
    assert "userdb_quota_rule" not in ran.env


@pytest.mark.parametrize(
    ("user", "service", "code"),
    [("nopop", "pop3", 1), ("nopop", "imap", 0), ("noimap", "imap", 1), ("nosmtp", "submission", 1), ("nosmtp", "imap", 0)],
)
def test_dovecot_says_which_service_it_is(programs: Programs, user: str, service: str, code: int) -> None:
    data = credentials(f"{user}@example.com")
    assert programs.run(data, own="vchkpw-dovecot", TCPLOCALPORT="10000", SERVICE=service).code == code


# installing


def test_installed_programs_belong_to_the_caller_and_know_their_site(site: Vpopmail) -> None:
    made = site.install_programs()
    assert made == [f"{site.settings.bindir}/{program}" for program in PROGRAMS]
    for path in (*made, *(f"{site.settings.bindir}/{name}" for name in (BUNDLE, TYPED_BUNDLE))):
        status = os.stat(path)
        assert status.st_uid == os.geteuid()
        assert not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    assert os.stat(made[0]).st_mode & 0o777 == 0o755
    assert repr(site.settings.vpopmaildir) in Path(made[0]).read_text()
    assert site.install_programs() == made


@pytest.mark.parametrize("is_closed", [True, False])
def test_installing_warns_if_the_owner_of_the_domains_cannot_read_python(
    site: Vpopmail, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch, is_closed: bool,
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(upkeep_programs, "_places", lambda: [str(closed)])
    monkeypatch.setattr(upkeep_programs, "bundle", lambda *_which: b"")
    place = {name: getattr(site.settings, name) for name in ("vpopmaildir", "qmaildir")} | {"bindir": str(tmp_path / "bin")}
    owner = 65533 if is_closed else os.getuid()
    Vpopmail(load({**place, "vpopuser": owner, "vpopgroup": owner})).install_programs()
    assert ("closed to uid 65533" in caplog.text) == is_closed


def test_installing_compiles_the_settings(site: Vpopmail) -> None:
    toml = Path(site.settings.etc_path("vpopmail.toml"))
    toml.write_text('log_name = "v"\n')
    toml.chmod(0o644)
    site.install_programs()
    compiled = Path(site.settings.etc_path("vpopmail.settings"))
    assert "log_name = v" in compiled.read_text()
    toml.unlink()
    compiled.unlink()


@pytest.mark.parametrize("ip", [IP, "2001:db8::1", "::ffff:192.0.2.1"])
def test_login_comes_from_the_bundle_and_loads_no_heavy_module(programs: Programs, ip: str) -> None:
    """By name: whoever adds one to this path must see it here."""
    text = Path(programs.path("vchkpw")).read_text().partition("\n")[2]
    code = text.replace("main(**", "import os, posix\nos.execve = lambda *a: show()\nmain(**")
    spy = (
        "import sys\n"
        "def show():\n"
        "    for name, module in sorted(sys.modules.items()):\n"
        "        print(name, type(getattr(module.__spec__, 'loader', None)).__name__)\n"
        "    raise SystemExit(0)\n"
    ) + code
    reading, writing = os.pipe()
    os.write(writing, JOES)
    os.close(writing)
    shown = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -IS -c "$1" /bin/true 3<&0', sys.executable, spy],
        stdin=reading, stdout=subprocess.PIPE, check=False, env={"TCPLOCALPORT": "25", "TCPREMOTEIP": ip}, text=True,
    ).stdout  # fmt: skip
    os.close(reading)
    loaders = dict(line.split() for line in shown.splitlines())
    heavy = {
        "attr", "typing", "typing_extensions", "re", "enum", "functools", "collections", "pathlib", "tomllib",
        "dataclasses", "contextlib", "threading", "logging", "hashlib", "hmac", "ctypes", "passlib", "ipaddress",
        "socket", "subprocess", "signal", "inspect", "warnings", "string", "random", "secrets", "site", "cdblib",
        "importlib", "importlib.metadata", "argparse", "syslog", "pwd", "grp",
    }  # fmt: skip
    if sys.version_info < (3, 13):
        assert not heavy & loaders.keys()
    else:
        assert not (heavy - {"ctypes"}) & loaders.keys()  # the way to crypt(3)
    ours = {name: loader for name, loader in loaders.items() if name.startswith("vpopmail.")}
    assert len(ours) > 40
    assert {name for name, loader in ours.items() if loader != "Bundle"} == {"vpopmail.bundle"}


# users of /etc/passwd


@needs_root
def test_user_of_passwd_logs_in_by_shadow_if_the_site_wants_it(site: Vpopmail, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    nobody = pwd.getpwnam("daemon")
    lets_in = Programs(site, root / "passwd", passwd=True)
    codes = {
        "daemon": 23 if _has_shadow("daemon") else 22,
        "root": 21,
        "no-such-user": 21,
        "daemon@example.com": 3,
        "joe@example.com": 0,
    }
    for name, code in codes.items():
        assert lets_in.run(credentials(name)).code == code, name
    assert nobody.pw_uid != 0


def _has_shadow(name: str) -> bool:
    with open("/etc/shadow") as file:
        return any(line.startswith(f"{name}:") for line in file)
