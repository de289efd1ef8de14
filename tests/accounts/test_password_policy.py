"""The site's policy on passwords, as it lies in etc/password_strength.conf."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import DOMAIN
from vpopmail import Vpopmail, errors
from vpopmail.accounts.password_policy import check_strength, policy_text
from vpopmail.codes import VA


@pytest.fixture
def policy(site: Vpopmail) -> Path:
    """Where the file goes; it is not there yet."""
    return Path(site.settings.etc_path("password_strength.conf"))


def test_without_a_file_every_password_is_allowed(site: Vpopmail, policy: Path) -> None:
    assert not policy.exists()
    check_strength(site.installation, "")
    check_strength(site.installation, "x")
    assert policy_text(site.installation) is None


@pytest.mark.parametrize(
    ("rule", "password", "error", "code"),
    [
        ("Length > 5", "hidde", errors.PasswordLength, VA.PWSTR_LENGTH),
        ("Alphabet > 0.5", "hid123", errors.PasswordLetters, VA.PWSTR_ALPHA),
        ("Numeric > 0.5", "hid123", errors.PasswordDigits, VA.PWSTR_NUMERIC),
        ("Other > 0", "hid123", errors.PasswordOthers, VA.PWSTR_OTHER),
        ("UpperLower < 1", "hid123", errors.PasswordCase, VA.PWSTR_DELTA),
    ],
)
def test_each_rule_has_its_error_with_the_reason_and_without_the_password(
    site: Vpopmail,
    policy: Path,
    rule: str,
    password: str,
    error: type[errors.PasswordTooWeak],
    code: VA,
) -> None:
    policy.write_text(rule + "\n")
    with pytest.raises(errors.PasswordTooWeak) as caught:
        check_strength(site.installation, password)
    assert type(caught.value) is error
    assert caught.value.code == code
    assert str(caught.value).startswith("password refused: password ")
    assert "hid" not in str(caught.value) + repr(caught.value)


def test_no_password_at_all_is_refused_even_without_a_file(site: Vpopmail) -> None:
    with pytest.raises(errors.PasswordEmpty) as caught:
        check_strength(site.installation, None)
    assert caught.value.code == VA.PWSTR_EMPTY


def test_a_change_of_the_file_counts_at_once(site: Vpopmail, policy: Path) -> None:
    policy.write_text("Length > 5\nPolicy = six or more\n")
    with pytest.raises(errors.PasswordLength):
        check_strength(site.installation, "short")
    status = policy.stat()
    policy.write_text("Length > 4\nPolicy = five or so.\n")
    os.utime(policy, ns=(status.st_atime_ns, status.st_mtime_ns))
    check_strength(site.installation, "short")
    assert policy_text(site.installation) == "five or so."
    policy.unlink()
    check_strength(site.installation, "x")


@pytest.mark.parametrize("profile", ["5.4", "5.6"])
def test_it_holds_in_both_profiles(make_site: object, profile: str) -> None:
    site: Vpopmail = make_site(profile=profile)  # type: ignore[operator]
    Path(site.settings.etc_path("password_strength.conf")).write_text("Length > 5\n")
    with pytest.raises(errors.PasswordLength):
        check_strength(site.installation, "short")


def test_lines_that_are_not_understood_are_told(
    site: Vpopmail, policy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    policy.write_text("Length > 5\nLength>8\nLetters > 3\nLength > 9\n")
    check_strength(site.installation, "longer")
    assert caplog.messages == [f"{policy}: not understood and not in force: line 2, 3, 4"]
    with pytest.raises(errors.PasswordLength):
        check_strength(site.installation, "short")


@pytest.mark.parametrize("kind", ["link", "fifo", "directory"])
def test_a_file_that_cannot_be_read_allows_nothing(
    site: Vpopmail, policy: Path, tmp_path: Path, kind: str
) -> None:
    if kind == "link":
        (tmp_path / "elsewhere").write_text("")
        policy.symlink_to(tmp_path / "elsewhere")
    elif kind == "fifo":
        os.mkfifo(policy)
    else:
        policy.mkdir()
    for question in (lambda: check_strength(site.installation, "x"), lambda: policy_text(site.installation)):  # fmt: skip
        with pytest.raises(errors.ConfigError, match=r"password_strength.conf: .*cannot be read"):
            question()


@pytest.mark.usefixtures("domain")
def test_new_and_changed_passwords_must_keep_it(site: Vpopmail, policy: Path) -> None:
    site.users.add(f"joe@{DOMAIN}", "short")
    policy.write_text("Length > 5\n")
    with pytest.raises(errors.PasswordLength):
        site.users.add(f"amy@{DOMAIN}", "short")
    assert site.users.find(f"amy@{DOMAIN}") is None
    with pytest.raises(errors.PasswordLength):
        site.users.set_password(f"joe@{DOMAIN}", "other")
    assert site.users.check_password(f"joe@{DOMAIN}", "short")
    site.users.set_password(f"joe@{DOMAIN}", "longer")
    assert site.users.check_password(f"joe@{DOMAIN}", "longer")
