"""vmakedotqmail as an administrator runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import needs_root
from vpopmail import Vpopmail

from .conftest import AMY, BOB, JOE
from .programs import Ran, run

LINES = "|preline -f dovecot-lda -d $EXT@$USER\n"
RULE = "=" * 66 + "\n"


@pytest.fixture
def control(site: Vpopmail, three_users: None) -> Path:
    """control/defaultdelivery of a site with users."""
    path = Path(site.settings.qmaildir, "control/defaultdelivery")
    path.write_text(LINES)
    return path


def make(site: Vpopmail, *words: str, **options: str) -> Ran:
    return run(site, "vmakedotqmail", *words, DEFAULTDELIVERY="yes", **options)


def own_file(site: Vpopmail, address: str) -> Path:
    return Path(site.users.get(address).pw_dir, ".qmail")


def test_user_gets_the_file_of_the_site(site: Vpopmail, control: Path) -> None:
    assert make(site, "-u", JOE) == (0, f"{JOE} DONE\n", "")
    path = own_file(site, JOE)
    assert path.read_text() == LINES
    assert path.stat().st_mode & 0o7777 == 0o600
    assert not own_file(site, AMY).exists()


def test_file_that_is_there_is_kept(site: Vpopmail, control: Path) -> None:
    own_file(site, JOE).write_text("&elsewhere@example.net\n")
    assert make(site, "-u", "JOE@alias.example") == (0, f"{JOE} SKIP (.qmail already exists)\n", "")
    assert own_file(site, JOE).read_text() == "&elsewhere@example.net\n"


def test_file_that_is_there_is_replaced_if_wanted(site: Vpopmail, control: Path) -> None:
    own_file(site, JOE).write_text("&elsewhere@example.net\n")
    assert make(site, "-o", "-u", JOE) == (0, f"{JOE} DONE (existing .qmail overwritten)\n", "")
    assert own_file(site, JOE).read_text() == LINES


def test_file_is_removed(site: Vpopmail, control: Path) -> None:
    own_file(site, JOE).write_text("x\n")
    control.unlink()
    assert make(site, "-r", "-u", JOE) == (0, f"{JOE} REMOVED existing .qmail\n", "")
    assert not own_file(site, JOE).exists()
    assert make(site, "-r", "-u", JOE) == (0, "", "")


def test_all_users_of_a_domain_are_told_between_lines(site: Vpopmail, control: Path) -> None:
    told = f"{RULE}Domain: example.com\n\n{AMY} DONE\n{JOE} DONE\n{RULE}\n"
    assert make(site, "-d", "alias.example") == (0, told, "")
    assert not own_file(site, BOB).exists()


@pytest.mark.parametrize("option", ["-A", "-a"])
def test_all_domains_without_alias_domains(site: Vpopmail, control: Path, option: str) -> None:
    ran = make(site, option)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "SKIP domain: alias.example (alias of example.com)\n"
        f"{RULE}Domain: example.com\n\n{AMY} DONE\n{JOE} DONE\n{RULE}\n"
        f"{RULE}Domain: example.org\n\n{BOB} DONE\n{RULE}\n"
    )


def test_trial_changes_nothing(site: Vpopmail, control: Path) -> None:
    own_file(site, AMY).write_text("x\n")
    before = Path(site.domains.get("example.com").path, ".qmail-default").read_bytes()
    for words, told in (
        (("-t",), f"**TESTING** {AMY} SKIP (.qmail already exists)\n**TESTING** {JOE} DONE\n"),
        (("-to",), f"**TESTING** {AMY} DONE (existing .qmail overwritten)\n**TESTING** {JOE} DONE\n"),
        (("-tr",), f"**TESTING** {AMY} REMOVED existing .qmail\n"),
        (("-tq", "|x"), '**TESTING** example.com: rewriting .qmail-default: "|x": DONE\n'),
    ):
        assert make(site, *words, "-d", "example.com").out == f"{RULE}Domain: example.com\n\n{told}{RULE}\n"
    assert own_file(site, AMY).read_text() == "x\n"
    assert not own_file(site, JOE).exists()
    assert Path(site.domains.get("example.com").path, ".qmail-default").read_bytes() == before


def test_default_delivery_of_a_domain_becomes_the_text_as_it_stands(site: Vpopmail, control: Path) -> None:
    path = Path(site.domains.get("example.com").path, ".qmail-default")
    path.write_text("|one\n|two\n")
    told = f'{RULE}Domain: example.com\n\nexample.com: rewriting .qmail-default: "|lda": DONE\n{RULE}\n'
    assert make(site, "-q", "|lda", "-d", "example.com") == (0, told, "")
    assert path.read_text() == "|lda"
    assert not own_file(site, JOE).exists()


def test_word_default_lets_vdelivermail_delete(site: Vpopmail, control: Path) -> None:
    ran = make(site, "-oq", "default", "-A")
    assert ran.code == 0
    for name in ("example.com", "example.org"):
        line = f"| {site.settings.bindir}/vdelivermail '' delete"
        assert Path(site.domains.get(name).path, ".qmail-default").read_text() == f"{line}\n"
        assert f'{name}: rewriting .qmail-default: "{line}": DONE\n' in ran.out
        assert site.default_delivery.get(name) == "delete"
    assert own_file(site, JOE).read_text() == LINES


@pytest.mark.parametrize("text", ["", "# a comment", "|a\x07b"])
def test_text_that_delivers_nothing_is_refused(site: Vpopmail, control: Path, text: str) -> None:
    before = site.default_delivery.get("example.com")
    ran = make(site, "-q", text, "-d", "example.com")
    assert ran.code == 255
    assert "Error: " in ran.out
    assert site.default_delivery.get("example.com") == before


def test_rewriting_needs_domains(site: Vpopmail, control: Path) -> None:
    told = "If using -q, always pass argument -d <domain> or -A (all)\n"
    assert make(site, "-q", "default") == (255, told, "")
    assert make(site, "-q", "default", "-u", JOE) == (255, told, "")


def test_file_that_would_come_back_to_vdelivermail_is_not_copied(site: Vpopmail, control: Path) -> None:
    control.write_text("# vdelivermail\n|/home/vpopmail/bin/vdelivermail '' delete\n")
    told = "SKIP (control/defaultdelivery already has vdelivermail)\n"
    assert make(site, "-A") == (0, told, "")
    assert not own_file(site, JOE).exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("-d", "missing.example"), 255, "Error: Domain missing.example does not exist\n"),
        (("-u", "ann@example.com"), 246, "Error: User does not exist\n"),
        (("-u", "ann@missing.example"), 246, "Error: User does not exist\n"),
        (("-u", "a:b@example.com"), 255, "Error: Illegal username\n"),
    ],
)
def test_what_is_not_there_is_told(
    site: Vpopmail, control: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    ran = make(site, *words)
    assert (ran.code, ran.out) == (code, told)


@pytest.mark.parametrize("words", [(), ("-t",), ("-h",), ("-Z", "-A"), ("-u",), (JOE,)])
def test_words_that_do_not_fit_get_the_usage(site: Vpopmail, control: Path, words: tuple[str]) -> None:
    ran = make(site, *words)
    assert ran.code == 255
    assert ran.out.startswith("vmakedotqmail: usage: ")
    assert not own_file(site, JOE).exists()


def test_site_without_default_delivery_says_so(site: Vpopmail, control: Path) -> None:
    ran = run(site, "vmakedotqmail", "-A")
    assert (ran.code, ran.out) == (255, "")
    assert ran.err.startswith("You must enable defaultdelivery ")


def test_without_the_file_of_the_site_nothing_is_done(site: Vpopmail, control: Path) -> None:
    control.unlink()
    ran = make(site, "-A")
    assert (ran.code, ran.out) == (255, "")
    assert ran.err.startswith("vmakedotqmail: ") and "control/defaultdelivery" in ran.err


# what the owner of a mailbox may have put there


def test_link_in_the_place_of_the_file_is_replaced_and_not_followed(
    site: Vpopmail, control: Path, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    own_file(site, JOE).symlink_to(target)
    assert make(site, "-u", JOE).out == f"{JOE} SKIP (.qmail already exists)\n"
    assert make(site, "-o", "-u", JOE).code == 0
    assert not own_file(site, JOE).is_symlink()
    own_file(site, AMY).symlink_to(tmp_path / "nothing")
    assert make(site, "-r", "-u", AMY).code == 0
    assert target.read_text() == "precious"
    assert not (tmp_path / "nothing").exists()


def test_link_in_the_place_of_a_home_keeps_nobody_else_from_his_file(
    site: Vpopmail, control: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    home = own_file(site, AMY).parent
    home.rename(home.with_name("away"))
    home.symlink_to(elsewhere)
    ran = make(site, "-A")
    assert ran.code == 255
    assert ran.err.startswith(f"vmakedotqmail: {AMY}: ")
    assert f"{JOE} DONE\n" in ran.out and AMY not in ran.out
    assert list(elsewhere.iterdir()) == []


def test_home_outside_of_the_domain_is_passed_over(site: Vpopmail, control: Path, tmp_path: Path) -> None:
    user = site.users.get(AMY)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    user.pw_dir = str(elsewhere)
    site.users.store(user, "example.com")
    ran = make(site, "-d", "example.com")
    assert ran.code == 255
    assert "no home below that of the domain" in ran.err
    assert list(elsewhere.iterdir()) == []


def test_directory_in_the_place_of_the_file_is_told(site: Vpopmail, control: Path) -> None:
    own_file(site, AMY).mkdir()
    for option in ("-o", "-r"):
        ran = make(site, option, "-d", "example.com")
        assert ran.code == 255
        assert ran.err.startswith(f"vmakedotqmail: {AMY}: ")
    assert list(own_file(site, AMY).parent.glob(".qmail.*")) == []


@needs_root
def test_file_belongs_to_the_owner_of_the_domain(site: Vpopmail, control: Path) -> None:
    site.domains.add("other.example", uid=1234, gid=1235)
    site.users.add("eve@other.example")
    assert make(site, "-d", "other.example").code == 0
    status = os.stat(own_file(site, "eve@other.example"))
    assert (status.st_uid, status.st_gid) == (1234, 1235)
