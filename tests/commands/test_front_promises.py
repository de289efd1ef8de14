"""What each action of the front door promises: dry runs, JSON, no secrets, help."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import tree, without_locks
from tests.docs.pages import parsers
from vpopmail import Vpopmail
from vpopmail.commands.vpopmail import NOUNS, noun_parser

from .front import CHANGES, CRYPTED, LISTINGS, OF_TABLES, OTHER, PASSWORD, Call, actions, call, fill, vpopmail

PARSERS = [parser for noun in NOUNS for parser in parsers(noun_parser(noun))]


@pytest.fixture
def full(site: Vpopmail, tmp_path: Path) -> Vpopmail:
    fill(site, tmp_path)
    return site


def name(what: Call) -> str:
    return what.line


def without_advice(told: str) -> str:
    """What was told, without the line by which site init names settings of the environment."""
    return "" if told.startswith("only in this environment: ") and told.count("\n") == 1 else told


def test_every_action_that_changes_something_is_called_here() -> None:
    called = [what.line for what in (*CHANGES, *OF_TABLES)]
    assert [one for one in actions("--dry-run") if not any(line.startswith(one) for line in called)] == []


def test_every_action_that_lists_something_is_called_here() -> None:
    elsewhere = {"site check", "site repair", "site schema check"}  # tests/commands/test_front_site.py
    called = [what.line for what in LISTINGS]
    found = {one for one in actions("--json") if not any(line.startswith(one) for line in called)}
    assert found == elsewhere


@pytest.mark.parametrize("what", CHANGES, ids=name)
def test_dry_run_tells_what_would_be_done_and_leaves_all_as_it_is(
    full: Vpopmail, tmp_path: Path, what: Call
) -> None:
    before = tree(tmp_path)
    ran = call(full, tmp_path, what, "--dry-run")
    assert (ran.code, without_advice(ran.err)) == (0, "")
    after = tree(tmp_path)
    # To ask SQLite what is in a file makes it, empty.
    assert after.pop("v/domains/_vpopmail.sqlite", b"") == b""
    assert after == before
    in_order = what.line in {"site repair"}
    assert bool(ran.out) != in_order


@pytest.mark.parametrize("what", CHANGES, ids=name)
def test_change_is_made(full: Vpopmail, tmp_path: Path, what: Call) -> None:
    before = without_locks(tree(tmp_path))
    ran = call(full, tmp_path, what)
    assert (ran.code, without_advice(ran.err)) == (0, "")
    nothing_to_do = {"site repair", "site rebuild-control", "relay rebuild"}
    assert (without_locks(tree(tmp_path)) != before) != (what.line in nothing_to_do)
    assert not full.reconcile(dry_run=True).findings


@pytest.mark.parametrize("what", LISTINGS, ids=name)
def test_json_is_an_object_a_line_with_the_keys_of_the_help(
    full: Vpopmail, tmp_path: Path, what: Call
) -> None:
    ran = call(full, tmp_path, what, "--json")
    lines = ran.out.splitlines()
    assert lines
    assert ran.out.isascii()
    keys = re.search(r"Keys of JSON:.*?(\n\n|\Z)", help_of(what), re.S)
    assert keys is not None
    for line in lines:
        found = json.loads(line)
        assert isinstance(found, dict)
        missing = {"options" if key == "optional" else key for key in found} - set(re.findall(r"\w+", help_of(what)))
        assert missing == set()


def help_of(what: Call) -> str:
    """What --help prints of the action of a call; where it refers to another one, that one's."""
    found = [one for one in PARSERS if f"vpopmail {what.line} ".startswith(f"{one.prog} ")]
    action = max(found, key=lambda one: len(one.prog))
    text = action.format_help()
    return text + "".join(one.format_help() for one in PARSERS if one.prog == "vpopmail limits show")


@pytest.mark.parametrize("what", LISTINGS, ids=name)
def test_listing_shows_passwords_and_hashes_only_if_asked(
    full: Vpopmail, tmp_path: Path, what: Call
) -> None:
    for form in [(), ("--json",)]:
        ran = call(full, tmp_path, what, *form)
        assert ran.out
        assert (CRYPTED in ran.out) == ("--hashes" in what.line)


@pytest.mark.parametrize("what", [one for one in CHANGES if one.text], ids=name)
def test_secret_of_standard_input_is_not_told(full: Vpopmail, tmp_path: Path, what: Call) -> None:
    for more in ((), ("--dry-run",)):
        ran = call(full, tmp_path, what, *more)
        assert not {CRYPTED, OTHER, PASSWORD} & set(re.findall(r"\S+", ran.out + ran.err))


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_no_option_takes_a_password_as_a_word(parser: object) -> None:
    for option, action in parser._option_string_actions.items():  # type: ignore[attr-defined]
        if "password" in option or "crypted" in option or "url" in option:
            assert action.nargs == 0, option


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_help_of_each_action_is_printed_by_the_program(site: Vpopmail, parser: object) -> None:
    words = parser.prog.removeprefix("vpopmail ")  # type: ignore[attr-defined]
    ran = vpopmail(site, f"{words} --help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == parser.format_help()  # type: ignore[attr-defined]


@pytest.mark.parametrize("noun", NOUNS)
def test_help_imports_no_store_and_no_manager(noun: str) -> None:
    code = (
        "import sys\nfrom vpopmail.commands.vpopmail import run\n"
        f"run(['{noun}', '--help'], {{}})\n"
        "print(*(one for one in sys.modules if one.startswith('vpopmail.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rooms = {module.split(".")[1] for module in done.stderr.split()}
    assert not rooms & {"access", "accounts", "delivery", "mailstore", "upkeep"}
    assert "vpopmail.backends.sql" not in done.stderr
