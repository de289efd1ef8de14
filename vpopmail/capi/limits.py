"""Limits of domains."""

from __future__ import annotations

from vpopmail.capi.status import ask, attempt, check_text
from vpopmail.codes import VA
from vpopmail.records import VLimits
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
    """Store the limits of a domain: 0 or -1. Its commit point is the rename of the file."""
    check_text(domain)
    if not isinstance(limits, VLimits):
        raise TypeError(f"a VLimits is needed, not {type(limits).__name__}")
    return 0 if attempt(VA(-1), lambda: current().limits.set(domain, limits)) == 0 else -1


def vdel_limits(domain: str) -> int:
    """Forget the limits of a domain: 0, or -1 if it had none."""
    check_text(domain)
    return 0 if ask(False, lambda: current().limits.delete(domain)) else -1
