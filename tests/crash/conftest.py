"""A place for prepared sites."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .scenes import Scene


@pytest.fixture
def top() -> Iterator[Path]:
    """A short path in memory where there is some: every test brings much to the disk."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    path = Path(tempfile.mkdtemp(prefix="crash", dir=memory))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def made_beforehand(request: pytest.FixtureRequest) -> None:
    """What a scene needs that is made once, in this process and not in each of its children."""
    scene = getattr(request.node, "callspec", None) and request.node.callspec.params.get("scene")
    if isinstance(scene, Scene):
        scene.beforehand()
