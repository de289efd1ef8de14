"""Placeholder until quotas are written."""

from vpopmail.safeio.directory import Directory, Owner


def refresh_maildirsize(home: Directory, quota: str, owner: Owner) -> None:
    """Write maildirsize afresh."""
