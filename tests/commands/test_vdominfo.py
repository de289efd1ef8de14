"""vdominfo: what it shows, to whom, and that it only looks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import needs_root, open_to_others, tree
from vpopmail import Vpopmail

from .programs import command, environment, run, run_as

NOBODY = 65534
UNREADABLE = "Can't get domain entries - can't read users/assign file\n"


@pytest.fixture
def two(site: Vpopmail) -> Vpopmail:
    """example.com with two users and an alias domain before it in the list, and zeta.org."""
    site.domains.add("example.com", "s3cret")
    site.users.add("joe@example.com")
    site.domains.add_alias("alias.org", "example.com")
    site.domains.add("zeta.org")
    return site


def block(site: Vpopmail, name: str, shown: str = "", users: int = 2) -> str:
    entry = site.domains.get(name)
    return (
        f"domain: {shown or name}\nuid:    {entry.uid}\ngid:    {entry.gid}\n"
        f"dir:    {entry.path}\nusers:  {users}\n"
    )


def test_a_domain_is_shown_with_its_alias_domains(two: Vpopmail) -> None:
    two.domains.add_alias("beta.org", "example.com")
    ran = run(two, "vdominfo", "example.com")
    assert ran == (0, block(two, "example.com") + "alias: alias.org\nalias: beta.org\n", "")


@pytest.mark.parametrize("name", ["alias.org", "EXAMPLE.com", "Alias.ORG"])
def test_any_name_of_a_domain_in_any_case_shows_it(two: Vpopmail, name: str) -> None:
    assert run(two, "vdominfo", name) == run(two, "vdominfo", "example.com")


def test_all_are_shown_in_the_order_of_the_list(two: Vpopmail) -> None:
    alias = block(two, "alias.org", "alias.org (alias of example.com)")
    texts = [alias, block(two, "example.com"), block(two, "zeta.org", users=0)]
    assert run(two, "vdominfo") == (0, "".join(f"{text}\n" for text in texts), "")


@pytest.mark.parametrize("words", [("-rtdgun",), ("-t", "-r", "-n", "-u", "-gd")])
def test_fields_come_in_their_own_order(two: Vpopmail, words: tuple[str, ...]) -> None:
    entry = two.domains.get("alias.org")
    owner = f"{entry.uid}\n{entry.gid}\n{entry.path}\n2\nexample.com\n"
    assert run(two, "vdominfo", *words, "alias.org").out == f"example.com\n{owner}alias: alias.org\n"


def test_fields_of_all_have_an_empty_line_after_each(two: Vpopmail) -> None:
    told = "alias.org (alias of example.com)\n\nexample.com\n\nzeta.org\n\n"
    assert run(two, "vdominfo", "-n").out == told


def test_all_fields_asked_for_last_are_all(two: Vpopmail) -> None:
    assert run(two, "vdominfo", "-na", "zeta.org").out == block(two, "zeta.org", users=0)


def test_unknown_domain_is_told(two: Vpopmail) -> None:
    assert run(two, "vdominfo", "missing.org") == (245, "Invalid domain name\n", "")


def test_site_without_a_domain_left_says_so(two: Vpopmail) -> None:
    two.domains.delete("example.com")
    two.domains.delete("zeta.org")
    assert run(two, "vdominfo") == (0, "What now - Success\n", "")


@pytest.mark.parametrize(("words", "code"), [((), 255), (("example.com",), 219)])
def test_list_that_is_not_there_is_told(site: Vpopmail, words: tuple[str, ...], code: int) -> None:
    assert run(site, "vdominfo", *words) == (code, UNREADABLE, "")


@pytest.mark.parametrize("words", [("-h",), ("-Z", "example.com")])
def test_unknown_option_shows_the_usage(two: Vpopmail, words: tuple[str, ...]) -> None:
    ran = run(two, "vdominfo", *words)
    assert ran.code == 255
    assert ran.out.startswith("vdominfo: usage: ")


def test_nothing_is_written(two: Vpopmail) -> None:
    base = Path(two.settings.vpopmaildir).parent
    before = tree(base)
    run(two, "vdominfo")
    run(two, "vdominfo", "-t", "example.com")
    assert tree(base) == before


def test_a_name_that_is_no_text_is_shown_as_its_bytes(two: Vpopmail) -> None:
    two.domains.add("odd.org")
    users = Path(two.settings.qmaildir, "users")
    users.joinpath("assign").write_bytes(
        users.joinpath("assign").read_bytes().replace(b"odd.org", b"\xff.org")
    )
    os.utime(users / "assign", (0, 0))
    ran = run(two, "vdominfo", "-n")
    assert ran.code == 0
    assert "\udcff.org\n" in ran.out


def test_a_reader_who_has_enough_ends_a_long_list(site: Vpopmail) -> None:
    with site.batch():
        for number in range(1000):
            site.domains.add(f"d{number}.example.org")
    line = " ".join(command("vdominfo"))
    done = subprocess.run(
        ["/bin/bash", "-c", f"{line} | head -n 1; exit ${{PIPESTATUS[0]}}"],
        env=environment(site), capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (128 + 13, "")
    assert done.stdout == "domain: d0.example.org\n"


@needs_root
def test_nobody_sees_all_but_the_number_of_users(two: Vpopmail, tmp_path: Path) -> None:
    open_to_others(tmp_path)
    ran = run_as(NOBODY, two, "vdominfo", "example.com")
    assert ran == (0, block(two, "example.com", users=0) + "alias: alias.org\n", "")


@needs_root
def test_owner_sees_the_number_of_users(site: Vpopmail, tmp_path: Path) -> None:
    open_to_others(tmp_path)
    os.chown(site.settings.domains_path, NOBODY, NOBODY)
    site.domains.add("example.com", "s3cret", uid=NOBODY, gid=NOBODY)
    assert run_as(NOBODY, site, "vdominfo", "-t", "example.com") == (0, "1\n", "")


@needs_root
@pytest.mark.parametrize(
    ("line", "code"),
    [("domain list", 219), ("user list", 219), ("alias-domain list", 219)],
)
def test_listings_fail_where_the_list_of_domains_cannot_be_seen(
    two: Vpopmail, tmp_path: Path, line: str, code: int
) -> None:
    open_to_others(tmp_path)
    os.chmod(f"{two.settings.qmaildir}/users", 0o700)
    ran = run_as(NOBODY, two, "vpopmail", *line.split())
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.endswith("/users/assign: Permission denied\n")
    assert run_as(NOBODY, two, "vdominfo") == (255, UNREADABLE, "")
