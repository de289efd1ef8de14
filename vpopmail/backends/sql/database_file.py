"""The file of an SQLite database: made with the mode and owner that it must have."""

from __future__ import annotations

import os
import stat

from vpopmail.errors import BackendUnavailable
from vpopmail.safeio import seam
from vpopmail.safeio.directory import Owner, open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings


def is_there(path: str, settings: Settings) -> bool:
    """Whether there is a database.

    Args:
        path: absolute.
        settings: of the site.

    Raises:
        BackendUnavailable: something else has its name, or nobody can tell.
    """
    parent, _, name = path.rpartition("/")
    try:
        with open_trusted(parent or "/", sync=settings.sync) as directory:
            return _status(directory, name, path) is not None
    except OSError as error:
        raise BackendUnavailable(path, error.strerror or "") from error


def make_file(path: str, settings: Settings) -> None:
    """Make an empty database, mode 0600, unless it is there.

    Args:
        path: absolute.
        settings: tell whose it is.

    Raises:
        BackendUnavailable: it cannot be made, or something else has its name.
    """
    parent, _, name = path.rpartition("/")
    owner = Owner(settings.uid, settings.gid)
    try:
        with open_trusted(parent or "/", sync=settings.sync) as directory:
            status = _status(directory, name, path)
            if status is None:
                directory.create(name, [], owner)
                directory.flush()
            elif status.st_size == 0 and os.geteuid() == 0 and status.st_uid != owner.uid:
                # It was made, and whoever made it was killed before it was given to its owner.
                seam.chown(name, owner.uid, owner.gid, directory.fd)
    except FileExistsError:
        pass  # another process was quicker
    except OSError as error:
        raise BackendUnavailable(path, error.strerror or "") from error


def _status(directory: Directory, name: str, path: str) -> os.stat_result | None:
    status = directory.status(name)
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise BackendUnavailable(path, "it is no regular file")
    return status
