"""The programs as people have them: from the wheel, and as launchers of a site; run by anybody."""

from __future__ import annotations

import os
import re
import signal
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import needs_root, settings_for
from vpopmail import Vpopmail
from vpopmail.settings import load

from .installation import ROOT, Installed, install, open_directory
from .programs import at_terminal

PROGRAMS = sorted(
    tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
)
OWNER = 65532  # of the site, when root makes it
NOBODY = 65534
LONGEST = 131000  # bytes, nearly what Linux takes for one word
JOE, AMY = "joe@example.com", "amy@example.com"
ODD = (
    b"x" * LONGEST, b"\xff\xfe\x80@example.com", b"joe@\xff.example", b"", b"a\nb@c\rd",
    b"../x@example.com",
)  # fmt: skip
# As in C, a word is a word.
WITHOUT_OPTIONS = {"vchangepw", "vmkpasswd", "vqmaillocal"}
# Without a word they have something to do.
WORDLESS = {"clearopensmtp", "vchangepw", "vdominfo", "vverifypw"}
LAUNCHERS = """
from vpopmail import Config, Vpopmail
with Vpopmail(Config.load()) as site:
    site.install_programs()
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Vpopmail]:
    """A site of another user than root, with two users."""
    owner = OWNER if os.geteuid() == 0 else os.geteuid()
    options = {"vpopuser": owner, "vpopgroup": owner, "profile": "5.4"}
    with open_directory() as base, Vpopmail(load(settings_for(base, **options))) as made:
        made.prepare()
        made.domains.add("example.com")
        for address in (AMY, JOE):
            made.users.add(address, "s3cret")
        yield made


@pytest.fixture(scope="module")
def programs() -> Iterator[Path]:
    """The directory of the console scripts."""
    with open_directory() as top:
        yield install(top)


@pytest.fixture(scope="module")
def scripts(programs: Path, site: Vpopmail) -> Installed:
    return Installed(programs, site)


@pytest.fixture(scope="module")
def launchers(scripts: Installed, site: Vpopmail) -> Installed:
    """The launchers that the installed package has written for the site."""
    ran = scripts.run("python", "-c", LAUNCHERS)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    return Installed(Path(site.settings.bindir), site)


@pytest.fixture(params=["scripts", "launchers"])
def installed(request: pytest.FixtureRequest) -> Installed:
    found: Installed = request.getfixturevalue(request.param)
    return found


# what they say to anything that comes


def check(ran: tuple[int, str, str], program: str) -> str:
    """That a program ended by itself without a traceback; what it told."""
    code, out, err = ran
    assert "Traceback" not in out + err, program
    assert "should not happen" not in err, err
    assert code >= 0
    return out + err


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_words_it_tells_what_it_wants_or_does_it(scripts: Installed, program: str) -> None:
    told = check(scripts.run(program, IP_ALIAS_DOMAINS="yes"), program)
    assert told
    assert program in told or program in {*WORDLESS, "dotqmail2valias"}


@pytest.mark.parametrize("program", [name for name in PROGRAMS if name not in WITHOUT_OPTIONS])
def test_unknown_option_and_missing_value_get_the_usage(scripts: Installed, program: str) -> None:
    ran = scripts.run(program, "-\u00e4", IP_ALIAS_DOMAINS="yes")
    usage = check(ran, program)
    assert ran.code != 0
    assert program in usage or program == "dotqmail2valias"
    # Options with a value, as the usage text has them.
    for letter in re.findall(r"^ +-(\w) [a-z@.\d]+  ", usage, re.M):
        ran = scripts.run(program, f"-{letter}")
        assert ran.code != 0
        assert f"requires an argument -- '{letter}'" in check(ran, program)


@pytest.mark.parametrize("program", PROGRAMS)
def test_odd_words_are_told_in_a_line(scripts: Installed, program: str) -> None:
    for word in ODD:
        check(scripts.run(program, word, b"x"), program)


@pytest.mark.parametrize("program", PROGRAMS)
def test_site_that_is_not_there_is_told(scripts: Installed, program: str, tmp_path: Path) -> None:
    none = {"VPOPMAILDIR": str(tmp_path / "v"), "QMAILDIR": str(tmp_path / "q")}
    for word in (JOE, "example.com"):
        check(scripts.run(program, word, **none), program)
        check(scripts.run(program, word, VPOPUSER="no-such-user"), program)
    assert list(tmp_path.iterdir()) == []


@needs_root
@pytest.mark.parametrize("program", PROGRAMS)
def test_settings_that_may_not_be_read_are_told(scripts: Installed, program: str) -> None:
    with open_directory() as base:
        (base / "etc").mkdir()
        (base / "etc/vpopmail.toml").write_text("")
        (base / "etc/vpopmail.toml").chmod(0o600)
        words = ("domain", "list") if program == "vpopmail" else ("example.com",)
        ran = scripts.run(program, *words, uid=NOBODY, VPOPMAILDIR=str(base))
    told = check(ran, program)
    assert "vpopmail.toml" in told or program in {"vkill", "vqmaillocal"}


@needs_root
@pytest.mark.parametrize("program", PROGRAMS)
def test_nobody_learns_and_changes_nothing(scripts: Installed, program: str, site: Vpopmail) -> None:
    before = [repr(user) for user in site.users.iter("example.com")]
    for words in (
        (JOE,), ("example.com",), (JOE, "another-S3cret"), ("example.com", "alias.example"),
        (b"joe\xff@example.com",),
    ):  # fmt: skip
        told = check(scripts.run(program, *words, uid=NOBODY, text=f"{JOE}\n"), program)
        assert site.users.get(JOE).pw_passwd not in told
    assert [repr(user) for user in site.users.iter("example.com")] == before
    assert "alias.example" not in site.domains


# in the hands of people


@needs_root
def test_users_are_managed_by_the_owner_of_the_domains(installed: Installed, site: Vpopmail) -> None:
    assert installed.run("vadduser", "new@example.com", "s3cret", uid=OWNER) == (0, "", "")
    ran = installed.run("vuserinfo", "-d", "new@example.com", uid=OWNER)
    assert ran == (0, f"{site.domains.get('example.com').path}/new\n", "")
    assert os.stat(ran.out.strip()).st_uid == OWNER
    assert installed.run("vdeluser", "new@example.com", uid=OWNER) == (0, "", "")
    assert "new@example.com" not in site.users


@needs_root
def test_domains_are_managed_by_root_alone(installed: Installed, site: Vpopmail) -> None:
    words = ("vaddaliasdomain", "example.com", "new.example")
    for uid in (OWNER, NOBODY):
        ran = installed.run(*words, uid=uid)
        assert ran.code not in (0, 1) and ran.out.startswith("Error: ")
        assert "new.example" not in site.domains
    assert installed.run(*words) == (0, "", "")
    assert site.domains.get("new.example").realdomain == "example.com"
    assert installed.run("vdeldomain", "new.example") == (0, "", "")


def test_a_pipeline_takes_what_it_wants(installed: Installed, site: Vpopmail) -> None:
    assert installed.shell("vuserinfo -n -D example.com | head -n 1") == (0, "amy\n", "")
    ran = installed.shell(
        'vdominfo | while read -r key value; do test "$key" = domain: && echo "<$value>"; done; true'
    )
    assert ran == (0, "<example.com>\n", "")
    loop = "vuserinfo -n -D example.com | while read -r name; do vuserinfo -c $name@example.com; done"
    assert installed.shell(loop) == (0, "amy\njoe\n", "")


def test_reader_who_leaves_ends_a_long_list_quietly(installed: Installed, site: Vpopmail) -> None:
    many = {f"many{number:04d}@example.com" for number in range(3000)}
    with site.batch():
        for address in many:
            site.users.add(address)
    try:
        assert installed.shell("vuserinfo -D example.com | head -n 1") == (0, "name:   amy\n", "")
    finally:
        with site.batch():
            for address in many:
                site.users.delete(address)


def test_closed_standard_output_does_no_harm(installed: Installed, site: Vpopmail) -> None:
    for line in ("vdominfo >&-", "vuserinfo -D example.com >&-", "vadduser shut@example.com s3cret >&- 2>&-"):
        ran = installed.shell(line)
        assert "Traceback" not in ran.err
        assert ran.out == ""
    assert "shut@example.com" in site.users
    assert installed.shell("vdeluser shut@example.com <&- >&- 2>&-").code == 0
    assert "shut@example.com" not in site.users


def test_password_is_asked_for_at_the_terminal(installed: Installed, site: Vpopmail) -> None:
    line = [f"{installed.folder}/vadduser", "new@example.com"]
    asked = "Please enter password for new@example.com: "
    answers = [(asked, "s3cret-2\n"), ("enter password again: ", "s3cret-2\n")]
    code, shown = at_terminal(line, installed.environment(), answers)
    assert code == 0
    assert "s3cret-2" not in shown
    assert site.users.check_password("new@example.com", "s3cret-2")
    site.users.delete("new@example.com")


@pytest.mark.parametrize("key", ["\x03", "s3cret-2\n\x03"], ids=["at once", "in the middle"])
def test_control_c_at_the_prompt_ends_it_and_nothing_was_done(
    installed: Installed, site: Vpopmail, key: str
) -> None:
    line = [f"{installed.folder}/vadduser", "new@example.com"]
    first, _, second = key.rpartition("\n")
    answers = [("Please enter password for new@example.com: ", f"{first}\n" if first else second)]
    if first:
        answers.append(("enter password again: ", second))
    code, shown = at_terminal(line, installed.environment(), answers)
    assert code == -signal.SIGINT
    assert "Traceback" not in shown and "s3cret-2" not in shown
    assert "new@example.com" not in site.users


@needs_root
def test_launchers_know_their_site_without_being_told(launchers: Installed, site: Vpopmail) -> None:
    settings = Path(site.settings.vpopmaildir, "etc/vpopmail.toml")
    lines = [f"qmaildir = {site.settings.qmaildir!r}", f"vpopuser = {OWNER}", f"vpopgroup = {OWNER}"]
    settings.write_text("\n".join(lines).replace("'", '"') + "\n")
    settings.chmod(0o644)
    try:
        ran = launchers.shell(f"env -i {site.settings.bindir}/vuserinfo -n {JOE}", uid=OWNER)
        assert ran == (0, "joe\n", "")
    finally:
        settings.unlink()
