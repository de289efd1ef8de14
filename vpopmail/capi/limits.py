"""Limits of domains."""

from __future__ import annotations

from vpopmail.accounts.limits_files import read_limits_file, write_limits_file
from vpopmail.accounts.lookup import limit_mask
from vpopmail.accounts.user_rules import effective_flags
from vpopmail.capi.status import ask, check_kind, check_record, check_text, zero
from vpopmail.errors import LimitsNotFound
from vpopmail.records import VLimits, VqPasswd
from vpopmail.site import current


def vdefault_limits() -> VLimits:
    """Limits that limit nothing."""
    return VLimits()


def vget_limits(domain: str) -> tuple[int, VLimits]:
    """Read the limits that hold for a domain.

    Returns:
        (0, limits); (-1, limits that limit nothing) for an unknown domain, or if neither the
        domain nor the site has any.
    """
    check_text(domain)
    limits = ask(None, lambda: current().limits.get(domain))
    return (-1, VLimits()) if limits is None else (0, limits)


def vset_limits(domain: str, limits: VLimits) -> int:
    """Store the limits of a domain: 0 or -1.

    Args:
        domain: domain or alias domain.
        limits: all of them; -1 in a number is no limit.

    Its commit point is the rename of the file, or that of a backend that keeps limits.
    """
    check_text(domain)
    check_kind(VLimits, limits)
    return zero(lambda: current().limits.set(domain, limits))


def vdel_limits(domain: str) -> int:
    """Forget the limits of a domain: 0, or -1. If it had none, 0 too, with profile 5.4 -1."""
    check_text(domain)
    return zero(lambda: _delete(domain))


def _delete(domain: str) -> None:
    site = current()
    try:
        site.limits.delete(domain)
    except LimitsNotFound:
        if site.settings.profile == "5.4":
            raise


def vlimits_read_limits_file(path: str, limits: VLimits | None = None) -> tuple[int, VLimits]:
    """Read a file of limits.

    Args:
        path: absolute.
        limits: what holds where the file says nothing; None: what limits nothing. Not changed.

    Returns:
        (0, limits); (-1, what held without the file) if it cannot be read.

    Source: formats, limits.
    """
    check_text(path)
    if limits is not None:
        check_kind(VLimits, limits)
    base = VLimits() if limits is None else limits
    found = ask(None, lambda: read_limits_file(path, base))
    return (-1, base) if found is None else (0, found)


def vlimits_write_limits_file(path: str, limits: VLimits) -> int:
    """Write a file of limits, which keeps its owner and mode: 0 or -1.

    Args:
        path: absolute; made (0600) if missing.
        limits: all of them are written.

    Its commit point is the rename of the file. Source: formats, limits.
    """
    check_text(path)
    check_kind(VLimits, limits)
    return zero(lambda: write_limits_file(path, limits, sync=current().settings.sync))


def vlimits_get_flag_mask(limits: VLimits) -> int:
    """The flag bits that limits add to the users of a domain."""
    check_kind(VLimits, limits)
    return limits.flag_mask()


def vlimits_setflags(pw: VqPasswd, domain: str) -> None:
    """Set the effective flags of a user in the record given.

    Args:
        pw: its ``pw_flags`` becomes its ``pw_gid``, with the bits that the limits of the domain
            add unless it overrides them.
        domain: domain or alias domain; one without readable limits adds nothing.
    """
    check_text(domain)
    check_record(pw)
    pw.pw_flags = effective_flags(pw, ask(0, lambda: _mask(domain)))


def _mask(domain: str) -> int:
    installation = current().installation
    entry = installation.resolve(domain)
    return 0 if entry is None else limit_mask(installation, entry)
