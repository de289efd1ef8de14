"""Texts that the administrator gives to those whose mail cannot be delivered, or nearly so."""

from __future__ import annotations

from vpopmail.safeio.directory import open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.safeio.directory import Directory

NO_USER = ".no-user.msg"
OVER_QUOTA = ".over-quota.msg"
QUOTA_WARNING = ".quotawarn.msg"


def notice(installation: Installation, domain: str, file: str) -> bytes | None:
    """A text of a domain, else of the site; None if neither has one.

    Args:
        installation: the site.
        domain: domain or alias domain; without such a domain the site's text is taken.
        file: ``NO_USER``, ``OVER_QUOTA`` or ``QUOTA_WARNING``.

    Raises:
        OSError: a directory that is there cannot be entered.

    Source: formats, quota warning and bounce texts.
    """
    entry = installation.resolve(domain)
    paths = [installation.settings.domains_path]
    if entry is not None:
        paths.insert(0, entry.path)
    for path in paths:
        try:
            with open_trusted(path) as directory:
                text = _text(directory, file)
        except FileNotFoundError:
            continue
        if text is not None:
            return text
    return None


def _text(directory: Directory, file: str) -> bytes | None:
    """The file; None also for a link or a pipe in its place, which the domain's owner may make."""
    try:
        return directory.read(file)
    except OSError:
        return None
