"""Programs as an administrator runs them: in processes of their own, also at a terminal."""

from __future__ import annotations

import importlib
import os
import pkgutil
import pty
import select
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from coverage import Coverage

import vpopmail
from vpopmail import Vpopmail

_PATIENCE = 60  # seconds
_ENOUGH = 5  # runs of a test in which coverage is measured
_ROOT = Path(__file__).parents[2]
_measured: Counter[str] = Counter()


class Ran(NamedTuple):
    """How a program ended, and what it told."""

    code: int
    out: str = ""
    err: str = ""


def environment(site: Vpopmail, **more: str) -> dict[str, str]:
    """The environment that tells programs of a site; options of the site by their names."""
    settings = {
        "VPOPMAILDIR": site.settings.vpopmaildir,
        "QMAILDIR": site.settings.qmaildir,
        "VPOPUSER": str(site.settings.uid),
        "VPOPGROUP": str(site.settings.gid),
        "PROFILE": site.settings.profile,
        "BACKEND": site.settings.backend,
        "LOCK_TIMEOUT": "0",
        **more,
    }
    told = {f"VPOPMAIL_{name}": value for name, value in settings.items()}
    return {**os.environ, **told}


def measured() -> dict[str, str]:
    """What lets coverage be measured in a program too, if it is in this run.

    It takes longer than the program: of the many runs of a test with other words, a few will do.
    """
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition("[")[0]
    if Coverage.current() is None or _measured[test] == _ENOUGH:
        return {}
    _measured[test] += 1
    return {
        "COVERAGE_PROCESS_START": f"{_ROOT}/pyproject.toml",
        "COVERAGE_FILE": f"{_ROOT}/.coverage",
    }


def command(program: str, *words: str) -> list[str]:
    """The command line of a program, from the sources."""
    return [sys.executable, "-m", f"vpopmail.commands.{program}", *words]


def run(site: Vpopmail, program: str, *words: str, text: str | None = "", **options: str) -> Ran:
    """Run a program without a terminal.

    Args:
        site: on which; it is told by the environment.
        program, words: the command line.
        text: standard input.
        options: of the site.
    """
    done = subprocess.run(
        command(program, *words),
        env={**environment(site, **options), **measured()},
        input=text, capture_output=True, text=True, errors="surrogateescape",
        timeout=_PATIENCE, start_new_session=True,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def run_as(
    uid: int, site: Vpopmail, program: str, *words: str, text: str = "", **options: str
) -> Ran:
    """Run a program as another user; only root can.

    It is a child of this process, which has loaded all modules: the Python of root may be closed
    to others.

    Args:
        uid: of the user, whose group has the same number.
        site, program, words, text, options: as in ``run``. Its directories must be open to the user.
    """
    for module in pkgutil.walk_packages(vpopmail.__path__, "vpopmail."):
        if not module.name.startswith("vpopmail.testing"):
            importlib.import_module(module.name)
    with (
        tempfile.TemporaryFile("w+") as given,
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
    ):
        given.write(text)
        given.seek(0)
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            for target, file in enumerate((given, out, err)):
                os.dup2(file.fileno(), target)
            os._exit(_main_as(uid, program, words, environment(site, **options)))
        status = os.waitpid(child, 0)[1]
        told = [(file.seek(0), file.read())[1] for file in (out, err)]
    return Ran(os.waitstatus_to_exitcode(status), *told)


def _main_as(uid: int, program: str, words: Sequence[str], environ: dict[str, str]) -> int:
    """In the child: become the user, and be the program; its exit code."""
    os.setsid()  # no terminal
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = [program, *words]
    sys.stdin, sys.stdout, sys.stderr = (open(n, mode) for n, mode in ((0, "r"), (1, "w"), (2, "w")))
    try:
        importlib.import_module(f"vpopmail.commands.{program}").main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def run_at_terminal(
    site: Vpopmail, program: str, *words: str, answers: Sequence[tuple[str, str]] = (), **options: str
) -> tuple[int, str]:
    """Run a program at a terminal of its own and answer what it asks.

    Args:
        site, program, words, options: as in ``run``.
        answers: what is waited for on the terminal, and what is typed then.

    Returns:
        The exit code (negative: a signal) and all that the terminal showed.
    """
    environ = {**environment(site, **options), **measured()}
    return at_terminal(command(program, *words), environ, answers)


def at_terminal(
    line: Sequence[str], environ: dict[str, str], answers: Sequence[tuple[str, str]]
) -> tuple[int, str]:
    """``run_at_terminal`` for any command line."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - another process
        # Who started the tests in the background had it ignored; a login shell does not.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execve(line[0], line, environ)
    shown = b""
    seen = 0
    try:
        for wanted, answer in answers:
            while (at := shown.find(wanted.encode(), seen)) < 0:
                part = _read(terminal)
                assert part, f"{wanted!r} was not asked: {shown!r}"
                shown += part
            seen = at + len(wanted)
            os.write(terminal, answer.encode())
        while part := _read(terminal):
            shown += part
    finally:
        os.close(terminal)
        status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status), shown.decode(errors="surrogateescape").replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    """What comes next; empty when the program has ended."""
    ready, _, _ = select.select([terminal], [], [], _PATIENCE)
    assert ready, "nothing came any more"
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side is closed
        return b""
