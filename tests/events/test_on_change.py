"""The script etc/onchange: what it is called with, and when."""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN
from vpopmail import Vpopmail, use

JOE = f"joe@{DOMAIN}"
LOG = '#!/bin/sh\nfor word in "$@"; do printf "[%s]" "$word"; done >> "{log}"\necho >> "{log}"\n{more}\n'


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Writes a script that notes its words; gives the file in which it does."""

    def write(more: str = "") -> Path:
        path = tmp_path / "v/etc/onchange"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LOG.format(log=tmp_path / "log", more=more))
        path.chmod(0o755)
        return tmp_path / "log"

    return write


def changes(site: Vpopmail) -> None:
    """One change of each kind that the script hears of."""
    with use(site):
        assert vpopmail.vadddomain(DOMAIN) == 0
        assert vpopmail.vadduser("joe", DOMAIN, "secret", "Joe", 0) == 0
        assert vpopmail.vpasswd("joe", DOMAIN, "changed", 0) == 0
        assert vpopmail.vsetuserquota("joe", DOMAIN, "10M") == 0
        assert vpopmail.vaddaliasdomain("alias.org", DOMAIN) == 0
        assert vpopmail.valias_insert("sales", DOMAIN, "&x@other.org") == 0
        assert vpopmail.valias_remove("sales", DOMAIN, "&x@other.org") == 0
        assert vpopmail.valias_delete("sales", DOMAIN) == 0
        assert vpopmail.vset_limits(DOMAIN, vpopmail.VLimits()) == 0
        assert vpopmail.vdeluser("joe", DOMAIN) == 0
        assert vpopmail.vdeldomain("alias.org") == 0
        assert vpopmail.vdeldomain(DOMAIN) == 0


def test_the_old_profile_gives_one_text(
    make_site: Callable[..., Vpopmail], script: Callable[..., Path]
) -> None:
    log = script()
    changes(make_site(onchange_script=True, profile="5.4"))
    assert log.read_text().splitlines() == [
        f"[add_domain][{DOMAIN}]",
        f"[add_user][{JOE}]",
        f"[mod_user][{JOE}]",
        f"[mod_user][{JOE}]",
        f"[add_alias_domain][alias.org {DOMAIN}]",
        f"[valias_insert][sales@{DOMAIN} - &x@other.org]",
        f"[valias_remove][sales@{DOMAIN} - &x@other.org]",
        f"[valias_delete][sales@{DOMAIN}]",
        f"[del_user][{JOE}]",
        f"[del_domain][alias.org alias of {DOMAIN}]",
        f"[del_domain][{DOMAIN}]",
    ]
    assert log.stat().st_mode & 0o777 == 0o600


def test_the_new_profile_gives_three_words(
    make_site: Callable[..., Vpopmail], script: Callable[..., Path]
) -> None:
    log = script()
    changes(make_site(onchange_script=True, profile="5.6"))
    lines = log.read_text().splitlines()
    assert lines[0] == f"[add_domain][{DOMAIN}][-][]"
    assert lines[4] == f"[add_alias_domain][alias.org][{DOMAIN}][]"
    assert lines[5] == f"[valias_insert][sales@{DOMAIN}][&x@other.org][]"


def test_a_deletion_is_told_of_before_it_happens_and_an_addition_after(
    make_site: Callable[..., Vpopmail], script: Callable[..., Path], tmp_path: Path
) -> None:
    home = tmp_path / "v/domains" / DOMAIN / "joe"
    log = script(f'test -d "{home}" && echo there >> "{tmp_path}/log"')
    site = make_site(onchange_script=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE)
    site.users.delete(JOE)
    words = [line for line in log.read_text().splitlines() if not line.startswith("[add_domain")]
    assert words == [f"[add_user][{JOE}][-][]", "there", f"[del_user][{JOE}][-][]", "there"]


def test_without_the_option_no_script_is_run(
    make_site: Callable[..., Vpopmail], script: Callable[..., Path]
) -> None:
    log = script()
    changes(make_site())
    assert not log.exists()


def test_in_silence_no_script_is_run(
    make_site: Callable[..., Vpopmail], script: Callable[..., Path]
) -> None:
    log = script()
    site = make_site(onchange_script=True)
    with site.silent():
        changes(site)
        with use(site):
            assert vpopmail.call_onchange("addmailinglist", "list") == 0
    assert not log.exists()


def test_no_lock_is_held_while_the_script_runs(
    make_site: Callable[..., Vpopmail], script: Callable[..., Path], tmp_path: Path
) -> None:
    helper = tmp_path / "helper.py"
    helper.write_text(
        "import vpopmail\n"
        f"vpopmail.configure(vpopmaildir={str(tmp_path / 'v')!r}, qmaildir={str(tmp_path / 'q')!r},\n"
        "    vpopuser=0, vpopgroup=0, sync=False, lock_timeout=0, check_caller=False)\n"
        f"assert vpopmail.valias_insert('noted', {DOMAIN!r}, '&x@other.org') == 0\n"
    )
    script(f'test "$1" = add_user && "{sys.executable}" "{helper}"')
    site = make_site(onchange_script=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE)
    assert site.aliases.get(f"noted@{DOMAIN}") == ["&x@other.org"]


def test_a_script_that_cannot_be_run_is_logged_and_the_change_is_made(
    make_site: Callable[..., Vpopmail],
    script: Callable[..., Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    script()
    path = tmp_path / "v/etc/onchange"
    path.chmod(0o644)
    site = make_site(onchange_script=True)
    with use(site), caplog.at_level(logging.WARNING):
        assert site.domains.add(DOMAIN).carried_out
        assert vpopmail.call_onchange("addmailinglist", "list") == errno.EACCES
        assert "not executable" in caplog.text
        path.chmod(0o777)
        assert vpopmail.call_onchange("addmailinglist", "list") == errno.EACCES
        assert "written by others" in caplog.text
        path.write_text("no program at all")
        path.chmod(0o755)
        assert vpopmail.call_onchange("addmailinglist", "list") == errno.EACCES
        path.unlink()
        assert vpopmail.call_onchange("addmailinglist", "list") == 0


def test_its_exit_status_is_the_result_of_a_call_by_hand(
    make_site: Callable[..., Vpopmail], script: Callable[..., Path]
) -> None:
    log = script("exit 3")
    site = make_site(onchange_script=True, profile="5.4")
    with use(site):
        assert vpopmail.call_onchange("delmailinglist", "list@example.com") == 3
        assert vpopmail.call_onchange("x", "a", "b") == 3
        assert site.domains.add(DOMAIN).carried_out
    assert log.read_text().splitlines()[:2] == ["[delmailinglist][list@example.com]", "[x][a b]"]
    with pytest.raises(TypeError):
        vpopmail.call_onchange(3)  # type: ignore[arg-type]
