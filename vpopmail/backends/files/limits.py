"""Limits in .qmailadmin-limits of a domain's directory, else in etc/vlimits.default."""

from __future__ import annotations

import stat

from vpopmail import errors
from vpopmail.safeio.view import Watched, read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DomainEntry, VLimits
    from vpopmail.safeio.view import FileView
    from vpopmail.settings import Settings

FILE = ".qmailadmin-limits"
DEFAULTS = "vlimits.default"
_FLAGS = (b"disable_", b"delete_spam")
# Each keeps the directory open, and the file in it.
_MOST_WATCHED = 32


class FileLimits:
    """The limits as files; the two are not merged."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._domains: dict[str, Watched] = {}
        self._defaults = Watched(settings.etc_path(DEFAULTS))

    def close(self) -> None:
        """Close the files that were kept open; they are opened again when needed."""
        self._domains.clear()
        self._defaults.view = None

    def read_limits(self, domain: DomainEntry) -> VLimits | None:
        """The limits in the domain's file, else in the default file."""
        data = self._read(domain)
        if data is None:
            return None
        from vpopmail.formats import limits as limits_format

        return limits_format.parse(data)

    def read_defaults(self) -> VLimits | None:
        """The limits in the default file."""
        path = self.settings.etc_path(DEFAULTS)
        data = self._read_one(path)
        if data is None:
            return None
        from vpopmail.formats import limits as limits_format

        return limits_format.parse(data)

    def has_limits(self, domain: DomainEntry) -> bool:
        """Whether the domain has a file."""
        return self._read_one(f"{domain.path}/{FILE}") is not None

    def read_flag_mask(self, domain: DomainEntry) -> int:
        """The flag bits that the limits add; a login whose file names no flag parses nothing."""
        directory = self._domains.get(domain.path)
        if directory is None:
            directory = self._watch(domain.path)
        try:
            view = _find_own(directory)
            if view is None:
                view = self._defaults.glance()
            return 0 if view is None else _flag_mask(view)
        except OSError as error:
            raise errors.LimitsUnreadable(directory.path, error.strerror or "") from error

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

    def _watch(self, path: str) -> Watched:
        directory = Watched(path, kind=stat.S_IFDIR, follow=True)
        if len(self._domains) >= _MOST_WATCHED:
            self._domains.clear()
        self._domains[path] = directory
        return directory

    def _read(self, domain: DomainEntry) -> bytes | None:
        for path in (f"{domain.path}/{FILE}", self.settings.etc_path(DEFAULTS)):
            data = self._read_one(path)
            if data is not None:
                return data
        return None

    def _read_one(self, path: str) -> bytes | None:
        try:
            return read_file(path)
        except OSError as error:
            raise errors.LimitsUnreadable(path, error.strerror or "") from error


def _find_own(directory: Watched) -> FileView | None:
    """The file of a domain; an unchanged directory tells that there still is none."""
    here = directory.glance()
    if here is None:
        return None
    if FILE in here.known:
        known: Watched | None = here.known[FILE]
        return None if known is None else known.glance()
    own = Watched(f"{directory.path}/{FILE}")
    view = own.look()
    if here.settled:
        here.known[FILE] = None if view is None else own
    return view


def _flag_mask(view: FileView) -> int:
    mask: int | None = view.known.get(FILE)
    if mask is None:
        mask = _parse_flags(view[:])
        if view.settled:
            view.known[FILE] = mask
    return mask


def _parse_flags(data: bytes) -> int:
    if not any(word in data for word in _FLAGS):
        return 0
    from vpopmail.formats import limits as limits_format

    return limits_format.parse(data).flag_mask()
