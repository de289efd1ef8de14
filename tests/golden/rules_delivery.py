"""Rules about deliveries."""

from __future__ import annotations

import re
from dataclasses import replace

from .model import Entry
from .rules_files import owner_of_directory
from .scenario import Step
from .world import World

_SIZE_IN_TMP = re.compile(r"(file=\S+/tmp/[^,\s]+),S=\d+")


def no_size_in_tmp(step: Step, world: World) -> Step:
    """A file that is still written has no size in its name."""
    told = step.result.get("stdout")
    if step.kind != "deliver" or not told:
        return step
    without = _SIZE_IN_TMP.sub(r"\1", told)
    return step if without == told else step.expecting(stdout=without)


def owned_by_the_domain(path: str, entry: Entry, world: World) -> Entry | None:
    """What root delivers belongs to the owner of the domain."""
    if "/Maildir/new/" not in path or entry.kind != "file":
        return entry
    return replace(entry, owner=owner_of_directory(path, world))
