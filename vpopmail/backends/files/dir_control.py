"""Directory control in the file .dir-control of the directory that is hashed."""

from __future__ import annotations

import os

from vpopmail.formats import dircontrol
from vpopmail.safeio.directory import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DirControl
    from vpopmail.safeio.directory import Directory

FILE = ".dir-control"


class FileDirControl:
    """The counter as a file, without a lock, as the C tools keep it."""

    def read_dir_control(self, key: str, directory: Directory) -> DirControl | None:  # noqa: ARG002
        """The state in the file; None if it is missing."""
        data = directory.read(FILE)
        return None if data is None else dircontrol.parse(data)

    def write_dir_control(self, key: str, directory: Directory, state: DirControl) -> None:  # noqa: ARG002
        """Replace the file; it belongs to the owner of the directory."""
        status = os.fstat(directory.fd)
        directory.replace(
            FILE, [dircontrol.format_state(state)], Owner(status.st_uid, status.st_gid)
        )

    def delete_dir_control(self, key: str, directory: Directory) -> bool:  # noqa: ARG002
        """Unlink the file."""
        removed = directory.remove(FILE)
        directory.flush()
        return removed
