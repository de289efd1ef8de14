"""Small files of a domain that change with its accounts: aliases, limits, .qmail-default.

They are written on the stage of the change and renamed to their places, each old or new.
"""

from __future__ import annotations

import stat

from vpopmail.errors import InvalidInput
from vpopmail.safeio.directory import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.accounts.kept_files import KeptFiles
    from vpopmail.plan.journal import Fact
    from vpopmail.safeio.directory import Owner

_FAMILY = ".qmail"
_MAX_NAME = 255


class DomainFiles:
    """What is to become of small files in the directory of a domain.

    Args:
        directory: the open directory of the domain.
        owner: who gets the files, mode 0600.

    Attributes:
        pending: the next content of each file, or None for a removal.
    """

    def __init__(self, directory: Directory, owner: Owner) -> None:
        self.directory = directory
        self.owner = owner
        self.pending: dict[str, bytes | None] = {}

    def read(self, name: str) -> bytes | None:
        """The content of a file with the pending changes; None if it is missing."""
        if name in self.pending:
            return self.pending[name]
        return self.directory.read(name)

    def put(self, name: str, content: bytes) -> None:
        """Give a file a new content.

        Raises:
            InvalidInput: the name is too long for a file.
        """
        if len(name.encode("utf-8", "surrogateescape")) > _MAX_NAME:
            raise InvalidInput(name, f"a file name has at most {_MAX_NAME} bytes")
        self.pending[name] = content

    def drop(self, name: str) -> None:
        """Remove a file, if it is there."""
        self.pending[name] = None

    def facts(self) -> list[Fact]:
        """What a journal entry says of them: names only."""
        return [
            ("drop" if content is None else "put", name) for name, content in self.pending.items()
        ]

    def write(self, stage: Directory, *, sync: bool) -> None:
        """Write the new contents on the stage. Raises: OSError."""
        quick = Directory(stage.fd, stage.path, sync=sync)
        for name, content in self.pending.items():
            if content is not None:
                quick.create(_staged_name(name), [content], self.owner)

    def move(self, stage: Directory | None) -> None:
        """Let them count: rename the new contents to their places, and remove what goes.

        Raises:
            OSError.
        """
        for name, content in self.pending.items():
            if content is None:
                self.directory.remove(name)
            elif stage is not None:
                stage.move(_staged_name(name), self.directory, name)

    def store(self, kept: KeptFiles | None = None) -> None:
        """Replace and remove the files of a domain that nobody sees yet.

        Args:
            kept: keeps those that are there, if they may have to be given back.

        Raises:
            OSError.
        """
        for name, content in self.pending.items():
            if kept is not None:
                kept.keep(name)
            if content is None:
                self.directory.remove(name)
            else:
                self.directory.replace(name, [content], self.owner)


def finish_files(stage: Directory, directory: Directory, facts: list[Fact]) -> None:
    """Do what a killed process left to be done with files; done twice it does no harm.

    Args:
        stage: of the dead process.
        directory: of the domain.
        facts: of its journal entry. Names that are none of these files are passed over.

    Raises:
        OSError.
    """
    for what, name in [(fact[0], fact[1]) for fact in facts if fact[0] in {"put", "drop"}]:
        if not _is_name(name) or _is_directory(directory, name):
            continue
        if what == "drop":
            directory.remove(name)
        elif stage.has(_staged_name(name)):
            stage.move(_staged_name(name), directory, name)
    directory.flush()


def _is_directory(directory: Directory, name: str) -> bool:
    status = directory.status(name)
    return status is not None and stat.S_ISDIR(status.st_mode)


def _is_name(name: str) -> bool:
    return name.startswith(_FAMILY) and "/" not in name and len(name) <= _MAX_NAME


def _staged_name(name: str) -> str:
    # A home on the stage begins with "=". What follows the dot may be as long as a name can be.
    return "+" + name.removeprefix(".")
