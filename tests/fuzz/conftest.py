"""Fuzzed passwords are no secrets: they are made of the words that fuzzed names are made of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def apart(pytestconfig: pytest.Config) -> Iterator[None]:
    """Keep what a fuzzer makes out of the search for passwords that were told."""
    watch = pytestconfig.pluginmanager.get_plugin("told passwords")
    if watch is None:
        yield
        return
    secrets = watch.secrets
    known, told = secrets.known, secrets.told
    secrets.known, secrets.told = set(), {}
    yield
    secrets.known, secrets.told = known, told
