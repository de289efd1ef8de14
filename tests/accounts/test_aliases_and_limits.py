"""Aliases as dot-qmail files, limits of domains."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import DOMAIN, tree
from vpopmail import VLimits, Vpopmail
from vpopmail.accounts import checks
from vpopmail.codes import VA
from vpopmail.errors import (
    DomainNotFound,
    InvalidInput,
    LimitsNotFound,
    LimitsUnreadable,
    VpopmailError,
)


def test_lines_of_an_alias_are_added_one_below_the_other(site: Vpopmail, domain: Path) -> None:
    (domain / ".qmail-sales").write_bytes(b"# no newline")
    site.aliases.add(f"Sales@{DOMAIN}", "&joe@example.com")
    site.aliases.add(f"sales@{DOMAIN}", "|/bin/true")
    assert (domain / ".qmail-sales").read_bytes() == b"# no newline\n&joe@example.com\n|/bin/true\n"
    site.aliases.add(f"a.b@{DOMAIN}", "&joe@example.com")
    assert (domain / ".qmail-a:b").read_bytes() == b"&joe@example.com\n"


@pytest.mark.parametrize(
    ("alias", "name", "line", "code"),
    [
        ("a/b", DOMAIN, "&x", VA.ILLEGAL_USERNAME),
        ("a" * 65, DOMAIN, "&x", VA.USER_NAME_TOO_LONG),
        ("sales", "a" * 97, "&x", VA.DOMAIN_NAME_TOO_LONG),
        ("sales", "none.example", "&x", VA.DOMAIN_DOES_NOT_EXIST),
        ("sales", DOMAIN, "x" * 160, VA.ALIAS_LINE_TOO_LONG),
        ("sales", DOMAIN, "&x\n|/bin/sh", VA.BAD_CHAR),
    ],
)
def test_a_refused_line_changes_nothing(
    site: Vpopmail, domain: Path, alias: str, name: str, line: str, code: VA
) -> None:
    before = tree(domain)
    with pytest.raises(VpopmailError) as caught:
        site.aliases.add_to(alias, name, line)
    assert caught.value.code == code
    assert tree(domain) == before


def test_limits_are_the_domains_own_else_the_sites(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    assert site.limits.get(DOMAIN) == VLimits()
    limits = VLimits(maxpopaccounts=5, disable_pop=1, defaultquota=1000)
    site.limits.set(DOMAIN, limits)
    assert site.limits.get(DOMAIN) == limits
    assert site.limits.delete(DOMAIN).carried_out
    with pytest.raises(LimitsNotFound):
        site.limits.delete(DOMAIN)
    (tmp_path / "v/etc/vlimits.default").write_text("maxaliases 3\n")
    assert site.limits.get(DOMAIN).maxaliases == 3
    (tmp_path / "v/etc/vlimits.default").unlink()
    with pytest.raises(LimitsUnreadable) as caught:
        site.limits.get(DOMAIN)
    assert caught.value.code == VA.CANNOT_READ_LIMITS
    with pytest.raises(DomainNotFound):
        site.limits.get("none.example")


def test_default_limits_are_changed_one_by_one(site: Vpopmail, domain: Path, tmp_path: Path) -> None:
    file = tmp_path / "v/etc/vlimits.default"
    file.write_text("# all may\nmaxaliases 3\ndisable_pop\n")
    file.chmod(0o640)
    assert site.limits.update_defaults(maxaliases=4, perm_account=7).carried_out
    wanted = VLimits(maxaliases=4, perm_account=7, disable_pop=1)
    assert site.limits.defaults() == site.limits.get(DOMAIN) == wanted
    assert file.stat().st_mode & 0o777 == 0o640
    site.limits.set(DOMAIN, VLimits(maxaliases=9))
    assert site.limits.defaults() == wanted


def test_default_limits_of_a_dry_run_stay(site: Vpopmail, tmp_path: Path) -> None:
    before = tree(tmp_path)
    plan = site.limits.update_defaults(dry_run=True, maxaliases=4)
    assert not plan.carried_out
    assert "vlimits.default" in str(plan)
    assert tree(tmp_path) == before


def test_default_limits_out_of_range_change_nothing(site: Vpopmail, tmp_path: Path) -> None:
    before = tree(tmp_path)
    with pytest.raises(InvalidInput):
        site.limits.update_defaults(maxaliases=-2)
    with pytest.raises(TypeError):
        site.limits.update_defaults(maxusers=2)
    assert tree(tmp_path) == before


def test_lost_default_limits_are_told(site: Vpopmail, tmp_path: Path) -> None:
    (tmp_path / "v/etc/vlimits.default").unlink()
    with pytest.raises(LimitsUnreadable, match="vlimits.default"):
        site.limits.defaults()


def test_a_directory_over_160_bytes_is_refused() -> None:
    checks.check_directory("/" + "x" * 159)
    with pytest.raises(VpopmailError) as caught:
        checks.check_directory("/" + "\u00fc" * 80)
    assert caught.value.code == VA.DIR_TOO_LONG


def test_a_quota_that_is_none_or_over_twenty_characters_is_refused() -> None:
    for quota in ("much", "1:2", "1000c", "-1", "123456789012345S,12345C"):
        with pytest.raises(VpopmailError) as caught:
            checks.checked_quota(quota)
        assert caught.value.code == VA.QUOTA_TOO_LONG


def test_no_quota_can_be_given_as_nothing_or_nought() -> None:
    assert checks.checked_quota("") == checks.checked_quota("0") == ""
    assert checks.checked_quota("1M,10C") == "1048576S,10C"
