"""dotqmail2valias as an administrator runs it who has moved to a database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import needs_root, open_to_others
from vpopmail import Vpopmail, errors
from vpopmail.events.events import Event

from . import programs
from .programs import Ran

LIST = "|/usr/bin/ezmlm/ezmlm-send '/home/list'\n"


@pytest.fixture
def options(tmp_path: Path) -> dict[str, object]:
    """Of a site whose accounts and aliases are in a database."""
    return {"backend": "sqlite", "database_url": f"sqlite://{tmp_path}/accounts", "valias": True}


@pytest.fixture
def site(make_site: Callable[..., Vpopmail], options: dict[str, object]) -> Iterator[Vpopmail]:
    """Such a site, with example.com and joe."""
    made = make_site(**options)
    made.domains.add("example.com")
    made.users.add("joe@example.com", "s3cret")
    yield made
    made.close()


@pytest.fixture
def directory(site: Vpopmail) -> Path:
    """Of the domain."""
    return Path(site.domains.get("example.com").path)


def put(directory: Path, name: str, text: str, mode: int = 0o600) -> Path:
    """A file of an alias."""
    path = directory / f".qmail-{name}"
    path.write_text(text)
    path.chmod(mode)
    return path


def run(site: Vpopmail, *words: str) -> Ran:
    """Run the program."""
    url = site.settings.database_url
    return programs.run(site, "dotqmail2valias", *words, DATABASE_URL=url, VALIAS="yes")


def test_lines_go_to_the_table_and_the_file_goes(site: Vpopmail, directory: Path) -> None:
    file = put(directory, "first:last", "&joe@example.com\n# a comment\n\n|/bin/cat >/dev/null\n")
    assert run(site, "example.com") == (
        0,
        "converting example.com\n  checking first.last@example.com... converted 3 entries.\n",
        "",
    )
    assert not file.exists()
    lines = ["&joe@example.com", "# a comment", "|/bin/cat >/dev/null"]
    assert site.aliases.find("first.last@example.com") == lines


def test_default_is_no_alias(site: Vpopmail, directory: Path) -> None:
    before = (directory / ".qmail-default").read_bytes()
    assert run(site, "example.com") == (0, "converting example.com\n", "")
    assert (directory / ".qmail-default").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "text", "mode", "reason"),
    [
        ("list", LIST, 0o600, "mailing list"),
        ("list", f"&joe@example.com\n{LIST}", 0o600, "mailing list"),
        ("mbox", "./Mailbox\n", 0o600, "delivers to an mbox"),
        ("empty", "", 0o600, "no delivery lines"),
        ("blank", "\n \n", 0o600, "no delivery lines"),
        ("open", "&joe@example.com\n", 0o622, "others can write the file, and qmail does not obey it"),
        ("x", "&joe@example.com\n", 0o700, "the file is executable: qmail only forwards by it"),
    ],
)
def test_alias_stays_where_mail_would_go_another_way(
    site: Vpopmail, directory: Path, name: str, text: str, mode: int, reason: str
) -> None:
    file = put(directory, name, text, mode)
    out = f"converting example.com\n  checking {name}@example.com...{reason}, skipping.\n"
    assert run(site, "example.com") == (0, out, "")
    assert file.read_text() == text
    assert site.aliases.find(f"{name}@example.com") is None


def test_link_of_an_old_mailing_list_stays(site: Vpopmail, directory: Path) -> None:
    (directory / "list").mkdir()
    (directory / "list" / "editor").write_text("&joe@example.com\n")
    (directory / ".qmail-list").symlink_to("list/editor")
    out = "converting example.com\n  checking list@example.com...mailing list, skipping.\n"
    assert run(site, "example.com") == (0, out, "")
    assert (directory / ".qmail-list").is_symlink()


def test_line_that_no_table_keeps_stays(site: Vpopmail, directory: Path) -> None:
    file = put(directory, "bell", "|echo \a\n")
    ran = run(site, "example.com")
    assert ran.code == 0
    assert ran.out.endswith("without control characters but tabs, skipping.\n")
    assert file.exists()


def test_other_lines_of_the_table_are_kept_and_so_is_the_file(site: Vpopmail, directory: Path) -> None:
    site.aliases.add("old@example.com", "&amy@example.org")
    file = put(directory, "old", "&joe@example.com\n")
    ran = run(site, "example.com")
    assert ran.out.splitlines()[1] == "  checking old@example.com...valias already exists, skipping."
    assert file.exists()
    assert site.aliases.find("old@example.com") == ["&amy@example.org"]


def test_file_that_a_conversion_of_the_store_has_left_goes(site: Vpopmail, directory: Path) -> None:
    site.aliases.set("old@example.com", ["&joe@example.com", "&amy@example.org"])
    file = put(directory, "old", "&joe@example.com\n&amy@example.org\n")
    ran = run(site, "example.com")
    assert ran.out.splitlines()[1] == "  checking old@example.com... converted 2 entries."
    assert not file.exists()
    assert site.aliases.find("old@example.com") == ["&joe@example.com", "&amy@example.org"]


def test_alias_that_takes_the_mail_of_others_goes_first(site: Vpopmail, directory: Path) -> None:
    for name in ("a-b-c", "a-default", "a-b-default"):
        put(directory, name, "&joe@example.com\n")
    told = [line.split()[1] for line in run(site, "example.com").out.splitlines()[1:]]
    wanted = ["a-default", "a-b-default", "a-b-c"]
    assert told == [f"{name}@example.com..." for name in wanted]
    assert sorted(site.aliases.names("example.com")) == sorted(wanted)


def test_alias_stays_whose_mail_a_file_that_stays_would_take(site: Vpopmail, directory: Path) -> None:
    put(directory, "list-default", LIST)
    file = put(directory, "list-boss", "&joe@example.com\n")
    ran = run(site, "example.com")
    reason = "the file of list-default would take its mail"
    assert ran.out.splitlines()[-1] == f"  checking list-boss@example.com...{reason}, skipping."
    assert file.exists()


def test_alias_and_its_owner_stay(site: Vpopmail, directory: Path) -> None:
    for name in ("team", "team-owner"):
        put(directory, name, "&joe@example.com\n")
    assert run(site, "example.com").out.count("bounces go to the owner of a list by its file") == 2


def test_file_that_qmail_never_reads_is_left_alone(site: Vpopmail, directory: Path) -> None:
    files = [put(directory, name, "&joe@example.com\n") for name in ("Sales", "a.b")]
    assert run(site, "example.com") == (0, "converting example.com\n", "")
    assert all(file.exists() for file in files)


def test_all_domains_and_those_that_are_none(site: Vpopmail, directory: Path) -> None:
    site.domains.add("example.org")
    site.domains.add_alias("example.net", "example.org")
    put(directory, "sales", "&joe@example.com\n")
    ran = run(site, "-a")
    assert ran.code == 0
    assert [line for line in ran.out.splitlines() if line.startswith("converting")] == [
        "converting example.com", "converting example.org",
    ]  # fmt: skip
    assert ran.err == "Skipping example.net (alias of example.org).\nconversion of example.net failed\n"
    ran = run(site, "example.edu", "example.com")
    assert ran == (
        245, "converting example.com\n", "Error, domain example.edu not found in users/cdb.\n",
    )  # fmt: skip


def test_lines_are_shown_on_demand(site: Vpopmail, directory: Path) -> None:
    put(directory, "sales", "&joe@example.com\n")
    assert run(site, "-d", "example.com").out.endswith(" converted 1 entries.\n    &joe@example.com\n")


def test_without_a_domain_there_is_the_usage(site: Vpopmail) -> None:
    ran = run(site)
    assert (ran.code, ran.err) == (255, "")
    assert ran.out.startswith("usage: dotqmail2valias ")
    assert run(site, "-x").err == "dotqmail2valias: invalid option -- 'x'\n"


def test_site_whose_aliases_are_files_has_nothing_to_convert(
    make_site: Callable[..., Vpopmail],
) -> None:
    ran = programs.run(make_site(), "dotqmail2valias", "-a")
    assert (ran.code, ran.out) == (255, "")
    assert ran.err.startswith(
        "You must enable valiases (./configure --enable-valias) to use this program.\n"
    )


# the library below


def test_script_and_subscribers_hear_of_each_line(site: Vpopmail, directory: Path) -> None:
    put(directory, "sales", "&joe@example.com\n&amy@example.org\n")
    told: list[tuple[str, str, tuple[str, ...]]] = []

    def hear(event: Event) -> None:
        told.append((event.when, event.command, event.arguments))

    site.events.subscribe(hear)
    site.aliases.move_to_store("sales@example.com")
    lines = [("sales@example.com", line) for line in ("&joe@example.com", "&amy@example.org")]
    assert told == [(when, "valias_insert", line) for when in ("before", "after") for line in lines]


def test_move_in_a_batch_counts_with_it(site: Vpopmail, directory: Path) -> None:
    files = [put(directory, name, "&joe@example.com\n") for name in ("a", "b")]
    told: list[str] = []
    site.events.subscribe(lambda event: told.append(f"{event.when} {event.arguments[0]}"))
    with site.batch():
        for name in "ab":
            site.aliases.move_to_store(f"{name}@example.com")
        assert all(file.exists() for file in files)
    assert not any(file.exists() for file in files)
    assert site.aliases.names("example.com") == ["a", "b"]
    assert told == [
        "before a@example.com", "before b@example.com", "after a@example.com", "after b@example.com",
    ]  # fmt: skip


def test_dry_run_changes_nothing(site: Vpopmail, directory: Path) -> None:
    file = put(directory, "sales", "&joe@example.com\n")
    plan = site.aliases.move_to_store("sales@example.com", dry_run=True)
    assert not plan.carried_out and plan.steps
    assert file.exists()
    assert site.aliases.find("sales@example.com") is None


def test_alias_that_has_no_file_is_told(site: Vpopmail) -> None:
    with pytest.raises(errors.AliasNotFound):
        site.aliases.move_to_store("nobody@example.com")


def test_files_of_a_site_with_files_are_not_moved(make_site: Callable[..., Vpopmail]) -> None:
    other = make_site()
    other.domains.add("example.org")
    other.aliases.add("sales@example.org", "&joe@example.org")
    assert not other.aliases.are_in_store
    with pytest.raises(errors.ConfigError):
        other.aliases.move_to_store("sales@example.org")
    assert other.aliases.find("sales@example.org") == ["&joe@example.org"]


@needs_root
def test_nobody_may_not_convert(site: Vpopmail, directory: Path, tmp_path: Path) -> None:
    open_to_others(tmp_path)
    put(directory, "sales", "&joe@example.com\n")
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            os.setuid(65534)
            site.aliases.move_to_store("sales@example.com")
        except errors.NotPermitted:
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert site.aliases.find("sales@example.com") is None
