"""valias as an administrator runs it, on files and on a table."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import needs_root, open_to_others
from vpopmail import Vpopmail
from vpopmail.commands import valias

from . import programs
from .programs import Ran

SALES = "sales@example.com"
JOE, AMY = "&joe@example.com", "&amy@example.org"


@pytest.fixture(params=["files", "table"])
def site(request: pytest.FixtureRequest, make_site: Callable[..., Vpopmail]) -> Iterator[Vpopmail]:
    """A site whose aliases are files, and one whose aliases are rows."""
    path = request.getfixturevalue("tmp_path")
    more = {"backend": "sqlite", "database_url": f"sqlite://{path}/accounts", "valias": True}
    made = make_site(**(more if request.param == "table" else {}))
    made.domains.add("example.com")
    yield made
    made.close()


def run(site: Vpopmail, *words: str, **options: str) -> Ran:
    """Run the program."""
    more = {"DATABASE_URL": site.settings.database_url, "VALIAS": "yes"}
    more = more if site.aliases.are_in_store else {}
    return programs.run(site, "valias", *words, **more, **options)


def test_added_lines_are_shown_with_and_without_an_option(site: Vpopmail) -> None:
    assert run(site, "-i", JOE, SALES) == (0, "", "")
    assert run(site, "-i", AMY, "SALES@Example.com") == (0, "", "")
    assert site.aliases.get(SALES) == [JOE, AMY]
    shown = Ran(0, f"{SALES} -> {JOE}\n{SALES} -> {AMY}\n")
    assert run(site, SALES) == run(site, "-s", SALES) == shown
    assert run(site, "example.com") == run(site, "-s", "Example.COM") == shown


def test_all_aliases_are_sorted_and_names_alone_are_shown(site: Vpopmail) -> None:
    for name in ("zoe", "ann", "first.last"):
        site.aliases.add(f"{name}@example.com", JOE)
    assert run(site, "-n", "example.com") == (0, "ann\nfirst.last\nzoe\n", "")
    assert [line.split("@")[0] for line in run(site, "example.com").out.splitlines()] == [
        "ann", "first.last", "zoe",
    ]  # fmt: skip


def test_alias_domain_shows_the_aliases_of_its_domain(site: Vpopmail) -> None:
    site.domains.add_alias("example.net", "example.com")
    site.aliases.add(SALES, JOE)
    assert run(site, "sales@example.net") == (0, f"sales@example.net -> {JOE}\n", "")


def test_line_that_is_there_is_not_added_again(site: Vpopmail) -> None:
    site.aliases.add(SALES, JOE)
    assert run(site, "-i", JOE, SALES) == (255, "", f"Error: alias {SALES} -> {JOE} already exists.\n")
    assert site.aliases.get(SALES) == [JOE]


def test_deleted_alias_is_gone_and_one_that_is_not_there_is_told(site: Vpopmail) -> None:
    site.aliases.set(SALES, [JOE, AMY])
    assert run(site, "-d", SALES) == (0, "", "")
    assert site.aliases.find(SALES) is None
    assert run(site, "-d", SALES) == (237, "", f"Error: alias {SALES} does not exist.\n")


@pytest.mark.parametrize("words", [("-s",), ("-n",), ()])
def test_domain_that_is_not_there_has_no_aliases_to_show(site: Vpopmail, words: tuple[str, ...]) -> None:
    told = Ran(255, "invalid domain, not in qmail assign file\n")
    assert run(site, *words, "example.edu") == told
    if words != ("-n",):
        assert run(site, *words, "joe@example.edu") == told


def test_domain_that_is_not_there_gets_no_alias(site: Vpopmail) -> None:
    told = Ran(245, "", "Error: Domain does not exist\n")
    assert run(site, "-i", JOE, "sales@example.edu") == told
    assert run(site, "-d", "sales@example.edu") == told


def test_nothing_found_is_told_by_the_exit_status_and_by_the_later_release_in_words(
    site: Vpopmail,
) -> None:
    for words in ((SALES,), ("example.com",), ("-n", "example.com")):
        assert run(site, *words, PROFILE="5.4") == (255, "", "")
    assert run(site, SALES, PROFILE="5.6") == (255, "", f"No aliases {SALES} found\n")
    none = Ran(255, "", "No aliases found for domain example.com\n")
    assert run(site, "example.com", PROFILE="5.6") == none


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ""])
def test_alias_that_would_leave_the_directory_is_refused(site: Vpopmail, name: str) -> None:
    ran = run(site, "-i", JOE, f"{name}@example.com")
    assert (ran.code, ran.out) == (255, "")
    assert ran.err.endswith("Error: Illegal username\n")
    assert site.aliases.names("example.com") == []


def test_part_of_an_address_that_cannot_be_is_told(site: Vpopmail) -> None:
    assert run(site, "a(b@example.com") == (255, "", "user invalid a(b\nError: Illegal username\n")


def test_line_break_is_refused(site: Vpopmail) -> None:
    ran = run(site, "-i", "a\nb", SALES)
    assert (ran.code, ran.out) == (236, "")
    assert ran.err.startswith("Error: ")
    assert site.aliases.find(SALES) is None


def test_line_that_c_could_not_read_back_is_refused_where_there_is_a_limit(site: Vpopmail) -> None:
    long = f"|{'x' * 200}"
    ran = run(site, "-i", long, SALES)
    if site.aliases.are_in_store:
        assert ran == (0, "", "")
        assert site.aliases.get(SALES) == [long]
    else:
        assert (ran.code, ran.out, site.aliases.find(SALES)) == (224, "", None)


def test_names_want_a_domain(site: Vpopmail) -> None:
    assert run(site, "-n", SALES) == (255, "", "Please enter domain name only.\n")


def test_last_of_several_options_counts(site: Vpopmail) -> None:
    site.aliases.add(SALES, JOE)
    assert run(site, "-d", "-n", "example.com") == (0, "sales\n", "")
    assert run(site, "-ni", AMY, SALES) == (0, "", "")
    assert site.aliases.get(SALES) == [JOE, AMY]


def test_without_an_address_it_wants_one(site: Vpopmail) -> None:
    ran = run(site, "-v")
    assert (ran.code, ran.err) == (255, "must supply alias email address\n")
    version, usage = ran.out.split("\n", 1)
    assert version.startswith("version: ")
    assert usage.startswith("valias: usage: ")


def test_wrong_option_is_254_and_nothing_is_done(site: Vpopmail) -> None:
    ran = run(site, "-i", JOE, SALES, "-x")
    assert (ran.code, ran.err) == (254, "valias: invalid option -- 'x'\n")
    assert site.aliases.find(SALES) is None


def test_default_domain_stands_for_one_that_is_missing(site: Vpopmail) -> None:
    Path(site.settings.vpopmaildir, "etc/defaultdomain").write_text("example.com\n")
    assert run(site, "-i", JOE, "sales") == (0, "", "")
    assert site.aliases.get(SALES) == [JOE]


def test_bytes_that_are_no_utf8_come_as_they_are(site: Vpopmail) -> None:
    line = os.fsdecode(b"|echo \xff\xfe")
    assert run(site, "-i", line, SALES) == (0, "", "")
    assert run(site, SALES).out == f"{SALES} -> {line}\n"


@needs_root
@pytest.mark.parametrize("words", [("example.com",), (SALES,), ("-i", JOE, SALES), ("-d", SALES)])
def test_nobody_sees_and_changes_nothing(
    site: Vpopmail, words: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    open_to_others(tmp_path)
    site.aliases.add(SALES, AMY)
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        code = 1
        try:
            os.setgid(65534)
            os.setuid(65534)
            sys.stdout, sys.stderr = io.open(1, "w"), io.open(2, "w")
            code = valias.run(site, list(words)) % 256
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code not in (0, 1)
    assert code == 255 or len(words) > 1
    told = capfd.readouterr()
    assert told.out == ""
    assert told.err.startswith("Error: ")
    assert site.aliases.get(SALES) == [AMY]
