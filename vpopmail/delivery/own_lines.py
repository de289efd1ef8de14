"""The users' own delivery files, made of control/defaultdelivery: ``.qmail`` in their homes.

Source: commands, vmakedotqmail; auth-and-delivery, default delivery.
"""

from __future__ import annotations

from vpopmail.errors import HomeMissing
from vpopmail.mailstore.paths import split_home
from vpopmail.safeio.directory import Owner, open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings

FILE = ".qmail"
WRITTEN = "written"
KEPT = "kept"
REPLACED = "replaced"
_DEFAULT = "defaultdelivery"


def read_default_lines(settings: Settings) -> bytes:
    """The content of control/defaultdelivery.

    Raises:
        OSError: it is missing, or cannot be read.
    """
    with open_trusted(f"{settings.qmaildir}/control") as control:
        content = control.read(_DEFAULT)
    if content is None:
        raise FileNotFoundError(2, "No such file", f"{settings.qmaildir}/control/{_DEFAULT}")
    return content


def give_lines(
    installation: Installation,
    entry: DomainEntry,
    user: VqPasswd,
    content: bytes,
    *,
    replace: bool = False,
    dry_run: bool = False,
) -> str:
    """Give a user a delivery file of his own.

    Args:
        installation: the site.
        entry: of his domain.
        user: his record.
        content: of the file, mode 0600, of the domain's owner.
        replace: whether one that is there is replaced; a link is, not what it leads to.
        dry_run: only say what would be done.

    Returns:
        ``WRITTEN``, ``REPLACED``, or ``KEPT``: there is one. The commit point is the rename.

    Raises:
        HomeMissing, DomainDirectoryMissing, OSError.
    """
    with _home(installation, entry, user) as home:
        is_there = home.has(FILE)
        if is_there and not replace:
            return KEPT
        if not dry_run:
            home.replace(FILE, [content], Owner(entry.uid, entry.gid))
        return REPLACED if is_there else WRITTEN


def remove_lines(
    installation: Installation, entry: DomainEntry, user: VqPasswd, *, dry_run: bool = False
) -> bool:
    """Remove the delivery file of a user; whether there was one.

    Args:
        installation, entry, user, dry_run: as for ``give_lines``.

    Raises:
        HomeMissing, DomainDirectoryMissing, OSError.
    """
    with _home(installation, entry, user) as home:
        if dry_run or not home.has(FILE):
            return home.has(FILE)
        home.remove(FILE)
        home.flush()
        return True


def _home(installation: Installation, entry: DomainEntry, user: VqPasswd) -> Directory:
    """The open home: below the domain, since who may write accounts may name any directory."""
    split = split_home(entry.path, user.pw_dir)
    if split is None:
        raise HomeMissing(user.pw_dir or user.pw_name, "no home below that of the domain")
    with installation.open_domain(entry) as domain:
        try:
            return domain.enter("/".join(part for part in split if part))
        except FileNotFoundError:
            raise HomeMissing(user.pw_dir, "it is not there") from None
