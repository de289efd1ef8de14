"""Rules about the programs that copy: bulletins into mailboxes, accounts into other stores."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from .model import Entry
from .rules_files import owner_of_directory
from .scenario import Step
from .world import World

_NO_DOMAIN = 245
_NO_DATABASE = 233
_FAILED = 255
_NO_CONNECTION = "no authentication database connection"
_COPIED = ("vpasswd.cdb", ".dir-control", "lastauth")
_NOT_ADDED = re.compile(r"User \S+ domain \S+ did not add\n")
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


def conversion_status(step: Step, world: World) -> Step:
    """A conversion that failed is no success, nor is one without a database."""
    if not _is_conversion(step) or step.result.get("exit") != 0:
        return step
    if not world.has_database and _copies(step):
        return step.expecting(
            exit=_NO_DATABASE,
            stdout=f"Error: {_NO_CONNECTION}\n",
            stderr="database_url: bad setting: it is not set: which database is meant?\n",
        )
    told = step.result.get("stdout", "")
    if "Domain not found\n" in told:
        return step.expecting(exit=_NO_DOMAIN)
    return step.expecting(exit=_FAILED) if "unknown conversion\n" in told else step


def users_survive(step: Step, world: World) -> Step:
    """C loses the users whom it copies into a database, or all of a domain whose file is lost."""
    if not _is_conversion(step) or step.data["cli"][1:3] != ["-c", "-m"] or not world.has_database:
        return step
    told = _NOT_ADDED.sub("", step.result.get("stdout", ""))
    if not told.endswith("failed\n"):
        ours = replace(world.refuse(step), alone=True)
        return ours.without(frozenset(("stderr",))).expecting(stdout=told)
    domain = step.data["cli"][3]
    advice = "it is missing, but vpasswd.cdb is there: put it back, from a backup if need be"
    why = f"vconvert: {domain}: {world.domain_dir(domain)}/vpasswd: {_NO_CONNECTION}: {advice}\n"
    return world.refuse(step).expecting(exit=_NO_DATABASE, stderr=why)


def converted_whole(path: str, entry: Entry, world: World) -> Entry | None:
    """The vpasswd of a conversion belongs to the domain, and has the marker of vpasswd."""
    is_made = world.has_database and posixpath.basename(path) == "vpasswd" and path not in world.setup
    if not is_made or entry.data is None:
        return entry
    lines = [line.split(":") for line in entry.text.splitlines()]
    told = [[name, crypted, str(int(marker) + 1), *rest] for name, crypted, marker, *rest in lines]
    text = "".join(f"{':'.join(fields)}\n" for fields in told)
    return replace(entry, owner=owner_of_directory(path, world), data=text.encode("utf-8", "surrogateescape"))


def put_copied(world: World) -> None:
    """Expect what C's conversion leaves behind in the database: the index, counters, last logins."""
    if world.has_database:
        for path, entry in world.actual.items():
            if posixpath.basename(path) in _COPIED:
                world.expected.setdefault(path, entry)


def _is_conversion(step: Step) -> bool:
    return step.kind == "cli" and step.data["cli"][0] == "vconvert"


def _copies(step: Step) -> bool:
    return set(step.data["cli"][1:3]) == {"-c", "-m"}
