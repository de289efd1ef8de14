"""No password in anything that is told: watched during the whole run, looked for at its end.

Secrets are what reaches the hashing, the checking and the records: clear and crypted. What is told
is each log record, warning, error of this library, shown record, plan or setting, and the command
line and environment of each program that the library starts. One that has a secret in it fails
the run.

What forked children of the trials hear they hand on with their answer. Not looked at: the values
of local variables, which a debugger may show and Python does not, and what those children hear
that are killed; the same calls are made by others that are not.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

import vpopmail
from vpopmail import Config, Vpopmail
from vpopmail.accounts import checks
from vpopmail.errors import VpopmailError
from vpopmail.passwords import schemes
from vpopmail.plan.steps import Plan, Step
from vpopmail.qmail.rebuild import Rebuilt
from vpopmail.records import Record, VqPasswd
from vpopmail.settings import Settings
from vpopmail.upkeep.diagnosis import Diagnosis
from vpopmail.upkeep.findings import Finding, Reconciled

from . import nasty

SHORTEST = 6
SHOWN = (Config, Diagnosis, Finding, Plan, Rebuilt, Reconciled, Record, Settings, Step, Vpopmail)
PACKAGE = str(Path(vpopmail.__file__).parent)
# Passwords of some test that are names and lines of the same one.
COMMON = frozenset(nasty.TEXTS)
_STARTS = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.spawn"}


Heard = tuple[set[str], dict[str, str]]  # what a child knows and was told


class Secrets:
    """The secrets of a run and what was told in it.

    Attributes:
        known: the secrets, of at least six characters.
        told: texts, each with where it was first told.
    """

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.told: dict[str, str] = {}

    def learn(self, secret: object) -> None:
        """Remember a secret; what is short is none."""
        text = secret.decode("utf-8", "replace") if isinstance(secret, bytes) else secret
        if isinstance(text, str) and len(text) >= SHORTEST:
            self.known.add(text)

    def hear(self, where: str, text: str) -> None:
        """Remember what was told."""
        if len(text) >= SHORTEST:
            self.told.setdefault(text, where)

    def begin(self) -> None:
        """In a forked child: only what comes from now on is handed on."""
        self.known, self.told = set(), {}

    def heard(self) -> Heard:
        """What a child hands on."""
        return self.known, self.told

    def take(self, heard: Heard) -> None:
        """Remember what a child handed on."""
        self.known |= heard[0]
        self.told = {**heard[1], **self.told}

    def leaks(self) -> list[str]:
        """Where which secret was told."""
        by_head: dict[str, list[str]] = {}
        for secret in self.known:
            by_head.setdefault(secret[:SHORTEST], []).append(secret)
        found = {leak for text in self.told for leak in self._in(text, by_head)}
        own = "".join(path.read_text() for path in Path(PACKAGE).rglob("*.py")) if found else ""
        return sorted(
            f"{self.told[text]}: {secret!r} in {text[:200]!r}"
            for text, secret in found
            if not _is_common(secret, own)
        )

    def _in(self, text: str, by_head: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
        for at in range(len(text) - SHORTEST + 1):
            for secret in by_head.get(text[at : at + SHORTEST], ()):
                if text.startswith(secret, at):
                    yield text, secret


def _is_common(secret: str, own: str) -> bool:
    """Whether nobody could say that it was the password that was told.

    Args:
        secret: what was found.
        own: all sources of the library, whose messages have words of their own.
    """
    return secret in COMMON or secret in own or len(set(secret)) < 3


# Of this process, for the children that it forks.
current = Secrets()


class Watch:
    """The pytest plugin: listens from its making on.

    Args:
        config: of the run.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.secrets = current
        self.of_workers: list[str] = []
        self.undo: list[Callable[[], object]] = []
        self._learn()
        self._hear_errors()
        self._hear_shown()
        self._hear_log()
        self._hear_programs()

    def _wrap(self, place: Any, name: str, before: Callable[..., object]) -> None:
        """Let a function tell its arguments to another one first."""
        original = getattr(place, name)

        @wraps(original)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            before(*arguments, **named)
            return original(*arguments, **named)

        for module in [place, *sys.modules.values()]:
            if getattr(module, "__name__", "").startswith("vpopmail") or module is place:
                if vars(module).get(name) is original:
                    setattr(module, name, wrapped)
                    self.undo.append(lambda module=module: setattr(module, name, original))

    def _learn(self) -> None:
        learn = self.secrets.learn
        self._wrap(schemes, "as_bytes", learn)
        self._wrap(
            checks,
            "check_one_password",
            lambda password, crypted: (learn(password), learn(crypted)),
        )

    def _after(self, kind: type, name: str, tell: Callable[[Any, Any], object]) -> None:
        """Let a method of a class tell its object and its result to a function."""
        original = vars(kind)[name]

        @wraps(original)
        def wrapped(one: Any, *arguments: Any, **named: Any) -> Any:
            result = original(one, *arguments, **named)
            tell(one, result)
            return result

        setattr(kind, name, wrapped)
        self.undo.append(lambda: setattr(kind, name, original))

    def _hear_errors(self) -> None:
        hear = self.secrets.hear

        def made(error: Any, _nothing: object) -> None:
            name = type(error).__name__
            hear(name, str(error))
            hear(name, repr(error))
            before = sys.exc_info()[1]
            if before is not None:  # a traceback shows it too
                hear(f"{name} after {type(before).__name__}", str(before))

        self._after(VpopmailError, "__init__", made)

    def _hear_shown(self) -> None:
        hear = self.secrets.hear

        def stored(user: Any, _nothing: object) -> None:
            self.secrets.learn(user.pw_passwd)
            self.secrets.learn(user.pw_clear_passwd)

        self._after(VqPasswd, "__init__", stored)
        for kind in SHOWN:
            for name in {"__repr__", "__str__"} & vars(kind).keys():
                where = f"{name} of {kind.__name__}"
                self._after(kind, name, lambda _one, text, where=where: hear(where, text))

    def _hear_log(self) -> None:
        factory = logging.getLogRecordFactory()

        def make(*arguments: Any, **named: Any) -> logging.LogRecord:
            record = factory(*arguments, **named)
            if record.name.startswith("vpopmail"):
                self.secrets.hear("log", record.getMessage())
            return record

        logging.setLogRecordFactory(make)
        self.undo.append(lambda: logging.setLogRecordFactory(factory))

    def _hear_programs(self) -> None:
        # A hook of this kind stays for ever: it asks whether it is still wanted.
        wanted = [True]

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event in _STARTS and wanted and _is_ours(sys._getframe(1)):
                self.secrets.hear(event, repr(arguments))
                # pytest tells there which test it is, by a name that may be made of its arguments.
                given = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
                self.secrets.hear(event, repr(given))

        sys.addaudithook(hook)
        self.undo.append(wanted.clear)

    # hooks

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Python's own warnings."""
        self.secrets.hear("warning", str(warning_message.message))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What a worker found."""
        self.of_workers += getattr(node, "workeroutput", {}).get("secrets", [])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run if something was told; a worker hands it on."""
        leaks = self.secrets.leaks()
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["secrets"] = leaks
        self.of_workers += leaks
        if self.of_workers and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the leaks."""
        if self.of_workers:
            terminalreporter.section("passwords that were told", red=True)
            for leak in sorted(set(self.of_workers))[:40]:
                terminalreporter.line(leak)

    def pytest_unconfigure(self) -> None:
        """Put everything back."""
        while self.undo:
            self.undo.pop()()


def _is_ours(frame: Any) -> bool:
    """Whether the library is among the callers."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(PACKAGE):
            return True
        frame = frame.f_back
    return False
