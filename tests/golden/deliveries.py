"""Steps of the recordings that run vdelivermail: the program, as qmail-local would start it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from vpopmail.commands import vdelivermail
from vpopmail.settings import OPTIONS

from .calls import Answer
from .model import Owners, Places
from .scenario import Step

_INJECT = """#!/bin/sh
top={top}
status="$(cat "$top/status")"
[ "$status" = 0 ] || exit "$status"
run="$top/injected/$(ls "$top/injected" | wc -l)"
mkdir "$run"
printf '%s\\0' "$@" >"$run/arguments"
cat >"$run/message"
"""


class Deliveries:
    """Runs vdelivermail on a site, with a stand-in for qmail-inject.

    Args:
        places: of the site.
        owners: who runs the programs.
        settings: of the site, as texts of the environment.
    """

    def __init__(self, places: Places, owners: Owners, settings: dict[str, Any]) -> None:
        self._places = places
        self._owners = owners
        self._top = places.tmp.parent / "b"
        self._top.mkdir(exist_ok=True)
        self._injected = self._top / "injected"
        self.inject_exit(0)
        program = self._top / "qmail-inject"
        program.write_text(_INJECT.format(top=self._top))
        program.chmod(0o755)
        told = {**settings, "qmail_inject": str(program)}
        self._settings = {OPTIONS[name].variable: _told(value) for name, value in told.items()}

    def inject_exit(self, status: int) -> None:
        """From now on qmail-inject ends with this status."""
        (self._top / "status").write_text(str(status))

    def answer(self, step: Step) -> Answer:
        """What comes of a delivery."""
        shutil.rmtree(self._injected, ignore_errors=True)
        self._injected.mkdir()
        self._injected.chmod(0o777)
        recorded = step.result["environment"]
        code, printed = self._run(step.data["deliver"], recorded)
        answer: Answer = {"exit": code, "environment": recorded}
        if printed:
            answer["stdout"] = self._places.recorded(printed).decode("latin-1")
        injected = [_injected(run) for run in sorted(self._injected.iterdir())]
        if injected:
            answer["injected"] = injected
        return answer

    def _run(self, about: dict[str, Any], recorded: dict[str, str]) -> tuple[int, bytes]:
        """Run the program in a child, as the user that it is recorded for.

        It is no process of its own, since the Python of a test need not be that user's to read.
        """
        real = self._places.real
        words = [real(word) for word in about.get("args", ["", "bounce-no-mailbox"])]
        environment = {name: real(value) for name, value in recorded.items()}
        environment |= {**self._settings, "PATH": os.environ["PATH"]}
        with TemporaryFile() as message, TemporaryFile() as printed:
            message.write(real(about["message"]).encode("latin-1"))
            message.seek(0)
            pid = os.fork()
            if not pid:
                code = 255
                try:
                    os.dup2(_input(message, pipe=about.get("pipe", False)), 0)
                    os.dup2(printed.fileno(), 1)
                    os.chdir(real(about["dir"]))
                    if self._owners.is_root:
                        _become(about.get("uid", 89))
                    os.environ.clear()
                    os.environ.update(environment)
                    code = vdelivermail.run(words, environment, {})
                finally:
                    os._exit(code)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            printed.seek(0)
            return code, printed.read()


def _input(message: IO[bytes], *, pipe: bool) -> int:
    if not pipe:
        return message.fileno()
    begin, end = os.pipe()
    os.write(end, message.read())
    os.close(end)
    return begin


def _become(uid: int) -> None:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def _injected(run: Path) -> dict[str, Any]:
    arguments = (run / "arguments").read_bytes().decode("latin-1").split("\0")[:-1]
    return {"args": arguments, "message": (run / "message").read_bytes().decode("latin-1")}


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def is_same_text(want: object, have: object, pattern: Any) -> bool:
    """Whether a text is the recorded one, whatever its moment."""
    return isinstance(want, str) and isinstance(have, str) and bool(pattern(want).fullmatch(have))
