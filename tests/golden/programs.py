"""How a recorded program is run, and what came of it put in the recording's words.

A program is the module of its name in ``vpopmail.commands``, run in a process of its own; the
site is told to it by ``VPOPMAIL_...`` in the environment.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .calls import Answer, NotImplementedHere
from .model import Places
from .scenario import Step

PATIENCE = 60  # seconds
CHECKPASSWORD = "vchkpw"
POP3D = "qmail-pop3d"
ON_DESCRIPTOR_3 = """
import os, sys
number = int(sys.argv[1])
os.dup2(number, 3)
if number != 3:
    os.close(number)
os.execv(sys.argv[2], sys.argv[2:])
"""
# A stand-in for the program that vchkpw starts: it tells how it was started.
STAND_IN = """#!{python} -I
import json, os, sys
environ = {{k: v for k, v in os.environ.items() if k not in {aside!r}}}
argv = [os.path.basename(sys.argv[0]), *sys.argv[1:]]
told = {{"argv": argv, "cwd": os.getcwd(), "uid": os.getuid(), "gid": os.getgid(), "env": environ}}
with open({report!r}, "w") as file:
    json.dump(told, file)
"""


class ProgramMissing(NotImplementedHere):
    """There is no such program yet."""


def environment(settings: dict[str, Any]) -> dict[str, str]:
    """Options of a site as a program takes them from its environment."""
    words = {"True": "yes", "False": "no"}
    texts = {name: str(value) for name, value in settings.items()}
    return {f"VPOPMAIL_{name.upper()}": words.get(text, text) for name, text in texts.items()}


def ran(step: Step, places: Places, settings: dict[str, Any]) -> Answer:
    """Run the program of a step ``cli`` or ``chkpw``.

    Raises:
        ProgramMissing.
    """
    answer = (_cli if step.kind == "cli" else _chkpw)(step, places, settings)
    told: Answer = json.loads(places.recorded_text(json.dumps(answer)))
    return told


def _module(program: str) -> list[str]:
    name = f"vpopmail.commands.{program}"
    if importlib.util.find_spec(name) is None:
        raise ProgramMissing(f"program {program}")
    return [sys.executable, "-m", name]


def _cli(step: Step, places: Places, settings: dict[str, Any]) -> Answer:
    program, *args = [places.real(str(word)) for word in step.data["cli"]]
    done = subprocess.run(
        [*_module(program), *args],
        input=places.real(step.data.get("stdin", "")).encode("utf-8", "surrogateescape"),
        capture_output=True,
        env={**os.environ, **environment(settings)},
        timeout=PATIENCE,
    )
    return _outcome(done)


def _chkpw(step: Step, places: Places, settings: dict[str, Any]) -> Answer:
    """vchkpw gets the environment of the step, the site, and a PATH with the stand-ins."""
    data = step.data["chkpw"]
    program = data.get("prog", POP3D)
    words = [] if program is None else [program, *data.get("args", ())]
    command = [*_module(CHECKPASSWORD), *words]
    ours = environment(settings)
    folder = Path(places.real("{BIN}"))
    report = places.tmp.parent / "report"
    aside = sorted({*ours, "PATH", "LC_CTYPE"} - data["env"].keys())
    if program is not None:
        stand_in = folder / program
        folder.mkdir(exist_ok=True)
        words_of = {"python": sys.executable, "aside": aside, "report": str(report)}
        stand_in.write_text(STAND_IN.format(**words_of))
        stand_in.chmod(0o755)
    report.write_text("")
    report.chmod(0o666)  # of whoever vchkpw becomes
    env = {**ours, "PATH": f"{folder}:/usr/bin:/bin"}
    env.update({name: places.real(value) for name, value in data["env"].items()})
    answer = _outcome(_with_descriptor_3(command, data["fd3"].encode("latin-1"), env))
    told = report.read_text()
    report.unlink()
    return {**answer, "exec": json.loads(told)} if told else answer


def _with_descriptor_3(
    command: list[str], text: bytes, env: dict[str, str]
) -> subprocess.CompletedProcess[bytes]:
    reading, writing = os.pipe()
    try:
        os.write(writing, text)
    finally:
        os.close(writing)
    try:
        return subprocess.run(
            [sys.executable, "-I", "-c", ON_DESCRIPTOR_3, str(reading), *command],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=env,
            pass_fds=(reading,),
            timeout=PATIENCE,
        )
    finally:
        os.close(reading)


def _outcome(done: subprocess.CompletedProcess[bytes]) -> Answer:
    answer: Answer = {"exit": done.returncode} if done.returncode >= 0 else {"signal": -done.returncode}
    for name, data in (("stdout", done.stdout), ("stderr", done.stderr)):
        if data:
            answer[name] = data.decode("utf-8", "surrogateescape")
    return answer
