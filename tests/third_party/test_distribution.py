"""A backend of another distribution, installed for real beside the wheel of this one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
SHELF = Path(__file__).parent / "shelf"
# Of other programs, or of the run that this test is part of.
FOREIGN = ("PYTEST", "PYTHON", "VPOPMAIL", "COV", "VIRTUAL_ENV")
UNREACHABLE = ("NewConnectionError", "ConnectTimeoutError", "ProxyError", "NameResolutionError")


def run(*command: object, cwd: Path | None = None) -> str:
    """What a program prints; it must succeed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def pip(*arguments: object) -> str:
    """What pip prints; without a package index there is nothing to be tested."""
    try:
        return run(sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments)
    except AssertionError as error:
        if any(words in str(error) for words in UNREACHABLE):
            pytest.skip("pip reaches no package index here")
        raise


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels of both distributions, by name."""
    top = tmp_path_factory.mktemp("wheels")
    # A copy: building leaves nothing in the tree that is tested.
    shutil.copytree(SHELF, top / "shelf", ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "-q", "--no-deps", "-w", top, ROOT, top / "shelf")
    return {path.name.partition("-")[0]: path for path in top.glob("*.whl")}


@pytest.fixture(scope="module")
def python(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has both and pytest, and nothing of the tree."""
    top = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(top, symlinks=True)
    found = top / "bin" / "python"
    pip("--python", found, "install", "-q", *wheels.values(), "pytest")
    return found


def test_the_wheel_holds_the_package_and_nothing_else(wheels: dict[str, Path]) -> None:
    names = ZipFile(wheels["vpopmail"]).namelist()
    version = wheels["vpopmail"].name.split("-")[1]
    package = [name for name in names if name.startswith("vpopmail/")]
    others = set(names) - set(package)
    assert all(name.startswith(f"vpopmail-{version}.dist-info/") for name in others)
    assert "vpopmail/testing/compliance.py" in package
    assert "vpopmail/py.typed" in package
    assert {Path(name).suffix for name in package} == {".py", ".sql", ".typed"}
    inside = {part for name in package for part in Path(name).parts}
    assert inside.isdisjoint({"tests", "golden", "recordings", "third_party", "__pycache__"})


def test_the_backend_is_found_by_its_entry_point(python: Path, tmp_path: Path) -> None:
    program = """
import sys, vpopmail
from vpopmail.testing import sandbox
with sandbox("shelf") as site:
    site.domains.add("example.com", "s3cret")
    backend = site.installation.backend
    print(type(backend).__module__, vpopmail.__file__, sys.modules[type(backend).__module__].__file__)
    print(site.users.check_password("postmaster@example.com", "s3cret"))
"""
    first, second = run(python, "-c", program, cwd=tmp_path).splitlines()
    module, *files = first.split()
    assert module == "vpopmail_shelf.backend"
    assert all(file.startswith(str(python.parents[1])) for file in files)
    assert second == "True"


def test_an_unknown_backend_is_told_where_others_come_from(python: Path, tmp_path: Path) -> None:
    program = """
from vpopmail.errors import UnknownBackend
from vpopmail.testing import sandbox
with sandbox("shelves") as site:
    try:
        site.domains.add("example.com")
    except UnknownBackend as error:
        print(error)
"""
    assert "vpopmail.backends" in run(python, "-c", program, cwd=tmp_path)


def test_the_backend_passes_the_compliance_suite_where_it_is_installed(
    python: Path, tmp_path: Path
) -> None:
    shutil.copytree(SHELF / "tests", tmp_path / "own")
    options = ("-q", "-p", "no:cacheprovider", "-rs", "--import-mode=importlib")
    shown = run(python, "-m", "pytest", *options, tmp_path / "own", cwd=tmp_path)
    passed = re.search(r"(\d+) passed", shown)
    assert passed is not None
    assert int(passed[1]) >= 48, shown
    # What it says it does is not skipped.
    skipped = re.findall(r"^SKIPPED .*: (.*)$", shown, re.M)
    assert set(skipped) <= {
        "its accounts can be changed",
        "it keeps any bytes",
        "it does not keep last_auth",
        "it does not keep limits",
        "it keeps no copy of alias domains",
        "it keeps no log of logins",
    }
