"""Programs of Debian's packages, which CI has to have."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str, package: str) -> str:
    """The path of a program; without it CI fails, and elsewhere the test is skipped."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} of Debian's package {package} is missing")
        pytest.skip(f"needs {name}, of Debian's package {package}")
    return path
