"""One installation: its settings, and the stores they lead to, opened when first used.

Light, since a login goes through it.
"""

from __future__ import annotations

from vpopmail import errors
from vpopmail.backends.abstract import (
    ALIAS_DOMAINS,
    ALIASES,
    AUTH_LOG,
    DIR_CONTROL,
    IP_MAP,
    LAST_AUTH,
    LIMITS,
    RELAY,
)
from vpopmail.names import fold
from vpopmail.qmail.lookup import DomainLookup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.backends.abstract import Backend
    from vpopmail.backends.facets import (
        AliasDomainsFacet,
        AliasesFacet,
        AuthLogFacet,
        DirControlFacet,
        IpMapFacet,
        LastAuthFacet,
        LimitsFacet,
        RelayFacet,
    )
    from vpopmail.backends.files.limits import FileLimits
    from vpopmail.events.events import Events
    from vpopmail.qmail.qmail import Qmail
    from vpopmail.records import DomainEntry
    from vpopmail.safeio.directory import Directory
    from vpopmail.safeio.kept import KeptDirectories
    from vpopmail.settings import Settings

_OPEN = "open"


class Installation:
    """Settings and stores of one site.

    Args:
        settings: of the site.

    Attributes:
        domain_lookup: finds domains in qmail's users/cdb.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.domain_lookup = DomainLookup(settings.qmaildir, settings.qmail_cdb_name)
        self._qmail: Qmail | None = None
        self._file_limits: FileLimits | None = None
        self._directories: KeptDirectories | None = None
        # Who asks first decides by ``setdefault``, in one step: a lock would be waited for in vain
        # by a signal handler, a call-back, or a child that was forked while it was held.
        self._backends: dict[str, Backend] = {}
        self._events: dict[str, Events] = {}

    @property
    def qmail(self) -> Qmail:
        """Its qmail directory."""
        if self._qmail is None:
            # Imported here: a lookup does not need it.
            from vpopmail.qmail.qmail import Qmail

            settings = self.settings
            qmail = Qmail(
                settings.qmaildir,
                cdb_name=settings.qmail_cdb_name,
                sync=settings.sync,
                lock_timeout=settings.lock_timeout,
                newu=settings.qmail_newu,
                newmrh=settings.qmail_newmrh,
            )
            qmail.lookup = self.domain_lookup
            self._qmail = qmail
        return self._qmail

    @property
    def events(self) -> Events:
        """Who is told of changes."""
        events = self._events.get(_OPEN)
        if events is None:
            from vpopmail.events.events import Events

            events = self._events.setdefault(_OPEN, Events(self.settings))
        return events

    @property
    def backend(self) -> Backend:
        """The auth backend, opened.

        Raises:
            UnknownBackend, BackendUnavailable.
        """
        backend = self._backends.get(_OPEN)
        return self._open_backend() if backend is None else backend

    def _open_backend(self) -> Backend:
        from vpopmail.backends import registry

        made = registry.make(self.settings)
        made.open()
        backend = self._backends.setdefault(_OPEN, made)
        if backend is not made:
            made.close()
        return backend

    def close(self) -> None:
        """Close the backend; the next use opens it again, except that memory is gone."""
        backend = self._backends.pop(_OPEN, None)
        if backend is not None:
            backend.close()
        if self._file_limits is not None:
            self._file_limits.close()
        if self._directories is not None:
            self._directories.close()
        self.domain_lookup.close()

    def resolve(self, domain: str) -> DomainEntry | None:
        """The entry of a domain or alias domain; None if there is none.

        Args:
            domain: a name in any case.
        """
        return self.domain_lookup.find(fold(domain))

    def open_domain(self, domain: DomainEntry, *, keep: bool = False) -> Directory:
        """Open the directory of a domain.

        It may be a symbolic link of the administrator, not of the owner of the domain.

        Args:
            domain: as resolved.
            keep: whether it stays open beside, so that the next one to ask finds it at once: for
                what happens with every message.

        Raises:
            DomainDirectoryMissing: it cannot be entered.
        """
        try:
            if keep:
                return self._kept_directories().open(domain.path, sync=self.settings.sync)
            from vpopmail.safeio.directory import open_trusted

            return open_trusted(domain.path, sync=self.settings.sync)
        except OSError as error:
            raise errors.DomainDirectoryMissing(domain.path, error.strerror or "") from error

    def _kept_directories(self) -> KeptDirectories:
        if self._directories is None:
            from vpopmail.safeio.kept import KeptDirectories

            self._directories = KeptDirectories()
        return self._directories

    # facets: of the backend, else of the files

    @property
    def aliases(self) -> AliasesFacet:
        """Where aliases are kept."""
        if ALIASES in self.backend.facets:
            return self.backend  # type: ignore[return-value]
        from vpopmail.backends.files.aliases import FileAliases

        return FileAliases(self.settings)

    @property
    def dir_control(self) -> DirControlFacet:
        """Where the state of directory hashing is kept."""
        if DIR_CONTROL in self.backend.facets:
            return self.backend  # type: ignore[return-value]
        from vpopmail.backends.files.dir_control import FileDirControl

        return FileDirControl()

    @property
    def last_auth(self) -> LastAuthFacet:
        """Where last logins are kept."""
        if LAST_AUTH in self.backend.facets:
            return self.backend  # type: ignore[return-value]
        from vpopmail.backends.files.last_auth import FileLastAuth

        return FileLastAuth(self.settings)

    @property
    def alias_domains(self) -> AliasDomainsFacet | None:
        """Where a copy of the alias domains is kept for other programs; None: nowhere."""
        if ALIAS_DOMAINS in self.backend.facets:
            return self.backend  # type: ignore[return-value]
        return None

    @property
    def auth_log(self) -> AuthLogFacet | None:
        """Where logins are logged besides the system log; None: nowhere."""
        if AUTH_LOG in self.backend.facets:
            return self.backend  # type: ignore[return-value]
        return None

    @property
    def ip_map(self) -> IpMapFacet:
        """Where the domains of the server's addresses are kept."""
        if IP_MAP in self.backend.facets:
            return self.backend  # type: ignore[return-value]
        from vpopmail.backends.files.ip_map import FileIpMap

        return FileIpMap(self.settings)

    @property
    def relay(self) -> RelayFacet:
        """Where the addresses are kept that may send mail for a while."""
        if RELAY in self.backend.facets:
            return self.backend  # type: ignore[return-value]
        from vpopmail.backends.files.relay import FileRelay

        return FileRelay(self.settings)

    @property
    def limits(self) -> LimitsFacet:
        """Where limits of domains are kept."""
        if LIMITS in self.backend.facets:
            return self.backend  # type: ignore[return-value]
        if self._file_limits is None:
            from vpopmail.backends.files.limits import FileLimits

            self._file_limits = FileLimits(self.settings)
        return self._file_limits
