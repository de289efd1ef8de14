"""The file of an SQLite database: made with the mode and owner that it must have."""

from __future__ import annotations

import stat

from vpopmail.errors import BackendUnavailable
from vpopmail.safeio.directory import Owner, open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.settings import Settings


def make_file(path: str, settings: Settings) -> None:
    """Make an empty database, mode 0600, unless it is there.

    Args:
        path: absolute.
        settings: tell whose it is.

    Raises:
        BackendUnavailable: it cannot be made, or something else has its name.
    """
    parent, _, name = path.rpartition("/")
    try:
        with open_trusted(parent or "/", sync=settings.sync) as directory:
            status = directory.status(name)
            if status is None:
                directory.create(name, [], Owner(settings.uid, settings.gid))
                directory.flush()
            elif not stat.S_ISREG(status.st_mode):
                raise BackendUnavailable(path, "it is no regular file")
    except FileExistsError:
        pass  # another process was quicker
    except OSError as error:
        raise BackendUnavailable(path, error.strerror or "") from error
