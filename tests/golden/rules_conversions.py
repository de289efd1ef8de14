"""Rules about the programs that copy: bulletins into mailboxes, accounts into other stores."""

from __future__ import annotations

import re

from .model import Entry
from .scenario import Step
from .world import World

_NO_DOMAIN = 245
_UNSIZED = re.compile(r".*/Maildir/new/\{TIME\}\.\{PID\}\.\{HOST\}(#\d+)?")
_DATE = "{DATE}"
_A_DATE = "Sun, 22 Nov 2026 10:31:28 +0000"


def sized_bulletins(path: str, entry: Entry, world: World) -> Entry | None:
    """The name of a bulletin has its size, like that of any other message."""
    if not _UNSIZED.fullmatch(path) or path in world.setup or entry.data is None:
        return entry
    size = len(entry.text.replace(_DATE, _A_DATE).encode())
    world.moved[f"{path},S={size}"] = entry
    return None


def bulletin_status(step: Step, world: World) -> Step:
    """A domain that is not there is no success."""
    if step.kind != "cli" or step.data["cli"][0] != "vpopbull" or step.result.get("exit") != 0:
        return step
    unknown = re.search(r"^Error: domain \S+ does not exist$", step.result.get("stderr", ""), re.M)
    return step.expecting(exit=_NO_DOMAIN) if unknown else step
