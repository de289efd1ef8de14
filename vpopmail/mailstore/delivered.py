"""The directory of a domain in which deliveries note what is done of a message."""

from __future__ import annotations

import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.safeio.directory import Directory

DIRECTORY = ".vpopmail.delivered"
# Longer than a message stays in qmail's queue: control/queuelifetime is 7 days.
_LONGEST = 30 * 86400  # seconds


def old_names(directory: Directory) -> list[str]:
    """The notes on messages that are in no queue any more.

    Args:
        directory: ``DIRECTORY`` of a domain, open.

    Raises:
        OSError.
    """
    begin = time.time() - _LONGEST
    status = ((name, directory.status(name)) for name in directory.names())
    return [
        name
        for name, found in status
        if found is not None and not stat.S_ISDIR(found.st_mode) and found.st_mtime < begin
    ]
