"""Where the programs of a site may be put, and how they begin."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_root, open_to_others
from tests.crash.processes import in_child
from vpopmail import Vpopmail
from vpopmail.errors import InvalidPath
from vpopmail.settings import load
from vpopmail.upkeep import programs as upkeep_programs

NOBODY = 65534


@pytest.fixture
def installed(tmp_path: Path, make_site: Callable[..., Vpopmail], monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], list[str]]:
    """Installs the programs into a directory."""
    # What is in the bundle does not matter here, and takes its time.
    monkeypatch.setattr(upkeep_programs, "bundle", lambda *_which: b"")
    return lambda path: make_site(bindir=str(path)).install_programs()


@pytest.mark.parametrize(
    ("mode", "uid", "below"),
    [(0o777, 0, ""), (0o775, 0, ""), (0o1777, 0, ""), (0o755, NOBODY, ""), (0o777, 0, "bin"), (0o755, NOBODY, "bin")],
)
@needs_root
def test_root_installs_nothing_where_others_could_put_programs(
    installed: Callable[[Path], list[str]], tmp_path: Path, mode: int, uid: int, below: str
) -> None:
    open_place = tmp_path / "open"
    open_place.mkdir()
    os.chown(open_place, uid, NOBODY)
    open_place.chmod(mode)
    with pytest.raises(InvalidPath, match=f"{open_place}: .*others could put programs"):
        installed(open_place / below)
    assert list(open_place.iterdir()) == []


@needs_root
def test_root_follows_no_link_of_others_to_install_programs(
    installed: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    open_place, good = tmp_path / "open", tmp_path / "good"
    open_place.mkdir()
    good.mkdir(mode=0o755)
    (open_place / "bin").symlink_to(good)
    open_place.chmod(0o777)
    with pytest.raises(InvalidPath, match="others could put programs"):
        installed(open_place / "bin")
    assert list(good.iterdir()) == []


@needs_root
@pytest.mark.parametrize("mode", [0o755, 0o775])
def test_the_owner_of_the_domains_may_own_the_directory(
    tmp_path: Path, make_site: Callable[..., Vpopmail], monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    monkeypatch.setattr(upkeep_programs, "bundle", lambda *_which: b"")
    place = tmp_path / "bin"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    place.chmod(mode)
    site = make_site(bindir=str(place), vpopuser=NOBODY, vpopgroup=NOBODY)
    assert len(site.install_programs()) == len(upkeep_programs.PROGRAMS)


@needs_root
def test_an_ordinary_user_who_installs_for_himself_is_warned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    open_to_others(tmp_path)
    tmp_path.chmod(0o777)
    monkeypatch.setattr(upkeep_programs, "bundle", lambda *_which: b"")
    given = {"vpopmaildir": str(tmp_path / "own"), "qmaildir": str(tmp_path), "vpopuser": NOBODY, "vpopgroup": NOBODY, "sync": False}

    def install() -> list[str]:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        os.umask(0o022)
        (tmp_path / "own").mkdir()
        Vpopmail(load(given)).install_programs()
        return [record.getMessage() for record in caplog.records if "could put" in record.getMessage()]

    [told] = in_child(install)
    assert told.startswith(f"{tmp_path}: ")


def test_interrupt_ends_a_program_without_a_word_before_it_has_its_modules(tmp_path: Path) -> None:
    # The program waits for its bundle until somebody writes it.
    os.mkfifo(tmp_path / upkeep_programs.TYPED_BUNDLE)
    program = tmp_path / "vuserinfo"
    program.write_text(upkeep_programs.launcher("vuserinfo", {}, str(tmp_path)))
    program.chmod(0o755)
    child = subprocess.Popen(
        [program],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    with open(tmp_path / upkeep_programs.TYPED_BUNDLE, "wb"):  # when it reads
        child.send_signal(signal.SIGINT)
        told = child.communicate(timeout=60)
    assert (child.returncode, *told) == (-signal.SIGINT, b"", b"")
