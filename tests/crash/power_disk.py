"""A disk that loses power: which of the things it was told are there afterwards.

What was synced is there. Of everything else any part may be there, in any order, as far as it can
be: a name leads to what it led to before or after a change, one rename is done as a whole or not
at all, what happened to one name happened in its order. The content of a file that was not synced
may be the old one, the new one, or zeros.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

from .power_log import Change, Inode, Meta

Kept = frozenset[int]  # places in the log of the changes that reached the disk
# How many changes were told, which of them are there, and whether what is not is zeros.
State = tuple[int, Kept, bool]
RANDOM_STATES = 3  # of each prefix, besides those that are tried in any case


class Disk:
    """The log of an operation and the disk before it.

    Args:
        root: inode of the top directory.
        before: what lay below it.
        log: what the operation told the disk.
    """

    def __init__(self, root: int, before: dict[int, Inode], log: list[Change]) -> None:
        self.root = root
        self.before = before
        self.log = log
        self.needs = _dependencies(log)

    def synced(self, end: int) -> Kept:
        """The changes before ``end`` that were synced before it."""
        kept: set[int] = set()
        for place, change in enumerate(self.log[:end]):
            if change.kind == "sync all":
                kept.update(range(place))
            elif change.kind == "sync":
                kept.update(
                    earlier
                    for earlier in range(place)
                    if _is_synced(self.log[earlier], change.inode)
                )
        return self._closed(kept)

    def every_state(self, random: Random, some: int | None = None) -> list[State]:
        """All states that differ, those after the last change first.

        Args:
            random: chooses.
            some: how many of them; one after the last change is always among them, in which what
                was told must be there.
        """
        found: dict[tuple[bool, Kept, bool], State] = {}
        whole = len(self.log)
        for end in range(whole, -1, -1):
            for kept in self.states(end, random, RANDOM_STATES):
                for zeros in (False, True):
                    found.setdefault((end == whole, kept, zeros), (end, kept, zeros))
        first, *rest = found.values()
        return [first, *(rest if some is None else random.sample(rest, min(some - 1, len(rest))))]

    def states(self, end: int, random: Random, some: int) -> Iterator[Kept]:
        """Which changes may be there if the power fails after ``end`` of them.

        Nothing that was not synced; all; each alone; all but each; and some chosen by chance.
        """
        sure = self.synced(end)
        open_ = [
            place
            for place in range(end)
            if place not in sure and not self.log[place].kind.startswith("sync")
        ]
        yield sure
        yield self._closed({*sure, *open_})
        for one in open_:
            yield self._closed({*sure, one})
            yield self._without(sure, open_, one)
        for _ in range(some):
            yield self._closed({*sure, *(place for place in open_ if random.random() < 0.5)})

    def renew(self, top: Path, state: State) -> None:
        """Put on a real disk what is there.

        Args:
            top: the directory of which the log tells; all in it goes.
            state: a file whose new size is known and whose content is not has zeros, or what it
                had before.
        """
        _end, kept, zeros = state
        shutil.rmtree(top)
        top.mkdir(mode=0o755)
        Image(self, kept, zeros=zeros).write(self.root, top)

    def _closed(self, kept: set[int]) -> Kept:
        found: set[int] = set()
        waiting = list(kept)
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                waiting += self.needs[place]
        return frozenset(found)

    def _without(self, sure: Kept, open_: list[int], one: int) -> Kept:
        kept = set(sure)
        for place in open_:
            if place != one and all(need in kept for need in self.needs[place]):
                kept.add(place)
        return frozenset(kept)


class Image:
    """The files and directories of one state."""

    def __init__(self, disk: Disk, kept: Kept, *, zeros: bool) -> None:
        self.kinds = {number: inode.kind for number, inode in disk.before.items()}
        self.entries: dict[int, dict[str, int]] = {
            number: dict(inode.entries) for number, inode in disk.before.items()
        }
        self.data = {number: inode.data for number, inode in disk.before.items()}
        self.meta: dict[int, Meta] = {number: inode.meta for number, inode in disk.before.items()}
        for place, change in enumerate(disk.log):
            self._know(change)
            if place in kept:
                self._apply(change)
            elif change.kind == "data" and zeros:
                self.data[change.inode] = bytes(len(change.data))

    def _know(self, change: Change) -> None:
        for entry in change.entries:
            if entry.after is not None and entry.after not in self.kinds:
                self.kinds[entry.after], content = change.new
                self.entries.setdefault(entry.after, {})
                self.data.setdefault(entry.after, content)  # a link leads there from the start

    def _apply(self, change: Change) -> None:
        if change.kind == "data":
            self.data[change.inode] = change.data
        elif change.kind == "meta":
            self.meta[change.inode] = change.meta
        for entry in change.entries:
            names = self.entries.setdefault(entry.directory, {})
            if entry.after is None:
                names.pop(entry.name, None)
            else:
                names[entry.name] = entry.after

    def write(self, number: int, path: Path) -> None:
        """Write an inode and what is below it; ``path`` is there already if it is the top."""
        kind = self.kinds[number]
        # An inode whose own change is not there has the mode of its making: private, of root.
        mode, uid, gid, mtime = self.meta.get(
            number, (0o700 if kind == "directory" else 0o600, 0, 0, 0)
        )
        if kind == "link":
            path.symlink_to(self.data[number].decode())
            os.lchown(path, uid, gid)
            return
        if kind == "directory":
            path.mkdir(exist_ok=True)
            for name, inner in self.entries[number].items():
                self.write(inner, path / name)
        else:
            path.write_bytes(self.data[number])
        os.chown(path, uid, gid)
        os.chmod(path, mode)
        os.utime(path, ns=(mtime, mtime))


def _is_synced(change: Change, inode: int) -> bool:
    """Whether syncing an inode brings a change to the disk.

    A directory: its names, and its own mode and owner. A rename from one directory to another is
    done as a whole, so either will do.
    """
    if change.kind in {"data", "meta"}:
        return change.inode == inode
    return any(entry.directory == inode for entry in change.entries)


def _dependencies(log: list[Change]) -> list[list[int]]:
    """For each change those without which it cannot be there."""
    last_of_name: dict[tuple[int, str], int] = {}
    last_of_inode: dict[tuple[str, int], int] = {}
    of_directory: dict[int, list[int]] = {}
    needs: list[list[int]] = []
    for place, change in enumerate(log):
        mine: list[int] = []
        if change.kind in {"data", "meta"}:
            key = (change.kind, change.inode)
            if key in last_of_inode:
                mine.append(last_of_inode[key])
            last_of_inode[key] = place
        for entry in change.entries:
            name = (entry.directory, entry.name)
            if name in last_of_name:
                mine.append(last_of_name[name])
            last_of_name[name] = place
            if entry.after is None and entry.before is not None and len(change.entries) == 1:
                # A directory that is removed is empty.
                mine += of_directory.get(entry.before, [])
            of_directory.setdefault(entry.directory, []).append(place)
        needs.append(mine)
    return needs
