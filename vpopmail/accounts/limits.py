"""Limits of domains: the manager behind ``site.limits``."""

from __future__ import annotations

from vpopmail.errors import DomainNotFound, LimitsUnreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VLimits


class Limits:
    """The limits of the domains of a site.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def get(self, domain: str) -> VLimits:
        """The limits that hold for a domain: its own, else the site's defaults.

        Raises:
            DomainNotFound.
            LimitsUnreadable: there are neither.
        """
        entry = self._entry(domain)
        limits = self._installation.limits.read_limits(entry)
        if limits is None:
            raise LimitsUnreadable(entry.realdomain, "it has none, nor has the site")
        return limits

    def set(self, domain: str, limits: VLimits) -> None:
        """Store the limits of a domain. Its commit point is the rename of the file.

        Raises:
            DomainNotFound, OSError.
            TypeError: a limit is no int.
        """
        for name in limits.__slots__:
            if not isinstance(getattr(limits, name), int):
                raise TypeError(f"{name} must be an int")
        self._installation.limits.write_limits(self._entry(domain), limits)

    def delete(self, domain: str) -> bool:
        """Forget the limits of a domain: the site's defaults hold; whether there were any.

        Raises:
            DomainNotFound, OSError.
        """
        return self._installation.limits.delete_limits(self._entry(domain))

    def _entry(self, domain: str) -> DomainEntry:
        entry = self._installation.resolve(domain)
        if entry is None:
            raise DomainNotFound(domain)
        return entry
