"""Recorded scenarios and their steps, as read from the JSON files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .tables import Table, Tables, changed_tables, final_tables, recorded_tables

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

    ``changes`` is None for a step that only prepares the scene. ``tables`` are all tables after
    it, ``changed_tables`` those that the step changed; None where that was not recorded. With
    ``alone`` it went wrong in C: what we do then is not recorded, and later steps build on it.
    """

    number: int
    kind: str
    data: dict[str, Any]
    result: dict[str, Any]
    changes: list[dict[str, Any]] | None
    hup: bool
    tables: Tables | None = None
    changed_tables: dict[str, Table | None] | None = None
    alone: bool = False

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
    tables: Tables | None = None
    server: dict[str, Any] = field(default_factory=dict)

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
                # Names and options are told: the watch for secrets must not think them such.
                given = [str(word) for word in step.data["cli"][1:]]
                words.update(dict.fromkeys(w for w in given if not {*"@./"} & {*w} and w[:1] != "-"))
        return tuple(words)


def from_latin(text: str) -> str:
    """Our text for recorded text whose characters stand for bytes, each for one."""
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def step_of(number: int, data: dict[str, Any], encoding: str = "latin-1") -> Step:
    """One step of a recording.

    Args:
        encoding: of the texts in its tables.

    Raises:
        ValueError: of no known kind.
    """
    kind = next((k for k in KINDS if k in data), None)
    if kind is None:
        raise ValueError(f"step {number}: unknown kind: {sorted(data)}")
    hup = bool(data.get("hup", False))
    result = dict(data.get("result", {}))
    if kind == "chkpw" and "syslog" in data:
        result["syslog"] = data["syslog"]
    changes = data.get("changes")
    tables = recorded_tables(data["tables"], encoding) if "tables" in data else None
    changed = None if changes is None else changed_tables(changes)
    return Step(number, kind, data, result, changes, hup, tables, changed)


def read_scenarios(directory: Path) -> Iterator[Scenario]:
    """All scenarios of the recordings in a directory, in the order of the file names."""
    for path in sorted(directory.glob("*.json")):
        recording = json.loads(path.read_text("utf-8"))
        for data in recording.get("scenarios", ()):
            yield _scenario(recording, data)


def _scenario(recording: dict[str, Any], data: dict[str, Any]) -> Scenario:
    encoding = "utf-8" if recording.get("server", {}).get("product") == "PostgreSQL" else "latin-1"
    steps = tuple(step_of(number, step, encoding) for number, step in enumerate(data["steps"], 1))
    final = data.get("final")
    tables = recorded_tables(data["tables"], encoding) if "tables" in data else None
    if tables is None and final is not None:
        tables = final_tables(final)
    return Scenario(
        recording["topic"],
        data["name"],
        data.get("about", ""),
        data.get("build", recording.get("build", "base")),
        bool(data.get("undefined", False)),
        steps,
        final,
        tables,
        recording.get("server", {}),
    )
