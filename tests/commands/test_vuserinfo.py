"""vuserinfo as administrators and scripts use it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import needs_root, tree
from vpopmail import Vpopmail

from .conftest import DOMAIN, JOE, NOBODY, VPOPMAIL
from .programs import command, environment, run, run_as

AMY = f"amy@{DOMAIN}"
CRYPTED = "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1"
# What a process says of its own memory: for a child the parent's counts until the exec.
SPY = """
import sys
from vpopmail.commands.vuserinfo import main
try:
    main()
finally:
    print(open("/proc/self/status").read(), file=sys.stderr)
"""
SEPARATOR = "-" * 42 + "\n"


@pytest.fixture
def old(make_site: Callable[..., Vpopmail]) -> Vpopmail:
    """A site of the earlier release, where joe's clear password is kept."""
    site = make_site(profile="5.4")
    site.domains.add(DOMAIN)
    site.users.add(JOE, "s3cret", gecos="Joe User", quota="1000S")
    return site


def home_of(site: Vpopmail) -> Path:
    return Path(site.users.get(JOE).pw_dir)


def test_all_is_shown(old: Vpopmail) -> None:
    old.users.update(JOE, set_flags=vpopmail.NO_POP | vpopmail.QA_ADMIN)
    old.limits.set(DOMAIN, vpopmail.VLimits(disable_pop=1, disable_imap=1))
    (home_of(old) / "Maildir/new/1.host").write_text("x" * 300)
    (home_of(old) / "Maildir/maildirsize").unlink()
    (home_of(old) / "lastauth").write_text("192.0.2.7")
    os.utime(home_of(old) / "lastauth", (1, 1790000000))
    user = old.users.get(JOE)
    assert run(old, "vuserinfo", JOE) == (
        0,
        f"""\
name:   joe
passwd: {user.pw_passwd}
clear passwd: s3cret
comment/gecos: Joe User
uid:    1
gid:    4098
flags:  4106
gecos: Joe User
limits:
        pop access closed
        imap access closed (*)
        has qmailadmin administrator access
        * = set by domain-wide limits
dir:       {user.pw_dir}
quota:     1000S
usage:     30%
last auth: {time.asctime(time.localtime(1790000000))}
last auth ip: 192.0.2.7
""",
        "",
    )


def test_time_is_that_of_the_place(old: Vpopmail, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(home_of(old) / "lastauth", (0, 0))
    monkeypatch.setenv("TZ", "UTC-5")
    assert run(old, "vuserinfo", "-l", JOE).out == (
        "account created: Thu Jan  1 05:00:00 1970\nlast auth: Never logged in\n"
    )


def test_home_without_a_note_has_never_seen_a_login(old: Vpopmail) -> None:
    (home_of(old) / "lastauth").unlink()
    assert run(old, "vuserinfo", "-l", JOE).out == "last auth: Never logged in\n"


def test_logins_are_not_shown_where_they_are_not_kept(old: Vpopmail) -> None:
    assert "last auth" not in run(old, "vuserinfo", JOE, AUTH_LOGGING="no").out
    assert run(old, "vuserinfo", "-l", JOE, AUTH_LOGGING="no") == (0, "", "")


def test_user_whose_home_is_gone_is_shown_all_the_same(old: Vpopmail) -> None:
    home = home_of(old)
    home.rename(home.with_name("elsewhere"))
    out = run(old, "vuserinfo", JOE).out
    assert out.endswith("usage:     0%\nlast auth: Never logged in\n")


def test_fields_come_bare_and_in_one_order(old: Vpopmail) -> None:
    user = old.users.get(JOE)
    assert run(old, "vuserinfo", "-Qq", "-dcguCpn", JOE).out == (
        f"joe\n{user.pw_passwd}\ns3cret\n1\n0\nJoe User\n{user.pw_dir}\n1000S\n0%\n"
    )
    assert run(old, "vuserinfo", "-na", JOE).out == run(old, "vuserinfo", JOE).out


def test_quota_that_is_none_is_not_counted(old: Vpopmail) -> None:
    old.users.set_quota(JOE, "NOQUOTA")
    assert run(old, "vuserinfo", "-qQ", JOE).out == "NOQUOTA\nNOQUOTA\n"


def test_later_release_says_that_no_clear_password_is_kept(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(profile="5.6")
    site.domains.add(DOMAIN)
    site.users.add(JOE, "s3cret")
    assert run(site, "vuserinfo", "-C", JOE).out == "(null)\n"
    assert "\nclear passwd: (null)\n" in run(site, "vuserinfo", JOE).out


def test_earlier_release_shows_none(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(profile="5.4", clear_passwd=False)
    site.domains.add(DOMAIN)
    site.users.add(JOE, "s3cret")
    assert run(site, "vuserinfo", "-C", JOE, CLEAR_PASSWD="no").out == "\n"


def test_bytes_that_are_no_text_come_out_as_they_are_stored(old: Vpopmail) -> None:
    path = Path(old.domains.get(DOMAIN).path, "vpasswd")
    path.write_bytes(b"j\xf6e:x:1:0:J\xf6e:/none:NOQUOTA:\n")
    Path(f"{path}.cdb").unlink()
    done = subprocess.run(
        command("vuserinfo", "-c", "-n", "-D", DOMAIN), env=environment(old), capture_output=True
    )
    assert done.stdout == b"j\xf6e\nJ\xf6e\n"


# domains


@pytest.mark.parametrize(("profile", "above"), [("5.4", ""), ("5.6", SEPARATOR)])
def test_users_of_a_domain_are_shown_one_after_the_other(
    make_site: Callable[..., Vpopmail], profile: str, above: str
) -> None:
    site = make_site(profile=profile)
    site.domains.add(DOMAIN)
    site.domains.add_alias("alias.org", DOMAIN)
    site.users.add(JOE, crypted=CRYPTED, quota="10M")
    site.users.add(AMY, crypted=CRYPTED)
    each = [run(site, "vuserinfo", address).out for address in (AMY, JOE)]
    assert run(site, "vuserinfo", "-D", "Alias.org") == (0, above + above.join(each), "")
    assert run(site, "vuserinfo", "-nD", DOMAIN).out == f"{above}amy\n{above}joe\n"


def test_domain_without_users_shows_nothing(site: Vpopmail) -> None:
    site.domains.add(DOMAIN)
    assert run(site, "vuserinfo", "-D", DOMAIN) == (0, "", "")


def test_unknown_domain_is_told(site: Vpopmail) -> None:
    site.domains.add(DOMAIN)
    assert run(site, "vuserinfo", "-D", "missing.org") == (245, "Error: Domain does not exist\n", "")


def test_memory_does_not_grow_with_the_domain(old: Vpopmail) -> None:
    few, many = _peak(old, 100), _peak(old, 60_000)
    assert many - few < 3000  # KiB; vpasswd itself has 6500 more


def _peak(site: Vpopmail, users: int) -> int:
    """The most memory, in KiB, that it takes to show so many users."""
    path = Path(site.domains.get(DOMAIN).path, "vpasswd")
    home = path.parent
    lines = [f"user{n:06}:{CRYPTED}:1:0:User {n}:{home}/user{n:06}:NOQUOTA:\n" for n in range(users)]
    path.write_text("".join(lines))
    spied = [sys.executable, "-c", SPY, "-D", DOMAIN]
    done = subprocess.run(
        spied, env=environment(site, AUTH_LOGGING="no"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, check=True,
    )  # fmt: skip
    [peak] = [line for line in done.stderr.splitlines() if line.startswith("VmHWM")]
    return int(peak.split()[1])


def test_reader_who_goes_away_ends_it_quietly(old: Vpopmail) -> None:
    _peak(old, 5000)
    line = " ".join([*command("vuserinfo", "-D", DOMAIN), "| head -1"])
    done = subprocess.run(["/bin/sh", "-c", line], env=environment(old), capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("name:   user000000\n", "")


# who may


@pytest.mark.parametrize(
    ("address", "told"),
    [(AMY, AMY), (AMY.upper(), AMY), ("amy@missing.org", "amy@missing.org"), ("amy", "amy")],
)
def test_who_is_not_there_is_told(old: Vpopmail, address: str, told: str) -> None:
    ran = run(old, "vuserinfo", address)
    if os.geteuid() == 0 or address.lower() == AMY:
        assert ran == (255, f"no such user {told}\n", "")


def test_nothing_is_written(old: Vpopmail) -> None:
    (home_of(old) / "Maildir/maildirsize").unlink()
    top = Path(old.settings.vpopmaildir)
    before = tree(top)
    run(old, "vuserinfo", JOE)
    run(old, "vuserinfo", "-D", DOMAIN)
    assert tree(top) == before


@needs_root
def test_owner_of_the_domain_sees_what_root_sees(owned: Vpopmail) -> None:
    for words in ((JOE,), ("-D", DOMAIN)):
        assert run_as(VPOPMAIL, owned, "vuserinfo", *words) == run(owned, "vuserinfo", *words)


@needs_root
@pytest.mark.parametrize(
    "words", [(JOE,), ("-n", AMY), ("-D", DOMAIN), ("joe@missing.org",), ("-D", "missing.org")]
)
def test_nobody_sees_nothing(owned: Vpopmail, words: tuple[str, ...]) -> None:
    assert run_as(NOBODY, owned, "vuserinfo", *words) == (1, "Error: unable to setuid\n", "")
