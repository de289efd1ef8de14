"""The copy of the alias domains in a database, which Dovecot reads."""

from __future__ import annotations

from vpopmail.capi.status import check_text, zero
from vpopmail.errors import BackendUnavailable
from vpopmail.names import fold_domain
from vpopmail.site import current


def vcreate_sql_aliasdomain(domain: str, alias: str) -> int:
    """Store an alias domain in the copy, as told; what counts is users/assign.

    ``vaddaliasdomain`` and ``vdeldomain`` keep the copy, and ``site.reconcile()`` puts it right:
    this is for a copy that is filled by hand.

    Args:
        domain: the domain.
        alias: the alias domain.

    Returns:
        0; -1 if it is not stored, also if the site keeps no copy.

    Its commit point is that of the transaction. Source: api, alias domains.
    """
    check_text(domain, alias)
    return zero(lambda: _write(alias, fold_domain(domain)))


def vdelete_sql_aliasdomain(alias: str) -> int:
    """Forget an alias domain in the copy; see ``vcreate_sql_aliasdomain``.

    Returns:
        0, also if it was not there; -1 if the site keeps no copy or it cannot be written.
    """
    check_text(alias)
    return zero(lambda: _write(alias, None))


def _write(alias: str, domain: str | None) -> None:
    store = current().installation.alias_domains
    if store is None:
        raise BackendUnavailable("sql_aliasdomains", "the site keeps no copy of alias domains")
    store.write_alias_domains({fold_domain(alias): domain})
