"""Sites on real files, and looking at trees."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from vpopmail import Vpopmail, use
from vpopmail.safeio import seam
from vpopmail.safeio.directory import Directory, Owner
from vpopmail.settings import load

from . import figures
from .secrets import Watch
from .sql import servers

# Machines that run tests are busy: how long an example takes says nothing.
hypothesis_settings.register_profile("vpopmail", deadline=None)
hypothesis_settings.load_profile("vpopmail")

DOMAIN = "example.com"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--full``: the trials against trouble in their full size, as docs/reliability.md tells."""
    parser.addoption("--full", action="store_true", help="trials in full size: takes hours")


def pytest_configure(config: pytest.Config) -> None:
    """Listen for passwords in what is told."""
    config.pluginmanager.register(Watch(config), "told passwords")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures that tests recorded."""
    figures.tell(terminalreporter)


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether trials are to be made in their full size; else in CI's."""
    return bool(pytestconfig.getoption("--full"))


@pytest.fixture(scope="session")
def mariadb() -> Iterator[servers.Server]:
    """The private MariaDB of this run; a test makes a database of its own in it."""
    with servers.mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Server]:
    """The private PostgreSQL of this run; a test makes a database of its own in it."""
    with servers.postgresql() as server:
        yield server


def settings_for(base: Path, **more: object) -> dict[str, object]:
    """Settings of a site below ``base`` that belongs to the caller."""
    return {
        "vpopmaildir": str(base / "v"),
        "qmaildir": str(base / "q"),
        "vpopuser": os.getuid(),
        "vpopgroup": os.getgid(),
        "sync": False,
        "lock_timeout": 0,
        **more,
    }


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Vpopmail]]:
    """Makes sites in tmp_path; a second one with the same directories is another process's view."""
    made: list[Vpopmail] = []

    def make(**more: object) -> Vpopmail:
        site = Vpopmail(load(settings_for(tmp_path, **more)))
        site.prepare()
        made.append(site)
        return site

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(make_site: Callable[..., Vpopmail]) -> Iterator[Vpopmail]:
    """A site without domains, which is the current one."""
    made = make_site()
    with use(made):
        yield made


@pytest.fixture
def domain(site: Vpopmail) -> Path:
    """The directory of example.com, which has no user yet."""
    site.domains.add(DOMAIN)
    return Path(site.domains.get(DOMAIN).path)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Directory]:
    """An open, empty directory that syncs."""
    path = tmp_path / "d"
    path.mkdir()
    with Directory.open(str(path)) as opened:
        yield opened


@pytest.fixture
def owner() -> Owner:
    """The caller as owner."""
    return Owner(os.geteuid(), os.getegid())


def open_to_others(path: Path) -> None:
    """Let other users pass to a directory of pytest's: those above it are root's alone."""
    for one in (path, *path.parents):
        if "pytest-of-" in str(one):
            one.chmod(0o755)


def tree(path: Path) -> dict[str, object]:
    """What is below a path: name to content, link target or the letter of its kind."""
    found: dict[str, object] = {}
    for where, directories, files in os.walk(path):
        for name in [*directories, *files]:
            one = Path(where) / name
            key = str(one.relative_to(path))
            if one.is_symlink():
                found[key] = f"-> {os.readlink(one)}"
            elif one.is_dir():
                found[key] = "d"
            elif one.is_file():
                found[key] = one.read_bytes()
            else:
                found[key] = "special"
    return found


def without_locks(found: dict[str, object]) -> dict[str, object]:
    """A tree without lock files, which stay once they were made."""
    return {name: what for name, what in found.items() if not name.endswith(".lock")}


class Failing:
    """Lets the n-th system call of a kind fail, and says which calls there were."""

    def __init__(self, kind: str, number: int = 1, needle: object = None) -> None:
        self.kind = kind
        self.left = number
        self.needle = needle

    def __call__(self, kind: str, arguments: tuple[object, ...]) -> None:
        if kind == self.kind and (self.needle is None or self.needle in arguments):
            self.left -= 1
            if self.left == 0:
                raise OSError(28, os.strerror(28), self.kind)


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets one system call fail with ENOSPC: its kind, which one, and an argument it must have."""

    def arm(kind: str, number: int = 1, needle: object = None) -> None:
        monkeypatch.setattr(seam, "watch", Failing(kind, number, needle))

    return arm
