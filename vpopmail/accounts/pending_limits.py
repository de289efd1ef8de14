"""The limits of one domain while they change: in its file, or in a backend that keeps them."""

from __future__ import annotations

from vpopmail.backends.abstract import LIMITS
from vpopmail.backends.files.limits import FILE
from vpopmail.formats.limits import format_limits, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.accounts.domain_files import DomainFiles
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VLimits


class PendingLimits:
    """What is to become of the limits of one domain.

    Args:
        installation: the site.
        domain: the real domain.
        files: the files of the domain that change; limits kept as a file are one of them.

    Attributes:
        pending: for a backend that keeps limits: nothing, or the new limits (None: no own ones).
    """

    def __init__(self, installation: Installation, domain: DomainEntry, files: DomainFiles) -> None:
        self.facet = installation.limits
        self.in_backend = LIMITS in installation.backend.facets
        self.domain = domain
        self.files = files
        self.pending: list[VLimits | None] = []

    def set(self, limits: VLimits | None) -> None:
        """Store limits; None forgets those that the domain has."""
        if self.in_backend:
            self.pending[:] = [limits]
        elif limits is None:
            self.files.drop(FILE)
        else:
            self.files.put(FILE, format_limits(limits))

    def are_pending(self) -> bool:
        """Whether they are to change."""
        return bool(self.pending) or FILE in self.files.pending

    def are_own(self) -> bool:
        """Whether the domain has limits of its own, with what is pending."""
        if self.pending:
            return self.pending[0] is not None
        if self.in_backend:
            return self.facet.has_limits(self.domain)
        return self.files.read(FILE) is not None

    def find(self) -> VLimits | None:
        """The limits that hold for the domain, with what is pending; None if there are none.

        Raises:
            LimitsUnreadable.
        """
        if not self.are_pending():
            return self.facet.read_limits(self.domain)
        content = self.files.pending.get(FILE)
        if content is not None:
            return parse(content)
        limits = self.pending[0] if self.pending else None
        return self.facet.read_defaults() if limits is None else limits.copy()

    def store(self) -> None:
        """Bring pending limits to the backend. Raises: BackendUnavailable."""
        for limits in self.pending:
            self._store(limits)

    def stored(self) -> VLimits | None:
        """The limits of its own that the domain has in the backend; None: it has none."""
        own = self.in_backend and self.facet.has_limits(self.domain)
        return self.facet.read_limits(self.domain) if own else None

    def restore(self, before: VLimits | None) -> None:
        """Let the backend have what ``stored`` gave before. Raises: BackendUnavailable."""
        if self.pending:
            self._store(before)

    def _store(self, limits: VLimits | None) -> None:
        if limits is None:
            self.facet.delete_limits(self.domain)
        else:
            self.facet.write_limits(self.domain, limits)
