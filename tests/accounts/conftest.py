"""What the tests of batches share."""

from __future__ import annotations

import pytest

from vpopmail.safeio import shelf


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a batch keeps of many users goes to the disk with the first."""
    monkeypatch.setattr(shelf, "_MOST", 0)
