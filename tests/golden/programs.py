"""How a recorded program is run, and what came of it put in the recording's words.

A program is the module of its name in ``vpopmail.commands``, run in a process of its own; the
site is told to it by ``VPOPMAIL_...`` in the environment.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.system_log import SystemLog

from .calls import Answer, NotImplementedHere
from .model import Places
from .rules_programs import REASON, cut_reason, cut_usage
from .scenario import Step

PATIENCE = 60  # seconds
_REASON = re.compile(r"(?<= is not in the log: ).+")
CHECKPASSWORD = "vchkpw"
POP3D = "qmail-pop3d"
# Not by Python, which may add a variable of its own.
ON_DESCRIPTOR_3 = 'exec "$0" "$@" 3<&0 </dev/null'
# A stand-in for the program that vchkpw starts: it tells how it was started. Not in Python, which
# the owner of a mailbox may not be able to read.
STAND_IN = """#!/bin/sh
{{
    printf '%s\\n' "$(pwd -P)" "$(/usr/bin/id -u)" "$(/usr/bin/id -g)"
    printf '%s\\0' "$0" "$@"
    printf '\\n'
    /bin/cat /proc/$$/environ
}} >{report}
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
    answer = _outcome(done)
    if "stdout" in answer:
        answer["stdout"] = cut_usage(program, answer["stdout"])
    if "stderr" in answer:
        answer["stderr"] = cut_reason(program, answer["stderr"])
    return answer


def _chkpw(step: Step, places: Places, settings: dict[str, Any]) -> Answer:
    """vchkpw gets the environment of the step, the site, and a PATH with the stand-ins."""
    data = step.data["chkpw"]
    program = data.get("prog", POP3D)
    words = [] if program is None else [program, *data.get("args", ())]
    command = [*_module(CHECKPASSWORD), *words]
    ours = environment(settings)
    folder = Path(places.real("{BIN}"))
    report = places.tmp.parent / "report"
    aside = {*ours, "PATH", "PWD"} - data["env"].keys()
    if program is not None:
        stand_in = folder / program
        folder.mkdir(exist_ok=True)
        stand_in.write_text(STAND_IN.format(report=report))
        stand_in.chmod(0o755)
    report.write_text("")
    report.chmod(0o666)  # of whoever vchkpw becomes
    env = {**ours, "PATH": f"{folder}:/usr/bin:/bin"}
    env.update({name: places.real(value) for name, value in data["env"].items()})
    done, sent = _with_descriptor_3(command, data["fd3"].encode("latin-1"), env)
    answer = _outcome(done)
    if sent is None:
        sent = step.result.get("syslog")
    if sent:
        answer["syslog"] = [
            {**one, "message": _REASON.sub(REASON, one["message"])} for one in sent
        ]
    told = report.read_bytes().decode("utf-8", "surrogateescape")
    report.unlink()
    return {**answer, "exec": _told(told, aside)} if told else answer


def _told(text: str, aside: Collection[str]) -> Answer:
    """What the stand-in has told, without the variables that are ours."""
    cwd, uid, gid, argv, environ = text.split("\n", 4)
    program, *args = argv.rstrip("\0").split("\0")
    pairs = dict(line.split("=", 1) for line in environ.rstrip("\0").split("\0"))
    env = {name: value for name, value in pairs.items() if name not in aside}
    return {
        "argv": [os.path.basename(program), *args],
        "cwd": cwd, "uid": int(uid), "gid": int(gid), "env": env,
    }  # fmt: skip


def _with_descriptor_3(
    command: list[str], text: bytes, env: dict[str, str]
) -> tuple[subprocess.CompletedProcess[bytes], list[dict[str, Any]] | None]:
    """How the program ended, and what it sent to the system log; None: nobody could listen."""
    reading, writing = os.pipe()
    try:
        os.write(writing, text)
    finally:
        os.close(writing)
    with SystemLog() as log:
        child = subprocess.Popen(
            ["/bin/sh", "-c", ON_DESCRIPTOR_3, *command],
            stdin=reading,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
        )
        os.close(reading)
        out, err = child.communicate(timeout=PATIENCE)
        sent = log.messages(child.pid) if log.listens else None
    return subprocess.CompletedProcess(command, child.returncode, out, err), sent


def _outcome(done: subprocess.CompletedProcess[bytes]) -> Answer:
    answer: Answer = {"exit": done.returncode} if done.returncode >= 0 else {"signal": -done.returncode}
    for name, data in (("stdout", done.stdout), ("stderr", done.stderr)):
        if data:
            answer[name] = data.decode("utf-8", "surrogateescape")
    return answer
