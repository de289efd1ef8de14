"""The watch over the whole run finds a password that is told, whichever way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFTEST = """
from tests.secrets import Watch

def pytest_configure(config):
    config.pluginmanager.register(Watch(config), "told passwords")
"""
BEGIN = """
import vpopmail
from tests.crash.processes import in_child
from vpopmail import VqPasswd
from vpopmail.accounts.checks import check_one_password
from vpopmail.errors import InvalidInput
from vpopmail.log import warn
from vpopmail.passwords import hash_password, verify
from vpopmail.plan.steps import Plan
from vpopmail.qmail.control import run
"""
HASH = "$1$abcdefgh$K2eYkWaGFCU4Ot9LWWHne."
LEAKS = {
    "log": "hash_password('Fishy-1', 'md5'); warn('not %s', 'Fishy-1 it is')",
    "error": "verify('Fishy-2', ''); InvalidInput('password', 'Fishy-2 is bad')",
    "context": "check_one_password('Fishy-3', None)\n"
    "    try:\n        int('Fishy-3')\n    except ValueError:\n        InvalidInput('password')",
    "hash": f"VqPasswd('joe', {HASH!r}); warn('stored: %s', {HASH!r})",
    "plan": "hash_password('Fishy-5', 'md5'); str(Plan('set Fishy-5'))",
    "child": "in_child(lambda: (hash_password('Fishy-8', 'md5'), warn('not %s', 'Fishy-8')) and None)",
    "child of a child": "in_child(lambda: in_child(lambda: InvalidInput('x', 'Fishy-8 is bad')) and None)",
    "program": "hash_password('Fishy-6', 'md5'); run('/bin/true')",
}
SECRETS = ("Fishy-1", "Fishy-2", "Fishy-3", HASH, "Fishy-5", "Fishy-6", "Fishy-8")
FINE = "hash_password('Fishy-7', 'md5'); repr(VqPasswd('joe', pw_clear_passwd='Fishy-7'))"


def run(top: Path, bodies: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    """A run of pytest with some tests."""
    tests = [f"def test_{number}():\n    {body}\n" for number, body in enumerate(bodies)]
    (top / "conftest.py").write_text(CONFTEST)
    (top / "test_it.py").write_text("\n\n".join([BEGIN, *tests]))
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(top)],
        check=False, capture_output=True, text=True, cwd=top,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", "PLACE": "Fishy-6"},
    )  # fmt: skip


def test_a_told_password_fails_the_run_whichever_way_it_was_told(tmp_path: Path) -> None:
    done = run(tmp_path, list(LEAKS.values()))
    assert "8 passed" in done.stdout, done.stdout
    for secret in SECRETS:
        assert f": {secret!r} in " in done.stdout, done.stdout
    assert done.returncode == 1


def test_a_worker_hands_on_what_it_found(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    done = run(tmp_path, [LEAKS["log"]], "-n", "1")
    assert "passwords that were told" in done.stdout, done.stdout
    assert done.returncode == 1


def test_a_password_that_nobody_tells_fails_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, [FINE])
    assert done.returncode == 0, done.stdout
