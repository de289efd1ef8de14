"""The directories and files that a site needs before its first domain."""

from __future__ import annotations

import os

from vpopmail.safeio.directory import Directory, Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.settings import Settings

LIMITS = b"# Limits of domains without .qmailadmin-limits of their own: none.\n"
_PUBLIC = 0o755


def make_layout(settings: Settings) -> list[str]:
    """Make what is missing of a site; what is there stays as it is.

    Makes ``domains`` (0700) and ``etc`` with ``vlimits.default`` below vpopmaildir, owned by the
    vpopmail user, and ``control`` and ``users`` below qmaildir, owned by the caller.

    Args:
        settings: of the site; the parents of its two directories must exist.

    Returns:
        The paths that were made.

    Raises:
        OSError.

    Source: manual, "Installing vpopmail".
    """
    owner = Owner(settings.uid, settings.gid)
    made: list[str] = []

    def make(path: str, owner: Owner, mode: int) -> None:
        if _make(path, owner, mode, sync=settings.sync):
            made.append(path)

    make(settings.vpopmaildir, owner, _PUBLIC)
    make(settings.domains_path, owner, 0o700)
    make(f"{settings.vpopmaildir}/etc", owner, _PUBLIC)
    with Directory.open(f"{settings.vpopmaildir}/etc", sync=settings.sync, follow=True) as etc:
        if not etc.has("vlimits.default"):
            etc.replace("vlimits.default", [LIMITS], owner, mode=0o644)
            made.append(f"{settings.vpopmaildir}/etc/vlimits.default")
    caller = Owner(os.geteuid(), os.getegid())
    for path in ("", "/control", "/users"):
        make(settings.qmaildir + path, caller, _PUBLIC)
    return made


def _make(path: str, owner: Owner, mode: int, *, sync: bool) -> bool:
    parent, _, name = path.rpartition("/")
    with Directory.open(parent or "/", sync=sync, follow=True) as directory:
        if directory.has(name):
            return False
        directory.make_whole(name, owner, mode=mode, exact=True).close()
        return True
