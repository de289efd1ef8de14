"""Recorded scenarios and their steps, as read from the JSON files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# The key that tells a step's kind, and whether the recorder did it (setup) or a program ran.
SETUP = (
    "write",
    "mkdir",
    "unlink",
    "rmtree",
    "symlink",
    "age",
    "mtime",
    "fifo",
    "inject_exit",
)
SERVER = ("sql", "ldif", "server")
RUN = ("call", "cli", "chkpw", "deliver", "talk")
KINDS = SETUP + SERVER + RUN


@dataclass(frozen=True)
class Step:
    """One step; ``result`` and ``changes`` are what is expected of us, once the rules have seen it.

    ``changes`` is None for a step that only prepares the scene.
    """

    number: int
    kind: str
    data: dict[str, Any]
    result: dict[str, Any]
    changes: list[dict[str, Any]] | None
    hup: bool

    @property
    def name(self) -> str:
        """The function or program; for other kinds the kind."""
        if self.kind == "call":
            return str(self.data["call"])
        return str(self.data["cli"][0]) if self.kind == "cli" else self.kind

    @property
    def args(self) -> list[Any]:
        """The arguments of a call."""
        return list(self.data.get("args", ()))

    @property
    def is_setup(self) -> bool:
        """Whether the recorder itself did it."""
        return self.kind in SETUP or self.kind in SERVER

    def calls(self, *names: str) -> bool:
        """Whether it is a call of one of these functions."""
        return self.kind == "call" and self.name in names

    def expecting(self, **result: Any) -> Step:
        """The step with other members of its result."""
        return replace(self, result={**self.result, **result})

    def without(self, members: frozenset[str]) -> Step:
        """The step without some members of its result."""
        left = {k: v for k, v in self.result.items() if k not in members}
        return self if left == self.result else replace(self, result=left)

    def __str__(self) -> str:
        shown = self.args if self.kind == "call" else self.data[self.kind]
        return f"step {self.number}: {self.kind} {self.name} {json.dumps(shown)[:200]}"


@dataclass(frozen=True)
class Scenario:
    """One recorded run."""

    topic: str
    name: str
    about: str
    build: str
    undefined: bool
    steps: tuple[Step, ...]
    final: dict[str, Any] | None

    @property
    def id(self) -> str:
        """The test id."""
        return f"golden/{self.topic}/{self.name}"

    def owners(self) -> set[str]:
        """Every owner that the scenario gives or shows."""
        shown = list((self.final or {}).values())
        for step in self.steps:
            shown += [*(step.changes or ()), step.data]
        return {str(entry["owner"]) for entry in shown if "owner" in entry}

    def clear_passwords(self) -> tuple[str, ...]:
        """Every clear password that its steps mention."""
        words: dict[str, None] = {}
        for step in self.steps:
            if (
                step.calls("vadduser", "vpasswd", "vauth_adduser")
                and len(step.args) > 2
            ):
                words[str(step.args[2])] = None
            if step.calls("mkpasswd3"):
                words[from_latin(step.args[0])] = None
            if step.calls("modpw"):
                words[str(step.args[2].get("pw_clear_passwd", ""))] = None
            if step.kind == "cli":
                words.update(dict.fromkeys(map(str, step.data["cli"][1:])))
        return tuple(words)


def from_latin(text: str) -> str:
    """Our text for recorded text whose characters stand for bytes, each for one."""
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def step_of(number: int, data: dict[str, Any]) -> Step:
    """One step of a recording.

    Raises:
        ValueError: of no known kind.
    """
    kind = next((k for k in KINDS if k in data), None)
    if kind is None:
        raise ValueError(f"step {number}: unknown kind: {sorted(data)}")
    hup = bool(data.get("hup", False))
    return Step(number, kind, data, data.get("result", {}), data.get("changes"), hup)


def read_scenarios(directory: Path) -> Iterator[Scenario]:
    """All scenarios of the recordings in a directory, in the order of the file names."""
    for path in sorted(directory.glob("*.json")):
        recording = json.loads(path.read_text("utf-8"))
        for data in recording.get("scenarios", ()):
            yield _scenario(recording, data)


def _scenario(recording: dict[str, Any], data: dict[str, Any]) -> Scenario:
    steps = tuple(step_of(number, step) for number, step in enumerate(data["steps"], 1))
    return Scenario(
        recording["topic"],
        data["name"],
        data.get("about", ""),
        data.get("build", recording.get("build", "base")),
        bool(data.get("undefined", False)),
        steps,
        data.get("final"),
    )
