"""The modules of a program in one file."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vpopmail.bundle import make_bundle, use_bundle


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of two modules that is on nobody's path but the bundle's."""
    directory = tmp_path / "bundled"
    directory.mkdir()
    (directory / "__init__.py").write_text('"""A package."""\n')
    (directory / "inner.py").write_text('"""A module."""\nVALUE = 1\n')
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield directory
    for name in ("bundled", "bundled.inner"):
        sys.modules.pop(name, None)


def use(package: Path, content: bytes | None = None) -> None:
    path = package.parent / "bundle"
    modules = [("bundled", f"{package}/__init__.py"), ("bundled.inner", f"{package}/inner.py")]
    path.write_bytes(make_bundle(modules) if content is None else content)
    use_bundle(str(path))


def test_modules_come_from_the_bundle_as_from_their_files(package: Path) -> None:
    use(package)
    inner = importlib.import_module("bundled.inner")
    assert inner.VALUE == 1
    assert inner.__file__ == f"{package}/inner.py"
    assert inner.__doc__ is None
    assert list(sys.modules["bundled"].__path__) == [str(package)]


def test_module_whose_source_has_changed_does_not_count(package: Path) -> None:
    use(package)
    (package / "inner.py").write_text("VALUE = 22\n")
    assert importlib.import_module("bundled.inner").VALUE == 22


def test_module_whose_source_is_gone_does_not_count(package: Path) -> None:
    use(package)
    (package / "inner.py").unlink()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("bundled.inner")


@pytest.mark.parametrize("content", [b"", b"1234", b"\x00" * 100])
def test_bundle_of_another_python_does_not_count(package: Path, content: bytes) -> None:
    before = list(sys.meta_path)
    use(package, content)
    use_bundle(f"{package}/nowhere")
    assert sys.meta_path == before


def test_stamp_is_time_and_size_of_the_source(package: Path) -> None:
    use(package)
    status = os.stat(package / "inner.py")
    os.utime(package / "inner.py", ns=(0, status.st_mtime_ns + 1))
    assert importlib.import_module("bundled").__name__ == "bundled"
    sys.path_importer_cache.clear()
    assert importlib.import_module("bundled.inner").VALUE == 1
