"""vkill, on private programs whose names nobody else has."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import needs_root
from vpopmail.commands import vkill

from .programs import measured

CAT = shutil.which("cat") or "/bin/cat"
KILLED = -signal.SIGKILL


@pytest.fixture
def name() -> str:
    """One that no other process has."""
    return f"v{uuid.uuid4().hex[:11]}"


@contextmanager
def running(*command: str | Path, **options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that waits for its standard input to end, which it does here."""
    child = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, **options)  # type: ignore[call-overload]
    try:
        yield child
    finally:
        child.stdin.close()
        child.wait()


def binary(folder: Path, name: str) -> Path:
    """A private program of a name."""
    return Path(shutil.copy(CAT, folder / name))


def script(folder: Path, name: str) -> Path:
    """A private script of a name."""
    path = folder / name
    path.write_text("#!/bin/sh\nread line\n")
    path.chmod(0o755)
    return path


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the program; it needs no site."""
    command = [sys.executable, "-m", "vpopmail.commands.vkill", *words]
    return subprocess.run(command, env={**os.environ, **measured()}, capture_output=True, text=True)


def quietly(name: str) -> None:
    done = run(name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_all_of_the_name_are_ended(tmp_path: Path, name: str) -> None:
    path = binary(tmp_path, name)
    with running(path) as one, running(path) as other:
        quietly(name)
        assert one.wait() == other.wait() == KILLED


@pytest.mark.parametrize("also", ["x{}", "{}x", "{}.old"])
def test_part_of_a_name_is_not_enough(tmp_path: Path, name: str, also: str) -> None:
    with running(binary(tmp_path, also.format(name))) as other:
        quietly(name)
        assert other.poll() is None
    assert other.returncode == 0


def test_word_elsewhere_on_the_command_line_is_no_name(tmp_path: Path, name: str) -> None:
    with running(CAT, "-", tmp_path / name) as other, running("/bin/sh", "-c", f": {name}; read x") as shell:
        quietly(name)
        assert other.poll() is None and shell.poll() is None


def test_script_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    path = script(tmp_path, name)
    with running(path) as started, running("/bin/sh", path) as given:
        quietly(name)
        assert started.wait() == given.wait() == KILLED


def test_name_that_a_process_was_called_by_counts(name: str) -> None:
    with running(name, executable=CAT) as one:
        quietly(name)
        assert one.wait() == KILLED


def test_long_names_are_compared_whole(tmp_path: Path, name: str) -> None:
    # The kernel keeps 15 bytes, which both have.
    long = f"{name}-daemon-of-mine"
    with running(binary(tmp_path, long)) as one, running(binary(tmp_path, f"{long}-too")) as other:
        quietly(long[:15])
        assert one.poll() is None and other.poll() is None
        quietly(long)
        assert one.wait() == KILLED
        assert other.poll() is None


def test_supervisors_are_spared(tmp_path: Path) -> None:
    with running(binary(tmp_path, "multilog")) as one:
        quietly("multilog")
        assert one.poll() is None


def test_who_calls_it_is_spared(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(f'#!/bin/sh\n{sys.executable} -m vpopmail.commands.vkill {name}\necho "it was $?"\n')
    path.chmod(0o755)
    done = subprocess.run([path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "it was 0\n")


def test_nothing_of_the_name_is_no_trouble(name: str) -> None:
    quietly(name)


@pytest.mark.parametrize("words", [(), ("",), ("-x", "name")])
def test_words_that_do_not_fit_get_the_usage(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 255
    assert done.stdout.startswith("vkill: usage: ")
    assert done.stderr == ("vkill: invalid option -- 'x'\n" if "-x" in words else "")


def test_version_is_told() -> None:
    assert run("-v").stdout.startswith("version: ")


@needs_root
def test_process_of_another_user_stays_and_is_told(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(binary(tmp_path, name)) as one:
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            code = 1
            try:
                os.setuid(65534)
                sys.stderr = open(2, "w")
                code = vkill.run([name])
                sys.stderr.flush()
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 255
        assert one.poll() is None
    assert capfd.readouterr().err == f"vkill: {name}: not permitted to end 1 of them\n"
