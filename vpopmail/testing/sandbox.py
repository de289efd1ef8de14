"""A throw-away site in a temporary directory.

Loaded whenever pytest starts, so it imports the rest of vpopmail only when a site is made.
"""

from __future__ import annotations

from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.site import Vpopmail

_IN_MEMORY = "/dev/shm"  # noqa: S108 - the name in it is made by tempfile, unpredictable
_ROOM = 32 << 20  # bytes: several thousand homes


@contextmanager
def sandbox(backend: str = "memory", **settings: object) -> Iterator[Vpopmail]:
    """A site that is made for a ``with`` block, is the current one there, and goes with it.

    It needs neither root nor qmail nor a user vpopmail: all belongs to the caller. Environment
    and installed settings files are not looked at. The directory lies where ``TMPDIR`` says; if
    it says nothing, in memory where the system offers that, since directories on a disk cost ten
    times as much.

    Args:
        backend: name of an auth backend, an entry point included.
        settings: options by name, see docs/configuration.md. By default ``sync`` is off, and
            ``vpopmaildir`` and ``qmaildir`` lie in the temporary directory. Directories given
            here are kept at the end.

    Returns:
        A context manager that gives the site, prepared for its first domain.

    Raises:
        ConfigError: an option is unknown or its value not allowed.
        UnknownBackend, BackendUnavailable: when the accounts are first used.
        OSError: the directory cannot be made.
    """
    from tempfile import TemporaryDirectory

    from vpopmail.settings import resolve
    from vpopmail.site import Vpopmail, use

    # The outermost block, so that the site is closed before its files go.
    with TemporaryDirectory(prefix="vpopmail-", dir=_parent()) as directory:
        values = {**_defaults(directory), **settings, "backend": backend}
        with Vpopmail(resolve(values)) as site, use(site):
            site.prepare()
            yield site


def _parent() -> str | None:
    """Where the temporary directory goes; None: where tempfile puts it."""
    import os

    if not os.environ.keys().isdisjoint(("TMPDIR", "TEMP", "TMP")):
        return None
    return _IN_MEMORY if _is_fit(_IN_MEMORY) else None


def _is_fit(directory: str) -> bool:
    """Whether sites can be made there: with scripts that run, and room enough."""
    import os

    try:
        status = os.statvfs(directory)
    except OSError:
        return False
    room = status.f_bavail * status.f_frsize >= _ROOM
    runs = not status.f_flag & os.ST_NOEXEC
    return room and runs and os.access(directory, os.W_OK | os.X_OK)


def _defaults(directory: str) -> dict[str, object]:
    import os

    return {
        "vpopmaildir": f"{directory}/vpopmail",
        "qmaildir": f"{directory}/qmail",
        "vpopuser": os.geteuid(),
        "vpopgroup": os.getegid(),
        "sync": False,
    }
