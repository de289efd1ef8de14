"""Copying the accounts of a site to another store: the library's side of vconvert."""

from __future__ import annotations

from vpopmail.accounts.open_batches import open_batch, stored_entries
from vpopmail.errors import (
    ConfigError,
    ConversionFailed,
    DomainNotFound,
    NotPermitted,
    VpopmailError,
)
from vpopmail.upkeep.conversion import WHOLE_SITE, Converted, Unfinished
from vpopmail.upkeep.convert_domain import DomainConversion
from vpopmail.upkeep.convert_site import SiteConversion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry
    from vpopmail.upkeep.conversion import Progress


def convert_accounts(
    source: Installation,
    target: Installation,
    domains: Iterable[str] | None = None,
    *,
    rest: bool | None = None,
    replace: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Converted:
    """Copy what one account store of a site holds to another one, and compare the two.

    Args:
        source: where from; it is only read.
        target: where to: the same site with another backend.
        domains: only these; None: all.
        rest: whether what is of no domain is copied too; None: if all domains are.
        replace: whether a domain that has other accounts in the target loses them.
        dry_run: only look, without locks.
        progress: is told domain and number of its users done, now and then.

    Returns:
        The report; each domain has commit points of its own.

    Raises:
        ConfigError: the target is another site, or the same store.
        DomainNotFound: one of ``domains`` is not there.
        ConversionFailed: a domain could not be copied; the others are, and its report tells.
        FileNotUpdated: another conversion of this site runs.
        NotPermitted, AssignUnreadable, OSError.
    """
    _check(source, target)
    report = Converted(
        source.backend.account_location(), target.backend.account_location(), dry_run=dry_run
    )
    entries = _entries(source, domains)
    others = [entry.realdomain for entry in stored_entries(source)] if entries else []
    if dry_run:
        for entry in entries:
            _look(
                report, DomainConversion(source, target, entry, progress), others, replace=replace
            )
    else:
        with Unfinished(source.settings, report.target) as unfinished:
            for entry in entries:
                conversion = DomainConversion(source, target, entry, progress)
                _convert(report, conversion, others, unfinished, replace=replace)
            if domains is None if rest is None else rest:
                _convert_rest(report, source, target, unfinished, replace=replace)
    if report.failed:
        domain, error = next(iter(report.failed.items()))
        failed = ConversionFailed(domain, f"{error} ({len(report.failed)} failed)")
        failed.report = report
        raise failed
    return report


def _check(source: Installation, target: Installation) -> None:
    for name in ("vpopmaildir", "qmaildir", "uid", "gid"):
        if getattr(source.settings, name) != getattr(target.settings, name):
            raise ConfigError(name, "a conversion is from one store to another of the same site")
    if source.backend.account_location() == target.backend.account_location():
        raise ConfigError(
            "backend", f"source and target are the same: {source.backend.account_location()}"
        )
    if not target.backend.writable:
        raise ConfigError("backend", f"accounts of {target.backend.name} cannot be changed")
    if open_batch(source) is not None or open_batch(target) is not None:
        raise NotPermitted("conversion", "end the batch first")


def _entries(source: Installation, domains: Iterable[str] | None) -> list[DomainEntry]:
    if domains is None:
        return [entry for entry in stored_entries(source) if not entry.is_alias]
    found = {}
    for name in domains:
        entry = source.resolve(name)
        if entry is None:
            raise DomainNotFound(name)
        real = source.resolve(entry.realdomain)
        found[entry.realdomain] = entry if real is None else real
    return list(found.values())


def _look(
    report: Converted, conversion: DomainConversion, others: list[str], *, replace: bool
) -> None:
    domain = conversion.domain.realdomain
    try:
        conversion.target.backend.check_new_domain(domain, others)
        report.domains.append(conversion.look(may_replace=replace))
    except (VpopmailError, OSError) as error:
        report.failed[domain] = error


def _convert(
    report: Converted,
    conversion: DomainConversion,
    others: list[str],
    unfinished: Unfinished,
    *,
    replace: bool,
) -> None:
    domain = conversion.domain.realdomain
    try:
        conversion.target.backend.check_new_domain(domain, others)
        may_replace = replace or unfinished.has(domain)
        begin = lambda: unfinished.begin(domain)  # noqa: E731
        report.domains.append(conversion.convert(begin, may_replace=may_replace))
        unfinished.end(domain)
    except (VpopmailError, OSError) as error:
        report.failed[domain] = error


def _convert_rest(
    report: Converted,
    source: Installation,
    target: Installation,
    unfinished: Unfinished,
    *,
    replace: bool,
) -> None:
    may_replace = replace or unfinished.has(WHOLE_SITE)
    try:
        unfinished.begin(WHOLE_SITE)
        SiteConversion(source, target, report).convert(may_replace=may_replace)
        unfinished.end(WHOLE_SITE)
    except (VpopmailError, OSError) as error:
        report.failed[WHOLE_SITE] = error
