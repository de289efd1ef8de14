"""The documents say what is true of the tree."""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAIN = "python3 -m pip install . && python3 examples/quickstart.py"
TESTS = "python3 -m pip install -e '.[test]' && python3 -m pytest"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code_blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text(name), re.M | re.S)


def anchors(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    outer, _, last = name.rpartition(".")
    if outer and hasattr(importlib.import_module(outer), last):
        return True
    return importlib.util.find_spec(name) is not None


def test_the_readme_has_exactly_the_two_commands() -> None:
    assert code_blocks("README.md", "sh") == [f"{MAIN}\n", f"{TESTS}\n"]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    if not script.exists():
        pytest.skip(".ci/run is not in this copy")
    assert TESTS in script.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("quickstart") / "site"
    command = [sys.executable, "examples/quickstart.py", str(place)]
    # No other variable: one of VPOPMAIL_ would change the site.
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def section(output: str, title: str) -> list[str]:
    part = output.partition(f"== {title}\n")[2]
    return part.partition("\n\n")[0].splitlines()


def test_quickstart_shows_the_commit_point_in_a_dry_run(quickstart: str) -> None:
    shown = section(quickstart, "a dry run")
    assert shown[0] == "add domain example.com"
    assert [line for line in shown if "commit point" in line] == [
        "  qmail: users/cdb  <- commit point"
    ]


def test_quickstart_shows_a_new_domain_in_all_files(quickstart: str) -> None:
    shown = section(quickstart, "a domain with its postmaster")
    for line in (
        "  + qmail/control/rcpthosts:  example.com",
        "  + qmail/control/virtualdomains:  example.com:example.com",
        "  + vpopmail/domains/example.com/postmaster/Maildir/",
        "  + vpopmail/domains/example.com/vpasswd.cdb",
    ):
        assert line in shown
    assert any("assign:  +example.com-:example.com:" in line for line in shown)


def test_quickstart_commits_a_batch_of_two_users(quickstart: str) -> None:
    shown = section(quickstart, "two users in a batch, one commit")
    added = [line for line in shown if "/vpasswd:  " in line]
    assert [line.split("  ")[-1].split(":")[0] for line in added] == ["ann", "joe"]


def test_quickstart_looks_up_and_checks_passwords(quickstart: str) -> None:
    assert section(quickstart, "lookups") == [
        "  users: ann joe postmaster",
        "  quota of ann: 10485760S",
        "  right password: True",
        "  wrong password: False",
        "  joe again: VA.USERNAME_EXISTS",
    ]


def test_quickstart_deletes_all_that_it_added(quickstart: str) -> None:
    gone = section(quickstart, "a user deleted")
    assert "  - vpopmail/domains/example.com/joe/" in gone
    assert all(line.startswith("  - ") for line in gone)
    gone = section(quickstart, "the domain deleted")
    assert "  - qmail/control/rcpthosts:  example.com" in gone
    assert "  - vpopmail/domains/example.com/" in gone


def test_quickstart_prints_no_password(quickstart: str) -> None:
    for secret in ("s3cret", "wonderful", "marvellous"):
        assert secret not in quickstart
    assert re.findall(r"\$6\$[^.]", quickstart) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        assert found.exists(), f"{document.name}: {target}"
        assert not anchor or anchor in anchors(found), f"{document.name}: {target}"


def test_modules_named_in_the_architecture_exist() -> None:
    named = set(re.findall(r"\bvpopmail(?:\.[a-z_]+)+", text("docs/architecture.md")))
    assert len(named) > 20
    assert [name for name in sorted(named) if not is_there(name)] == []


def test_layers_of_the_architecture_are_those_of_import_linter() -> None:
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter")
    layers = contracts["importlinter:contract:floors"]["layers"].split("\n")
    assert code_blocks("docs/architecture.md", "text") == ["\n".join(layers[1:]) + "\n"]


def test_internals_mark_a_commit_point_for_each_operation() -> None:
    parts = re.split(r"^## ", text("docs/internals.md"), flags=re.M)
    marked = {part.partition("\n")[0] for part in parts if "**Commit**" in part}
    assert marked >= {
        "Add a user",
        "Delete a user",
        "A batch",
        "Add a domain",
        "Delete a domain",
        "Change a user",
        "Change files of a domain",
    }


@pytest.mark.parametrize("document", ["README.md"])
def test_python_examples_compile_and_import_what_exists(document: str) -> None:
    for block in code_blocks(document, "python"):
        compile(block, document, "exec")
        for module, names in re.findall(r"^from (vpopmail[\w.]*) import (.+)$", block, re.M):
            found = importlib.import_module(module)
            assert all(hasattr(found, name.strip()) for name in names.split(","))


def test_every_c_function_in_the_changelog_and_readme_exists_or_is_said_to_be_missing() -> None:
    import vpopmail
    from vpopmail.upkeep.programs import PROGRAMS

    missing = text("README.md").partition("There are **not yet**")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(v[a-z_]+)`", text("README.md") + text("CHANGELOG.md")))
    named -= {"vpopmail", "vpopmail_site", "vpasswd"} | set(re.findall(r"`(v\w+)`", missing))
    assert "vadddomain" in named
    named -= set(PROGRAMS)
    assert [name for name in sorted(named) if not hasattr(vpopmail, name)] == []
