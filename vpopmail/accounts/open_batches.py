"""Which batches are open in this context, and what is seen through them.

Apart from ``batch``: who only asks need not load what changes a site.
"""

from __future__ import annotations

from contextvars import ContextVar

from vpopmail.errors import DomainNotFound
from vpopmail.names import check_kind_of_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.accounts.batch import Batch
    from vpopmail.accounts.user_change import UserChange
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VLimits

open_here: ContextVar[Batch | None] = ContextVar("vpopmail_batch", default=None)


def open_batch(installation: Installation) -> Batch | None:
    """The batch that is open in this context for a site, or None."""
    for batch in open_batches():
        if batch.installation is installation:
            return batch
    return None


def open_batches() -> Iterator[Batch]:
    """The batches that are open in this context, the innermost first."""
    batch = open_here.get()
    while batch is not None:
        if not batch.ended:
            yield batch
        batch = batch.around


def pending_change(installation: Installation, domain: DomainEntry) -> UserChange | None:
    """What an open batch has pending in a domain, for reading; None if there is nothing."""
    batch = open_batch(installation)
    return None if batch is None else batch.change_of(domain)


def pending_change_at(path: str) -> UserChange | None:
    """What an open batch of any site has pending in a directory; see ``pending_change``."""
    for batch in open_batches():
        for change in batch.changes():
            if change.domain.path == path:
                return change
    return None


def read_limits(installation: Installation, domain: DomainEntry) -> VLimits | None:
    """The limits that hold for a domain, with what an open batch has pending; None: there are none.

    Raises:
        LimitsUnreadable.
    """
    batch = open_batch(installation)
    return (installation.limits if batch is None else batch).read_limits(domain)


def all_entries(installation: Installation) -> Iterator[DomainEntry]:
    """All domains and alias domains of a site, with what an open batch has pending.

    Raises:
        AssignUnreadable.
    """
    batch = open_batch(installation)
    return stored_entries(installation) if batch is None else iter(batch.entries())


def stored_entries(installation: Installation) -> Iterator[DomainEntry]:
    """All domains and alias domains of a site; none if it never had one.

    Raises:
        AssignUnreadable.
    """
    lookup = installation.domain_lookup
    return iter(()) if lookup.is_new() else lookup.entries()


def find_domain(installation: Installation, name: str) -> DomainEntry | None:
    """The entry of a domain or alias domain, with what an open batch has pending; or None.

    Args:
        installation: the site.
        name: any case.
    """
    check_kind_of_text(name)
    batch = open_batch(installation)
    if batch is None:
        return installation.resolve(name)
    entry = batch.resolve(name)
    return None if entry is None else entry.copy()


def get_domain(installation: Installation, name: str) -> DomainEntry:
    """The entry of a domain or alias domain, with what an open batch has pending.

    Raises:
        DomainNotFound.
    """
    entry = find_domain(installation, name)
    if entry is None:
        raise DomainNotFound(name)
    return entry
