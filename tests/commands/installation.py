"""The package as people have it: its wheel in a clean environment, run by anybody."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from vpopmail import Vpopmail

from .programs import Ran, environment

ROOT = Path(__file__).parents[2]
_PATIENCE = 60  # seconds
# Of the run that these tests are part of.
_FOREIGN = ("COV", "PYTEST", "PYTHON", "VIRTUAL_ENV", "VPOPMAIL")
_UNREACHABLE = ("NewConnectionError", "ConnectTimeoutError", "ProxyError", "NameResolutionError")
_CHECK = "import sys, venv; sys.exit(sys.version_info < (3, 11))"


def python_for_all() -> str:
    """A Python that every user can run; where there is none, the test is skipped, but in CI."""
    for path in ("/usr/bin/python3", "/usr/local/bin/python3"):
        # Root's own is no help: the directories above it are closed to others.
        if os.path.exists(path) and not os.path.realpath(path).startswith("/root/"):
            if subprocess.run([path, "-I", "-c", _CHECK], capture_output=True).returncode == 0:
                return path
    missing = "no Python 3.11 or newer that all users can run, in /usr or /usr/local"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@contextmanager
def open_directory() -> Iterator[Path]:
    """A temporary directory that all users can enter; pytest's own are closed anew by each run."""
    with tempfile.TemporaryDirectory(prefix="vpopmail-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def install(top: Path) -> Path:
    """Install the wheel of this tree into a clean environment; the directory of its programs.

    Args:
        top: where, empty.
    """
    python = python_for_all()
    # Its own pip may be missing: that of this run serves both.
    _told(python, "-m", "venv", "--without-pip", top / "venv")
    _pip("wheel", "-q", "--no-deps", "-w", top / "wheels", ROOT)
    _pip("--python", top / "venv/bin/python", "install", "-q", *(top / "wheels").glob("*.whl"))
    return top / "venv/bin"


def _pip(*words: object) -> None:
    try:
        _told(sys.executable, "-m", "pip", "--disable-pip-version-check", *words)
    except AssertionError as error:
        if any(text in str(error) for text in _UNREACHABLE):
            pytest.skip("pip reaches no package index here")
        raise


def _told(*words: object) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        env=_own_environment(), umask=0o022,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def _own_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}


class Installed:
    """Runs programs of one directory on one site.

    Args:
        folder: where they are.
        site: on which.
    """

    def __init__(self, folder: Path, site: Vpopmail) -> None:
        self.folder = folder
        self.site = site

    def environment(self, **options: str) -> dict[str, str]:
        """What tells them of the site."""
        owner = {"VPOPUSER": str(self.site.settings.uid), "VPOPGROUP": str(self.site.settings.gid)}
        ours = environment(self.site, **{**owner, "SYNC": "no", "PROFILE": "5.4", **options})
        told = {name: value for name, value in ours.items() if name.startswith("VPOPMAIL_")}
        return {**_own_environment(), **told, "PATH": f"{self.folder}:/usr/bin:/bin"}

    def run(
        self, program: str, *words: str | bytes, uid: int | None = None, text: str = "", **options: str
    ) -> Ran:
        """Run one, as another user if root says so.

        Args:
            program, words: the command line.
            uid: of the user, whose group has the same number.
            text: standard input.
            options: of the site.
        """
        return self._run([f"{self.folder}/{program}", *words], uid, text, options)

    def shell(self, line: str, *, uid: int | None = None, **options: str) -> Ran:
        """Run a line of the shell, in which they are found by their names."""
        return self._run(["/bin/sh", "-c", line], uid, "", options)

    def _run(
        self, line: Sequence[str | bytes], uid: int | None, text: str, options: dict[str, str]
    ) -> Ran:
        groups: list[int] | None = None if uid is None else []
        done = subprocess.run(
            line,
            env=self.environment(**options), input=text, cwd="/",
            capture_output=True, text=True, errors="surrogateescape",
            timeout=_PATIENCE, start_new_session=True,
            user=uid, group=uid, extra_groups=groups,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)
