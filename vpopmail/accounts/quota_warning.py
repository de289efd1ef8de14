"""The text that warns a user whose mailbox is nearly full."""

from __future__ import annotations

from vpopmail.safeio.directory import open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.safeio.directory import Directory

FILE = ".quotawarn.msg"


def warning_text(installation: Installation, domain: str) -> bytes | None:
    """The warning of a domain, else of the site; None if neither has one.

    Args:
        installation: the site.
        domain: domain or alias domain.

    Raises:
        OSError: a directory cannot be entered.

    Source: formats, quota warning files.
    """
    entry = installation.resolve(domain)
    paths = [installation.settings.domains_path]
    if entry is not None:
        paths.insert(0, entry.path)
    for path in paths:
        with open_trusted(path) as directory:
            text = _text(directory)
        if text is not None:
            return text
    return None


def _text(directory: Directory) -> bytes | None:
    """The file; None also for a link or a pipe in its place, which the domain's owner may make."""
    try:
        return directory.read(FILE)
    except OSError:
        return None
