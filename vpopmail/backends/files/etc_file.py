"""A file of the site's own etc directory, changed under a lock."""

from __future__ import annotations

from vpopmail.safeio.directory import Owner, open_trusted
from vpopmail.safeio.locks import FileLock
from vpopmail.safeio.rewriting import rewrite
from vpopmail.safeio.view import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.settings import Settings

_PUBLIC = 0o644


class EtcFile:
    """One file, which belongs to vpopmail whoever changes it.

    Args:
        settings: of the site.
        name: of the file; ``<name>.lock`` is its lock.

    Raises (all methods): OSError.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self.settings = settings
        self.name = name

    def read(self) -> bytes:
        """Its content; empty if it is missing."""
        return read_file(self.settings.etc_path(self.name)) or b""

    def change(self, change: Callable[[bytes], bytes]) -> bool:
        """Change its content; whether anything changed. Its commit point is the rename.

        Args:
            change: gives the new content for the old.

        Raises:
            FileNotUpdated: another process kept the lock; and what ``change`` raises.
        """
        settings = self.settings
        owner = Owner(settings.uid, settings.gid)
        with (
            open_trusted(f"{settings.vpopmaildir}/etc", sync=settings.sync) as etc,
            FileLock(etc, f"{self.name}.lock", settings.lock_timeout, owner),
        ):
            changed = rewrite(etc, self.name, change, new_mode=_PUBLIC, owner=owner)
            etc.flush()
        return changed
