"""Limits in .qmailadmin-limits of a domain's directory, else in etc/vlimits.default."""

from __future__ import annotations

from vpopmail.errors import LimitsUnreadable
from vpopmail.safeio.view import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DomainEntry, VLimits
    from vpopmail.settings import Settings

FILE = ".qmailadmin-limits"
DEFAULTS = "vlimits.default"
_FLAGS = (b"disable_", b"delete_spam")


class FileLimits:
    """The limits as files; the two are not merged."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def read_limits(self, domain: DomainEntry) -> VLimits | None:
        """The limits in the domain's file, else in the default file."""
        data = self._read(domain)
        if data is None:
            return None
        from vpopmail.formats import limits as limits_format

        return limits_format.parse(data)

    def read_flag_mask(self, domain: DomainEntry) -> int:
        """The flag bits that the limits add; a login whose file names no flag parses nothing."""
        data = self._read(domain)
        if data is None or not any(word in data for word in _FLAGS):
            return 0
        limits = self.read_limits(domain)
        return 0 if limits is None else limits.flag_mask()

    def write_limits(self, domain: DomainEntry, limits: VLimits) -> None:
        """Replace the domain's file; its commit point is the rename."""
        from vpopmail.formats import limits as limits_format
        from vpopmail.safeio.directory import Owner, open_trusted

        with open_trusted(domain.path, sync=self.settings.sync) as directory:
            owner = Owner(domain.uid, domain.gid)
            directory.replace(FILE, [limits_format.format_limits(limits)], owner)

    def delete_limits(self, domain: DomainEntry) -> bool:
        """Unlink the domain's file."""
        from vpopmail.safeio.directory import open_trusted

        with open_trusted(domain.path, sync=self.settings.sync) as directory:
            gone = directory.remove(FILE)
            directory.flush()
            return gone

    def _read(self, domain: DomainEntry) -> bytes | None:
        for path in (f"{domain.path}/{FILE}", self.settings.etc_path(DEFAULTS)):
            try:
                data = read_file(path)
            except OSError as error:
                raise LimitsUnreadable(path, error.strerror or "") from error
            if data is not None:
                return data
        return None
