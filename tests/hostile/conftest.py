"""One world for a module, renewed for each trial: its paths are absolute, so it stays where it is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.crash.processes import in_child

from .world import build, copy_world


class World:
    """A site and what lies outside of it.

    Attributes:
        top: the directory of both.
    """

    def __init__(self, place: Path) -> None:
        self.top = place / "top"
        self._kept = place / "kept"
        self.top.mkdir()
        in_child(partial(build, self.top))
        copy_world(self.top, self._kept)

    def renew(self) -> Path:
        """All as it was built; its top directory."""
        copy_world(self._kept, self.top)
        return self.top


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    place = Path(tempfile.mkdtemp(prefix="hostile", dir=memory))
    place.chmod(0o755)
    yield World(place)
    shutil.rmtree(place)
