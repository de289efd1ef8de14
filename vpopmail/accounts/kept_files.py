"""Small files of a directory that becomes a domain: kept aside, in case it does not after all."""

from __future__ import annotations

import stat

from vpopmail.safeio.directory import Owner
from vpopmail.safeio.tree import give_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.safeio.directory import Directory


# Beside "=" of homes and "+" of next contents on a stage; see DomainFiles.
_KEPT = "-"


class KeptFiles:
    """What files were before they changed: moved to a stage, links and special files too.

    Args:
        directory: the open directory in which they lie.
        stage: opens the stage, when it is first needed.
    """

    def __init__(self, directory: Directory, stage: Callable[[], Directory]) -> None:
        self.directory = directory
        self.stage = stage
        self._owners: dict[str, Owner] = {}
        self._kept: dict[str, bool] = {}

    def note_owner(self, name: str) -> None:
        """Note whose a file is, which is going to be given away before it changes."""
        status = self.directory.status(name)
        if status is not None:
            self._owners[name] = Owner(status.st_uid, status.st_gid)

    def keep(self, name: str) -> None:
        """Move a file to the stage, unless it was kept before. Raises: OSError."""
        if name in self._kept:
            return
        status = self.directory.status(name)
        stage = self.stage()
        there = self._kept[name] = status is not None and not stat.S_ISDIR(status.st_mode)
        if there:
            self.directory.move(name, stage, _kept_name(name))

    def give_back(self) -> None:
        """Let the files be what they were. Raises: OSError."""
        for name, there in self._kept.items():
            if there and self.stage().has(_kept_name(name)):
                self.stage().move(_kept_name(name), self.directory, name)
            if there:
                self._give_to_owner(name)
            else:
                self.directory.remove(name)
        self._kept.clear()

    def _give_to_owner(self, name: str) -> None:
        status = self.directory.status(name)
        if status is None or name not in self._owners or not stat.S_ISREG(status.st_mode):
            return
        owner = self._owners[name]
        if (owner.uid, owner.gid) != (status.st_uid, status.st_gid):
            give_file(self.directory, name, owner)


def put_back(stage: Directory, directory: Directory) -> None:
    """Let the files be what they were, as a killed process kept them. Raises: OSError."""
    for name in stage.names():
        if name.startswith(_KEPT):
            stage.move(name, directory, "." + name.removeprefix(_KEPT))


def _kept_name(name: str) -> str:
    return _KEPT + name.removeprefix(".")
