"""A place for prepared sites."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def top() -> Iterator[Path]:
    """A short path in memory where there is some: every test brings much to the disk."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    path = Path(tempfile.mkdtemp(prefix="crash", dir=memory))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)
