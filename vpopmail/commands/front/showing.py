"""What the front door prints: records, plans, and warnings."""

from __future__ import annotations

import json
import sys
from time import localtime, strftime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from vpopmail.plan.steps import Plan

    Record = Mapping[str, object]

_MOST_KEPT = 1000  # warnings that are remembered


def show_records(records: Iterable[Record], line: Callable[[Record], str], *, as_json: bool) -> int:
    """Print records as they come, one a line.

    Args:
        records: each with its documented keys.
        line: a record for people.
        as_json: whether each is a JSON object; what is stored outside UTF-8 is an escape there
            that ``--bulk jsonl`` takes back.

    Returns:
        The exit status, 0.
    """
    for record in records:
        print(json.dumps(record) if as_json else printable(line(record)))
    return 0


def show_record(record: Record, *, as_json: bool) -> int:
    """Print one record: as JSON, or a key and its value a line; see ``show_records``."""
    if as_json:
        print(json.dumps(record))
        return 0
    for key, value in record.items():
        print(printable(f"{key.replace('_', ' ')}: {in_words(value)}".rstrip()))
    return 0


def in_words(value: object) -> str:
    """A value of a record for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(in_words, value))
    return "-" if value is None else str(value)


def show_time(seconds: int) -> str:
    """A time for people, where they are: ``2026-11-27 17:31:06``."""
    return strftime("%Y-%m-%d %H:%M:%S", localtime(seconds))


def report(plan: Plan, *, dry_run: bool = False) -> int:
    """Tell of a change that was only planned; one that is done needs no words.

    Returns:
        The exit status, 0.
    """
    if dry_run:
        for line in str(plan).split("\n"):
            print(printable(line))
    return 0


class Warnings:
    """Tells the warnings of the log, each once: ten thousand users may have the same trouble.

    Args:
        tell: gets a line; None prints it on standard error.
    """

    def __init__(self, tell: Callable[[str], object] | None = None) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def show(self, text: str) -> None:
        """Tell one, unless it was told."""
        if text in self._told:
            return
        if len(self._told) >= _MOST_KEPT:
            self._told.clear()
        self._told.add(text)
        line = printable(f"warning: {text}")
        if self._tell is None:
            print(line, file=sys.stderr)
        else:
            self._tell(line)


def printable(text: str) -> str:
    """A line as it may come to a terminal: names may hold what would move its cursor."""
    return "".join(
        char if char == "\t" or char.isprintable() else ascii(char)[1:-1] for char in text
    )
