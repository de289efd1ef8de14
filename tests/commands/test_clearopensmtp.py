"""clearopensmtp as cron runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.concurrency.c_tool import locked
from vpopmail import Vpopmail

from . import programs
from .programs import Ran

OLD = '192.0.2.1:allow,RELAYCLIENT="",RBLSMTPD=""\t1000\n'
UNDATED = '192.0.2.2:allow,RELAYCLIENT="",RBLSMTPD=""\n'
NEW = '192.0.2.3:allow,RELAYCLIENT="",RBLSMTPD=""\t99999999999\n'


def run(site: Vpopmail, *words: str, **options: str) -> Ran:
    """Run the program on a site that lets users in from everywhere."""
    return programs.run(site, "clearopensmtp", *words, **{"ROAMING_USERS": "yes", **options})


@pytest.fixture
def etc(site: Vpopmail) -> Path:
    path = Path(site.settings.vpopmaildir, "etc")
    (path / "open-smtp").write_text(OLD + UNDATED + NEW)
    return path


def test_old_addresses_and_those_without_a_time_go_and_the_rules_are_compiled(
    site: Vpopmail, etc: Path
) -> None:
    (etc / "tcp.smtp").write_text("127.:allow\n")
    assert run(site) == (0, "", "")
    assert (etc / "open-smtp").read_text() == NEW
    data = (etc / "tcp.smtp.cdb").read_bytes()
    assert b"127." in data and b"192.0.2.3+RELAYCLIENT=" in data and b"192.0.2.2" not in data


def test_the_minutes_are_those_of_the_site(site: Vpopmail, etc: Path) -> None:
    site.relay.note("192.0.2.9")
    assert run(site, RELAY_CLEAR_MINUTES="1") == (0, "", "")
    assert list(site.relay) == ["192.0.2.3", "192.0.2.9"]


def test_without_roaming_users_it_says_so_and_does_nothing(site: Vpopmail, etc: Path) -> None:
    said = "vpopmail not configure with --enable-roaming-users\n"
    assert run(site, ROAMING_USERS="no") == (0, said, "")
    assert (etc / "open-smtp").read_text() == OLD + UNDATED + NEW


def test_a_site_without_addresses_gets_its_rules_compiled(site: Vpopmail) -> None:
    assert run(site) == (0, "", "")
    assert sorted(os.listdir(f"{site.settings.vpopmaildir}/etc")) == [
        "open-smtp.lock", "tcp.smtp.cdb", "vlimits.default",
    ]  # fmt: skip


def test_rules_that_cannot_be_compiled_are_told(site: Vpopmail, etc: Path) -> None:
    (etc / "tcp.smtp").write_text("127.:perhaps\n")
    code, out, err = run(site)
    assert (code, out) == (239, "Error: Could not update file\n")
    assert "unable to parse this line: 127.:perhaps" in err
    assert not (etc / "tcp.smtp.cdb").exists()


def test_a_file_that_cannot_be_written_is_255(site: Vpopmail, etc: Path) -> None:
    (etc / "open-smtp").unlink()
    (etc / "open-smtp").mkdir()
    code, out, err = run(site)
    assert (code, out) == (255, "Error, could not create open-smtp.tmp\n")
    assert "open-smtp" in err


def test_options_are_refused_for_it_has_none(site: Vpopmail, etc: Path) -> None:
    code, out, err = run(site, "-a", "5")
    assert (code, err) == (255, "clearopensmtp: invalid option -- 'a'\n")
    assert out.startswith("clearopensmtp: usage: ")
    assert (etc / "open-smtp").read_text() == OLD + UNDATED + NEW


def test_rules_are_compiled_under_the_lock_of_a_login_that_goes_on(site: Vpopmail, etc: Path) -> None:
    (etc / "open-smtp.lock").touch()
    with locked(etc / "open-smtp.lock"):
        assert run(site).code == 239
    assert (etc / "open-smtp").read_text() == OLD + UNDATED + NEW


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("BACKEND", "nothing-of-that-name", "nothing-of-that-name"),
        ("RELAY_CLEAR_MINUTES", "soon", "VPOPMAIL_RELAY_CLEAR_MINUTES = 'soon'"),
        ("VPOPUSER", "nobody-of-that-name", "there is no such user"),
    ],
)
def test_a_wrong_setting_is_told_before_anything(site: Vpopmail, name: str, value: str, text: str) -> None:
    code, out, err = run(site, **{name: value})
    assert code > 100
    assert out == ""
    reason, c_text = err.splitlines()
    assert reason.startswith("clearopensmtp: ") and text in reason
    assert c_text.startswith("Error - ") and c_text.endswith(". Initial open.")


def test_it_is_installed_by_its_name() -> None:
    from importlib.metadata import entry_points

    (entry,) = entry_points(group="console_scripts", name="clearopensmtp")
    assert entry.load().__module__ == "vpopmail.commands.clearopensmtp"
