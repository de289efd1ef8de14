"""The directories and files that a site needs before its first domain."""

from __future__ import annotations

import os

from vpopmail.safeio.directory import Directory, Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.settings import Settings

LIMITS = b"# Limits of domains without .qmailadmin-limits of their own: none.\n"
_PUBLIC = 0o755


def make_layout(settings: Settings, *, dry_run: bool = False) -> list[str]:
    """Make what is missing of a site; what is there stays as it is.

    Makes ``domains`` (0700) and ``etc`` with ``vlimits.default`` below vpopmaildir, owned by the
    vpopmail user, and ``control`` and ``users`` below qmaildir, owned by the caller.

    Args:
        settings: of the site; the parents of its two directories must exist.
        dry_run: only look.

    Returns:
        The paths that were made, or with ``dry_run`` would be.

    Raises:
        OSError.

    Source: manual, "Installing vpopmail".
    """
    owner = Owner(settings.uid, settings.gid)
    caller = Owner(os.geteuid(), os.getegid())
    limits = settings.etc_path("vlimits.default")
    sync = settings.sync
    wanted = {
        settings.vpopmaildir: lambda path: _make(path, owner, _PUBLIC, sync=sync),
        settings.domains_path: lambda path: _make(path, owner, 0o700, sync=sync),
        os.path.dirname(limits): lambda path: _make(path, owner, _PUBLIC, sync=sync),
        limits: lambda path: _write(path, owner, sync=sync),
        settings.qmaildir: lambda path: _make(path, caller, _PUBLIC, sync=sync),
        f"{settings.qmaildir}/control": lambda path: _make(path, caller, _PUBLIC, sync=sync),
        f"{settings.qmaildir}/users": lambda path: _make(path, caller, _PUBLIC, sync=sync),
    }
    missing = [path for path in wanted if not os.path.lexists(path)]
    for path in () if dry_run else missing:
        wanted[path](path)
    return missing


def _write(path: str, owner: Owner, *, sync: bool) -> None:
    parent, _, name = path.rpartition("/")
    with Directory.open(parent, sync=sync, follow=True) as directory:
        directory.replace(name, [LIMITS], owner, mode=0o644)


def _make(path: str, owner: Owner, mode: int, *, sync: bool) -> None:
    parent, _, name = path.rpartition("/")
    with Directory.open(parent or "/", sync=sync, follow=True) as directory:
        if not directory.has(name):  # another process may be quicker
            directory.make_whole(name, owner, mode=mode, exact=True).close()
