"""Limits in .qmailadmin-limits of a domain's directory, else in etc/vlimits.default."""

from __future__ import annotations

from vpopmail.backends.abstract import LimitsFacet
from vpopmail.errors import LimitsUnreadable
from vpopmail.formats import limits as limits_format
from vpopmail.safeio.directory import Directory, Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DomainEntry, VLimits
    from vpopmail.settings import Settings

FILE = ".qmailadmin-limits"
DEFAULTS = "vlimits.default"


class FileLimits(LimitsFacet):
    """The limits as files; the two are not merged."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def read_limits(self, domain: DomainEntry) -> VLimits | None:
        """The limits in the domain's file, else in the default file."""
        for path, name in (
            (domain.path, FILE),
            (f"{self.settings.vpopmaildir}/etc", DEFAULTS),
        ):
            data = self._read(path, name)
            if data is not None:
                return limits_format.parse(data)
        return None

    def write_limits(self, domain: DomainEntry, limits: VLimits) -> None:
        """Replace the domain's file; its commit point is the rename."""
        with Directory.open(domain.path, sync=self.settings.sync, follow=True) as directory:
            owner = Owner(domain.uid, domain.gid)
            directory.replace(FILE, [limits_format.format_limits(limits)], owner)

    def delete_limits(self, domain: DomainEntry) -> bool:
        """Unlink the domain's file."""
        with Directory.open(domain.path, sync=self.settings.sync, follow=True) as directory:
            gone = directory.remove(FILE)
            directory.flush()
            return gone

    def _read(self, path: str, name: str) -> bytes | None:
        try:
            with Directory.open(path, follow=True) as directory:
                return directory.read(name)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise LimitsUnreadable(f"{path}/{name}", str(error)) from error
