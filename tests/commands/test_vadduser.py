"""vadduser as administrators and scripts use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_root, tree
from vpopmail import Vpopmail

from .conftest import DOMAIN, JOE, NOBODY, VPOPMAIL
from .programs import run, run_as, run_at_terminal

AMY = f"amy@{DOMAIN}"
CRYPTED = "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1"


def test_user_has_password_comment_and_quota_at_once(site: Vpopmail, home: Path) -> None:
    assert run(site, "vadduser", "-q", "10m,5c", "-c", "Amy A.", AMY, "geheim") == (0, "", "")
    user = site.users.get(AMY)
    assert (user.pw_gecos, user.pw_shell) == ("Amy A.", "10485760S,5C")
    assert site.users.check_password(AMY, "geheim")
    assert (home / "amy/Maildir/maildirsize").read_text() == "10485760S,5C\n0 0\n"


def test_comment_is_the_name_and_quota_that_of_the_limits_if_none_is_given(site: Vpopmail, home: Path) -> None:
    limits = site.limits.get(DOMAIN)
    limits.defaultquota = 5000
    site.limits.set(DOMAIN, limits)
    assert run(site, "vadduser", AMY, "geheim").code == 0
    user = site.users.get(AMY)
    assert (user.pw_gecos, user.pw_shell) == ("amy", "5000S")


def test_one_event_tells_of_the_user_with_quota_and_password(
    make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    site = make_site(onchange_script=True)
    site.domains.add(DOMAIN)
    script = Path(site.settings.vpopmaildir, "etc/onchange")
    script.write_text(f'#!/bin/sh\necho $1 $2 >>{tmp_path}/told\n')
    script.chmod(0o755)
    run(site, "vadduser", "-q", "1M", "-e", CRYPTED, AMY, ONCHANGE_SCRIPT="yes")
    assert (tmp_path / "told").read_text() == f"add_user {AMY}\n"


# passwords


def test_password_is_asked_for_at_the_terminal_until_both_answers_are_the_same(
    site: Vpopmail, home: Path
) -> None:
    answers = [
        (f"Please enter password for {AMY}: ", "one\n"),
        ("enter password again: ", "other\n"),
        ("Passwords do not match, try again\n", ""),
        (f"Please enter password for {AMY}: ", "geheim\n"),
        ("enter password again: ", "geheim\n"),
    ]
    code, shown = run_at_terminal(site, "vadduser", AMY, answers=[pair for pair in answers if pair[1]])
    assert code == 0
    assert shown == (
        f"Please enter password for {AMY}: \nenter password again: \n"
        "Passwords do not match, try again\n"
        f"Please enter password for {AMY}: \nenter password again: \n"
    )
    assert site.users.check_password(AMY, "geheim")


def test_password_comes_from_standard_input_where_there_is_no_terminal(site: Vpopmail, home: Path) -> None:
    ran = run(site, "vadduser", "Amy@Example.COM", text="geheim\ngeheim\n")
    assert ran == (0, "", "Please enter password for Amy@Example.COM: enter password again: ")
    assert site.users.check_password(AMY, "geheim")


@pytest.mark.parametrize("words", [(), ("",)])
def test_without_a_password_nobody_is_added(site: Vpopmail, home: Path, words: tuple[str, ...]) -> None:
    ran = run(site, "vadduser", AMY, *words)
    assert ran.code == 255
    assert ran.out.startswith("Error: No password entered\nvadduser: usage: ")
    assert AMY not in site.users


@pytest.mark.parametrize(
    ("profile", "option", "length"), [("5.4", "-r", 8), ("5.6", "-r", 12), ("5.4", "-r20", 20), ("5.6", "-r1", 1)]
)
def test_random_password_is_printed_and_lets_in(
    make_site: Callable[..., Vpopmail], profile: str, option: str, length: int
) -> None:
    site = make_site(profile=profile)
    site.domains.add(DOMAIN)
    ran = run(site, "vadduser", option, AMY)
    assert (ran.code, ran.err) == (0, "")
    password = ran.out.removeprefix("Random password: ").removesuffix("\n")
    assert len(password) == length
    assert site.users.check_password(AMY, password)


@pytest.mark.parametrize("length", ["0", "x", "1x", "-1", "", "9" * 5000])
def test_random_password_of_no_length_is_refused(site: Vpopmail, home: Path, length: str) -> None:
    ran = run(site, "vadduser", f"-r{length or '00'}", AMY)
    assert ran.code in (255, 229)
    assert "Traceback" not in ran.err
    assert AMY not in site.users


@pytest.mark.parametrize(
    ("profile", "told"),
    [("5.4", "Error: password too long\n"), ("5.6", "Error: password too long (max=128)\n")],
)
def test_random_password_of_129_characters_is_too_long(
    make_site: Callable[..., Vpopmail], profile: str, told: str
) -> None:
    site = make_site(profile=profile)
    site.domains.add(DOMAIN)
    assert run(site, "vadduser", "-r129", AMY) == (229, told, "")


def test_given_password_beside_a_random_one_counts_in_the_earlier_release_and_is_refused_later(
    make_site: Callable[..., Vpopmail],
) -> None:
    site = make_site(profile="5.4")
    site.domains.add(DOMAIN)
    assert run(site, "vadduser", "-r", AMY, "geheim") == (0, "Random password: geheim\n", "")
    assert site.users.check_password(AMY, "geheim")
    ran = run(make_site(profile="5.6"), "vadduser", "-r", f"ann@{DOMAIN}", "geheim")
    assert ran == (255, "Error: don't use -r option when giving password on command line\n", "")
    assert f"ann@{DOMAIN}" not in site.users


def test_crypt_string_is_stored_without_a_question_and_without_a_clear_password(
    site: Vpopmail, home: Path
) -> None:
    assert run(site, "vadduser", "-e", CRYPTED, AMY) == (0, "", "")
    user = site.users.get(AMY)
    assert (user.pw_passwd, user.pw_clear_passwd) == (CRYPTED, "")


def test_user_without_a_password_cannot_log_in(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(profile="5.4")
    site.domains.add(DOMAIN)
    assert run(site, "vadduser", "-n", AMY, "ignored") == (0, "", "")
    user = site.users.get(AMY)
    assert (user.pw_passwd, user.pw_clear_passwd) == ("", "")


def test_later_release_has_no_users_without_a_password(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(profile="5.6")
    site.domains.add(DOMAIN)
    ran = run(site, "vadduser", "-n", AMY)
    assert (ran.code, ran.err) == (255, "vadduser: invalid option -- 'n'\n")
    assert AMY not in site.users


@pytest.mark.parametrize("option", [("-e", CRYPTED), ("-n",)])
def test_random_password_that_would_not_be_stored_is_refused(
    make_site: Callable[..., Vpopmail], option: tuple[str, ...]
) -> None:
    site = make_site(profile="5.4")
    site.domains.add(DOMAIN)
    ran = run(site, "vadduser", "-r", *option, AMY)
    assert (ran.code, ran.err) == (255, "vadduser: -r goes neither with -e nor with -n\n")
    assert AMY not in site.users


def test_policy_is_told_with_what_it_wants(site: Vpopmail, home: Path) -> None:
    policy = Path(site.settings.etc_path("password_strength.conf"))
    policy.write_text("Policy = At least 9 characters.\nLength >= 9\n")
    assert run(site, "vadduser", AMY, "geheim") == (
        186,
        "Error: password requires more characters \n"
        "A password policy is in place:\n\tAt least 9 characters.\n",
        "",
    )
    assert AMY not in site.users


def test_old_option_warns_and_does_nothing(site: Vpopmail, home: Path) -> None:
    ran = run(site, "vadduser", "-s", AMY, "geheim")
    assert ran == (0, "", "Warning: The -s option has been temporarily disabled.\n")
    assert AMY in site.users


# what cannot be


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (JOE, "Error: User already exists\n"),
        ("joe@missing.org", "Error: Domain does not exist\n"),
        (
            "joe",
            "You did not use a full email address for the user name\n"
            "Only full email addresses should be used\n",
        ),
    ],
)
def test_what_cannot_be_is_told_before_a_password_is_asked_for(
    site: Vpopmail, home: Path, address: str, told: str
) -> None:
    assert run(site, "vadduser", address, text="geheim\ngeheim\n") == (255, told, "")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("-q", "10G"), 227, "quota too long"),
        (("-q", "plenty"), 227, "quota too long"),
        (("-c", "a:b"), 236, "bad character"),
        (("-c", "a\nb"), 236, "bad character"),
        (("-c", "c" * 300), 228, "gecos too long"),
        (("-e", "a:b"), 236, "bad character"),
    ],
)
def test_refused_field_leaves_nothing(
    site: Vpopmail, home: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    before = tree(home)
    password = () if words[0] == "-e" else ("geheim",)
    ran = run(site, "vadduser", *words, AMY, *password)
    assert (ran.code, ran.out) == (code, f"Error: {told}\n")
    assert ("invalid quota" in ran.err) == (words[0] == "-q")
    assert tree(home) == before


@pytest.mark.parametrize("name", ["../amy", ".", "vpasswd", "a/b", "-amy", "a|b"])
def test_name_that_is_no_mailbox_is_refused(site: Vpopmail, home: Path, name: str) -> None:
    before = tree(home)
    assert run(site, "vadduser", "--", f"{name}@{DOMAIN}", "geheim").code != 0
    assert tree(home) == before


# who may


@needs_root
def test_owner_of_the_domain_may(owned: Vpopmail) -> None:
    assert run_as(VPOPMAIL, owned, "vadduser", AMY, "geheim") == (0, "", "")
    assert owned.users.check_password(AMY, "geheim")


@needs_root
def test_nobody_may_not(owned: Vpopmail) -> None:
    ran = run_as(NOBODY, owned, "vadduser", AMY, "geheim")
    assert (ran.code, ran.out) == (251, "Error: Unable to chdir to vpopmail/domains directory\n")
    assert "owner" in ran.err
    assert AMY not in owned.users
